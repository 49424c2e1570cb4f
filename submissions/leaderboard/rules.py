"""The rules of a season: the ``[leaderboard]`` section of ``competition.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, cast, get_args

from submissions.competition.section import Section
from submissions.errors import UsageError
from submissions.printable import printable

# Before it nobody submitted runs, and times have no text of fixed width.
_FIRST_YEAR = 1970

#: Which of a team's runs counts.
Counts = Literal["best", "last"]


@dataclass(frozen=True)
class Rules:
    """When runs are taken, how many, and which of them count.

    Parameters
    ----------
    store : str
        Where submissions are kept: a file in the competition folder, or a URL of SQLAlchemy.
    opens, closes : datetime, optional
        The first and the last moment, in UTC, at which runs are taken.
    runs_per_day : int, optional
        Valid runs of a team on a day of UTC that count.
    counts : {"best", "last"}
        Which of a team's valid runs counts.
    baselines : tuple of str
        Teams that are shown and never ranked.
    private_share : float
        The share of the quadrats that make the private part; 0 for one part.
    seed : int
        Of the drawing of the private part, and of the replicates.
    final : tuple of int
        Submissions that count for their teams whatever else these hand in.
    """

    store: str = "leaderboard.sqlite"
    opens: datetime | None = None
    closes: datetime | None = None
    runs_per_day: int | None = None
    counts: Counts = "best"
    baselines: tuple[str, ...] = ()
    private_share: float = 0.0
    seed: int = 0
    final: tuple[int, ...] = ()

    def refusal(self, time: datetime) -> str | None:
        """Return why no run is taken at some time, None if it is.

        Examples
        --------
        >>> from datetime import UTC
        >>> rules = Rules(closes=datetime(2020, 6, 5, tzinfo=UTC))
        >>> rules.refusal(datetime(2020, 6, 6, tzinfo=UTC))
        'the season closed at 2020-06-05T00:00:00Z'
        """
        if self.opens is not None and time < self.opens:
            return f"the season opens at {in_utc(self.opens)}"
        if self.closes is not None and time > self.closes:
            return f"the season closed at {in_utc(self.closes)}"
        return None

    def is_closed(self, time: datetime) -> bool:
        """Return whether the season has ended at some time; one without an end never has."""
        return self.closes is not None and time > self.closes


def rules_of(section: Section) -> Rules:
    """Read the rules.

    Raises
    ------
    UsageError
        If a setting cannot mean anything.
    """
    rules = Rules(
        store=section.get("store", str, Rules.store),
        opens=section.time("opens"),
        closes=section.time("closes"),
        runs_per_day=section.positive("runs_per_day", None),
        counts=cast(Counts, section.one_of("counts", get_args(Counts), Rules.counts)),
        baselines=section.listed("baselines", str, "names of teams"),
        private_share=section.number("private_share", 0.0, low=0.0, high=1.0),
        seed=section.get("seed", int, Rules.seed),
        final=section.listed("final", int, "numbers of submissions"),
    )
    if rules.opens is not None and rules.closes is not None and rules.closes < rules.opens:
        raise UsageError("leaderboard.closes is before leaderboard.opens.")
    return rules


def in_utc(time: datetime) -> str:
    """Return a time of UTC as ISO 8601 has it, to the second or, where it has any, the microsecond."""
    return time.isoformat().replace("+00:00", "Z")


def time_of(text: str) -> datetime:
    """Return the time, in UTC, that ISO 8601 says; one without an offset is in UTC already.

    Raises
    ------
    UsageError
        If it is no such time, or one of another age.

    Examples
    --------
    >>> in_utc(time_of("2020-06-05T12:30+02:00")), in_utc(time_of("2020-06-05"))
    ('2020-06-05T10:30:00Z', '2020-06-05T00:00:00Z')
    """
    try:
        time = datetime.fromisoformat(text.strip())
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        is_of_age = time.year >= _FIRST_YEAR
    except (ValueError, OverflowError):
        is_of_age = False
    if not is_of_age:
        raise UsageError(f"{printable(text)} is no time.", "Write it as 2020-06-05T23:59:59Z.")
    return time
