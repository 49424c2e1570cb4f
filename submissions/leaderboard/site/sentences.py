"""The rules of a season, and what its words mean, in sentences for people."""

from __future__ import annotations

from collections.abc import Iterator

from submissions.leaderboard.rules import in_utc
from submissions.leaderboard.site.shown import Shown
from submissions.wording import counted


def rules_in_words(shown: Shown) -> Iterator[str]:
    """Yield the rules, a sentence or two each."""
    rules, metric = shown.season.rules, shown.metric
    k = f" with K = {shown.season.competition.k}" if metric.has_k else ""
    direction = "; lower is better" if metric.lower_is_better else ""
    yield f"Runs are ranked by {metric.name}{k}: {metric.summary}{direction}. Equal scores share a rank."
    yield f"Of each team, its {_which(shown)} valid run counts."
    if rules.final:
        numbers = ", ".join(str(each) for each in rules.final)
        yield f"Selected as final, whatever else their teams hand in: {numbers} (numbers of submissions)."
    if rules.opens or rules.closes:
        yield f"Runs are taken {_when(shown)}."
    if rules.runs_per_day is not None:
        yield (
            f"Of a team, the first {counted(rules.runs_per_day, 'valid run')} of a day of UTC may count; "
            "invalid and failed ones take no place."
        )
    if rules.baselines:
        yield "Baselines are shown and never ranked."
    yield from _of_parts(shown)


def stale_in_words(shown: Shown) -> str | None:
    """Return why the scores are old, None unless they are."""
    if shown.stale is None:
        return None
    return (
        f"The scores on this page are old: {shown.stale}. "
        "The ranking is that of the old scores until all runs have been scored again."
    )


def withheld_in_words(shown: Shown) -> str | None:
    """Return what strangers are not told, None if they are told everything."""
    if not shown.public:
        return None
    told = f"Nothing is told of fewer than {shown.least} occurrences"
    if shown.keeps_private:
        return f"{told}, nor of the private part, nor where it lies, until the season closes."
    return f"{told}."


def _which(shown: Shown) -> str:
    return "last" if shown.season.rules.counts == "last" else "best"


def _when(shown: Shown) -> str:
    opens, closes = shown.season.rules.opens, shown.season.rules.closes
    words = [f"from {in_utc(opens)}"] if opens else []
    return " ".join([*words, *([f"until {in_utc(closes)}"] if closes else [])])


def _of_parts(shown: Shown) -> Iterator[str]:
    rules = shown.season.rules
    if shown.season.ground.is_private is None:
        return
    unit = shown.season.ground.units.units.kind
    yield (
        f"The truth has a public and a private part: {100 * rules.private_share:g} % of its {unit}s, drawn "
        "by a seed, are private. A metric with a threshold fits it on each part, so scores of parts do not "
        "average to that of the whole."
    )
    if shown.keeps_private:
        yield "This board shows the public part only; the final one will rank by the whole truth."
    else:
        yield "This board ranks by the whole truth."
