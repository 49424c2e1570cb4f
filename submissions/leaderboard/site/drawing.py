"""The geometry of the site's pictures; the templates make SVG of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from submissions.leaderboard.site.cells import CellMap

#: Shares from which the classes of a map go.
CLASS_STARTS = (0.0, 0.2, 0.4, 0.6, 0.8)
CLASS_WORDS = ("below 20 %", "20 to 40 %", "40 to 60 %", "60 to 80 %", "80 % or more")

# Steps of axes, times a power of ten.
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)

# Dates below an axis of time.
_N_DATES = 4


@dataclass(frozen=True)
class Ruler:
    """Values laid along a length.

    Parameters
    ----------
    low, high : float
        The values at its ends.
    length : float
        In units of the picture.
    """

    low: float
    high: float
    length: float

    @classmethod
    def around(cls, values: Iterable[float], length: float) -> Ruler:
        """Return an axis that has some values, and room for one where they are all the same."""
        low, high = _ends(values)
        return cls(low, high, length)

    def at(self, value: float) -> float:
        """Return where a value lies, to a hundredth.

        Examples
        --------
        >>> Ruler(0.0, 0.5, 200).at(0.1)
        40.0
        """
        return round((value - self.low) / (self.high - self.low) * self.length, 2)

    def ticks(self, about: int = 5) -> list[tuple[float, str]]:
        """Return round values between the ends, some five of them, and how they are written.

        Examples
        --------
        >>> Ruler(0.13, 0.38, 100).ticks()
        [(8.0, '0.15'), (28.0, '0.2'), (48.0, '0.25'), (68.0, '0.3'), (88.0, '0.35')]
        """
        rough = (self.high - self.low) / about
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * each for each in _STEPS if power * each >= rough)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [(self.at(i * step), f"{i * step:.6g}") for i in range(first, last + 1)]


@dataclass(frozen=True)
class Line:
    """A curve or steps in a frame.

    Parameters
    ----------
    points : str
        As SVG has them.
    """

    x: Ruler
    y: Ruler
    points: str
    x_ticks: Sequence[tuple[float, str]]


@dataclass(frozen=True)
class MapDrawing:
    """The squares of each class of a map.

    Parameters
    ----------
    paths : sequence of str
        One for each of `CLASS_STARTS`, as SVG has them.
    n_cells : sequence of int
        Cells of each.
    """

    cells: CellMap
    paths: Sequence[str]
    n_cells: Sequence[int]


def drawn_line(
    x: Sequence[float], y: Sequence[float], *, size: tuple[float, float], x_low: float = 0.0
) -> Line:
    """Draw values over others."""
    across = Ruler.around([x_low, *x], size[0])
    up = Ruler.around([0.0, *y], size[1])
    points = " ".join(f"{across.at(a)},{_down(up, b)}" for a, b in zip(x, y, strict=True))
    return Line(across, up, points, across.ticks())


def drawn_steps(
    times: Sequence[datetime], scores: Sequence[float], last: datetime, *, size: tuple[float, float]
) -> Line:
    """Draw the best score so far: it holds from its time until the next."""
    start = min(times)
    seconds = [(each - start).total_seconds() for each in (*times, last)]
    across = Ruler.around([0.0, *seconds], size[0])
    up = Ruler.around(scores, size[1])
    points = []
    for i, score in enumerate(scores):
        points += [f"{across.at(seconds[j])},{_down(up, score)}" for j in (i, i + 1)]
    ticks = [
        (across.at(each), _date(start, each, across.high))
        for each in np.linspace(0, across.high, _N_DATES).tolist()
    ]
    return Line(across, up, " ".join(points), ticks)


def drawn_map(cells: CellMap, shares: NDArray[np.float64]) -> MapDrawing:
    """Draw what the occurrences of each cell contribute on average, in classes."""
    classes = classes_of(shares)
    squares = [
        f"M{x} {y}h{side}v{side}h-{side}z"
        for x, y, side in zip(cells.x.tolist(), cells.y.tolist(), cells.sides.tolist(), strict=True)
    ]
    paths = [
        "".join(squares[i] for i in np.flatnonzero(classes == each)) for each in range(len(CLASS_STARTS))
    ]
    return MapDrawing(cells, paths, np.bincount(classes, minlength=len(CLASS_STARTS)).tolist())


def classes_of(shares: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the class of each share."""
    return np.asarray(np.searchsorted(CLASS_STARTS, shares, side="right") - 1)


def drawn_squares(chosen: NDArray[np.bool_], *, inset: float = 0.0) -> str:
    """Return the path of some squares of a table; those of a row that touch are one.

    Examples
    --------
    >>> drawn_squares(np.array([[False, True, True], [False, False, False], [True, False, True]]))
    'M1 0h2v1h-2zM0 2h1v1h-1zM2 2h1v1h-1z'
    """
    paths = []
    for row, cells in enumerate(chosen):
        edges = np.flatnonzero(np.diff([False, *cells, False]))
        for start, end in edges.reshape(-1, 2).tolist():
            runs = [(start, end)] if inset == 0 else [(i, i + 1) for i in range(start, end)]
            for x, stop in runs:
                width, height = stop - x - 2 * inset, 1 - 2 * inset
                paths.append(f"M{x + inset:g} {row + inset:g}h{width:g}v{height:g}h-{width:g}z")
    return "".join(paths)


def _down(axis: Ruler, value: float) -> float:
    return round(axis.length - axis.at(value), 2)


def _ends(values: Iterable[float]) -> tuple[float, float]:
    held = list(values)
    low, high = min(held), max(held)
    room = abs(low) / 10 or 0.5
    return (low, high) if high > low else (low - room, low + room)


def _date(start: datetime, seconds: float, within: float) -> str:
    time = start + timedelta(seconds=seconds)
    is_short = within < _N_DATES * timedelta(days=1).total_seconds()
    return f"{time:%m-%d %H:%M}" if is_short else f"{time:%Y-%m-%d}"
