"""What commands report of validations and scores."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from glckit.render import Report, number, significant
from glckit.reports.intervals import basis, between, doubts, interval_data
from glckit.reports.parts import part_rows, parts_data, parts_lines
from scoring.metrics.adaptive_top_k import ADAPTIVE_TOP_K
from scoring.metrics.f1_micro import F1_MICRO
from scoring.metrics.f1_samples import F1_SAMPLES
from scoring.metrics.metric import Metric
from scoring.metrics.table import DEFAULT_METRICS
from scoring.metrics.top_k import TOP_K
from scoring.score import Score, Scored
from scoring.uncertainty.interval import Interval
from submissions.evaluation import EvaluatedFile
from submissions.faults import Example, Fault
from submissions.printable import printable
from submissions.validation import Validation
from submissions.wording import counted

# Characters of one entry of a run's metadata, in text.
_MAX_METADATA = 120

# The numbers of a score as JSON has them, and the metric that each belongs to, if it is there for one only.
_NUMBERS = {
    "k": None,
    "n_occurrences": None,
    "adaptive_top_k": ADAPTIVE_TOP_K,
    "top_k": TOP_K,
    "threshold": ADAPTIVE_TOP_K,
    "mean_set_size": ADAPTIVE_TOP_K,
    "adaptive_top_k_bounds": ADAPTIVE_TOP_K,
    "top_k_bounds": TOP_K,
    "unused_budget": ADAPTIVE_TOP_K,
    "n_pairs": None,
    "n_dropped": None,
}


def score_report(outcomes: Sequence[EvaluatedFile], *, digits: int = 4, bare: bool = False) -> Report:
    """Report what came of scoring some runs."""
    columns = _columns(outcomes)
    entries = [_score_entry(outcome) for outcome in outcomes]
    rows = [[outcome.run, *_row(outcome, columns[1:])] for outcome in outcomes]
    if any(outcome.examination and outcome.examination.parts for outcome in outcomes):
        columns, rows = _of_parts(outcomes)
    text = _bare(outcomes, digits) if bare else "\n\n".join(_text(outcome, digits) for outcome in outcomes)
    aside = "\n\n".join(filter(None, (_score_aside(outcome, digits) for outcome in outcomes)))
    return Report(_one_or_all(entries), columns, rows, text, aside, significant=("threshold",))


def validation_report(outcomes: Sequence[EvaluatedFile]) -> Report:
    """Report what came of validating some runs."""
    columns = ["run", "code", "severity", "count", "message", "fix", "lines"]
    rows = [
        [outcome.run, fault.code, fault.severity, fault.count, fault.message, fault.fix, _lines(fault)]
        for outcome in outcomes
        if outcome.evaluation is not None
        for fault in outcome.evaluation.validation.faults
    ]
    entries = [_validation_entry(outcome) for outcome in outcomes]
    text = "\n\n".join(_text(outcome, digits=4) for outcome in outcomes)
    aside = "\n\n".join(filter(None, map(_validation_aside, outcomes)))
    return Report(_one_or_all(entries), columns, rows, text, aside)


def score_data(score: Scored) -> dict[str, Any]:
    """Return the numbers of a score as JSON has them; null stands for a threshold of -inf."""
    wanted = [name for name, metric in _NUMBERS.items() if metric is None or metric in score.metrics]
    data = {name: getattr(score, name) for name in wanted}
    return {name: None if value == -math.inf else value for name, value in data.items()}


def _of_parts(outcomes: Sequence[EvaluatedFile]) -> tuple[list[str], list[list[Any]]]:
    """Return the table of the parts of all runs."""
    tables = [
        part_rows(each.run, each.examination.parts)
        for each in outcomes
        if each.examination and each.examination.parts
    ]
    return tables[0][0], [row for _, rows in tables for row in rows]


def _columns(outcomes: Sequence[EvaluatedFile]) -> list[str]:
    """Return the columns of a table of scores."""
    metrics = outcomes[0].metrics or DEFAULT_METRICS
    bounds = ("", "_low", "_high") if any(_intervals_of(each) for each in outcomes) else ("",)
    scores = [f"{_column(metric.name)}{bound}" for metric in metrics for bound in bounds]
    k = ["k"] if any(metric.has_k for metric in metrics) else []
    threshold = ["threshold", "mean_set_size"] if ADAPTIVE_TOP_K in metrics else []
    return ["run", *k, "n_occurrences", *scores, *threshold]


def _column(name: str) -> str:
    return name.replace("-", "_")


def _score_entry(outcome: EvaluatedFile) -> dict[str, Any]:
    evaluation = outcome.evaluation
    if evaluation is None or evaluation.score is None:
        return _validation_entry(outcome)
    return {
        "run": outcome.run,
        **score_data(evaluation.score),
        "warnings": [asdict(fault) for fault in evaluation.validation.warnings],
        "signature": evaluation.score.signature,
        "metadata": outcome.metadata,
        **(_by_metric(evaluation.score) if outcome.metrics else {}),
        **_intervals_data(_intervals_of(outcome)),
        **parts_data(outcome.examination),
    }


def _by_metric(score: Scored) -> dict[str, Any]:
    return {"metric": score.metrics[0].name, "scores": score.scores, "signatures": score.signatures}


def _intervals_of(outcome: EvaluatedFile) -> Mapping[str, Interval]:
    score = None if outcome.evaluation is None else outcome.evaluation.score
    return {} if score is None else score.intervals or {}


def _intervals_data(intervals: Mapping[str, Interval]) -> dict[str, Any]:
    told = {name: interval_data(interval) for name, interval in intervals.items()}
    return {"intervals": told} if told else {}


def _validation_entry(outcome: EvaluatedFile) -> dict[str, Any]:
    if outcome.evaluation is None:
        return {"run": outcome.run, "error": str(outcome.error)}
    validation = outcome.evaluation.validation
    why = {"why_skipped": dict(validation.why_skipped)} if validation.why_skipped else {}
    return {
        "run": validation.run,
        "valid": validation.valid,
        "n_errors": len(validation.errors),
        "n_warnings": len(validation.warnings),
        "skipped": list(validation.skipped),
        **why,
        "faults": [asdict(fault) for fault in validation.faults],
    }


def _one_or_all(entries: list[dict[str, Any]]) -> Any:
    return entries[0] if len(entries) == 1 else entries


def _row(outcome: EvaluatedFile, names: Sequence[str]) -> list[Any]:
    """Return the numbers of a row; empty cells where there is no score."""
    score = None if outcome.evaluation is None else outcome.evaluation.score
    if score is None:
        return [None] * len(names)
    scores: dict[str, float | None] = {_column(name): value for name, value in score.scores.items()}
    for name, interval in _intervals_of(outcome).items():
        scores |= {f"{_column(name)}_low": interval.low, f"{_column(name)}_high": interval.high}
    return [scores[name] if name in scores else getattr(score, name) for name in names]


def _bare(outcomes: Sequence[EvaluatedFile], digits: int) -> str:
    """Return one line per run, so that lines and arguments match; ``-`` where there is no score."""
    ranks = (outcomes[0].metrics or DEFAULT_METRICS)[0]
    values = [_row(outcome, [_column(ranks.name)])[0] for outcome in outcomes]
    return "\n".join("-" if value is None else number(value, digits) for value in values)


def _text(outcome: EvaluatedFile, digits: int) -> str:
    if outcome.evaluation is None:
        return f"{printable(outcome.run)}\n  could not be checked"
    validation, score = outcome.evaluation.validation, outcome.evaluation.score
    lines = (
        [printable(outcome.run), _verdict(validation)]
        if score is None
        else _score_lines(outcome, score, digits)
    )
    lines += _fault_lines(validation)
    return "\n".join(lines if score is not None else [*lines, *_skipped_lines(validation)])


def _fault_lines(validation: Validation) -> Iterator[str]:
    for fault in validation.faults:
        yield f"  {fault.severity} {fault.code} ({fault.count:,}): {printable(fault.message)}"
        yield from (f"      {_example_text(example)}" for example in fault.examples)
        yield f"      -> {printable(fault.fix)}"


def _skipped_lines(validation: Validation) -> Iterator[str]:
    """Say which checks were not made, those with one reason in one line."""
    reasons = dict.fromkeys(validation.skipped, "for want of a file") | {
        code: f"because {reason}" for code, reason in validation.why_skipped.items()
    }
    for reason in dict.fromkeys(reasons.values()):
        codes = ", ".join(code for code in validation.skipped if reasons[code] == reason)
        yield f"  not checked, {printable(reason)}: {codes}"


def _score_aside(outcome: EvaluatedFile, digits: int) -> str:
    """Say what the numbers of a table leave out."""
    if outcome.evaluation is None:
        return ""  # what stopped it is said anyway
    validation, score = outcome.evaluation.validation, outcome.evaluation.score
    if score is None:
        return _text(outcome, digits)
    lines = [*_reservations(score, digits), *_fault_lines(validation)]
    return "\n".join([f"{printable(outcome.run)}:", *lines]) if lines else ""


def _reservations(score: Scored, digits: int) -> Iterator[str]:
    for metric in score.metrics:
        low, high = score.bounds_by(metric) or (0, 0)
        if low != high:
            yield f"  {_label(metric, score.k).replace(' top', '')}: {_with_bounds(score, metric, digits)}"
    if score.n_dropped:
        yield f"  left out: {counted(score.n_dropped, 'pair')} of occurrences without a truth"


def _validation_aside(outcome: EvaluatedFile) -> str:
    lines = [] if outcome.evaluation is None else list(_skipped_lines(outcome.evaluation.validation))
    return "\n".join([f"{printable(outcome.run)}:", *lines]) if lines else ""


def _score_lines(outcome: EvaluatedFile, score: Scored, digits: int) -> list[str]:
    dropped = f" ({score.n_dropped:,} more of occurrences without a truth)" if score.n_dropped else ""
    size_text = f"{counted(score.n_occurrences, 'occurrence')}, {counted(score.n_pairs, 'pair')}{dropped}"
    table = [
        *((_label(metric, score.k), _with_all(outcome, score, metric, digits)) for metric in score.metrics),
        *_explained(score, digits),
        *_how_sure(outcome),
    ]
    signatures = score.signatures.values() if outcome.metrics else [score.signature]
    table += [("signature", signature) for signature in signatures]
    if outcome.metadata:
        table.append(("metadata", _metadata_text(outcome.metadata)))
    lines = [f"  {name:<16} {value}" for name, value in table]
    return [f"{printable(outcome.run)}: {size_text}", *lines, *parts_lines(outcome.examination, digits)]


def _label(metric: Metric, k: int) -> str:
    """Return what people call a metric.

    Examples
    --------
    >>> _label(ADAPTIVE_TOP_K, 30), _label(F1_SAMPLES, 30)
    ('adaptive top-30', 'f1-samples')
    """
    words = metric.name.partition("top-k")
    return " ".join(word.strip("-") for word in words).strip().replace("top-k", f"top-{k}")


def _explained(score: Scored, digits: int) -> Iterator[tuple[str, str]]:
    """Yield what belongs to the metrics besides their scores."""
    if ADAPTIVE_TOP_K in score.metrics and isinstance(score, Score):
        threshold, size = significant(score.threshold, digits), number(score.mean_set_size, 2)
        yield "threshold", f"{threshold}, above it {size} species per occurrence"
    if F1_SAMPLES in score.metrics:
        samples, micro = (number(score.by(metric), digits) for metric in (F1_SAMPLES, F1_MICRO))
        yield (
            "not micro",
            f"f1-samples {samples} is a mean over occurrences; scikit-learn's micro, f1-micro, is {micro}",
        )


def _metadata_text(metadata: Mapping[str, Any]) -> str:
    """Return metadata in one line; what is long is left to JSON."""
    # As JSON, so that no control character of a file reaches the terminal.
    items = {key: json.dumps(value, ensure_ascii=False) for key, value in metadata.items()}
    short = [f"{key}: {value}" for key, value in items.items() if len(value) <= _MAX_METADATA]
    left = [f"{key} (--json shows it)" for key, value in items.items() if len(value) > _MAX_METADATA]
    return ", ".join([*short, *left])


def _how_sure(outcome: EvaluatedFile) -> Iterator[tuple[str, str]]:
    for interval in list(_intervals_of(outcome).values())[:1]:
        yield "intervals", basis(interval)
        yield from (("warning", doubt) for doubt in doubts(interval))


def _with_all(outcome: EvaluatedFile, score: Scored, metric: Metric, digits: int) -> str:
    interval = _intervals_of(outcome).get(metric.name)
    sure = "" if interval is None else f" {between(interval, digits)}"
    return f"{number(score.by(metric), digits)}{sure}{_ties(score, metric, digits)}"


def _with_bounds(score: Scored, metric: Metric, digits: int) -> str:
    return number(score.by(metric), digits) + _ties(score, metric, digits)


def _ties(score: Scored, metric: Metric, digits: int) -> str:
    low, high = score.bounds_by(metric) or (0, 0)
    if low == high:
        return ""
    return f" (between {number(low, digits)} and {number(high, digits)}, depending on ties)"


def _verdict(validation: Validation) -> str:
    if validation.valid:
        n = len(validation.warnings)
        return f"  valid, with {counted(n, 'warning')}" if n else "  valid"
    return f"  NOT VALID: {counted(len(validation.errors), 'kind')} of error"


def _example_text(example: Example) -> str:
    parts = {
        "line": example.line,
        "occurrence": example.occurrence_id,
        "species": example.species_id,
        "found": None if example.found is None else repr(example.found),
    }
    return ", ".join(f"{name} {value}" for name, value in parts.items() if value is not None)


def _lines(fault: Fault) -> str:
    return " ".join(str(example.line) for example in fault.examples if example.line is not None)
