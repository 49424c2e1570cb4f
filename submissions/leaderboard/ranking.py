"""Who is where: a pure function of submissions, rules and the decisions of a comparison."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from scoring.metrics.metric import Metric
from submissions.leaderboard.entries import WHOLE, Submission, TruthPart, part_in_words
from submissions.leaderboard.rules import Rules
from submissions.printable import printable
from submissions.wording import counted

#: Best and worst rank that the tests leave each run, by the number of its submission.
RankSets = Mapping[int, tuple[int, int]]


@dataclass(frozen=True)
class Standing:
    """Where a submission stands.

    Parameters
    ----------
    counts : bool
        Whether it is the one that counts for its team, which makes it ranked.
    is_baseline : bool
        Whether its team is shown and never ranked.
    rank : int, optional
        1 + number of counting runs with a better score; None unless it counts.
    rank_set : tuple of int, optional
        The best and worst rank that the comparison leaves it; None unless it counts.
    excluded : str, optional
        The rule that keeps a valid run from counting, whatever its score.
    """

    submission: Submission
    counts: bool = False
    is_baseline: bool = False
    rank: int | None = None
    rank_set: tuple[int, int] | None = None
    excluded: str | None = None


@dataclass(frozen=True)
class Ranking:
    """The rules, and what they rank by.

    Parameters
    ----------
    metric : Metric
        The one that ranks.
    part : {"whole", "public", "private"}
        The part of the truth whose scores rank.
    as_of : datetime
        Submissions of later times are not there yet.
    """

    rules: Rules
    metric: Metric
    as_of: datetime
    part: TruthPart = WHOLE

    def standings(self, submissions: Iterable[Submission]) -> list[Standing]:
        """Return all submissions so far, those that count first and in the order of their scores.

        Ranks are shared where scores are equal. Those that do not count follow in the order of their
        numbers. Rank sets are left to `with_rank_sets`.
        """
        present = [each for each in submissions if each.submitted <= self.as_of]
        excluded = dict(self._excluded(present))
        counting = self._counting(each for each in present if self._may_count(each, excluded))
        ranks = self._ranks(counting)
        standings = [
            Standing(
                each,
                counts=each.number in ranks,
                is_baseline=each.team in self.rules.baselines,
                rank=ranks.get(each.number),
                excluded=excluded.get(each.number),
            )
            for each in present
        ]
        return sorted(standings, key=_place)

    def score(self, submission: Submission) -> float:
        """Return the score that ranks a valid submission."""
        return submission.parts[self.part].scores[self.metric.name]

    def _may_count(self, submission: Submission, excluded: Mapping[int, str]) -> bool:
        is_ranked = submission.team not in self.rules.baselines
        return is_ranked and submission.status == "valid" and submission.number not in excluded

    def _excluded(self, submissions: Sequence[Submission]) -> Iterator[tuple[int, str]]:
        """Yield the submissions that a rule excludes, and the rule.

        One that was withdrawn has been looked at and keeps its place in the quota.
        """
        inside = []
        for each in submissions:
            if not each.parts:
                continue
            why = self.rules.refusal(each.submitted)
            if why is None and self.part not in each.parts:
                why = f"it has no score on the {part_in_words(self.part)}: rescore"
            if why is None:
                inside.append(each)
            else:
                yield each.number, why
        yield from _over_quota(inside, self.rules)

    def _counting(self, submissions: Iterable[Submission]) -> list[Submission]:
        """Return the submission that counts for each team."""
        by_team = sorted(submissions, key=lambda each: (each.team, each.submitted, each.number))
        teams = itertools.groupby(by_team, key=lambda each: each.team)
        return [self._of_team(list(own)) for _, own in teams]

    def _of_team(self, own: list[Submission]) -> Submission:
        """Return which of a team's submissions, in the order of their times, counts."""
        selected = [each for each in own if each.number in self.rules.final]
        candidates = selected or own
        if self.rules.counts == "last":
            return candidates[-1]
        return max(candidates, key=self._goodness)  # of equally good ones the first, whose time is earlier

    def _ranks(self, counting: Sequence[Submission]) -> dict[int, int]:
        scores = [self._goodness(each) for each in counting]
        return {
            each.number: 1 + sum(other > score for other in scores)
            for each, score in zip(counting, scores, strict=True)
        }

    def _goodness(self, submission: Submission) -> float:
        score = self.score(submission)
        return -score if self.metric.lower_is_better else score


def with_rank_sets(
    standings: Sequence[Standing], rank_sets: Callable[[Sequence[Submission]], RankSets]
) -> list[Standing]:
    """Return standings with the rank sets that a comparison of the counting runs gives.

    Parameters
    ----------
    rank_sets : callable
        From two or more submissions, in the order of rank, to their rank sets.
    """
    counting = [each.submission for each in standings if each.counts]
    if not counting:
        return list(standings)
    sets = rank_sets(counting) if len(counting) > 1 else {counting[0].number: (1, 1)}
    return [
        replace(each, rank_set=sets[each.submission.number]) if each.counts else each for each in standings
    ]


def idle_rules(rules: Rules, submissions: Sequence[Submission]) -> Iterator[str]:
    """Yield in words which numbers and teams rules name in vain; teams only once there are submissions.

    Examples
    --------
    >>> list(idle_rules(Rules(final=(99, 4)), []))
    ['final names 99, which is no submission, and 4, which is no submission']
    """
    by_number = {each.number: each for each in submissions}
    finals = [
        f"{number}, which is {why}"
        for number in dict.fromkeys(rules.final)
        if (why := _why_never_final(by_number.get(number), rules)) is not None
    ]
    if finals:
        yield f"final names {', and '.join(finals)}"
    teams = {each.team for each in submissions}
    absent = [team for team in dict.fromkeys(rules.baselines) if teams and team not in teams]
    if absent:
        who = "a team that has" if len(absent) == 1 else "teams that have"
        yield f"baselines names {who} handed in nothing: {', '.join(map(printable, absent))}"


def _why_never_final(submission: Submission | None, rules: Rules) -> str | None:
    if submission is None:
        return "no submission"
    if submission.status != "valid":
        return submission.status
    return "of a baseline" if submission.team in rules.baselines else None


def n_valid_on_day(submissions: Iterable[Submission], team: str, time: datetime) -> int:
    """Return how many valid submissions a team has on the day of UTC of some time, withdrawn ones included.

    A run that was withdrawn has been looked at: taking it back gives no new try.
    """
    return sum(
        each.team == team and each.submitted.date() == time.date() and bool(each.parts)
        for each in submissions
    )


def _over_quota(submissions: Iterable[Submission], rules: Rules) -> Iterator[tuple[int, str]]:
    if rules.runs_per_day is None:
        return

    def day(each: Submission) -> tuple[str, str]:
        return each.team, each.submitted.date().isoformat()

    ordered = sorted(submissions, key=lambda each: (*day(each), each.submitted, each.number))
    for (_, date), own in itertools.groupby(ordered, key=day):
        for each in list(own)[rules.runs_per_day :]:
            yield each.number, f"over {counted(rules.runs_per_day, 'valid run')} of a team on {date}"


def _place(standing: Standing) -> tuple[bool, int, int]:
    return not standing.counts, standing.rank or 0, standing.submission.number
