"""What a site shows of a season, and what it keeps to itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from scoring.metrics.metric import Metric
from scoring.uncertainty.comparison import ComparedRun, Comparison
from submissions.leaderboard.comparing import compared
from submissions.leaderboard.entries import WHOLE, PartScores, Submission, TruthPart
from submissions.leaderboard.ranking import Ranking, Standing, with_rank_sets
from submissions.leaderboard.rules import time_of
from submissions.leaderboard.season import Season

#: Occurrences below which a public page tells nothing of a part.
LEAST_TOLD = 10


@dataclass(frozen=True)
class SiteOptions:
    """What is asked of a site.

    Parameters
    ----------
    as_of : datetime, optional
        Submissions of later times are not shown; by default all up to now.
    public : bool, default False
        Whether strangers will see it: nothing is told of fewer than `LEAST_TOLD` occurrences, nor of the
        private part until the season closes.
    """

    as_of: datetime | None = None
    public: bool = False


def end_of(text: str) -> datetime:
    """Return the end of a day of UTC that ISO 8601 says, or the time if it says one.

    Raises
    ------
    UsageError
        If it is neither.

    Examples
    --------
    >>> end_of("2020-06-05").isoformat(), end_of("2020-06-05T12:00").isoformat()
    ('2020-06-05T23:59:59.999999+00:00', '2020-06-05T12:00:00+00:00')
    """
    try:
        date.fromisoformat(text.strip())
    except ValueError:
        return time_of(text)
    return time_of(text) + timedelta(days=1, microseconds=-1)


@dataclass(frozen=True)
class Shown:
    """A season as a site shows it.

    Parameters
    ----------
    as_of : datetime
        Submissions of later times are not there yet.
    public : bool
        Whether strangers will see it.
    keeps_private : bool
        Whether the public part is all that is told.
    """

    season: Season
    as_of: datetime
    public: bool
    keeps_private: bool

    @classmethod
    def of(cls, season: Season, options: SiteOptions, *, now: datetime) -> Shown:
        """Return what is shown at some time; the private part is kept until the season has closed by then."""
        is_divided = season.ground.is_private is not None
        keeps = options.public and is_divided and not season.rules.is_closed(now)
        return cls(season, options.as_of or now, options.public, keeps)

    @property
    def part(self) -> TruthPart:
        """The part whose scores rank."""
        return "public" if self.keeps_private else WHOLE

    @property
    def parts(self) -> tuple[TruthPart, ...]:
        """The parts that are told of, the one that ranks first."""
        if self.keeps_private:
            return ("public",)
        return (WHOLE,) if self.season.ground.is_private is None else (WHOLE, "public", "private")

    @property
    def metric(self) -> Metric:
        """The metric that ranks."""
        return self.season.metrics[0]

    @property
    def least(self) -> int:
        """Occurrences below which nothing is told of a part."""
        return LEAST_TOLD if self.public else 1

    @property
    def stale(self) -> str | None:
        """Why the scores are old, None unless they are; strangers are not told of seeds and shares."""
        told = "what they are measured by has changed" if self.public else self.season.stale
        return None if self.season.stale is None else told

    @property
    def ranking(self) -> Ranking:
        """By what runs are ranked."""
        return Ranking(self.season.rules, self.metric, self.as_of, self.part)

    @cached_property
    def standings(self) -> Sequence[Standing]:
        """All submissions up to the time of the site, those that count first."""
        found = self._standings
        if self.comparison is None:
            return with_rank_sets(found, lambda _: {}) if len(self.counting) == 1 else found
        sets = {int(run.run): run.rank_set for run in self.comparison.runs}
        return with_rank_sets(found, lambda _: sets)

    @property
    def counting(self) -> Sequence[Submission]:
        """The submissions that count, in the order of rank."""
        return [each.submission for each in self._standings if each.counts]

    @cached_property
    def comparison(self) -> Comparison | None:
        """The comparison of the runs that count; None where there are fewer than two, or scores are old."""
        if len(self.counting) < 2 or self.season.stale is not None:
            return None
        return compared(self.season, self.counting, self.part)

    @cached_property
    def compared_runs(self) -> dict[int, ComparedRun]:
        """What the comparison says of each run, by the number of its submission."""
        return {} if self.comparison is None else {int(run.run): run for run in self.comparison.runs}

    @cached_property
    def by_number(self) -> dict[int, Standing]:
        """The standings by the number of their submissions."""
        return {each.submission.number: each for each in self.standings}

    def told(self, submission: Submission) -> dict[TruthPart, PartScores]:
        """Return what may be told of a submission's scores; nothing of one that was withdrawn."""
        if submission.status != "valid":
            return {}
        return {part: submission.parts[part] for part in self.parts if part in submission.parts}

    def score(self, submission: Submission) -> float | None:
        """Return the score that ranks; None without one."""
        of_part = self.told(submission).get(self.part)
        return None if of_part is None else of_part.scores.get(self.metric.name)

    @cached_property
    def _standings(self) -> Sequence[Standing]:
        return self.ranking.standings(self.season.submissions)
