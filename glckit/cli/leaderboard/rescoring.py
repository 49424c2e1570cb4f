"""glckit leaderboard rescore and withdraw."""

from __future__ import annotations

from typing import Annotated

import typer

from glckit.cli.app import BAD, OK, TERMINAL, DigitsOption, FormatOption, JsonOption, show
from glckit.cli.leaderboard import NumbersArgument, leaderboard
from glckit.cli.parameters import flag

_NOTHING_WRITTEN = "Nothing was written: the board is as it was."


@leaderboard.command(again=_NOTHING_WRITTEN)
def rescore(
    everything: Annotated[bool, flag("Score again also what is not stale.", "--all")] = False,
    digits: DigitsOption = 4,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Score again, from the runs that are kept, what was scored by another truth, K, metric, seed or split.

    All scores change at once, or none. A run that is not kept, or is invalid now, loses its scores: exit
    status 1. The signatures of former scores are kept.
    """
    from glckit.reports.season.changed import rescoring_report
    from submissions.competition.files import find_competition
    from submissions.leaderboard.opening import open_board, prepare_standings
    from submissions.leaderboard.rescoring import rescore as score_again

    board = open_board(find_competition())
    done = score_again(board, everything=everything, progress=TERMINAL)
    show(rescoring_report(done, digits=digits), form, as_json=as_json, digits=digits)
    prepare_standings(board)
    raise typer.Exit(BAD if any(each.is_lost for each in done.submissions) else OK)


@leaderboard.command()
def withdraw(
    numbers: NumbersArgument,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Take submissions back: they stay on the list, rank no more, and keep their places in the quota."""
    from glckit.reports.season.changed import withdrawal_report
    from submissions.competition.files import find_competition
    from submissions.leaderboard.opening import open_board, prepare_standings
    from submissions.leaderboard.withdrawing import withdraw as take_back

    board = open_board(find_competition())
    show(withdrawal_report(take_back(numbers, board)), form, as_json=as_json)
    prepare_standings(board)
