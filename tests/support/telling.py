"""Forms of progress for tests: one that counts, and one that stops the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from submissions.progress import Advance, Progress


class StoppedError(Exception):
    """What stops work in the middle."""


class Counted(Progress):
    """Count what is told of each kind of work.

    Parameters
    ----------
    reached : callable, optional
        Called with the number of units done of each kind, whenever it grows.
    """

    def __init__(self, reached: Callable[[int], object] = lambda _: None) -> None:
        self.totals: dict[str, int | None] = {}
        self.done: dict[str, int] = {}
        self.said: list[str] = []
        self._reached = reached

    @contextmanager
    def bar(self, work: str, total: int | None = None) -> Iterator[Advance]:
        self.totals[work] = total
        self.done.setdefault(work, 0)

        def advance(n_units: int) -> None:
            self.done[work] += n_units
            self._reached(self.done[work])

        yield advance

    def say(self, message: str) -> None:
        self.said.append(message)


def stopping_after(n_units: int) -> Progress:
    """Progress that stops the work after some units of it."""

    def stop(n_done: int) -> None:
        if n_done >= n_units:
            raise StoppedError

    return Counted(stop)
