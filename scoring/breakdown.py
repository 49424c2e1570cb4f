"""A score by parts of the truth: regions, kingdoms, rarity, set sizes, quadrats."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scoring.adaptive import budget_of
from scoring.outcomes import PerOccurrence
from scoring.score import Scored
from scoring.uncertainty.estimate import Resampled
from scoring.uncertainty.interval import LEVEL, Interval
from scoring.uncertainty.largest import LargestPairs
from scoring.uncertainty.sampling import Sampling

#: Training occurrences of the true species from which a class of rarity goes.
RARITY_STARTS = (0, 1, 10, 100, 1000)

#: Species above the threshold from which a class of set sizes goes.
SET_SIZE_STARTS = (0, 1, 11, 31, 101)


@dataclass(frozen=True)
class Partition:
    """The part that each occurrence of a truth is in.

    Parameters
    ----------
    by : str
        What the parts are parts by, such as "region".
    names : tuple of str
        What they are called, in the order of a report.
    numbers : ndarray of int of shape (n_occurrences,)
        The part of each occurrence, an index of `names`.
    """

    by: str
    names: tuple[str, ...]
    numbers: NDArray[np.integer]

    @classmethod
    def of_labels(cls, by: str, labels: ArrayLike) -> Partition:
        """Return the parts of equal labels, in the order of these.

        Examples
        --------
        >>> Partition.of_labels("region", ["us", "fr", "us"])
        Partition(by='region', names=('fr', 'us'), numbers=array([1, 0, 1]))
        """
        names, numbers = np.unique(np.asarray(labels), return_inverse=True)
        return cls(by, tuple(map(str, names.tolist())), numbers)

    @classmethod
    def of_ranges(cls, by: str, values: ArrayLike, starts: Sequence[int]) -> Partition:
        """Return the parts of ranges of whole numbers, each of which goes up to the next; none lies below.

        Examples
        --------
        >>> Partition.of_ranges("rarity", [0, 3, 250], (0, 1, 10, 100)).names
        ('0', '1-9', '10-99', '100+')
        """
        ranges = itertools.pairwise(starts)
        named = [str(first) if end == first + 1 else f"{first}-{end - 1}" for first, end in ranges]
        numbers = np.searchsorted(np.asarray(starts), np.asarray(values), side="right") - 1
        return cls(by, (*named, f"{starts[-1]}+"), numbers)

    def parts(self) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """Yield the name and the occurrences of each part that has any."""
        for number, name in enumerate(self.names):
            inside = self.numbers == number
            if inside.any():
                yield name, inside


@dataclass(frozen=True)
class ScoredPart:
    """The scores of one part.

    Parameters
    ----------
    by, part : str
        What it is a part by, and which.
    scores : mapping of str to float
        The score of each metric.
    intervals : mapping of str to Interval, optional
        That of each metric; None where none were asked for.
    threshold : float
        The threshold of all, under which means of parts average to the whole, or that of the part alone.
    refitted : bool
        Whether it is that of the part alone.
    """

    by: str
    part: str
    n_occurrences: int
    scores: Mapping[str, float]
    intervals: Mapping[str, Interval] | None
    threshold: float
    refitted: bool

    def to_data(self) -> dict[str, Any]:
        """Return the part as JSON has it; null stands for a threshold of -inf."""
        return {
            "by": self.by,
            "part": self.part,
            "n_occurrences": self.n_occurrences,
            "scores": dict(self.scores),
            "refitted": self.refitted,
            "intervals": self.intervals and {name: asdict(each) for name, each in self.intervals.items()},
            "threshold": None if self.threshold == -math.inf else self.threshold,
        }


@dataclass(frozen=True)
class Breakdown:
    """A scored run that can be taken apart.

    Parameters
    ----------
    scored : Scored
        The run; its metrics are those of the parts.
    resampled : Resampled, optional
        The same run with its replicates: parts then have intervals.
    pairs : LargestPairs, optional
        Its pairs: thresholds of parts alone are fitted to these.

    Examples
    --------
    >>> from scoring.sparse import Pairs, score_sparse
    >>> lists = Pairs(np.array([0, 2, 3]), np.array([4, 5, 4]), np.array([0.9, 0.8, 0.4]))
    >>> scored = score_sparse(lists, np.array([5, 4]), np.array([0, 1]), k=1)
    >>> run = Breakdown(scored, pairs=LargestPairs.of_lists(lists, np.array([0, 1]), 2))
    >>> region = Partition.of_labels("region", ["fr", "us"])
    >>> [(part.part, part.scores["adaptive-top-k"]) for part in run.by(region)]
    [('fr', 1.0), ('us', 0.0)]
    >>> [(part.part, part.scores["adaptive-top-k"]) for part in run.by(region, refit=True)]
    [('fr', 0.0), ('us', 1.0)]
    """

    scored: Scored
    resampled: Resampled | None = None
    pairs: LargestPairs | None = None
    level: float = LEVEL

    def by(self, partition: Partition, *, refit: bool = False) -> list[ScoredPart]:
        """Score each part: under the threshold of all, or each on its own.

        Under one threshold the scores of parts, weighted by their occurrences, average to that of the whole
        where the metric is a mean; on its own a part has its own budget, threshold, units and replicates.
        """
        part = self._alone if refit else self._within
        return [part(partition.by, name, inside) for name, inside in partition.parts()]

    def _within(self, by: str, name: str, inside: NDArray[np.bool_]) -> ScoredPart:
        scores = {metric.name: self.scored.by(metric, inside) for metric in self.scored.metrics}
        intervals = self._intervals(self.resampled, inside)
        n_occurrences = int(np.count_nonzero(inside))
        return ScoredPart(by, name, n_occurrences, scores, intervals, self.scored.threshold, False)

    def _alone(self, by: str, name: str, inside: NDArray[np.bool_]) -> ScoredPart:
        chosen = np.flatnonzero(inside)
        pairs = None if self.pairs is None else self.pairs.of_occurrences(chosen)
        scored = scored_alone(self.scored, chosen, pairs)
        intervals = self._intervals(self._resampled_alone(scored, chosen, pairs))
        return ScoredPart(by, name, len(chosen), scored.scores, intervals, scored.threshold, True)

    def _resampled_alone(
        self, scored: Scored, chosen: NDArray[np.intp], pairs: LargestPairs | None
    ) -> Resampled | None:
        if self.resampled is None:
            return None
        whole = self.resampled.sampling
        units = whole.units.taken(chosen)
        sampling = Sampling.of(units, n_replicates=whole.n_replicates, seed=whole.seed)
        return Resampled.of(scored, sampling, pairs)

    def _intervals(
        self, resampled: Resampled | None, inside: NDArray[np.bool_] | None = None
    ) -> dict[str, Interval] | None:
        if resampled is None:
            return None
        metrics = self.scored.metrics
        return {each.name: resampled.estimate(each, inside).interval(level=self.level) for each in metrics}


def scored_alone(scored: Scored, chosen: NDArray[np.intp], pairs: LargestPairs | None) -> Scored:
    """Score some occurrences as if there were no others.

    Parameters
    ----------
    chosen : ndarray of int of shape (n_chosen,)
        Occurrences, ascending.
    pairs : LargestPairs, optional
        Their pairs; only metrics that fit a threshold need them.

    Raises
    ------
    ValueError
        If a metric fits a threshold and there are no pairs.
    """
    outcomes = scored.per_occurrence.taken(chosen)
    if not isinstance(outcomes, PerOccurrence):
        return replace(scored, per_occurrence=outcomes)
    if pairs is None:
        if any(metric.fits_threshold for metric in scored.metrics):
            raise ValueError("fitting the threshold of a part takes the pairs of the run")
        return replace(scored, per_occurrence=outcomes)
    threshold = pairs.threshold(budget_of(scored.k, len(chosen)))
    above = np.bincount(pairs.occurrences[pairs.scores > threshold], minlength=len(chosen))
    return replace(scored, threshold=threshold, per_occurrence=replace(outcomes, set_sizes=above))
