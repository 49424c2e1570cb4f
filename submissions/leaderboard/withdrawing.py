"""Taking submissions back: they stay in the store, and rank no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from submissions.errors import UsageError
from submissions.leaderboard.entries import Submission
from submissions.leaderboard.opening import Board
from submissions.wording import plural


def withdraw(numbers: Sequence[int], board: Board) -> list[Submission]:
    """Withdraw submissions and return them; those that were withdrawn before stay so.

    Raises
    ------
    UsageError
        If there is none of a number; then none is withdrawn.
    CannotCheckError
        If the store cannot be written to.
    """
    with board.store.writing() as writer:
        chosen = numbered(numbers, writer.submissions())
        withdrawn = [replace(each, status="withdrawn") for each in chosen]
        for each in withdrawn:
            writer.update(each)
    return withdrawn


def numbered(numbers: Sequence[int], submissions: Sequence[Submission]) -> list[Submission]:
    """Return the submissions of some numbers, each once; a UsageError names all that there are not."""
    by_number = {each.number: each for each in submissions}
    wanted = dict.fromkeys(numbers)
    unknown = [str(number) for number in wanted if number not in by_number]
    if unknown:
        there = f"There are {len(by_number)}." if by_number else "There are none."
        raise UsageError(f"No {plural(len(unknown), 'submission')} {', '.join(unknown)}.", there)
    return [by_number[number] for number in wanted]
