"""Who is where, beside a slow ranking written from the rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seasons import METRIC, submission

from scoring.metrics.adaptive_top_k import ADAPTIVE_TOP_K
from scoring.metrics.metric import Metric
from scoring.metrics.top_k import TOP_K_ERROR
from submissions.errors import UsageError
from submissions.leaderboard.entries import PartScores, Submission
from submissions.leaderboard.ranking import Ranking, Standing, idle_rules, n_valid_on_day, with_rank_sets
from submissions.leaderboard.rules import Rules, time_of

START = datetime(2020, 4, 1, tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)
_TIMES = st.integers(0, 60).map(lambda hours: START + timedelta(hours=hours))
_SCORES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0])


@st.composite
def submissions(draw: st.DrawFn, name: str = METRIC) -> list[Submission]:
    made = []
    for number in range(1, draw(st.integers(0, 9)) + 1):
        status = draw(st.sampled_from(["valid", "valid", "valid", "invalid", "failed", "withdrawn"]))
        has_scores = status == "valid" or (status == "withdrawn" and draw(st.booleans()))
        scores = PartScores(9, {name: draw(_SCORES)}, {}, None, None, "s")
        made.append(
            submission(
                number,
                team=draw(st.sampled_from(["a", "b", "c"])),
                submitted=draw(_TIMES),
                status=status,
                parts={"whole": scores} if has_scores else {},
            )
        )
    return made


_RULES = st.builds(
    Rules,
    opens=st.none() | _TIMES,
    closes=st.none() | _TIMES,
    runs_per_day=st.none() | st.integers(1, 3),
    counts=st.sampled_from(["best", "last"]),
    baselines=st.sampled_from([(), ("c",)]),
    final=st.lists(st.integers(1, 9), max_size=2).map(tuple),
)


def slow_counting(
    given: list[Submission], rules: Rules, as_of: datetime, *, sign: int, name: str
) -> list[Submission]:
    """Walk through the season in the order of time, run by run, and note for each team what counts."""
    allowed: list[Submission] = []
    for each in sorted(given, key=lambda each: (each.submitted, each.number)):
        if each.submitted > as_of or not each.parts:
            continue
        if (rules.opens and each.submitted < rules.opens) or (rules.closes and each.submitted > rules.closes):
            continue
        day = each.submitted.strftime("%Y%m%d")
        before = [x for x in allowed if x.team == each.team and x.submitted.strftime("%Y%m%d") == day]
        if rules.runs_per_day is None or len(before) < rules.runs_per_day:
            allowed.append(each)
    counting = []
    for team in {each.team for each in allowed} - set(rules.baselines):
        own = [each for each in allowed if each.team == team and each.status == "valid"]
        own = [each for each in own if each.number in rules.final] or own
        chosen: Submission | None = None
        for each in own:
            better = (
                chosen is None
                or sign * each.parts["whole"].scores[name] > sign * chosen.parts["whole"].scores[name]
            )
            if better or rules.counts == "last":
                chosen = each
        counting += [chosen] if chosen else []
    return counting


@pytest.mark.parametrize(("metric", "sign"), [(ADAPTIVE_TOP_K, 1), (TOP_K_ERROR, -1)])
@given(st.data(), _RULES, st.just(LATEST) | _TIMES)
def test_the_ranking_is_that_of_the_rules(
    metric: Metric, sign: int, data: st.DataObject, rules: Rules, as_of: datetime
) -> None:
    drawn = data.draw(submissions(metric.name))
    standings = Ranking(rules, metric, as_of).standings(drawn)
    wanted = slow_counting(drawn, rules, as_of, sign=sign, name=metric.name)
    assert {each.submission.number for each in standings if each.counts} == {each.number for each in wanted}
    goodness = {each.number: sign * each.parts["whole"].scores[metric.name] for each in wanted}
    for each in standings:
        own = goodness.get(each.submission.number)
        rank = None if own is None else 1 + sum(other > own for other in goodness.values())
        assert each.rank == rank
        assert each.is_baseline == (each.submission.team in rules.baselines)
        assert not (each.counts and each.excluded)
    assert {each.submission.number for each in standings} == {x.number for x in drawn if x.submitted <= as_of}
    ranks = [each.rank for each in standings if each.counts]
    assert ranks == sorted(ranks)
    assert [each.counts for each in standings] == sorted((each.counts for each in standings), reverse=True)


@given(submissions(), _RULES, st.randoms())
def test_the_order_in_which_a_store_tells_does_not_matter(
    drawn: list[Submission], rules: Rules, random: object
) -> None:
    ranking = Ranking(rules, ADAPTIVE_TOP_K, LATEST)
    shuffled = list(drawn)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert ranking.standings(shuffled) == ranking.standings(drawn)


@given(submissions(), _RULES, st.sampled_from(["invalid", "failed"]))
def test_what_has_no_score_changes_no_rank(drawn: list[Submission], rules: Rules, status: str) -> None:
    ranking = Ranking(rules, ADAPTIVE_TOP_K, LATEST)
    added = submission(99, team="a", submitted=START, status=status)
    before, after = ranking.standings(drawn), ranking.standings([*drawn, added])
    assert before == [each for each in after if each.submission.number != 99]


def test_the_reasons_for_not_counting_are_told() -> None:
    rules = Rules(opens=START, closes=START + timedelta(days=2), runs_per_day=1, baselines=("glckit",))
    times = [START - timedelta(1), START, START, START + timedelta(days=3), START]
    teams = ["a", "a", "a", "a", "glckit"]
    drawn = [
        submission(number, 0.5, team=team, submitted=time)
        for number, (team, time) in enumerate(zip(teams, times, strict=True), 1)
    ]
    told = {each.submission.number: each for each in Ranking(rules, ADAPTIVE_TOP_K, LATEST).standings(drawn)}
    assert told[1].excluded == "the season opens at 2020-04-01T00:00:00Z"
    assert (told[2].counts, told[2].rank) == (True, 1)
    assert told[3].excluded == "over 1 valid run of a team on 2020-04-01"
    assert told[4].excluded == "the season closed at 2020-04-03T00:00:00Z"
    assert (told[5].is_baseline, told[5].rank, told[5].excluded) == (True, None, None)


def test_a_part_without_scores_does_not_count() -> None:
    (told,) = Ranking(Rules(), ADAPTIVE_TOP_K, LATEST, "private").standings([submission(1, 0.5)])
    assert told.excluded == "it has no score on the private part: rescore"


def test_withdrawing_gives_no_new_try() -> None:
    drawn = [submission(1, 0.5, team="a", status="withdrawn"), submission(2, 0.1, team="a")]
    assert n_valid_on_day(drawn, "a", START) == 2
    first, second = Ranking(Rules(runs_per_day=1), ADAPTIVE_TOP_K, LATEST).standings(drawn)
    assert not first.counts
    assert second.excluded is not None


def test_rank_sets_are_those_of_the_comparison() -> None:
    drawn = [submission(number, number / 10) for number in (1, 2, 3)]
    standings = Ranking(Rules(), ADAPTIVE_TOP_K, LATEST).standings([*drawn, submission(4)])
    asked: list[int] = []

    def rank_sets(counting: object) -> dict[int, tuple[int, int]]:
        asked.extend(each.number for each in counting)  # type: ignore[attr-defined]
        return {3: (1, 2), 2: (1, 3), 1: (2, 3)}

    told = with_rank_sets(standings, rank_sets)
    assert asked == [3, 2, 1]
    assert [each.rank_set for each in told] == [(1, 2), (1, 3), (2, 3), None]
    (alone,) = with_rank_sets([Standing(drawn[0], counts=True, rank=1)], rank_sets)
    assert alone.rank_set == (1, 1)
    assert with_rank_sets([Standing(drawn[0])], rank_sets) == [Standing(drawn[0])]


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2020-13-01", "0001-01-01", "1969-12-31", "0001-01-01T00:00+14:00"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no time"):
        time_of(text)
    assert replace(submission(1), submitted=time_of("2020-04-01T02:00+02:00")).submitted == START


def test_rules_that_name_what_cannot_count_are_said() -> None:
    made = [
        submission(1, 0.5, team="a"),
        submission(2, 0.5, team="base"),
        submission(3, team="a"),
        submission(4, 0.5, team="b", status="withdrawn"),
    ]
    assert list(idle_rules(Rules(final=(1,), baselines=("base",)), made)) == []
    (said,) = idle_rules(Rules(final=(4, 99, 1, 99, 3, 2), baselines=("base",)), made)
    assert said == (
        "final names 4, which is withdrawn, and 99, which is no submission, and 3, which is invalid, "
        "and 2, which is of a baseline"
    )
    absent = Rules(baselines=("Base", "base", "x\n"))
    assert list(idle_rules(absent, made)) == [r"baselines names teams that have handed in nothing: Base, x\n"]
    assert list(idle_rules(Rules(baselines=("b",)), made[:1])) == [
        "baselines names a team that has handed in nothing: b"
    ]
    assert list(idle_rules(absent, [])) == []
