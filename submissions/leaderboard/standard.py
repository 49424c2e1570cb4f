"""What the runs of a season are scored against, and a text that tells whether it is still the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scoring.metrics.metric import Metric
from scoring.metrics.table import metrics_named
from scoring.uncertainty.sampling import N_REPLICATES
from scoring.version import VERSION
from submissions.competition.settings import Competition
from submissions.errors import UsageError
from submissions.leaderboard.dividing import private_units
from submissions.leaderboard.entries import WHOLE, TruthPart
from submissions.leaderboard.season import Ground
from submissions.places import TruthUnits
from submissions.progress import SILENT, Progress
from submissions.tables import Truth, TruthSets
from submissions.wording import counted
from submissions.yardstick import Inputs, Yardstick, scoring_yardstick

if TYPE_CHECKING:
    from scoring.breakdown import Partition
    from scoring.score import Scored

# Parts of a breakdown that do not depend on the run.
_FIXED_PARTS = ("region", "kingdom", "rarity")

# What the keys of a yardstick are called; of those whose values are digests nobody wants to see these.
_WORDS = {
    "truth": "the truth",
    "places": "the places of the truth",
    "test": "the test files",
    "species": "the species table",
    "metrics": "the metrics",
    "k": "K",
    "max_rows": "max_rows",
    "edition": "the edition",
    "private_share": "private_share",
    "seed": "the seed",
    "replicates": "the number of replicates",
    "version": "the version of glckit",
}
_PLURAL = ("places", "test", "metrics")
_DIGESTS = ("truth", "places", "test", "species")


@dataclass(frozen=True)
class Standard:
    """What the runs of a season are scored against.

    Parameters
    ----------
    yardstick : Yardstick
        What they are read and checked with.
    ground : Ground
        Where the occurrences are, and which are private.
    key : str
        All that scores depend on, as ``key:value`` joined by ``|``.
    """

    yardstick: Yardstick
    ground: Ground
    key: str

    @property
    def truth(self) -> Truth | TruthSets:
        """The truth."""
        assert self.yardstick.truth is not None
        return self.yardstick.truth

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Those that runs are scored by, the first of which ranks."""
        return self.yardstick.requirements.metrics

    @property
    def parts(self) -> tuple[TruthPart, ...]:
        """The parts of the truth that runs are scored on."""
        return (WHOLE,) if self.ground.is_private is None else (WHOLE, "public", "private")

    def partitions_of(self, scored: Scored) -> Iterator[Partition]:
        """Yield what scores are broken down by: all that the organizers' files and the metrics allow."""
        from submissions.parts import partition

        yield from self._fixed_partitions
        yield partition("set-size", self.yardstick, scored)

    @cached_property
    def _fixed_partitions(self) -> tuple[Partition, ...]:
        """Those that are the same for all runs, read once."""
        return tuple(filter(None, map(self._partition, _FIXED_PARTS)))

    def _partition(self, by: str) -> Partition | None:
        from submissions.parts import partition  # lists of a season do without

        try:
            return partition(by, self.yardstick)
        except UsageError:  # a file or a column that it takes is not there
            return None


def standard_of(competition: Competition, *, progress: Progress = SILENT) -> Standard:
    """Return what the runs of a competition are scored against.

    Raises
    ------
    UsageError
        If there is no truth, or the private part would be empty, or all there is.
    CannotCheckError
        If the truth, or a test, training or species file, cannot be used.
    """
    rules = competition.leaderboard
    yardstick = scoring_yardstick(Inputs(seed=rules.seed), competition, progress=progress)
    assert yardstick.truth is not None
    units = yardstick.units
    is_private = None
    if rules.private_share:
        is_private = private_units(units, share=rules.private_share, seed=rules.seed)
        if is_private.all() or not is_private.any():
            n_units, kind = len(is_private), units.units.kind
            raise UsageError(
                f"leaderboard.private_share = {rules.private_share:g} leaves a part of the truth, "
                f"which has {counted(n_units, kind)}, without any.",
                "Choose another share, or none.",
            )
    ground = Ground(yardstick.truth.ids, units, is_private, rules.seed)
    return Standard(yardstick, ground, _key(yardstick, units, rules.private_share))


def changes(old: Iterable[str], new: str) -> str | None:
    """Return in words what tells former keys of a standard from its present one; None if nothing does.

    Examples
    --------
    >>> changes(["k:30|seed:0|truth:ab"], "k:20|seed:0|truth:cd")
    'K was 30 and is 20; the truth has changed'
    >>> changes(["k:20"], "k:20")
    """
    after = _said(new)
    told = [
        _change(key, before.get(key, "-"), after.get(key, "-"))
        for before in map(_said, dict.fromkeys(old))
        for key in {**before, **after}
        if before.get(key) != after.get(key)
    ]
    return "; ".join(dict.fromkeys(told)) or None


def metrics_of_key(key: str) -> tuple[Metric, ...]:
    """Return the metrics that a key of a standard names."""
    return metrics_named(_said(key)["metrics"].split("+"))


def _change(key: str, before: str, after: str) -> str:
    words = _WORDS.get(key, key)
    has, was, now = ("have", "were", "are") if key in _PLURAL else ("has", "was", "is")
    if key in _DIGESTS:
        return f"{words} {has} changed"
    return f"{words} {was} {before} and {now} {after}".replace(" -", " none")


def _said(key: str) -> dict[str, str]:
    return dict(part.split(":", 1) for part in key.split("|"))


def _key(yardstick: Yardstick, units: TruthUnits, private_share: float) -> str:
    asked = yardstick.requirements
    assert yardstick.truth is not None
    said: Mapping[str, object] = {
        "metrics": "+".join(metric.name for metric in asked.metrics),
        "k": asked.k,
        "max_rows": asked.max_rows or "-",
        "edition": 2018 if asked.of_2018 else "-",
        "truth": yardstick.truth.digest,
        "places": _digest(units.keys, sort=False),
        "test": _digest(asked.test_ids),
        "species": _digest(asked.species_ids),
        "private_share": private_share,
        "seed": yardstick.inputs.seed,
        "replicates": N_REPLICATES,
        "version": VERSION,
    }
    return "|".join(f"{key}:{value}" for key, value in said.items())


def _digest(numbers: NDArray[np.integer] | None, *, sort: bool = True) -> str:
    """Return the first digits of a digest of numbers, by default in whatever order."""
    if numbers is None:
        return "-"
    ordered = np.sort(numbers) if sort else numbers
    return hashlib.sha256(ordered.astype("<i8").tobytes()).hexdigest()[:12]
