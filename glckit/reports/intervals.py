"""How intervals are told, by all commands that give them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from glckit.render import number
from scoring.uncertainty.interval import Interval
from scoring.uncertainty.units import FEW_EFFECTIVE_UNITS, LEAST_EFFECTIVE_UNITS
from submissions.wording import counted


def interval_data(interval: Interval) -> dict[str, Any]:
    """Return an interval as JSON has it."""
    return asdict(interval)


def between(interval: Interval, digits: int) -> str:
    """Return the bounds of an interval for people; a dash where there are too few units for one.

    Examples
    --------
    >>> some = Interval(0.5, 0.1, 0.95, 0.3, 0.7, "jackknife-t", (0.3, 0.7), "quadrat", 60, 50.0, 1000, 0)
    >>> between(some, 2)
    '[0.30, 0.70]'
    """
    if interval.low is None or interval.high is None:
        return "-"
    return f"[{_bound(interval.low, digits)}, {_bound(interval.high, digits)}]"


def basis(interval: Interval) -> str:
    """Return what intervals rest on, in half a line."""
    units = counted(interval.n_units, interval.unit)
    return f"{interval.level:.0%} from {units}, worth {interval.effective_units:.1f} of equal size"


def doubts(interval: Interval) -> Iterator[str]:
    """Yield why intervals deserve less trust than their level says."""
    if interval.unit == "occurrence":
        yield (
            "neither the truth nor the test files have coordinates, so occurrences count as independent: "
            "intervals are too narrow, differences too sure"
        )
    if interval.low is None:
        yield f"below {LEAST_EFFECTIVE_UNITS:g} units of equal size there is no interval"
    elif interval.is_doubtful:
        yield f"below {FEW_EFFECTIVE_UNITS:g} units of equal size intervals are rough"


def _bound(value: float, digits: int) -> str:
    return number(value, digits) if value else f"{value:.{digits}f}"
