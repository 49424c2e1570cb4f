"""Telling how work goes on: one protocol, and one silent form of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

#: Called with the units of work that were done since the last call.
Advance = Callable[[int], object]


class Progress(Protocol):
    """Who is told how work goes on. The command line owns the only one that shows a bar."""

    def bar(self, work: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """Open a bar for some work of `total` units, where that is known; yields what moves it."""

    def say(self, message: str) -> None:
        """Pass on a line for people."""


class _Silent:
    @contextmanager
    def bar(self, work: str, total: int | None = None) -> Iterator[Advance]:
        yield stand_still

    def say(self, message: str) -> None:
        return None


def stand_still(n_units: int) -> None:
    """Move no bar."""


#: Tells nobody.
SILENT: Progress = _Silent()
