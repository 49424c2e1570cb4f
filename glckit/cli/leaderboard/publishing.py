"""glckit leaderboard build."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glckit.cli.app import TERMINAL, say
from glckit.cli.leaderboard import PublicOption, leaderboard, warn_of_old_scores
from glckit.cli.parameters import argument, option


@leaderboard.command(again="The former pages are as they were; the same command builds them anew.")
def build(
    site: Annotated[Path, argument("SITE", "The folder of the pages: new, empty, or a former site.")],
    as_of: Annotated[
        str | None,
        option("DATE", "Show the board of a day, at its end in UTC, or of a time; ISO 8601.", "--as-of"),
    ] = None,
    public: PublicOption = False,
) -> None:
    """Build the pages of the season, which open from disk and need no network.

    They rank by the whole truth, with the public and the private part beside it where there are such. With
    --public they tell nothing of fewer than 10 occurrences, nor, until the season closes, of anything but
    the public part. A former site is replaced; files that are none of it are never removed: exit status 2.
    """
    from submissions.competition.files import find_competition
    from submissions.leaderboard.opening import open_board, season_of
    from submissions.leaderboard.ranking import idle_rules
    from submissions.leaderboard.site.building import build_site
    from submissions.leaderboard.site.shown import SiteOptions, end_of

    options = SiteOptions(None if as_of is None else end_of(as_of), public)
    season = season_of(open_board(find_competition()), progress=TERMINAL)
    built = build_site(season, site, options, progress=TERMINAL)
    warn_of_old_scores(season)
    for words in idle_rules(season.rules, season.submissions):
        say(f"warning: {words}.")
    if built.keeps_private:
        say("The pages tell of the public part alone.")
    if built.keeps_private and season.rules.seed == 0:
        say("warning: with the seed 0 everybody can draw the private part; set leaderboard.seed.")
    typer.echo(built.index)
