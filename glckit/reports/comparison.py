"""What ``glckit compare`` reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from glckit.render import Report, aligned, number
from glckit.reports.intervals import basis, between, doubts, interval_data
from scoring.uncertainty.comparison import ComparedPair, ComparedRun, Comparison
from submissions.printable import printable
from submissions.wording import counted

# More pairs than these, of 8 runs, are a table of their own.
_MOST_PAIRS = 28

_HEADINGS = ("rank", "rank set", "group", "run", "score", "interval", "first")
_RUN_COLUMNS = ("rank", "best_rank", "worst_rank", "group", "run", "score", "low", "high", "first_frequency")
_PAIR_COLUMNS = (
    *("a", "b", "difference", "low", "high", "p", "p_adjusted", "p_sign_flip", "wins", "ties", "losses"),
    "different",
)
_OF_COMPARISON = (
    *("metric", "n_occurrences", "unit", "n_units", "effective_units", "n_replicates", "seed", "level"),
    *("signature", "kendall_tau"),
)


def comparison_report(comparison: Comparison, *, digits: int = 4, pairs: bool = False) -> Report:
    """Report a comparison; its table is that of the runs, or of the pairs."""
    columns = _PAIR_COLUMNS if pairs else _RUN_COLUMNS
    rows = [*map(_pair_row, comparison.pairs)] if pairs else [*map(_run_row, comparison.runs)]
    text = "\n".join(_text(comparison, digits, with_pairs=pairs or len(comparison.pairs) <= _MOST_PAIRS))
    aside = "\n".join(f"  {line}" for line in _foot(comparison))
    return Report(comparison_data(comparison), columns, rows, text, aside)


def comparison_data(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as JSON has it."""
    data = {name: getattr(comparison, name) for name in _OF_COMPARISON}
    runs, pairs = map(_run_data, comparison.runs), map(_pair_data, comparison.pairs)
    return {**data, "runs": list(runs), "pairs": list(pairs)}


def _run_data(run: ComparedRun) -> dict[str, Any]:
    return {
        "run": run.run,
        "score": run.score,
        "interval": interval_data(run.interval),
        "rank": run.rank,
        "rank_set": list(run.rank_set),
        "first_frequency": run.first_frequency,
        "group": run.letters,
        "rank_frequencies": list(run.rank_frequencies),
    }


def _pair_data(pair: ComparedPair) -> dict[str, Any]:
    told = ("a", "b", "difference", "p", "p_adjusted", "p_sign_flip", "wins", "ties", "losses", "different")
    return {**{name: getattr(pair, name) for name in told}, "interval": interval_data(pair.interval)}


def _run_row(run: ComparedRun) -> list[Any]:
    interval = run.interval
    of_ranks = [run.rank, *run.rank_set, run.letters]
    return [*of_ranks, run.run, run.score, interval.low, interval.high, run.first_frequency]


def _pair_row(pair: ComparedPair) -> list[Any]:
    given = {"low": pair.interval.low, "high": pair.interval.high}
    return [given[name] if name in given else getattr(pair, name) for name in _PAIR_COLUMNS]


def _text(comparison: Comparison, digits: int, *, with_pairs: bool) -> Iterator[str]:
    table = [_run_cells(run, digits) for run in comparison.runs]
    yield f"{comparison.metric} of {comparison.n_occurrences:,} occurrences"
    yield aligned(_HEADINGS, table, [True, False, False, False, True, False, True])
    yield ""
    yield "Runs that share a letter in their groups are not surely different."
    if with_pairs:
        yield from ("", *_pairs_text(comparison.pairs, digits))
    else:
        yield f"{len(comparison.pairs):,} pairs: --pairs shows them, --json has all."
    yield ""
    yield from (f"  {line}" for line in _foot(comparison))


def _run_cells(run: ComparedRun, digits: int) -> list[str]:
    best, worst = run.rank_set
    ranks = str(best) if best == worst else f"{best}-{worst}"
    first = f"{run.first_frequency:.1%}"
    name, score = printable(run.run), number(run.score, digits)
    return [str(run.rank), ranks, run.letters, name, score, between(run.interval, digits), first]


def _pairs_text(pairs: Sequence[ComparedPair], digits: int) -> Iterator[str]:
    headings = ("a", "b", "a - b", "interval", "p", "adjusted", "sign flip", "wins/ties/losses", "different")
    rows = [
        [
            printable(pair.a),
            printable(pair.b),
            number(pair.difference, digits),
            between(pair.interval, digits),
            *(f"{p:.3f}" for p in (pair.p, pair.p_adjusted, pair.p_sign_flip)),
            f"{pair.wins:,}/{pair.ties:,}/{pair.losses:,}",
            "yes" if pair.different else "no",
        ]
        for pair in pairs
    ]
    yield aligned(headings, rows, [False, False, True, False, True, True, True, True, False])


def _foot(comparison: Comparison) -> Iterator[str]:
    interval = comparison.runs[0].interval
    yield f"intervals: {basis(interval)}"
    yield f"p: from {counted(comparison.n_replicates, 'replicate')}; adjusted for all pairs at once"
    if comparison.kendall_tau is not None:
        yield f"ranking of the replicates: mean tau-b {comparison.kendall_tau:.3f} with this one"
    yield from (f"warning: {doubt}" for doubt in doubts(interval))
    yield f"signature: {comparison.signature}"
