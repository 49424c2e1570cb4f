"""The rows of the board, and what each team handed in."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scoring.uncertainty.comparison import ComparedRun
from submissions.leaderboard.entries import Submission, TruthPart
from submissions.leaderboard.ranking import Standing
from submissions.leaderboard.rules import in_utc
from submissions.leaderboard.site.drawing import Ruler
from submissions.leaderboard.site.shown import Shown

_WHISKER_WIDTH = 120


@dataclass(frozen=True)
class Whisker:
    """A score with its interval.

    Parameters
    ----------
    low, high : float, optional
        None where there are too few units for an interval.
    at : tuple of float, optional
        Where low, score and high lie in the picture.
    rank : int, optional
        The rank that the score alone would give among the runs that count.
    """

    score: float
    low: float | None
    high: float | None
    at: tuple[float, float, float] | None = None
    rank: int | None = None


@dataclass(frozen=True)
class Row:
    """A submission on the board.

    Parameters
    ----------
    whiskers : mapping of str to Whisker
        By the metric that ranks, of each part that is told of.
    compared : ComparedRun, optional
        Its place among the runs that count.
    change : int, optional
        By how many ranks it is better on the private part than on the public one.
    """

    standing: Standing
    whiskers: Mapping[TruthPart, Whisker]
    others: Mapping[str, float | None]
    compared: ComparedRun | None
    change: int | None

    @property
    def submission(self) -> Submission:
        """What was handed in."""
        return self.standing.submission

    @property
    def page(self) -> str:
        """The permalink of the run."""
        return page_of(self.submission)

    @property
    def submitted(self) -> str:
        """When it was handed in."""
        return in_utc(self.submission.submitted)


@dataclass(frozen=True)
class TeamCounts:
    """What a team handed in, by what became of it."""

    team: str
    is_baseline: bool
    n_valid: int
    n_invalid: int
    n_failed: int
    n_withdrawn: int

    @property
    def n_all(self) -> int:
        """All of it."""
        return self.n_valid + self.n_invalid + self.n_failed + self.n_withdrawn


@dataclass(frozen=True)
class BoardTables:
    """The rows that are ranked, with the baselines among them, and all others.

    Parameters
    ----------
    axis : Ruler
        That of all whiskers.
    """

    ranked: Sequence[Row]
    others: Sequence[Row]
    teams: Sequence[TeamCounts]
    axis: Ruler


def page_of(submission: Submission) -> str:
    """Return the permalink of a run, from the folder of the site."""
    return f"runs/{submission.digest}.html"


def board_tables(shown: Shown) -> BoardTables:
    """Return the board of a season."""
    bounds = [bound for each in shown.standings for bound in _bounds(shown, each.submission)]
    axis = Ruler.around(bounds or [0.0, 1.0], _WHISKER_WIDTH)
    ranks = {part: _ranks(shown, part) for part in shown.parts}
    rows = [_row(shown, each, axis, ranks) for each in shown.standings]
    in_board = [row for row in rows if row.standing.counts or (row.standing.is_baseline and row.whiskers)]
    numbers = {row.submission.number for row in in_board}
    return BoardTables(
        ranked=sorted(in_board, key=lambda row: _place(shown, row)),
        others=[row for row in rows if row.submission.number not in numbers],
        teams=list(_teams(shown.standings)),
        axis=axis,
    )


def whisker(
    shown: Shown, submission: Submission, part: TruthPart, axis: Ruler | None = None
) -> Whisker | None:
    """Return a run's score and interval on a part, by the metric that ranks; None without one."""
    of_part = shown.told(submission).get(part)
    name = shown.metric.name
    if of_part is None or name not in of_part.scores:
        return None
    score, interval = of_part.scores[name], of_part.intervals.get(name) or {}
    low, high = interval.get("low"), interval.get("high")
    if axis is None or low is None or high is None:
        return Whisker(score, low, high)
    return Whisker(score, low, high, (axis.at(low), axis.at(score), axis.at(high)))


def _bounds(shown: Shown, submission: Submission) -> Iterable[float]:
    for part in shown.parts:
        found = whisker(shown, submission, part)
        if found is not None:
            yield from (each for each in (found.low, found.score, found.high) if each is not None)


def _ranks(shown: Shown, part: TruthPart) -> Mapping[int, int]:
    """Return the ranks that the scores on a part alone give to the runs that count."""
    scores = {each.number: found.score for each in shown.counting if (found := whisker(shown, each, part))}
    sign = -1 if shown.metric.lower_is_better else 1
    return {
        number: 1 + sum(sign * other > sign * score for other in scores.values())
        for number, score in scores.items()
    }


def _row(shown: Shown, standing: Standing, axis: Ruler, ranks: Mapping[TruthPart, Mapping[int, int]]) -> Row:
    submission = standing.submission
    whiskers = {}
    for part in shown.parts:
        found = whisker(shown, submission, part, axis)
        if found is not None:
            rank = ranks[part].get(submission.number)
            whiskers[part] = Whisker(found.score, found.low, found.high, found.at, rank)
    of_part = shown.told(submission).get(shown.part)
    others = {
        metric.name: None if of_part is None else of_part.scores.get(metric.name)
        for metric in shown.season.metrics[1:]
    }
    compared = shown.compared_runs.get(submission.number)
    return Row(standing, whiskers, others, compared, _change(whiskers))


def _change(whiskers: Mapping[TruthPart, Whisker]) -> int | None:
    ranks = [whiskers[part].rank for part in ("public", "private") if part in whiskers]
    if len(ranks) < 2 or ranks[0] is None or ranks[1] is None:
        return None
    return ranks[0] - ranks[1]


def _place(shown: Shown, row: Row) -> tuple[float, bool]:
    found = row.whiskers.get(shown.part)
    if found is None:
        return math.inf, row.standing.is_baseline
    return found.score if shown.metric.lower_is_better else -found.score, row.standing.is_baseline


def _teams(standings: Sequence[Standing]) -> Iterable[TeamCounts]:
    counts = Counter((each.submission.team, each.submission.status) for each in standings)
    baselines = {each.submission.team for each in standings if each.is_baseline}
    for team in sorted({each.submission.team for each in standings}):
        yield TeamCounts(
            team,
            team in baselines,
            n_valid=counts[team, "valid"],
            n_invalid=counts[team, "invalid"],
            n_failed=counts[team, "failed"],
            n_withdrawn=counts[team, "withdrawn"],
        )
