"""Numbers of things in words."""

from __future__ import annotations


def plural(n: int, noun: str, several: str = "") -> str:
    """Return the form of a noun that goes with a number; for several, with an s unless it is given.

    Examples
    --------
    >>> f"{12_345:,} {plural(12_345, 'pair')}, {plural(1, 'it was', 'they were')}"
    '12,345 pairs, it was'
    """
    return noun if n == 1 else several or f"{noun}s"


def counted(n: int, noun: str, several: str = "") -> str:
    """Return a number of things, such as ``"1 warning"`` or ``"1,200 warnings"``; see `plural`."""
    return f"{n:,} {plural(n, noun, several)}"
