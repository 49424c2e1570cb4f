"""What happened to each occurrence of the truth: all that a metric knows of a run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from scoring.byvalue import ByValue


class Sets(Protocol):
    """Occurrences as sets of species: how many are true, how many are predicted, and how many are both."""

    @property
    def n_true(self) -> NDArray[np.integer]:
        """True species of each occurrence."""

    @property
    def n_predicted(self) -> NDArray[np.integer]:
        """Pairs of each occurrence, whatever their scores."""

    @property
    def n_hit(self) -> NDArray[np.integer]:
        """True species that are predicted, of each occurrence."""


@dataclass(frozen=True, eq=False)
class SetOutcomes(ByValue):
    """What happened to each occurrence of a truth that has several species for some.

    Parameters
    ----------
    n_true, n_predicted, n_hit : ndarray of int of shape (n,)
        See `Sets`.
    ids : ndarray of int of shape (n,), optional
        Occurrence ids; None for plain arrays.
    """

    n_true: NDArray[np.integer]
    n_predicted: NDArray[np.integer]
    n_hit: NDArray[np.integer]
    ids: NDArray[np.integer] | None = None

    def __len__(self) -> int:
        return len(self.n_true)


@dataclass(frozen=True, eq=False)
class PerOccurrence(ByValue):
    """What happened to each occurrence of the truth, in the order of the truth; each has one true species.

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
        `scoring.score.TIE_RULE`. Of a matrix they are counted only where `n_above` is below K, unless all
        are asked for: elsewhere they do not change a top-K.
    set_sizes : ndarray of int of shape (n,)
        Pairs above the threshold.
    n_predicted : ndarray of int of shape (n,)
        Pairs.
    ids : ndarray of int of shape (n,), optional
        Occurrence ids; None for plain arrays.
    """

    labels: NDArray[np.integer]
    true_scores: NDArray[np.float64]
    n_above: NDArray[np.integer]
    n_tied: NDArray[np.integer]
    n_before: NDArray[np.integer]
    set_sizes: NDArray[np.integer]
    n_predicted: NDArray[np.integer]
    ids: NDArray[np.integer] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def unpredicted(cls, labels: NDArray[np.integer]) -> PerOccurrence:
        """Return occurrences for which nothing is predicted; the arrays are there to be filled."""
        counts = np.zeros((5, len(labels)), np.int64)
        return cls(labels, np.full(len(labels), -math.inf), *counts)

    @property
    def predicted(self) -> NDArray[np.bool_]:
        """Whether the true species was predicted at all."""
        return self.true_scores > -math.inf

    @property
    def n_true(self) -> NDArray[np.integer]:
        """True species of each occurrence: one."""
        return np.ones(len(self), np.int64)

    @property
    def n_hit(self) -> NDArray[np.integer]:
        """True species that are predicted, of each occurrence."""
        return self.predicted.astype(np.int64)
