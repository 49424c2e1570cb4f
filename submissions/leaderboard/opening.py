"""Finding the store of a competition, and what a season is by it."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from submissions.competition.settings import Competition
from submissions.errors import GlckitError, UsageError, require_installed
from submissions.leaderboard.entries import WHOLE, Submission, TruthPart
from submissions.leaderboard.ranking import Ranking, RankSets, Standing, with_rank_sets
from submissions.leaderboard.season import Season
from submissions.leaderboard.standard import Standard, changes, metrics_of_key, standard_of
from submissions.progress import SILENT, Progress

if TYPE_CHECKING:
    from submissions.leaderboard.store.database import Store

#: What all of a season's submissions are earlier than.
END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Board:
    """A competition with its store.

    Parameters
    ----------
    kept : Path
        The folder of the runs that are kept, beside the store.
    """

    competition: Competition
    store: Store
    kept: Path


def open_board(competition: Competition) -> Board:
    """Open the store of a competition.

    Raises
    ------
    UsageError
        If there is none, or no competition.toml, a newer glckit wrote it, or the extra is not installed.
    CannotCheckError
        If it cannot be used.
    """
    return _board(competition, new=False)


def make_board(competition: Competition) -> Board:
    """Make a store for a competition; errors as those of `open_board`, and if there is one already."""
    return _board(competition, new=True)


def season_of(
    board: Board, *, standard: Standard | None = None, brief: bool = False, progress: Progress = SILENT
) -> Season:
    """Return a season as its store and its competition folder have it; errors as those of `standard_of`.

    Submissions of a brief one have neither breakdown nor metadata.
    """
    standard = standard or standard_of(board.competition, progress=progress)
    submissions = board.store.submissions(brief=brief)
    former = {each.yardstick for each in submissions}
    stale = changes(sorted(former), standard.key)
    return Season(
        competition=board.competition,
        metrics=standard.metrics if stale is None else metrics_of_key(submissions[-1].yardstick),
        submissions=submissions,
        evidence=board.store.evidence,
        ground=standard.ground,
        stale=stale,
        yardstick=standard.key,
    )


def standings_of(board: Board, season: Season, part: TruthPart = WHOLE) -> list[Standing]:
    """Return who is where on a part of the truth, with rank sets that are computed once and remembered.

    Those of a stale season are there only if they were computed before it became so.
    """
    _refuse_part(part, season)
    ranking = Ranking(season.rules, season.metrics[0], END_OF_TIME, part)
    standings = ranking.standings(season.submissions)
    counting = [each.submission for each in standings if each.counts]
    sets = _rank_sets(board, season, counting, part)
    return standings if sets is None else with_rank_sets(standings, lambda _: sets)


def prepare_standings(board: Board) -> None:
    """Compute the rank sets that lists show, unless they are there, so that no list waits for them.

    What keeps them from being computed the next list says.
    """
    with contextlib.suppress(GlckitError):
        standings_of(board, season_of(board, brief=True))


def _rank_sets(
    board: Board, season: Season, counting: Sequence[Submission], part: TruthPart
) -> RankSets | None:
    if len(counting) < 2:
        return {}
    said = [(each.number, each.digest, each.yardstick) for each in counting]
    key = hashlib.sha256(json.dumps([part, season.metrics[0].name, said]).encode()).hexdigest()
    sets = board.store.rank_sets(key)
    if sets is None and season.stale is None:
        from submissions.leaderboard.comparing import compared_rank_sets

        sets = compared_rank_sets(season, counting, part)
        board.store.remember_rank_sets(key, sets)
    return sets


def _refuse_part(part: TruthPart, season: Season) -> None:
    if part == WHOLE or any(part in each.parts for each in season.submissions):
        return
    if season.ground.is_private is None:
        raise UsageError(
            "The truth of this season has one part.", "Set leaderboard.private_share for a private one."
        )


def _board(competition: Competition, *, new: bool) -> Board:
    if competition.file is None:
        raise UsageError(
            "There is no competition.toml here or above.",
            "Write one for the organizers' files: glckit init DIR",
        )
    require_installed("sqlalchemy", "leaderboard")
    from submissions.leaderboard.store.database import Store
    from submissions.leaderboard.store.engines import StorePlace

    place = StorePlace.of(competition.leaderboard.store, competition.folder)
    beside = competition.folder / "leaderboard" if place.file is None else place.file
    store = Store.made(place) if new else Store.opened(place)
    return Board(competition, store, beside.with_name(f"{beside.stem}-runs"))
