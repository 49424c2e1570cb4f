"""Telling how work goes on: a bar, and lines for people."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any


def _no_bar(_: str, __: int | None) -> AbstractContextManager[None]:
    return nullcontext()


def _no_note(_: str) -> None:
    return None


@dataclass(frozen=True)
class Watcher:
    """Who is told how work goes on; nobody by default.

    Parameters
    ----------
    bar : callable
        Opens a bar for a kind of work and a total; yields what to tell of units that are done, or None.
    note : callable
        Called with a line for people.
    """

    bar: Callable[[str, int | None], AbstractContextManager[Any]] = _no_bar
    note: Callable[[str], None] = _no_note


class Pace:
    """Count units of work against the clock, and note now and then how long the rest will take.

    Parameters
    ----------
    n_units : int
        Units to do.
    unit : str
        What they are, in the plural.
    note : callable
        Called with a line for people.
    advance : callable, optional
        Called with the units that are done since the last call.
    seconds_between : float, default 60
        Time between notes.
    """

    def __init__(
        self,
        n_units: int,
        unit: str,
        note: Callable[[str], None],
        *,
        advance: Callable[[int], None] | None = None,
        seconds_between: float = 60.0,
    ) -> None:
        self._n_units, self._unit, self._note, self._advance = n_units, unit, note, advance
        self._between = seconds_between
        self._start = self._noted = time.monotonic()
        self._n_done = 0

    def done(self, n_units: int) -> None:
        """Count some more."""
        self._n_done += n_units
        if self._advance is not None:
            self._advance(n_units)
        now = time.monotonic()
        if now - self._noted >= self._between:
            self._noted = now
            self._note(pace_text(self._n_done, self._n_units, seconds=now - self._start, unit=self._unit))

    @property
    def rate(self) -> float:
        """Units a second so far."""
        return self._n_done / max(time.monotonic() - self._start, 1e-9)


@contextmanager
def paced(n_units: int, unit: str, watcher: Watcher) -> Iterator[Pace]:
    """Open a bar, and yield the pace that moves it."""
    with watcher.bar(unit, n_units) as advance:
        yield Pace(n_units, unit, watcher.note, advance=advance)


def pace_text(n_done: int, n_units: int, *, seconds: float, unit: str) -> str:
    """Return how far work is and how long the rest will take at its pace.

    Examples
    --------
    >>> pace_text(600, 42_405, seconds=60, unit="occurrences")
    '600 of 42,405 occurrences, 10.0 a second, about 70 min left'
    """
    rate = n_done / max(seconds, 1e-9)
    left = (n_units - n_done) / max(rate, 1e-9)
    return f"{n_done:,} of {n_units:,} {unit}, {rate:,.1f} a second, about {duration_text(left)} left"


def duration_text(seconds: float) -> str:
    """Return a time in the unit that people would use.

    Examples
    --------
    >>> [duration_text(seconds) for seconds in (42, 4200, 42_000)]
    ['42 s', '70 min', '11.7 h']
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
