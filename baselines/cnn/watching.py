"""How fast long work goes on, and how long the rest of it will take, in words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from submissions.progress import Advance, Progress

# Seconds between two sentences about the pace.
_SECONDS_BETWEEN = 60.0


class Pace:
    """Count units of work against the clock, and say now and then how long the rest will take."""

    def __init__(self, n_units: int, unit: str, *, progress: Progress, advance: Advance) -> None:
        self._n_units, self._unit = n_units, unit
        self._progress, self._advance = progress, advance
        self._start = self._said = time.monotonic()
        self._n_done = 0

    def done(self, n_units: int) -> None:
        """Count some more."""
        self._n_done += n_units
        self._advance(n_units)
        now = time.monotonic()
        if now - self._said >= _SECONDS_BETWEEN:
            self._said = now
            self._progress.say(
                pace_text(self._n_done, self._n_units, seconds=now - self._start, unit=self._unit)
            )

    @property
    def rate(self) -> float:
        """Units per second so far."""
        return self._n_done / max(time.monotonic() - self._start, 1e-9)


@contextmanager
def paced(n_units: int, unit: str, progress: Progress) -> Iterator[Pace]:
    """Open a bar, and yield the pace that moves it."""
    with progress.bar(unit, n_units) as advance:
        yield Pace(n_units, unit, progress=progress, advance=advance)


def pace_text(n_done: int, n_units: int, *, seconds: float, unit: str) -> str:
    """Return how far work is and how long the rest will take at its pace.

    Examples
    --------
    >>> pace_text(600, 42_405, seconds=60, unit="occurrences")
    '600 of 42,405 occurrences, 10.0 per second, about 70 min left'
    """
    rate = n_done / max(seconds, 1e-9)
    left = (n_units - n_done) / max(rate, 1e-9)
    return f"{n_done:,} of {n_units:,} {unit}, {rate:,.1f} per second, about {duration_text(left)} left"


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
