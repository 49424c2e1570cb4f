"""glckit leaderboard init, add and import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glckit.cli.app import (
    BAD,
    CANNOT_CHECK,
    OK,
    TERMINAL,
    DigitsOption,
    FormatOption,
    JsonOption,
    exit_status,
    say,
    show,
)
from glckit.cli.leaderboard import leaderboard
from glckit.cli.parameters import argument, flag, listed, option

if TYPE_CHECKING:
    from submissions.leaderboard.admitting import Added
    from submissions.leaderboard.opening import Board

_ADD_AGAIN = "What was stored is whole; the same command stores the rest."


@leaderboard.command()
def init() -> None:
    """Make the store of a competition, and a place for the rules of the season in competition.toml.

    A section [leaderboard] is added if there is none, with every setting as a comment. No other line of the
    file changes. A store that is there already is left as it is, and the exit status is 2.
    """
    from submissions.competition.files import find_competition
    from submissions.leaderboard.founding import found

    board, has_section = found(find_competition())
    say(f"Made the store {board.store.place.shown}.")
    if has_section:
        say(f"Added [leaderboard] to {board.competition.file}: the rules, each a comment with its default.")


@leaderboard.command(again=_ADD_AGAIN)
def add(
    runs: Annotated[list[str], argument("RUN", "Run files.")],
    team: Annotated[str, option("TEAM", "Whose they are.", "--team")],
    submitted: Annotated[
        str | None,
        option("TIME", "When they were handed in, ISO 8601, UTC; now by default."),
    ] = None,
    name: Annotated[str | None, option("NAME", "What the run is called; as its file by default.")] = None,
    keep: Annotated[bool, flag("Keep the file, which scoring again needs.", "--keep/--no-keep")] = True,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Validate runs, score them, and store what came of it.

    The same file of the same team is the same submission, however often it is added. Exit status 1: stored
    and invalid, or refused by a rule, which stores nothing. 3: a file cannot be read, or its scoring could
    not end; in the latter case it is stored as failed, and tried again when it is added again.
    """
    from glckit.reports.season.added import added_report
    from submissions.competition.files import find_competition
    from submissions.leaderboard.admitting import Handover, add_runs
    from submissions.leaderboard.opening import open_board, prepare_standings
    from submissions.leaderboard.rules import time_of

    handover = Handover(team, None if submitted is None else time_of(submitted), name, keep)
    board = open_board(find_competition(runs))
    done = add_runs(runs, board, handover, progress=TERMINAL)
    show(added_report(done), form, as_json=as_json)
    if any(each.submission for each in done):
        _warn_of_others(team, board)
    prepare_standings(board)
    for each in done:
        if each.error is not None:
            say(f"glckit: {each.error}")
    raise typer.Exit(max(map(_status, done)))


@leaderboard.command("import", again=_ADD_AGAIN)
def import_table(
    table: Annotated[Path, argument("FILE", "The table that a platform exports, as CSV.")],
    runs: Annotated[Path, option("DIR", "The folder of the runs.", "--runs")],
    columns: Annotated[
        str | None,
        option(
            "A=B,...",
            "Which column B is A: team, submitted, file, score, public, private.",
            "--columns",
            parser=listed("--columns", str),
        ),
    ] = None,
    submitted: Annotated[str | None, option("TIME", "When rows without a time were handed in.")] = None,
    keep: Annotated[bool, flag("Keep the files, which scoring again needs.", "--keep/--no-keep")] = True,
    digits: DigitsOption = 4,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Take over a season from EvalAI, Kaggle or Codabench: add the run of every row of a table.

    A run is the one file in the folder, or in folders of it, that is named as its row says: by name, address
    or number, or by the team where there is no such column. If anything is wrong with any row, all that is
    wrong is said, and nothing is added: exit status 1. Scores of the platform that are not ours are listed.
    """
    from glckit.reports.season.imported import import_report
    from submissions.competition.files import find_competition
    from submissions.leaderboard.importing.columns import named_columns
    from submissions.leaderboard.importing.season import ImportSource, import_season
    from submissions.leaderboard.opening import open_board, prepare_standings
    from submissions.leaderboard.rules import time_of

    given = None if submitted is None else time_of(submitted)
    source = ImportSource(table, runs, named_columns(columns or ()), given, keep)
    board = open_board(find_competition())
    done = import_season(source, board, progress=TERMINAL)
    show(import_report(done, digits=digits), form, as_json=as_json, digits=digits)
    prepare_standings(board)
    raise typer.Exit(BAD if done.problems else max((_status(each.added) for each in done.rows), default=OK))


def _warn_of_others(team: str, board: Board) -> None:
    from submissions.leaderboard.admitting import teams_alike
    from submissions.printable import printable

    for other in teams_alike(team, board.store.submissions(brief=True)):
        say(f'warning: the team "{printable(team)}" is another than "{printable(other)}", which is there.')


def _status(done: Added) -> int:
    if done.error is not None:
        return exit_status(done.error)
    return {"good": OK, "bad": BAD, "unknown": CANNOT_CHECK}[done.verdict]
