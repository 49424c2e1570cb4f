"""Making sets of scored runs: which pairs of each occurrence are kept, and how many are best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.metrics.table import metrics_named
from scoring.sets import score_sets, true_pairs
from scoring.sparse import Pairs
from submissions.errors import CannotCheckError
from submissions.ordering import positions_among
from submissions.tables import TruthSets
from submissions.writing import best_first, first_of_each

# What is said of the cuts that were tried: numbers of species, and those of thresholds as a mean.
_SHOWN = (1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True)
class Cut:
    """Which pairs of an occurrence are its set.

    Parameters
    ----------
    top : int, optional
        At most so many, the first.
    above : float, optional
        Only those with a score above this one.
    """

    top: int | None = None
    above: float | None = None

    def __str__(self) -> str:
        said = {"--top": self.top, "--above": self.above}
        return " ".join(f"{name} {value!r}" for name, value in said.items() if value is not None)

    def of(self, pairs: Pairs) -> Pairs:
        """Return what is kept of lists that are in order; a list may become empty.

        Examples
        --------
        >>> pairs = Pairs(np.array([0, 2, 3]), np.array([4, 5, 4]), np.array([0.9, 0.5, 0.4]))
        >>> Cut(above=0.4).of(pairs).offsets.tolist()
        [0, 2, 2]
        """
        if self.above is not None:
            keep = pairs.scores > self.above
            pairs = pairs.taken(keep, np.concatenate([[0], np.cumsum(keep)])[pairs.offsets])
        return pairs if self.top is None else first_of_each(pairs, self.top)


@dataclass(frozen=True)
class TriedCut:
    """A cut, what it scores, and how many species it leaves to an occurrence of the truth on average."""

    cut: Cut
    score: float
    mean_size: float


@dataclass(frozen=True)
class TunedCut:
    """What was tried to find the best cut by a metric; `best` is among them."""

    metric: str
    tried: tuple[TriedCut, ...]
    best: TriedCut


def tuned(pairs: Pairs, occurrence_ids: NDArray[np.integer], truth: TruthSets) -> TunedCut:
    """Find the number of species, or the threshold, that is best by `f1-samples`, among all that there are.

    Pairs are in order. Occurrences of the truth without a list count as wrong, and lists of others not at
    all.
    """
    positions, in_truth = positions_among(occurrence_ids, truth.ids)
    if not in_truth.any():
        raise CannotCheckError(
            "No occurrence of the run is in the truth of --tune.", "Give the truth of occurrences in the run."
        )
    judged = _Judged(pairs.select(np.flatnonzero(in_truth)), positions[in_truth], truth)
    best_n, best_above = judged.best_top(), judged.best_above()
    longest = int(np.diff(judged.pairs.offsets).max())
    tops = sorted({n for n in (*_SHOWN, best_n) if n <= longest})
    thresholds = sorted({*judged.thresholds(_SHOWN), best_above}, reverse=True)
    cuts = [*(Cut(top=n) for n in tops), *(Cut(above=score) for score in thresholds)]
    tried = tuple(judged.tried(cut) for cut in cuts)
    return TunedCut("f1-samples", tried, max(tried, key=lambda each: (each.score, -each.mean_size)))


class _Judged:
    """The lists of a run for which the truth is known."""

    def __init__(self, pairs: Pairs, positions: NDArray[np.intp], truth: TruthSets) -> None:
        self.pairs = pairs
        self._positions = positions
        self._truth = truth
        self._by_score = np.sort(pairs.scores)[::-1]

    def best_top(self) -> int:
        """Return the number of species that is best."""
        places = _places(self.pairs)
        return int(np.argmax(np.cumsum(np.bincount(places, self._gains(self.pairs))[1:]))) + 1

    def best_above(self) -> float:
        """Return the threshold that is best: a score of the run, or a number just below all of them."""
        ordered = best_first(self.pairs)
        order = np.argsort(-ordered.scores, kind="stable")
        sums = np.cumsum(self._gains(ordered)[order])
        is_end = np.append(self._by_score[1:] < self._by_score[:-1], True)
        ends = np.flatnonzero(is_end)
        return self._threshold(int(ends[np.argmax(sums[ends])]) + 1)

    def thresholds(self, sizes: tuple[int, ...]) -> list[float]:
        """Return thresholds that leave about so many species to an occurrence on average."""
        ns = [size * len(self._truth) for size in sizes]
        return [self._threshold(n) for n in ns if n < len(self._by_score)]

    def tried(self, cut: Cut) -> TriedCut:
        """Return what a cut scores, by the metric itself."""
        kept = cut.of(best_first(self.pairs) if cut.top is None else self.pairs)
        lists = np.flatnonzero(np.diff(kept.offsets))
        outcomes = score_sets(kept.select(lists), self._truth.sets, self._positions[lists])
        (metric,) = metrics_named(["f1-samples"])
        return TriedCut(cut, metric.score(outcomes, 0, 0.0), len(kept.scores) / len(self._truth))

    def _threshold(self, n: int) -> float:
        """Return the score above which there are the best `n` pairs, or fewer where scores are equal."""
        if n < len(self._by_score):
            return float(self._by_score[n])
        return float(np.nextafter(self._by_score[-1], -np.inf, dtype=np.float64))

    def _gains(self, pairs: Pairs) -> NDArray[np.float64]:
        """Return what each pair adds to the F1 of its occurrence when it follows those before it."""
        lengths, is_true = np.diff(pairs.offsets), np.zeros(len(pairs.scores) + 1, np.int64)
        is_true[true_pairs(pairs, self._truth.sets, self._positions) + 1] = 1
        hits = np.cumsum(is_true)
        n_hit = hits[1:] - np.repeat(hits[pairs.offsets[:-1]], lengths)
        n_true = np.diff(self._truth.sets.offsets)[self._positions]
        terms = 2 * n_hit / (np.repeat(n_true, lengths) + _places(pairs))
        before = np.concatenate([[0.0], terms[:-1]])
        before[pairs.offsets[:-1]] = 0.0
        gains: NDArray[np.float64] = terms - before
        return gains


def _places(pairs: Pairs) -> NDArray[np.int64]:
    return np.arange(1, len(pairs.scores) + 1) - np.repeat(pairs.offsets[:-1], np.diff(pairs.offsets))
