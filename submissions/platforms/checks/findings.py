"""What can be wrong with a bundle, as data; and the files of a bundle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

#: What a bundle holds, by paths within it.
Files = Mapping[str, bytes]


@dataclass(frozen=True)
class BundleFault:
    """One thing that is wrong with a bundle.

    Parameters
    ----------
    code : str
        Stable name of the kind.
    place : str
        The file, with the line and the key where it has such.
    fix : str
        What to do about it.
    """

    code: str
    place: str
    message: str
    fix: str


def below(files: Files, folder: str) -> dict[str, bytes]:
    """Return the files of a folder, by their paths within it.

    Examples
    --------
    >>> below({"a/b.txt": b"1", "c.txt": b"2"}, "a/")
    {'b.txt': b'1'}
    """
    start = folder.rstrip("/") + "/"
    return {name[len(start) :]: data for name, data in files.items() if name.startswith(start)}


def first_difference(found: str, expected: str) -> int | None:
    r"""Return the first line, from 1, that two texts do not share; None if they are the same.

    Examples
    --------
    >>> first_difference("a\nb", "a\nc"), first_difference("a", "a\nb"), first_difference("a", "a")
    (2, 2, None)
    """
    if found == expected:
        return None
    ours, theirs = expected.split("\n"), found.split("\n")
    pairs = enumerate(zip(ours, theirs, strict=False), 1)
    return next((i for i, (one, other) in pairs if one != other), min(len(ours), len(theirs)) + 1)


def distinct_faults(faults: Iterator[BundleFault]) -> tuple[BundleFault, ...]:
    """Return faults once each, in their order."""
    return tuple(dict.fromkeys(faults))
