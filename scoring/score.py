"""The result of scoring a run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scoring.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

#: How ties of top-K are broken, first to last.
TIE_RULE = "score,rank,order"


@dataclass(frozen=True)
class PerOccurrence:
    """What happened to each occurrence of the truth, in the order of the truth.

    Parameters
    ----------
    labels : ndarray of int of shape (n,)
        True species.
    true_scores : ndarray of float of shape (n,)
        Score of the true species; -inf where it was not predicted.
    n_above : ndarray of int of shape (n,)
        Pairs of the occurrence with a score above that of the true one.
    n_tied, n_before : ndarray of int of shape (n,)
        Other pairs with the same score as the true one, and those of them that come before it by
        `TIE_RULE`. Counted only where `n_above` is below K, since elsewhere they change nothing.
    set_sizes : ndarray of int of shape (n,)
        Pairs above the threshold.
    ids : ndarray of int of shape (n,), optional
        Occurrence ids; None for plain arrays.
    """

    labels: NDArray[np.integer]
    true_scores: NDArray[np.float64]
    n_above: NDArray[np.integer]
    n_tied: NDArray[np.integer]
    n_before: NDArray[np.integer]
    set_sizes: NDArray[np.integer]
    ids: NDArray[np.integer] | None = None

    @classmethod
    def unpredicted(cls, labels: NDArray[np.integer]) -> PerOccurrence:
        """Return occurrences for which nothing is predicted; the arrays are there to be filled."""
        counts = np.zeros((4, len(labels)), np.int64)
        return cls(labels, np.full(len(labels), -math.inf), *counts)

    @property
    def predicted(self) -> NDArray[np.bool_]:
        """Whether the true species was predicted at all."""
        return self.true_scores > -math.inf


@dataclass(frozen=True, repr=False)
class Score:
    """Both metrics of one run, in all and for each occurrence.

    Parameters
    ----------
    k : int
        Species per occurrence, on average (adaptive) or at most (top-K).
    threshold : float
        The threshold t of the adaptive metric, -inf if every pair lies above it.
    n_pairs, n_dropped : int
        Pairs that were scored, and pairs left out before because their occurrences are in the test
        files but not in the truth.
    per_occurrence : PerOccurrence
        The same for each occurrence.
    truth_digest : str
        Digest of the truth, for the signature.
    """

    k: int
    threshold: float
    n_pairs: int
    per_occurrence: PerOccurrence
    n_dropped: int = 0
    truth_digest: str = "-"

    def __repr__(self) -> str:
        shown = ("adaptive_top_k", "top_k", "k", "n_occurrences")
        return f"Score({', '.join(f'{name}={getattr(self, name)}' for name in shown)})"

    @property
    def n_occurrences(self) -> int:
        """Number of occurrences in the truth."""
        return len(self.per_occurrence.labels)

    @property
    def adaptive_hits(self) -> NDArray[np.bool_]:
        """Whether the true species lies above the threshold, for each occurrence."""
        return self.per_occurrence.true_scores > self.threshold

    @property
    def top_k_hits(self) -> NDArray[np.bool_]:
        """Whether the true species is among the K best of its occurrence, for each occurrence."""
        of = self.per_occurrence
        return of.predicted & (of.n_above + of.n_before < self.k)

    @property
    def adaptive_top_k(self) -> float:
        """Share of occurrences whose true species lies above the threshold."""
        return self._share(self.adaptive_hits)

    @property
    def top_k(self) -> float:
        """Share of occurrences whose true species is among their K best."""
        return self._share(self.top_k_hits)

    @property
    def mean_set_size(self) -> float:
        """Pairs above the threshold per occurrence, on average."""
        return self._n_above / self.n_occurrences

    @property
    def unused_budget(self) -> int:
        """Places left: floor(K N) minus the pairs above the threshold."""
        return self.k * self.n_occurrences - self._n_above

    @property
    def adaptive_top_k_bounds(self) -> tuple[float, float]:
        """What the adaptive metric could be if the block tied at the threshold were split.

        From none of the true pairs of the block to as many as there are unused places.
        """
        tied = int(np.count_nonzero(self.per_occurrence.true_scores == self.threshold))
        in_block = tied if self.threshold > -math.inf else 0
        hits = int(np.count_nonzero(self.adaptive_hits))
        gained = min(self.unused_budget, in_block)
        return hits / self.n_occurrences, (hits + gained) / self.n_occurrences

    @property
    def top_k_bounds(self) -> tuple[float, float]:
        """What top-K could be: true species placed last, and first, among equal scores."""
        of = self.per_occurrence
        last = of.predicted & (of.n_above + of.n_tied < self.k)
        first = of.predicted & (of.n_above < self.k)
        return self._share(last), self._share(first)

    @property
    def signature(self) -> str:
        """Everything that the numbers depend on; two scores are comparable if these are equal."""
        parts = {
            "metric": "adaptive-top-k+top-k",
            "k": self.k,
            "n": self.n_occurrences,
            "ties": TIE_RULE,
            "compare": "strict",
            "missing": "wrong",
            "dropped": self.n_dropped,
            "truth": self.truth_digest,
            "version": VERSION,
        }
        return "|".join(f"{key}:{value}" for key, value in parts.items())

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame with a row for each occurrence of the truth."""
        import pandas as pd

        of = self.per_occurrence
        ids = np.arange(self.n_occurrences) if of.ids is None else of.ids
        return pd.DataFrame(
            {
                "occurrence_id": ids,
                "species_id": of.labels,
                "predicted": of.predicted,
                "true_score": np.where(of.predicted, of.true_scores, np.nan),
                "n_above": np.where(of.predicted, of.n_above, -1),
                "set_size": of.set_sizes,
                "adaptive_hit": self.adaptive_hits,
                "top_k_hit": self.top_k_hits,
            }
        )

    @property
    def _n_above(self) -> int:
        return int(self.per_occurrence.set_sizes.sum())

    def _share(self, hits: NDArray[np.bool_]) -> float:
        return int(np.count_nonzero(hits)) / self.n_occurrences
