"""Numbers of things in words."""

from __future__ import annotations


def counted(n: int, noun: str, plural: str = "") -> str:
    """Return a number of things; the plural is the noun with an s unless it is given.

    Examples
    --------
    >>> counted(1, "warning"), counted(2, "warning"), counted(12_345, "entry", "entries")
    ('1 warning', '2 warnings', '12,345 entries')
    """
    return f"{n:,} {noun if n == 1 else plural or f'{noun}s'}"
