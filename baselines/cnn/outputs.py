"""The best species of each occurrence, and what they score against the true ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.toldapart import told_apart
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
    scores : ndarray of float64 of shape (n, k)
        Their probabilities, which fall where the logits fall.
    """

    rows: NDArray[np.int64]
    outputs: NDArray[np.int32]
    scores: NDArray[np.float64]

    @classmethod
    def empty(cls, k: int) -> BestSpecies:
        """Return the lists of no occurrences."""
        return cls(np.empty(0, np.int64), np.empty((0, k), np.int32), np.empty((0, k), np.float64))

    def pairs(self, species: NDArray[np.int64]) -> Pairs:
        """Return the lists as pairs, with the species of a table."""
        n, k = self.outputs.shape
        return Pairs(np.arange(n + 1) * k, species[self.outputs.ravel()], self.scores.ravel())

    def n_tied(self, k: int) -> int:
        """Count the occurrences with fewer than `k` different scores among their best species."""
        steps = np.count_nonzero(np.diff(self.scores, axis=1), axis=1)
        return int(np.count_nonzero(steps + 1 < min(k, self.scores.shape[1])))


@dataclass(frozen=True)
class SplitScores:
    """What a network scores on a part of the occurrences; top-K counts hits, so ties go by output.

    `top_1`, `top_10` and `top_30` are shares of the occurrences whose true species is among so many best;
    `adaptive_top_30` is the metric of the challenge.
    """

    top_1: float
    top_10: float
    top_30: float
    adaptive_top_30: float


def best_species(logits: Tensor, rows: NDArray[np.int64], *, max_rows: int = MAX_ROWS) -> BestSpecies:
    """Keep the best species of each occurrence, a row of `logits` each; all where there are fewer.

    Their scores are the softmax in double precision, which underflows where logits are some 745 apart;
    `told_apart` keeps different logits different, in their order, and none is 0.

    Examples
    --------
    >>> best = best_species(torch.tensor([[0.0, 1000.0, -2000.0]]), np.array([7]))
    >>> best.outputs.tolist(), best.scores.tolist()
    ([[1, 0, 2]], [[1.0, 1e-323, 5e-324]])
    """
    top, outputs = torch.topk(logits, min(max_rows, logits.shape[1]), dim=1)
    # Of all species only this sum is needed, and its terms need not be exact to the last bit.
    total = (logits - top[:, :1]).exp().sum(dim=1, keepdim=True, dtype=torch.float64).cpu().numpy()
    falling = top.double().cpu().numpy()
    with np.errstate(invalid="ignore"):  # what is no number stays none: whoever predicts refuses it
        scores = np.exp(falling - falling[:, :1] - np.log(total))
    return BestSpecies(rows, outputs.to(torch.int32).cpu().numpy(), told_apart(scores, falling))


def score_part(best: BestSpecies, labels: NDArray[np.int64]) -> SplitScores:
    """Score the best species of all occurrences of a part, as a run with these lists would score.

    `labels` has the true output of each occurrence, and `best.rows` are places in it, each once.
    """
    n_outputs = int(best.outputs.max()) + 1
    pairs = best.pairs(np.arange(n_outputs))
    score = score_sparse(pairs, labels, best.rows.astype(np.intp), k=30)
    top_1, top_10 = (replace(score, k=k).top_k for k in (1, 10))
    return SplitScores(top_1, top_10, score.top_k, score.adaptive_top_k)
