"""Cutting a stream of text into blocks of whole lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

#: A block is parsed by one thread, in cache: 1 MiB was as fast as 4 MiB and faster than 16 MiB.
BLOCK_BYTES = 1 << 20


class Readable(Protocol):
    """A stream of decompressed bytes; `sources.Source` is one."""

    #: Whether the stream ended early: its last line is then not whole.
    cut: bool

    def read(self, n: int, /) -> bytes:
        """Return at most `n` bytes, none at the end."""


@dataclass(frozen=True)
class Block:
    """Some whole lines of a file, in the order of the file.

    Parameters
    ----------
    data : bytes
        The lines, each with its line feed; the last of the file may lack it.
    blank_before : int
        How many blank lines stand before them.
    overlong : bool
        Whether `data` is the start of one line longer than a block, whose rest was dropped.
    """

    data: bytes
    blank_before: int = 0
    overlong: bool = False


def first_line_of(stream: Readable) -> tuple[bytes, bytes]:
    """Return the first line of a stream without its line feed, and what was read behind it.

    A first line longer than a block comes back cut.
    """
    data = b""
    while b"\n" not in data and len(data) < BLOCK_BYTES:
        more = stream.read(BLOCK_BYTES)
        if not more:
            break
        data += more
    line, _, behind = data.partition(b"\n")
    return line, behind


def blocks_of(stream: Readable, behind: bytes) -> Iterator[Block]:
    """Cut the rest of a stream, after what was read `behind` its first line, into blocks of whole lines.

    Blank lines at the very end are left out; elsewhere they are counted with the block that follows
    them, so that a file of nothing but line feeds costs no memory.
    """
    pending, blanks = behind, 0
    while True:
        more = stream.read(BLOCK_BYTES)
        data = pending + more
        lines = data if not more and not stream.cut else data[: data.rfind(b"\n") + 1]
        pending = data[len(lines) :]
        text = _without_blank_end(lines)
        if text:
            yield Block(text, blanks)
            blanks = 0
        if len(text) < len(lines):
            blanks += lines.count(b"\n", len(text))
        if len(pending) > BLOCK_BYTES:
            yield Block(pending[:BLOCK_BYTES], blanks, overlong=True)
            pending, blanks = _behind_next_line_feed(stream), 0
        if not more:
            return


def _without_blank_end(lines: bytes) -> bytes:
    if lines[-2:-1].strip():  # the last line has text: nearly always, and no copy is made
        return lines
    text = lines.rstrip()
    return lines[: (lines.find(b"\n", len(text)) + 1) or len(lines)] if text else b""


def _behind_next_line_feed(stream: Readable) -> bytes:
    for more in iter(lambda: stream.read(BLOCK_BYTES), b""):
        _, feed, behind = more.partition(b"\n")
        if feed:
            return behind
    return b""
