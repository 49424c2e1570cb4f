"""What a bundle scores against, as its files say it: the truth, the occurrences to predict, and the rules."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.metrics.metric import Metric
from scoring.metrics.table import metrics_named
from scoring.sets import TrueSets
from submissions.editions import RunForm
from submissions.ordering import stable_order
from submissions.requirements import Requirements
from submissions.run import group_by_occurrence
from submissions.tables import Truth, TruthSets

#: Names of the files: rules, true species, occurrences to predict where these are more, known species.
META, TRUTH_FILE, TEST_FILE, SPECIES_FILE = "meta.json", "truth.csv", "test.csv", "species.csv"

#: From the name of a file to what it holds; None where there is none.
Opener = Callable[[str], "bytes | None"]


class BrokenBundle(Exception):  # noqa: N818 (participants see the name)
    """The organizers' own files cannot be used; no fault of the run."""


@dataclass(frozen=True, eq=False)
class Reference:
    """What runs are scored against.

    Parameters
    ----------
    labels : mapping of str to str
        The platform's name of each metric.
    form : str
        The form of a run without a header.
    digest : str
        Of the truth, as `glckit score` has it in signatures.
    """

    requirements: Requirements
    truth: Truth | TruthSets
    labels: Mapping[str, str]
    form: RunForm

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics, the first of which ranks."""
        return self.requirements.metrics


def read_reference(opened: Opener) -> Reference:
    """Read what a bundle scores against.

    Raises
    ------
    BrokenBundle
        If a file is not as it was made.
    """
    try:
        meta = json.loads(_text(opened, META, None))
        truth = _truth(_pairs(_text(opened, TRUTH_FILE, meta)), of_sets=bool(meta["of_sets"]))
        return Reference(_requirements(meta, truth, opened), truth, dict(meta["labels"]), meta["form"])
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenBundle(f"the reference data cannot be used ({type(error).__name__})") from None


def _requirements(meta: Mapping[str, Any], truth: Truth | TruthSets, opened: Opener) -> Requirements:
    has = meta["files"]
    test_ids = _pairs(_text(opened, TEST_FILE, meta))[0] if TEST_FILE in has else truth.ids
    return Requirements(
        test_ids=test_ids,
        species_ids=_pairs(_text(opened, SPECIES_FILE, meta))[0] if SPECIES_FILE in has else None,
        max_rows=meta["max_rows"],
        k=meta["k"],
        allow_missing=meta["allow_missing"],
        metrics=metrics_named(meta["metric"]),
        of_2018=meta["edition"] == 2018,
    )


def _truth(columns: list[NDArray[np.int64]], *, of_sets: bool) -> Truth | TruthSets:
    ids, species = columns
    order = stable_order(ids, species)
    ids, species = ids[order], species[order]
    if not of_sets:
        return Truth(ids, species)
    grouping = group_by_occurrence(ids)
    return TruthSets(grouping.ids.astype(np.int64), TrueSets(grouping.offsets, species))


def _pairs(text: str) -> list[NDArray[np.int64]]:
    """Return the columns of a table of integers with a header."""
    header, _, rows = text.partition("\n")
    n_columns = header.count(";") + 1
    numbers = np.array([int(field) for field in rows.replace("\n", ";").split(";") if field], np.int64)
    return [numbers[i::n_columns] for i in range(n_columns)]


def _text(opened: Opener, name: str, meta: Mapping[str, Any] | None) -> str:
    """Return what a file says, and refuse one that is not what the rules say it is."""
    data = opened(name)
    if data is None:
        raise BrokenBundle(f"{name} is missing from the reference data")
    if meta is not None and hashlib.sha256(data).hexdigest() != meta["files"][name]["sha256"]:
        raise BrokenBundle(f"{name} is not the file that {META} speaks of")
    return data.decode("utf-8")
