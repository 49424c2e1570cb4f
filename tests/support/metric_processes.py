"""Metrics in two processes that share the batches, for tests of what they reduce to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from metric_streams import Stream, make_stream

from glckit.metrics import AdaptiveTopK, MeanReciprocalRank, TopK, TopKError
from scoring import batches

K = 3
N_PROCESSES = 2


@dataclass(frozen=True)
class Shared:
    """Batches, and which process has each of them."""

    sizes: Sequence[int]
    owners: Sequence[int]
    n_levels: int = 100_000
    falling: float = 0.0
    wide: int | None = None  # the process whose scores are float64

    @property
    def stream(self) -> Stream:
        """The batches, in order."""
        made = make_stream(self.sizes, n_levels=self.n_levels, falling=self.falling)
        scores = [
            each.double() / 3 if owner == self.wide else each
            for each, owner in zip(made.scores, self.owners, strict=True)
        ]
        return Stream(scores, made.labels)


CASES = {
    "even": Shared([20, 20, 20, 20], [0, 1, 0, 1]),
    "uneven": Shared([50, 1, 7, 33, 12], [0, 1, 1, 0, 0]),
    "tied": Shared([40, 30, 20], [0, 1, 0], n_levels=4),
    "all equal": Shared([40, 30, 20], [0, 1, 0], n_levels=1),
    "one has none": Shared([40, 30], [1, 1]),
    "one has none, in double precision": Shared([40, 30], [0, 0], wide=0),
    "one in double precision": Shared([40, 30, 20, 60], [0, 1, 0, 1], wide=1),
    "one has lower scores": Shared([60, 60], [0, 1], falling=2.0),
}


def run(rank: int, folder: Path) -> None:
    """Score every case in this process, and write what each metric says."""
    batches.FEWEST = 500  # so that bounds rise
    torch.set_num_threads(1)
    store = f"file://{folder / 'store'}"
    dist.init_process_group("gloo", init_method=store, rank=rank, world_size=N_PROCESSES)
    results = {f"{case}/{name}": _score(rank, case, name) for case in CASES for name in made()}
    (folder / f"{rank}.json").write_text(json.dumps(results))
    dist.destroy_process_group()


def made() -> dict[str, AdaptiveTopK | TopK]:
    """Return a new metric of each kind, by name."""
    return {
        "adaptive-top-k": AdaptiveTopK(K),
        "top-k": TopK(K),
        "top-k-error": TopKError(K),
        "mrr": MeanReciprocalRank(),
    }


def _score(rank: int, case: str, name: str) -> list[float]:
    """Return the score of all batches, and once more after the processes went on with the first batch."""
    shared, metric = CASES[case], made()[name]
    stream = shared.stream
    metric.to("cpu")
    for owner, scores, labels in zip(shared.owners, stream.scores, stream.labels, strict=True):
        if owner == rank:
            metric.update(scores, labels)
    whole = float(metric.compute())
    if rank == shared.owners[0]:
        metric.update(stream.scores[0], stream.labels[0])
    else:
        metric._computed = None  # what update does: a process that has no batch must ask again, too
    return [whole, float(metric.compute())]
