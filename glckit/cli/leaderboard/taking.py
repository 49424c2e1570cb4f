"""glckit leaderboard init and add."""

from __future__ import annotations

from typing import Annotated

import typer

from glckit.cli.app import BAD, CANNOT_CHECK, OK, TERMINAL, FormatOption, JsonOption, exit_status, say, show
from glckit.cli.leaderboard import leaderboard
from glckit.cli.parameters import argument, flag, option

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
    from submissions.leaderboard.opening import open_board
    from submissions.leaderboard.rules import time_of

    handover = Handover(team, None if submitted is None else time_of(submitted), name, keep)
    done = add_runs(runs, open_board(find_competition(runs)), handover, progress=TERMINAL)
    show(added_report(done), form, as_json=as_json)
    for each in done:
        if each.error is not None:
            say(f"glckit: {each.error}")
    statuses = {"good": OK, "bad": BAD, "unknown": CANNOT_CHECK}
    raise typer.Exit(max(exit_status(each.error) if each.error else statuses[each.verdict] for each in done))
