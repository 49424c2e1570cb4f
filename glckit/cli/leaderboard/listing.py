"""glckit leaderboard list, show, compare and export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from glckit.cli.app import TERMINAL, DigitsOption, FormatOption, JsonOption, say, show
from glckit.cli.leaderboard import PartOption, PublicOption, leaderboard, warn_of_old_scores
from glckit.cli.parameters import argument, flag


@leaderboard.command("list")
def list_submissions(
    part: PartOption = "whole",
    digits: DigitsOption = 4,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Rank what was handed in, best first; then what does not count, and why.

    Ranks are shared where scores are equal. The rank set is the best and the worst rank that the comparison
    of the counting runs leaves each.
    """
    from glckit.reports.season.listed import list_report
    from submissions.competition.files import find_competition
    from submissions.leaderboard.listing import Listing
    from submissions.leaderboard.opening import open_board, season_of, standings_of

    board = open_board(find_competition())
    season = season_of(board, brief=True, progress=TERMINAL)
    listing = Listing(season, standings_of(board, season, part), part)
    show(list_report(listing, digits=digits), form, as_json=as_json, digits=digits)


@leaderboard.command("show")
def show_submission(
    number: Annotated[int, argument("NUMBER", "The number of a submission.")],
    part: PartOption = "whole",
    digits: DigitsOption = 4,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Tell all that is known of a submission: scores, parts, faults, where it comes from."""
    from glckit.reports.season.one import submission_report
    from submissions.competition.files import find_competition
    from submissions.leaderboard.listing import Listing
    from submissions.leaderboard.opening import open_board, season_of, standings_of
    from submissions.leaderboard.withdrawing import numbered

    board = open_board(find_competition())
    season = season_of(board, progress=TERMINAL)
    (wanted,) = numbered([number], season.submissions)
    standings = standings_of(board, season, part)
    (standing,) = [each for each in standings if each.submission.number == wanted.number]
    report = submission_report(Listing(season, standings, part), standing, digits=digits)
    show(report, form, as_json=as_json, digits=digits)
    warn_of_old_scores(season)


@leaderboard.command("compare")
def compare_submissions(
    numbers: Annotated[
        list[int] | None, argument("NUMBER", "Numbers of submissions; those that count by default.")
    ] = None,
    part: PartOption = "whole",
    pairs: Annotated[bool, flag("Tabulate the pairs of runs, not the runs.")] = False,
    digits: DigitsOption = 4,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Compare submissions: scores with intervals, tests of all pairs, and ranks that say when they are none.

    Nothing is read again: what was kept of each run is enough.
    """
    from glckit.reports.season.one import submissions_comparison_report
    from submissions.competition.files import find_competition
    from submissions.leaderboard.comparing import compared
    from submissions.leaderboard.opening import open_board, season_of, standings_of
    from submissions.leaderboard.withdrawing import numbered

    board = open_board(find_competition())
    season = season_of(board, brief=True, progress=TERMINAL)
    counting = (each.submission for each in standings_of(board, season, part) if each.counts)
    chosen = numbered(numbers, season.submissions) if numbers else list(counting)
    comparison = compared(season, chosen, part)
    report = submissions_comparison_report(comparison, chosen, digits=digits, pairs=pairs)
    show(report, form, as_json=as_json, digits=digits)


@leaderboard.command()
def export(
    file: Annotated[Path, argument("FILE", "Where to; .csv or .json.")],
    part: PartOption = "whole",
    public: PublicOption = False,
) -> None:
    """Write all submissions with all that is known of them, numbers unrounded, as CSV or JSON.

    --public ranks by the part that everybody may know, whatever --part says, and leaves out metadata and
    breakdowns. No file ever holds the truth.
    """
    from glckit.reports.season.listed import write_export
    from submissions.competition.files import find_competition
    from submissions.leaderboard.listing import check_export, listing_of
    from submissions.leaderboard.opening import open_board

    check_export(file)
    board = open_board(find_competition())
    listing = listing_of(board, part, is_public=public, progress=TERMINAL)
    n_written = write_export(listing, file)
    say(f"Wrote {n_written:,} submissions to {file}.")
    warn_of_old_scores(listing.season)
