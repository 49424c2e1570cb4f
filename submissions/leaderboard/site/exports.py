"""The season as JSON and CSV, unrounded."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from scoring.uncertainty.comparison import Comparison
from scoring.version import VERSION
from submissions.leaderboard.entries import PartScores
from submissions.leaderboard.listing import Listing
from submissions.leaderboard.ranking import Standing
from submissions.leaderboard.rules import in_utc
from submissions.leaderboard.site.board import BoardTables, Row
from submissions.leaderboard.site.drawing import CLASS_WORDS
from submissions.leaderboard.site.history import History
from submissions.leaderboard.site.runs import RunPage, told_faults
from submissions.leaderboard.site.shown import Shown

# What makes a spreadsheet take the text of a cell for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def season_data(shown: Shown) -> Mapping[str, Any]:
    """Return what holds for all runs: rules, metrics, parts, and when the pages were made."""
    rules = shown.season.rules
    times = {"opens": rules.opens, "closes": rules.closes, "as_of": shown.as_of}
    return {
        "name": shown.season.competition.name,
        "k": shown.season.competition.k,
        "metrics": [metric.name for metric in shown.season.metrics],
        **{name: None if time is None else in_utc(time) for name, time in times.items()},
        "runs_per_day": rules.runs_per_day,
        "counts": rules.counts,
        "final": list(rules.final),
        "baselines": list(rules.baselines),
        "private_share": rules.private_share,
        "part": shown.part,
        "parts": list(shown.parts),
        "stale": shown.stale,
        "version": VERSION,
    }


def entry_data(shown: Shown, standing: Standing) -> Mapping[str, Any]:
    """Return a submission as ``glckit leaderboard list`` has it, as far as it may be told."""
    listing = Listing(
        shown.season,
        shown.standings,
        shown.part,
        headline=shown.part,
        beside=shown.parts[1:],
        is_public=shown.public,
    )
    entry = listing.entry(standing) | {"faults": told_faults(shown, standing.submission)}
    if not shown.told(standing.submission):
        entry |= _WITHOUT_SCORES
    return _without_places(entry) if shown.keeps_private else entry


def run_data(shown: Shown, page: RunPage) -> Mapping[str, Any]:
    """Return all that the page of a run tells, unrounded."""
    return {
        "submissions": [entry_data(shown, each) for each in page.standings],
        "breakdown": [part for told in page.breakdown for part in told.parts],
        "withheld": {told.by: told.n_withheld for told in page.breakdown if told.n_withheld},
        "curve": None if page.curve is None else _curve_data(page),
        "set_sizes": [{"sizes": each.words, "n_occurrences": each.n_occurrences} for each in page.sizes],
        "maps": [
            {"region": each.cells.region, "n_cells": dict(zip(CLASS_WORDS, each.n_cells, strict=True))}
            for each in page.maps
        ],
        "warnings": page.warnings,
        "metadata": page.metadata,
        "version": page.standing.submission.version,
        "replaced": list(page.replaced),
    }


def comparison_data(shown: Shown, comparison: Comparison) -> Mapping[str, Any]:
    """Return the comparison of the runs that count; these are called by the numbers of submissions."""
    return _without_places(asdict(comparison)) if shown.keeps_private else asdict(comparison)


def board_csv(shown: Shown, tables: BoardTables) -> str:
    """Return a line for each submission, the ranked ones first."""
    metrics = [metric.name for metric in shown.season.metrics]
    of_parts = [f"{name}_{part}{bound}" for part in shown.parts for name in metrics for bound in _BOUNDS]
    header = [*_BOARD_COLUMNS, *of_parts]
    return as_csv(header, (_line(shown, row) for row in (*tables.ranked, *tables.others)))


def teams_csv(tables: BoardTables) -> str:
    """Return a line for each team, with what became of what it handed in."""
    header = ("team", "is_baseline", "n_valid", "n_invalid", "n_failed", "n_withdrawn")
    return as_csv(header, ([getattr(team, name) for name in header] for team in tables.teams))


def history_csv(found: History) -> str:
    """Return a line for each submission that was the best so far."""
    header = ("submitted", "submission", "team", "run", "score")
    return as_csv(
        header,
        (
            [in_utc(each.submission.submitted), each.submission.number, each.submission.team,
             each.submission.run, score]
            for each, score in zip(found.records, found.scores, strict=True)
        ),
    )  # fmt: skip


def pairs_csv(comparison: Comparison) -> str:
    """Return a line for each pair of the runs that count."""
    names = ("a", "b", "difference", "p", "p_adjusted", "p_sign_flip", "wins", "ties", "losses", "different")
    lines = (
        [*(getattr(pair, name) for name in names), pair.interval.low, pair.interval.high]
        for pair in comparison.pairs
    )
    return as_csv((*names, "low", "high"), lines)


def as_csv(header: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    """Return a table as CSV; text that a spreadsheet would run gets an apostrophe before it.

    Examples
    --------
    >>> print(as_csv(["team", "score"], [["=1+1", -0.5], ["a", None]]), end="")
    team,score
    '=1+1,-0.5
    a,
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in line] for line in lines)
    return text.getvalue()


