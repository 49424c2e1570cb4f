"""What commands report of validations and scores."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from glckit.render import Report, number
from scoring.score import Score
from submissions.evaluation import EvaluatedFile
from submissions.faults import Example, Fault
from submissions.validation import Validation
from submissions.wording import counted

_NUMBERS = (
    "adaptive_top_k",
    "top_k",
    "threshold",
    "mean_set_size",
    "adaptive_top_k_bounds",
    "top_k_bounds",
    "unused_budget",
    "n_pairs",
    "n_dropped",
)


def score_report(outcomes: Sequence[EvaluatedFile], *, digits: int = 4, bare: bool = False) -> Report:
    """Report what came of scoring some runs."""
    columns = ["run", "k", "n_occurrences", "adaptive_top_k", "top_k", "threshold", "mean_set_size"]
    entries = [_score_entry(outcome) for outcome in outcomes]
    rows = [[outcome.run, *_row(outcome, columns[1:])] for outcome in outcomes]
    text = _bare(outcomes, digits) if bare else "\n\n".join(_text(outcome, digits) for outcome in outcomes)
    return Report(_one_or_all(entries), columns, rows, text)


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
    return Report(_one_or_all(entries), columns, rows, text)


def score_data(score: Score) -> dict[str, Any]:
    """Return the numbers of a score as JSON has them; null stands for a threshold of -inf."""
    data: dict[str, Any] = {"k": score.k, "n_occurrences": score.n_occurrences}
    data |= {name: getattr(score, name) for name in _NUMBERS}
    return data | {"threshold": None if score.threshold == -math.inf else score.threshold}


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
    }


def _validation_entry(outcome: EvaluatedFile) -> dict[str, Any]:
    if outcome.evaluation is None:
        return {"run": outcome.run, "error": str(outcome.error)}
    validation = outcome.evaluation.validation
    return {
        "run": validation.run,
        "valid": validation.valid,
        "n_errors": len(validation.errors),
        "n_warnings": len(validation.warnings),
        "skipped": list(validation.skipped),
        "faults": [asdict(fault) for fault in validation.faults],
    }


def _one_or_all(entries: list[dict[str, Any]]) -> Any:
    return entries[0] if len(entries) == 1 else entries


def _row(outcome: EvaluatedFile, names: Sequence[str]) -> list[Any]:
    """Return the numbers of a row; empty cells where there is no score."""
    score = None if outcome.evaluation is None else outcome.evaluation.score
    return [None if score is None else getattr(score, name) for name in names]


def _bare(outcomes: Sequence[EvaluatedFile], digits: int) -> str:
    """Return one line per run, so that lines and arguments match; ``-`` where there is no score."""
    values = [_row(outcome, ["adaptive_top_k"])[0] for outcome in outcomes]
    return "\n".join("-" if value is None else number(value, digits) for value in values)


def _text(outcome: EvaluatedFile, digits: int) -> str:
    if outcome.evaluation is None:
        return f"{outcome.run}\n  could not be checked"
    validation, score = outcome.evaluation.validation, outcome.evaluation.score
    lines = [outcome.run, _verdict(validation)] if score is None else _score_lines(outcome, score, digits)
    for fault in validation.faults:
        lines.append(f"  {fault.severity} {fault.code} ({fault.count:,}): {fault.message}")
        lines += [f"      {_example_text(example)}" for example in fault.examples]
        lines.append(f"      -> {fault.fix}")
    if validation.skipped and score is None:
        lines.append(f"  not checked, for want of a file: {', '.join(validation.skipped)}")
    return "\n".join(lines)


def _score_lines(outcome: EvaluatedFile, score: Score, digits: int) -> list[str]:
    dropped = f" ({score.n_dropped:,} more of occurrences without a truth)" if score.n_dropped else ""
    size_text = f"{score.n_occurrences:,} occurrences, {score.n_pairs:,} pairs{dropped}"
    threshold = number(None if score.threshold == -math.inf else score.threshold, digits)
    size = number(score.mean_set_size, 2)
    table = [
        (f"adaptive top-{score.k}", _with_bounds(score.adaptive_top_k, score.adaptive_top_k_bounds, digits)),
        (f"top-{score.k}", _with_bounds(score.top_k, score.top_k_bounds, digits)),
        ("threshold", f"{threshold}, above it {size} species per occurrence"),
        ("signature", score.signature),
    ]
    if outcome.metadata:
        # As JSON, so that no control character of a file reaches the terminal.
        items = (f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in outcome.metadata.items())
        table.append(("metadata", ", ".join(items)))
    return [f"{outcome.run}: {size_text}", *(f"  {name:<16} {value}" for name, value in table)]


def _with_bounds(value: float, bounds: tuple[float, float], digits: int) -> str:
    low, high = bounds
    ties = "" if low == high else f" (between {number(low, digits)} and {number(high, digits)}, by its ties)"
    return number(value, digits) + ties


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
