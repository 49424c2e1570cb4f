"""A `Progress` that keeps what it is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from submissions.progress import Advance


class Told:
    """Keep the bars that were opened, as work, total and units done, and the lines that were said."""

    def __init__(self) -> None:
        self.bars: list[tuple[str, int | None, int]] = []
        self.lines: list[str] = []

    @contextmanager
    def bar(self, work: str, total: int | None = None) -> Iterator[Advance]:
        moves: list[int] = []
        yield moves.append
        self.bars.append((work, total, sum(moves)))

    def say(self, message: str) -> None:
        self.lines.append(message)
