"""Small scored runs for the tests of uncertainty: random, or as hypothesis draws them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from scoring.metrics.metric import Metric
from scoring.score import Score
from scoring.sparse import Pairs, score_sparse
from scoring.uncertainty.estimate import Estimate, Resampled
from scoring.uncertainty.largest import LargestPairs
from scoring.uncertainty.sampling import Sampling
from scoring.uncertainty.units import Units


@dataclass(frozen=True)
class DrawnRun:
    """Lists of pairs, the true species of every occurrence, and its quadrat."""

    lists: Pairs
    positions: NDArray[np.intp]
    labels: NDArray[np.integer]
    quadrats: NDArray[np.integer]
    k: int = 2

    @property
    def scored(self) -> Score:
        return score_sparse(self.lists, self.labels, self.positions, k=self.k)

    @property
    def pairs(self) -> LargestPairs:
        return LargestPairs.of_lists(self.lists, self.positions, len(self.labels))

    @property
    def units(self) -> Units:
        return Units.of_labels(self.quadrats)

    def sampling(self, n_replicates: int = 20, seed: int = 0) -> Sampling:
        return Sampling.of(self.units, n_replicates=n_replicates, seed=seed)

    def resampled(self, sampling: Sampling) -> Resampled:
        return Resampled.of(self.scored, sampling, self.pairs)

    def estimate(self, metric: Metric, sampling: Sampling) -> Estimate:
        return self.resampled(sampling).estimate(metric)

    def repeated(self, times: NDArray[np.integer]) -> DrawnRun:
        """Return the run of a truth in which each occurrence stands some number of times: the naive way."""
        taken = np.repeat(np.arange(len(self.labels)), times)
        list_of = np.full(len(self.labels), -1)
        list_of[self.positions] = np.arange(len(self.positions))
        positions = np.flatnonzero(list_of[taken] >= 0)
        lists = self.lists.select(list_of[taken][positions])
        return DrawnRun(lists, positions, self.labels[taken], self.quadrats[taken], self.k)


def run_of(lists: list[dict[int, float]], labels: list[int], quadrats: list[int], k: int = 2) -> DrawnRun:
    """Return the run of one mapping of species to score per occurrence; an empty one is missing."""
    positions = np.array([i for i, each in enumerate(lists) if each], np.intp)
    offsets = np.cumsum([0, *(len(lists[i]) for i in positions)])
    species = np.array([species for each in lists for species in each], np.int64)
    scores = np.array([score for each in lists for score in each.values()], np.float64)
    return DrawnRun(Pairs(offsets, species, scores), positions, np.array(labels), np.array(quadrats), k)


_SCORES = st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0, 1)
_OCCURRENCE = st.tuples(
    st.dictionaries(st.integers(0, 5), _SCORES, max_size=5), st.integers(0, 5), st.integers(0, 4)
)


@st.composite
def drawn_runs(draw: st.DrawFn) -> DrawnRun:
    """Draw runs with ties, missing occurrences, lists too short for the budget, and quadrats of one."""
    occurrences = draw(st.lists(_OCCURRENCE, min_size=1, max_size=14))
    lists, labels, quadrats = zip(*occurrences, strict=True)
    return run_of(list(lists), list(labels), list(quadrats), draw(st.integers(1, 4)))


def random_run(
    seed: int, n: int = 400, *, n_quadrats: int = 60, width: int = 6, skill: float = 1.0, k: int = 2
) -> DrawnRun:
    """Return a run whose quadrats differ, on a truth and quadrats that do not depend on `skill`."""
    rng = np.random.default_rng(seed)
    quadrats = np.sort(rng.integers(0, n_quadrats, n))
    labels = rng.integers(0, 2 * width, n)
    species = np.argsort(rng.random((n, 2 * width)), axis=1)[:, :width]
    moved = rng.normal(0, 0.5, n_quadrats)[quadrats]
    scores = rng.normal(size=(n, width)) + moved[:, np.newaxis] + skill * (species == labels[:, np.newaxis])
    offsets = np.arange(0, n * width + 1, width)
    return DrawnRun(Pairs(offsets, species.ravel(), scores.ravel()), np.arange(n), labels, quadrats, k)
