"""How the best score of a season grew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from submissions.leaderboard.ranking import Standing
from submissions.leaderboard.site.drawing import Line, drawn_steps
from submissions.leaderboard.site.shown import Shown

_SIZE = (640.0, 220.0)


@dataclass(frozen=True)
class History:
    """The submissions that were the best so far, in the order of their times.

    Parameters
    ----------
    scores : sequence of float
        By the metric that ranks.
    line : Line, optional
        None while there is nothing to draw.
    """

    records: Sequence[Standing]
    scores: Sequence[float]
    line: Line | None


def history(shown: Shown) -> History:
    """Return how the best score of what may count grew; of equal ones the first is the record."""
    scored = [
        (each, score)
        for each in shown.standings
        if not (each.is_baseline or each.excluded) and (score := shown.score(each.submission)) is not None
    ]
    scored.sort(key=lambda each: (each[0].submission.submitted, each[0].submission.number))
    sign = -1 if shown.metric.lower_is_better else 1
    records: list[tuple[Standing, float]] = []
    for standing, score in scored:
        if not records or sign * score > sign * records[-1][1]:
            records.append((standing, score))
    scores = [score for _, score in records]
    line = None
    if records:
        times = [standing.submission.submitted for standing, _ in records]
        last = scored[-1][0].submission.submitted
        line = drawn_steps(times, scores, last, size=_SIZE)
    return History([standing for standing, _ in records], scores, line)
