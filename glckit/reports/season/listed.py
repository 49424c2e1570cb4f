"""How a season is listed and exported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from glckit.render import Report, aligned, number, render
from submissions.files import written_atomically
from submissions.leaderboard.entries import PartScores
from submissions.leaderboard.listing import Listing
from submissions.leaderboard.ranking import Standing, idle_rules
from submissions.leaderboard.rules import in_utc
from submissions.printable import printable
from submissions.wording import counted

_FIRST = ("rank", "best_rank", "worst_rank", "submission", "team", "run", "submitted", "status")
_LAST = ("counts", "excluded", "is_baseline", "stale", "reason", "faults", "digest", "signature")
_BOUNDS = ("", "_low", "_high")


def list_report(listing: Listing, *, digits: int = 4) -> Report:
    """Report a season in the order of rank."""
    columns, rows = listing_table(listing)
    text = "\n".join(_text(listing, digits))
    return Report(listing.entries(), columns, rows, text, aside="\n".join(_foot(listing)))


def listing_table(listing: Listing) -> tuple[list[str], list[list[Any]]]:
    """Return the columns of a table of submissions, and its rows."""
    metrics = [metric.name for metric in listing.season.metrics]
    prefixes = ["", *(f"{part}_" for part in _beside(listing))]
    names = [name.replace("-", "_") for name in metrics]
    scores = [f"{prefix}{name}{bound}" for prefix in prefixes for name in names for bound in _BOUNDS]
    return [*_FIRST, *scores, *_LAST], [_row(listing, each, metrics) for each in listing.standings]


def write_export(listing: Listing, file: Path) -> int:
    """Write all submissions to a .csv or .json, and return their number."""
    columns, rows = listing_table(listing)
    report = Report(listing.entries(details=True), columns, rows)
    with written_atomically(file) as temporary:
        form = "csv" if file.suffix.lower() == ".csv" else "json"
        temporary.write_text(render(report, "csv" if form == "csv" else "json") + "\n", encoding="utf-8")
    return len(rows)


def _row(listing: Listing, standing: Standing, metrics: Sequence[str]) -> list[Any]:
    entry = listing.entry(standing)
    best, worst = entry["rank_set"] or (None, None)
    codes = " ".join(fault["code"] for fault in entry["faults"] if fault["severity"] == "error")
    said = {**entry, "best_rank": best, "worst_rank": worst, "faults": codes}
    beside = listing.told_beside(standing.submission)
    told = [listing.told(standing.submission), *(beside.get(part) for part in _beside(listing))]
    values = [value for part in told for name in metrics for value in _values(part, name)]
    return [*(said[name] for name in _FIRST), *values, *(said[name] for name in _LAST)]


def _values(part: PartScores | None, name: str) -> list[float | None]:
    if part is None or name not in part.scores:
        return [None] * len(_BOUNDS)
    interval = part.intervals.get(name, {})
    return [part.scores[name], interval.get("low"), interval.get("high")]


def _beside(listing: Listing) -> list[Any]:
    return list(listing.beside) if listing.season.ground.is_private is not None else []


def _text(listing: Listing, digits: int) -> Iterator[str]:
    metrics = [metric.name for metric in listing.season.metrics]
    yield f"{printable(listing.season.competition.name)}: ranked by {metrics[0]} on the {listing.part} truth"
    columns = ["rank", "rank set", "no", "team", "run", *metrics, *_beside(listing), "submitted", "status"]
    rows = [_cells(listing, each, metrics, digits) for each in listing.standings]
    is_numeric = [name in ("rank", "no", *metrics, *_beside(listing)) for name in columns]
    yield (
        aligned(columns, rows, is_numeric)
        if rows
        else "No submissions yet: glckit leaderboard add RUN --team TEAM"
    )
    yield ""
    yield from _foot(listing)


def _cells(listing: Listing, standing: Standing, metrics: Sequence[str], digits: int) -> list[str]:
    submission, ranks = standing.submission, standing.rank_set
    rank = "" if standing.rank is None else str(standing.rank)
    rank_set = "" if ranks is None else str(ranks[0]) if ranks[0] == ranks[1] else f"{ranks[0]}-{ranks[1]}"
    told, beside = listing.told(submission), listing.told_beside(submission)
    ranking = None if listing.part != listing.headline else metrics[0]
    scores = [_score(told, name, digits, ranks=name == ranking) for name in metrics]
    scores += [
        _score(beside.get(part), metrics[0], digits, ranks=part == listing.part) for part in _beside(listing)
    ]
    named = [printable(submission.team), printable(submission.run)]
    return [
        rank,
        rank_set,
        str(submission.number),
        *named,
        *scores,
        in_utc(submission.submitted),
        _status(standing),
    ]


def _score(part: PartScores | None, name: str, digits: int, *, ranks: bool) -> str:
    score, low, high = _values(part, name)
    if score is None:
        return "-"
    has_bounds = ranks and low is not None and high is not None
    return number(score, digits) + (f" [{low:.{digits}f}, {high:.{digits}f}]" if has_bounds else "")


def _status(standing: Standing) -> str:
    why = standing.excluded or ("baseline" if standing.is_baseline else None)
    return standing.submission.status + (f" ({printable(why)})" if why else "")


def _foot(listing: Listing) -> Iterator[str]:
    season, submissions = listing.season, [each.submission for each in listing.standings]
    statuses = ("valid", "invalid", "failed", "withdrawn")
    found = {status: sum(each.status == status for each in submissions) for status in statuses}
    yield f"{counted(len(submissions), 'submission')}: " + ", ".join(
        f"{n} {name}" for name, n in found.items() if n
    )
    if season.stale is not None:
        yield f"STALE: {season.stale}. These are the old scores; glckit leaderboard rescore makes new ones."
    yield from (f"warning: {words}." for words in idle_rules(season.rules, season.submissions))
    if _beside(listing):
        yield "Each part has a threshold of its own: public and private do not average to the whole."
