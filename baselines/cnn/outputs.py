"""The best species of each occurrence, and what they score against the true ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from scoring.sparse import Pairs, score_sparse
from submissions.limits import MAX_ROWS


@dataclass(frozen=True)
class BestSpecies:
    """The best species of some occurrences, best first.

    Parameters
    ----------
    rows : ndarray of int64 of shape (n,)
        The occurrences.
    outputs : ndarray of int32 of shape (n, k)
        Outputs of the network, that is, places in its table of species.
    scores : ndarray of float32 of shape (n, k)
        Their probabilities.
    """

    rows: NDArray[np.int64]
    outputs: NDArray[np.int32]
    scores: NDArray[np.float32]

    @classmethod
    def empty(cls, k: int) -> BestSpecies:
        """Return the lists of no occurrences."""
        return cls(np.empty(0, np.int64), np.empty((0, k), np.int32), np.empty((0, k), np.float32))

    def pairs(self, species: NDArray[np.int64]) -> Pairs:
        """Return the lists as pairs, with the species of a table.

        Scores are the shortest decimals that name the float32: written out they take half the room of
        the same numbers as float64, and distinct ones stay distinct and in order.
        """
        n, k = self.outputs.shape
        scores = self.scores.ravel().astype("U").astype(np.float64)
        return Pairs(np.arange(n + 1) * k, species[self.outputs.ravel()], scores)


@dataclass(frozen=True)
class PartScores:
    """What a network scores on a part of the occurrences; top-K counts hits, so ties go by output.

    `top_1`, `top_10` and `top_30` are shares of the occurrences whose true species is among so many best;
    `adaptive_top_30` is the metric of the challenge.
    """

    top_1: float
    top_10: float
    top_30: float
    adaptive_top_30: float


def best_species(probabilities: Tensor, rows: NDArray[np.int64], *, max_rows: int = MAX_ROWS) -> BestSpecies:
    """Keep the best species of each occurrence, a row of `probabilities` each; all where there are fewer.

    Examples
    --------
    >>> best = best_species(torch.tensor([[0.1, 0.6, 0.3]]), np.array([7]), max_rows=2)
    >>> best.outputs.tolist()
    [[1, 2]]
    """
    scores, outputs = torch.topk(probabilities.float(), min(max_rows, probabilities.shape[1]), dim=1)
    return BestSpecies(rows, outputs.to(torch.int32).cpu().numpy(), scores.cpu().numpy())


def score_part(best: BestSpecies, labels: NDArray[np.int64]) -> PartScores:
    """Score the best species of all occurrences of a part, as a run with these lists would score.

    `labels` has the true output of each occurrence, and `best.rows` are places in it, each once.
    """
    n_outputs = int(best.outputs.max()) + 1
    pairs = best.pairs(np.arange(n_outputs))
    score = score_sparse(pairs, labels, best.rows.astype(np.intp), k=30)
    top_1, top_10 = (replace(score, k=k).top_k for k in (1, 10))
    return PartScores(top_1, top_10, score.top_k, score.adaptive_top_k)
