"""Parsing lists of species that are nothing but digits, single blanks and separators, at memory speed.

That is what nearly all runs of 2021 to 2025 are: ``123,4 5 6``. Anything else is left to `lists`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BLANK, _LINE_FEED, _ZERO = b" \n0"

# Bytes parsed at once: temporaries stay in cache, and in memory that the allocator keeps.
_PIECE_BYTES = 1 << 17

# The longest number that is read: its digits fit into a word of 8 bytes.
_MAX_DIGITS = 8
_WORD = np.dtype("<u8")
_DIGITS = np.uint64(0x0F0F0F0F0F0F0F0F)
# Neighbours in a word are joined in three steps: digits to pairs, to fours, to eights.
_JOINS = (
    (np.uint64(8), np.uint64(10), np.uint64(0x00FF00FF00FF00FF)),
    (np.uint64(16), np.uint64(100), np.uint64(0x0000FFFF0000FFFF)),
    (np.uint64(32), np.uint64(10_000), np.uint64(0x00000000FFFFFFFF)),
)


@dataclass(frozen=True)
class PlainLists:
    """Some lines: the occurrence of each and its number of species, and the species one after another."""

    ids: NDArray[np.int32]
    lengths: NDArray[np.int64]
    species: NDArray[np.int32]


def plain_lists(data: bytes, separator: str) -> PlainLists | None:
    r"""Parse whole lines of an id, a separator and species; None if a line is anything else.

    Examples
    --------
    >>> lists = plain_lists(b"7,12 345\n8,\n", ",")
    >>> lists.ids.tolist(), lists.lengths.tolist(), lists.species.tolist()
    ([7, 8], [2, 0], [12, 345])
    >>> plain_lists(b"7,12 x\n", ",") is None
    True
    """
    pieces = []
    for piece in _pieces(data if data.endswith(b"\n") else data + b"\n"):
        lists = _parsed(piece, ord(separator))
        if lists is None:
            return None
        pieces.append(lists)
    return PlainLists(
        np.concatenate([each.ids for each in pieces]),
        np.concatenate([each.lengths for each in pieces]),
        np.concatenate([each.species for each in pieces]),
    )


def _pieces(data: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(data):
        end = data.rfind(b"\n", start, start + _PIECE_BYTES) + 1 or data.index(b"\n", start) + 1
        yield data[start:end]
        start = end


def _parsed(lines: bytes, separator: int) -> PlainLists | None:
    # A word before the first byte, so that there is one before the end of every number.
    padded = np.frombuffer(b"\n" * _MAX_DIGITS + lines, np.uint8)
    text = padded[_MAX_DIGITS:]
    marks = np.flatnonzero(text - _ZERO > 9)  # what is below a zero wraps around
    kinds = text[marks]
    middles, ends = np.flatnonzero(kinds == separator), np.flatnonzero(kinds == _LINE_FEED)
    n_blanks = np.count_nonzero(kinds == _BLANK)
    if n_blanks + len(middles) + len(ends) < len(marks):
        return None
    if len(middles) != len(ends) or middles[0] or (middles[1:] != ends[:-1] + 1).any():
        return None
    widths = np.diff(marks, prepend=-1) - 1
    is_empty = (ends == middles + 1) & (widths[ends] == 0)
    if widths.max() > _MAX_DIGITS or np.count_nonzero(widths == 0) > np.count_nonzero(is_empty):
        return None
    numbers = _numbers(padded, marks, widths)
    is_species = np.ones(len(marks), dtype=bool)
    is_species[middles] = is_species[ends[is_empty]] = False
    lengths = np.where(is_empty, 0, ends - middles)
    return PlainLists(numbers[middles], lengths, numbers[is_species])


def _numbers(
    padded: NDArray[np.uint8], ends: NDArray[np.intp], widths: NDArray[np.intp]
) -> NDArray[np.int32]:
    """Return the numbers that end before some places; 0 for one without digits."""
    # Words that overlap, of a type without alignment: three times as fast to take as integers.
    words = np.ndarray((len(padded) - _MAX_DIGITS + 1,), "V8", padded, strides=(1,))
    numbers = words.take(ends).view(_WORD)
    # The first digits are the lowest bytes: what stands before them is shifted out.
    strange = (64 - 8 * widths).view(np.uint64)
    numbers >>= strange
    numbers <<= strange
    numbers &= _DIGITS
    for shift, weight, mask in _JOINS:
        lower = numbers >> shift
        numbers *= weight
        numbers += lower
        numbers &= mask
    return numbers.astype(np.int32)
