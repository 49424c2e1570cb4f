"""glckit leaderboard: a season on one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from glckit.cli.app import Commands, app, say
from glckit.cli.parameters import argument, flag

if TYPE_CHECKING:
    from submissions.leaderboard.season import Season

# Help lists commands as their modules are imported: by name, whoever imports them.
leaderboard = Commands(
    no_args_is_help=True, rich_markup_mode=None, help="Run a season: take runs in, score and rank them."
)
app.add_typer(leaderboard, name="leaderboard")

PartOption = Annotated[
    Literal["whole", "public", "private"], flag("The part of the truth whose scores rank.", "--part")
]
NumbersArgument = Annotated[list[int], argument("NUMBER", "Numbers of submissions.")]
PublicOption = Annotated[
    bool, flag("Only what everybody may know: the public part until the season closes.", "--public")
]


def warn_of_old_scores(season: Season) -> None:
    """Say on stderr that a season is stale, and how to mend it, if it is."""
    if season.stale is not None:
        say(f"warning: the scores are old: {season.stale}. Score again: glckit leaderboard rescore")