def as_json(data: Any) -> str:
    """Return data as JSON that every program reads: no NaN, nothing but ASCII."""
    return json.dumps(data, allow_nan=False) + "\n"  # on one line, for indenting takes three times as long


_WITHOUT_SCORES: Mapping[str, Any] = {"scores": {}, "intervals": {}, "parts": {}, "signature": None}
_TELLING = frozenset({"seed", "threshold", "mean_set_size"})
_BOUNDS = ("", "_low", "_high")
_BOARD_COLUMNS = (
    *("rank", "rank_set_best", "rank_set_worst", "tie_group", "first_frequency", "counts", "is_baseline"),
    *("submission", "team", "run", "submitted", "status", "excluded", "digest"),
)


def _line(shown: Shown, row: Row) -> Sequence[Any]:
    standing, each = row.standing, row.submission
    best, worst = standing.rank_set or (None, None)
    group, first = (row.compared.letters, row.compared.first_frequency) if row.compared else (None, None)
    of_board = (standing.rank, best, worst, group, first, standing.counts, standing.is_baseline)
    of_file = (each.number, each.team, each.run, row.submitted, each.status, standing.excluded, each.digest)
    told = shown.told(each)
    return [
        *of_board,
        *of_file,
        *(value for part in shown.parts for value in _scores(shown, told.get(part))),
    ]


def _scores(shown: Shown, scores: PartScores | None) -> Iterable[float | None]:
    for metric in shown.season.metrics:
        interval = (scores.intervals.get(metric.name) if scores else None) or {}
        yield scores.scores.get(metric.name) if scores else None
        yield from (interval.get("low"), interval.get("high"))


def _curve_data(page: RunPage) -> Mapping[str, Any]:
    assert page.curve is not None
    curve = page.curve
    thresholds = [None if np.isinf(each) else each for each in curve.thresholds.tolist()]
    return {
        "k": curve.k.tolist(),
        "adaptive_top_k": curve.adaptive_top_k.tolist(),
        "mean_set_size": curve.mean_set_sizes.tolist(),
        "threshold": thresholds,
        "area": curve.area,
    }


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


def _without_places(data: Any) -> Any:
    """Return data without what tells which quadrats are private.

    The seed draws them. Thresholds and set sizes depend on which occurrences are in the public part, and a
    run can be made so that these tell.
    """
    if isinstance(data, dict):
        kept = {key: _without_places(value) for key, value in data.items() if key not in _TELLING}
        parts = str(kept.get("signature", "")).split("|")
        told = "|".join(part for part in parts if not part.startswith("seed:"))
        return kept | ({"signature": told} if "signature" in kept else {})
    return [_without_places(each) for each in data] if isinstance(data, list | tuple) else data
