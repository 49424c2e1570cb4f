"""Two runs side by side, and which of them are told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scoring.uncertainty.comparison import ComparedPair
from submissions.leaderboard.ranking import Standing
from submissions.leaderboard.site.board import page_of
from submissions.leaderboard.site.drawing import drawn_squares
from submissions.leaderboard.site.shown import Shown
from submissions.leaderboard.site.withheld import told_parts

# The squares of worse runs are smaller, so that no colour is needed to see them.
_INSET = 0.25


@dataclass(frozen=True)
class Significance:
    """Which of the runs that count are called different, in the order of rank.

    Parameters
    ----------
    better, worse : str
        Paths of the squares at which the run of the row is the better or the worse one.
    n_different, n_pairs : int
        Pairs that are called different, and all.
    """

    standings: Sequence[Standing]
    better: str
    worse: str
    n_different: int
    n_pairs: int


@dataclass(frozen=True)
class OtherRun:
    """A pair as one of its runs sees it.

    Parameters
    ----------
    difference, low, high : float
        Score of this run minus that of the other.
    wins, losses : int
        Occurrences on which this run does better, and worse.
    """

    standing: Standing
    difference: float
    low: float | None
    high: float | None
    pair: ComparedPair
    wins: int
    losses: int


def significance(shown: Shown) -> Significance | None:
    """Return which runs differ; None without a comparison."""
    comparison = shown.comparison
    if comparison is None:
        return None
    places = {run.run: place for place, run in enumerate(comparison.runs)}
    different = np.zeros((len(places), len(places)), bool)
    for pair in comparison.pairs:
        different[places[pair.a], places[pair.b]] = pair.different
    return Significance(
        [shown.by_number[int(run)] for run in places],
        drawn_squares(different),
        drawn_squares(different.T, inset=_INSET),
        int(different.sum()),
        len(comparison.pairs),
    )


def others_of(shown: Shown) -> Mapping[int, Sequence[OtherRun]]:
    """Return the pairs of each compared run, by the number of its submission and in the order of rank."""
    found: dict[int, list[OtherRun]] = {number: [] for number in shown.compared_runs}
    for pair in () if shown.comparison is None else shown.comparison.pairs:
        a, b = int(pair.a), int(pair.b)
        low, high = pair.interval.low, pair.interval.high
        found[a].append(
            OtherRun(shown.by_number[b], pair.difference, low, high, pair, pair.wins, pair.losses)
        )
        mirrored = (-pair.difference, _minus(high), _minus(low))
        found[b].append(OtherRun(shown.by_number[a], *mirrored, pair, pair.losses, pair.wins))
    order = {number: place for place, number in enumerate(found)}
    for of_run in found.values():
        of_run.sort(key=lambda each: order[each.standing.submission.number])
    return found


def side_by_side(shown: Shown) -> Mapping[str, Any]:
    """Return what the page needs to set any two valid runs beside each other."""
    valid = [each for each in shown.standings if shown.told(each.submission)]
    pairs = () if shown.comparison is None else shown.comparison.pairs
    return {
        "metric": shown.metric.name,
        "parts": list(shown.parts),
        "runs": {str(each.submission.number): _beside(shown, each) for each in valid},
        "pairs": {f"{pair.a}-{pair.b}": _figures(pair) for pair in pairs},
    }


def _beside(shown: Shown, standing: Standing) -> Mapping[str, Any]:
    submission = standing.submission
    breakdown = () if shown.keeps_private else submission.breakdown
    return {
        "team": submission.team,
        "run": submission.run,
        "rank": standing.rank,
        "page": page_of(submission),
        "scores": {part: dict(scores.scores) for part, scores in shown.told(submission).items()},
        "breakdown": [
            {"by": group.by, "part": part["part"], "n": part["n_occurrences"], "scores": part["scores"]}
            for group in told_parts(breakdown, least=shown.least)
            for part in group.parts
        ],
    }


def _figures(pair: ComparedPair) -> Sequence[float | None]:
    """Return difference, interval, adjusted p, wins, ties and losses."""
    counts = (pair.wins, pair.ties, pair.losses)
    return [pair.difference, pair.interval.low, pair.interval.high, pair.p_adjusted, *counts]


def _minus(value: float | None) -> float | None:
    return None if value is None else -value
