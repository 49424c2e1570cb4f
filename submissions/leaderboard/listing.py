"""What is told of submissions: to organizers all, in public nothing of a private part before its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from submissions.errors import UsageError
from submissions.leaderboard.entries import WHOLE, PartScores, Submission, TruthPart
from submissions.leaderboard.opening import Board, season_of, standings_of
from submissions.leaderboard.ranking import Standing
from submissions.leaderboard.rules import in_utc
from submissions.leaderboard.season import Season
from submissions.printable import printable
from submissions.progress import SILENT, Progress


@dataclass(frozen=True)
class Listing:
    """A season in the order of some part of its truth.

    Parameters
    ----------
    part : {"whole", "public", "private"}
        What ranks.
    headline : {"whole", "public", "private"}
        The part whose scores stand first.
    beside : tuple of {"public", "private"}
        Those that stand beside them.
    is_public : bool
        Whether it is for everybody.
    """

    season: Season
    standings: Sequence[Standing]
    part: TruthPart = WHOLE
    headline: TruthPart = WHOLE
    beside: tuple[TruthPart, ...] = ("public", "private")
    is_public: bool = False

    def entries(self, *, details: bool = False) -> list[dict[str, Any]]:
        """Return the entries as JSON has them; details are breakdown, metadata and how it was scored."""
        return [self.entry(each, details=details) for each in self.standings]

    def entry(self, standing: Standing, *, details: bool = False) -> dict[str, Any]:
        """Return one entry as JSON has it."""
        submission = standing.submission
        told = self.told(submission)
        entry = {
            "submission": submission.number,
            "team": submission.team,
            "run": submission.run,
            "submitted": in_utc(submission.submitted),
            "digest": submission.digest,
            "status": submission.status,
            "counts": standing.counts,
            "rank": standing.rank,
            "rank_set": standing.rank_set and list(standing.rank_set),
            "scores": dict(told.scores) if told else {},
            "intervals": dict(told.intervals) if told else {},
            "parts": {part: dict(vars(each)) for part, each in self.told_beside(submission).items()},
            "signature": told and told.signature,
            "faults": list(submission.faults),
            "warnings": list(submission.warnings),
            "reason": submission.reason,
            "excluded": standing.excluded,
            "is_baseline": standing.is_baseline,
            "stale": submission.yardstick != self.season.yardstick,
        }
        if self.is_public:
            return entry | self._withheld(submission, told)
        return entry | (_details(submission, told) if details else {})

    def _withheld(self, submission: Submission, told: PartScores | None) -> dict[str, Any]:
        """Return what strangers are told instead.

        Reasons tell of folders, warnings of the whole truth, examples of single occurrences, and the seed
        which quadrats are private.
        """
        intervals = dict(told.intervals) if told else {}
        if self.headline != WHOLE:
            intervals = {name: {**interval, "seed": None} for name, interval in intervals.items()}
        errors = [{**each, "examples": []} for each in submission.faults if each["severity"] == "error"]
        return {"reason": None, "warnings": [], "faults": errors, "intervals": intervals}

    def told(self, submission: Submission) -> PartScores | None:
        """Return the scores that stand first."""
        return submission.parts.get(self.headline)

    def told_beside(self, submission: Submission) -> Mapping[TruthPart, PartScores]:
        """Return the scores that stand beside them."""
        return {part: submission.parts[part] for part in self.beside if part in submission.parts}


def listing_of(
    board: Board, part: TruthPart = WHOLE, *, is_public: bool = False, progress: Progress = SILENT
) -> Listing:
    """Return the season of a board, ranked by a part; for everybody, by what they may know now."""
    season = season_of(board, progress=progress)
    if not is_public:
        return Listing(season, standings_of(board, season, part), part)
    part = public_part(season, datetime.now(UTC))
    return public_listing(season, standings_of(board, season, part), part)


def check_export(file: Path) -> None:
    """Refuse a file whose name says no format, before any work."""
    if file.suffix.lower() not in (".csv", ".json"):
        raise UsageError(f"Cannot tell the format of {printable(file)}.", "Let it end in .csv or .json.")


def public_part(season: Season, time: datetime) -> TruthPart:
    """Return the part that everybody may know the scores of: the whole only where nothing is private now."""
    is_secret = season.ground.is_private is not None and not season.rules.is_closed(time)
    return "public" if is_secret else WHOLE


def public_listing(season: Season, standings: Sequence[Standing], part: TruthPart) -> Listing:
    """Return what everybody may know; see `public_part`."""
    beside: tuple[TruthPart, ...] = ("public", "private") if part == WHOLE else ()
    return Listing(season, standings, part, headline=part, beside=beside, is_public=True)


def _details(submission: Submission, told: PartScores | None) -> dict[str, Any]:
    return {
        "n_occurrences": told and told.n_occurrences,
        "threshold": told and told.threshold,
        "mean_set_size": told and told.mean_set_size,
        "breakdown": list(submission.breakdown),
        "metadata": submission.metadata,
        "version": submission.version,
        "yardstick": submission.yardstick,
        "replaced": list(submission.replaced),
        "kept": submission.kept,
    }
