"""Which occurrences each step of a training reads: a function of the seed and the step alone.

So a training that was killed goes on as if nothing had happened, and several devices share the batches
that one would have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from submissions.errors import UsageError


@dataclass(frozen=True)
class Course:
    """The steps of a whole training; UsageError if there are fewer occurrences than a batch has.

    Every epoch has an order of its own, which the seed decides, and leaves out what is left of it after the
    last full batch: batch norm would give the few occurrences of a smaller batch too much weight.

    Examples
    --------
    >>> course = Course(n_occurrences=10, batch_size=4, epochs=2, seed=0)
    >>> course.steps_per_epoch, course.n_steps, course.epoch_of(3)
    (2, 4, 1)
    """

    n_occurrences: int
    batch_size: int
    epochs: int
    seed: int

    def __post_init__(self) -> None:
        if self.n_occurrences < self.batch_size:
            raise UsageError(
                f"{self.n_occurrences} occurrences to train on do not fill a batch of {self.batch_size}.",
                "Give a smaller --batch-size.",
            )

    @property
    def steps_per_epoch(self) -> int:
        """Steps of one pass."""
        return self.n_occurrences // self.batch_size

    @property
    def n_steps(self) -> int:
        """Steps of the whole training."""
        return self.steps_per_epoch * self.epochs

    def epoch_of(self, step: int) -> int:
        """Return the epoch, from 0, that a step belongs to."""
        return step // self.steps_per_epoch

    def ends_epoch(self, step: int) -> bool:
        """Tell whether a step is the last of its epoch."""
        return (step + 1) % self.steps_per_epoch == 0

    def order_of(self, epoch: int) -> NDArray[np.int64]:
        """Return the order in which an epoch reads the occurrences, shape (n_occurrences,)."""
        return np.random.default_rng([self.seed, epoch]).permutation(self.n_occurrences)

    def batches(self, start: int) -> Iterator[NDArray[np.int64]]:
        """Yield the rows of each step from `start` to the last, each of shape (batch_size,)."""
        for epoch in range(self.epoch_of(start), self.epochs):
            order = self.order_of(epoch)
            first = max(start - epoch * self.steps_per_epoch, 0)
            for step in range(first, self.steps_per_epoch):
                yield order[step * self.batch_size : (step + 1) * self.batch_size]


@dataclass(frozen=True)
class BatchShare:
    """The share of every batch that one process of several reads, in parts that fit into its memory."""

    rank: int = 0
    n_processes: int = 1
    accumulate: int = 1

    def check(self, batch_size: int) -> None:
        """Raise a UsageError if a batch cannot be divided evenly: the mean of its parts would not be its own.

        Nor can batch norm learn from one occurrence at a time.
        """
        n_parts = self.n_processes * self.accumulate
        if batch_size < 2 * n_parts:
            raise UsageError(
                f"A batch of {batch_size} in {n_parts} parts has fewer than 2 occurrences in each, and batch "
                "norm needs their variance.",
                "Choose a larger --batch-size.",
            )
        if batch_size % n_parts:
            raise UsageError(
                f"A batch of {batch_size} cannot be divided into {n_parts} equal parts "
                f"({self.n_processes} devices, each in {self.accumulate}).",
                "Choose --batch-size as a multiple of their number.",
            )

    def of(self, batch: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Return this process's parts of a batch.

        Examples
        --------
        >>> [part.tolist() for part in BatchShare(1, n_processes=2, accumulate=2).of(np.arange(8))]
        [[1, 3], [5, 7]]
        """
        return list(np.split(batch[self.rank :: self.n_processes], self.accumulate))


def parts_of_steps(
    course: Course, share: BatchShare, rows: NDArray[np.int64], *, start: int = 0
) -> Iterator[list[int]]:
    """Yield the rows of one process, part by part, from a step on, for a data loader to fetch."""
    for batch in course.batches(start):
        for part in share.of(rows[batch]):
            yield part.tolist()


def seed_of(*numbers: int) -> int:
    """Return a seed for torch that these numbers decide."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
