"""Beginning a season: a store, and a place for its rules in ``competition.toml``."""

from __future__ import annotations

from pathlib import Path

from submissions.competition.settings import Competition
from submissions.files import written_atomically
from submissions.leaderboard.opening import Board, make_board
from submissions.toml import read_toml

#: What is added to a ``competition.toml`` without rules; every setting has its default.
SECTION = """
[leaderboard]                           # the rules of the season; a # before a setting leaves the default
# store = "leaderboard.sqlite"          # or any URL of SQLAlchemy
# opens = 2020-03-01T00:00:00Z          # no limit by default, nor for closes
# closes = 2020-06-05T23:59:59Z
# runs_per_day = 5                      # valid ones, for each team; no limit by default
# counts = "best"                       # or "last"
# baselines = ["glckit"]                # teams that are shown and never ranked
# private_share = 0.5                   # of the quadrats, drawn by the seed; 0 by default: one part
# seed = 0                              # keep it to yourself: it says which quadrats are private
# final = [3, 8]                        # submissions that count for their teams, whatever else these hand in
"""


def found(competition: Competition) -> tuple[Board, bool]:
    """Make the store of a competition, and add a section for its rules where there is none.

    Returns
    -------
    board : Board
        With its store, which is new.
    has_section : bool
        Whether the section was added.

    Raises
    ------
    UsageError
        If there is no ``competition.toml``, or a store already.
    CannotCheckError
        If something cannot be written.
    """
    board = make_board(competition)
    assert competition.file is not None
    return board, _add_section(competition.file)


def _add_section(file: Path) -> bool:
    if "leaderboard" in read_toml(file):
        return False
    text = file.read_bytes()
    ending = b"" if text.endswith(b"\n") or not text else b"\n"
    with written_atomically(file) as temporary:
        temporary.write_bytes(text + ending + SECTION.encode())
    return True
