"""What every bundle is made of: a competition as it is scored here, its texts, times and runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from scoring.metrics.metric import Metric
from scoring.version import VERSION
from submissions.competition.settings import Competition
from submissions.editions import RunForm
from submissions.platforms.programs.reference import META, SPECIES_FILE, TEST_FILE, TRUTH_FILE
from submissions.requirements import Requirements
from submissions.tables import Truth, TruthSets
from submissions.yardstick import Yardstick

#: Which of a team's runs counts.
Counts = Literal["best", "last"]


@dataclass(frozen=True)
class Period:
    """When a competition is open, in UTC."""

    opens: datetime
    closes: datetime


@dataclass(frozen=True)
class SolutionRun:
    """A run that goes with a bundle, as text in the form of its platform, by the name of a file."""

    name: str
    text: bytes


@dataclass(frozen=True, eq=False)
class Material:
    """What every bundle is made of.

    Parameters
    ----------
    pages : mapping of str to str
        Markdown by name: overview, evaluation, data, terms.
    is_private : ndarray of bool of shape (n_occurrences,), optional
        The occurrences of the truth whose scores are shown at the end only, where there are such.
    runs_per_day : int
        Runs that a team may send on a day.
    counts : {"best", "last"}
        Which of a team's runs counts.
    """

    competition: Competition
    yardstick: Yardstick
    pages: Mapping[str, str]
    period: Period
    is_private: NDArray[np.bool_] | None = None
    runs_per_day: int = 5
    counts: Counts = "best"

    @property
    def truth(self) -> Truth | TruthSets:
        """The true species."""
        assert self.yardstick.truth is not None
        return self.yardstick.truth

    @property
    def requirements(self) -> Requirements:
        """What runs are checked against."""
        return self.yardstick.requirements

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics, the first of which ranks."""
        return self.requirements.metrics

    @property
    def labels(self) -> Mapping[str, str]:
        """What boards call the metrics."""
        return {metric.name: label_of(metric, self.requirements.k) for metric in self.metrics}

    @property
    def form(self) -> RunForm:
        """The form of the runs."""
        edition = self.competition.edition
        return edition.form if edition else "long"

    @property
    def test_ids(self) -> NDArray[np.integer]:
        """The occurrences to predict."""
        ids = self.requirements.test_ids
        return self.truth.ids if ids is None else ids

    def reference_files(self, public: Mapping[str, bytes]) -> dict[str, bytes]:
        """Return what a scorer reads, by names of files, knowing the tables that participants get."""
        files = {TRUTH_FILE: truth_text(self.truth)}
        if not np.array_equal(self.test_ids, self.truth.ids):
            files[TEST_FILE] = table_text(["id"], [self.test_ids])
        if self.requirements.species_ids is not None:
            files[SPECIES_FILE] = table_text(["species_id"], [self.requirements.species_ids])
        return {META: self.rules(public, files), **files}

    def rules(self, public: Mapping[str, bytes], files: Mapping[str, bytes] | None = None) -> bytes:
        """Return by which rules runs are scored, and what the files beside them and the public ones hold."""
        return _as_json(self._meta() | {"files": _contents(files or {}), "public": _contents(public)})

    def _meta(self) -> dict[str, Any]:
        edition = self.competition.edition
        return {
            "glckit": VERSION,
            "competition": self.competition.name,
            "k": self.requirements.k,
            "metric": [metric.name for metric in self.metrics],
            "labels": dict(self.labels),
            "edition": edition.year if edition else None,
            "form": self.form,
            "max_rows": self.requirements.max_rows,
            "allow_missing": self.requirements.allow_missing,
            "of_sets": isinstance(self.truth, TruthSets),
            "n_occurrences": len(self.truth),
            "truth_digest": self.truth.digest,
        }


def label_of(metric: Metric, k: int) -> str:
    """Return what a board calls a metric: at most 36 characters, none of which any platform minds.

    Examples
    --------
    >>> from scoring.metrics.table import METRICS
    >>> [label_of(METRICS[name], 30) for name in ("adaptive-top-k", "top-k-error", "f1-samples")]
    ['adaptive_top30', 'top30_error', 'f1_samples']
    """
    return metric.name.replace("top-k", f"top{k}").replace("-", "_")


def truth_text(truth: Truth | TruthSets) -> bytes:
    """Return a truth as a table with a row for each true pair."""
    if isinstance(truth, Truth):
        return table_text(["id", "species_id"], [truth.ids, truth.species])
    ids = np.repeat(truth.ids, np.diff(truth.sets.offsets))
    return table_text(["id", "species_id"], [ids, truth.sets.species])


def table_text(names: Sequence[str], columns: Sequence[NDArray[np.integer]], separator: str = ";") -> bytes:
    r"""Return columns of integers as text.

    Examples
    --------
    >>> table_text(["id", "species_id"], [np.array([1, 2]), np.array([7, 9])])
    b'id;species_id\n1;7\n2;9\n'
    """
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return "\n".join([separator.join(names), *(separator.join(map(str, row)) for row in rows), ""]).encode()


def _contents(files: Mapping[str, bytes]) -> dict[str, dict[str, int | str]]:
    return {
        name: {"rows": data.count(b"\n") - 1, "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in files.items()
    }


def utc(time: datetime) -> datetime:
    """Return a time in UTC, one without a zone being of it already."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _as_json(data: Mapping[str, Any]) -> bytes:
    return (json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
