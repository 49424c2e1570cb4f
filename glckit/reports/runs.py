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


def validation_data(validation: Validation) -> dict[str, Any]:
    """Return a validation as JSON has it."""
    return {
        "run": validation.run,
        "valid": validation.valid,
        "n_errors": len(validation.errors),
        "n_warnings": len(validation.warnings),
        "skipped": list(validation.skipped),
        "faults": [fault_data(fault) for fault in validation.faults],
    }


def fault_data(fault: Fault) -> dict[str, Any]:
    """Return a fault as JSON has it."""
    return {
        "code": fault.code,
        "severity": fault.severity,
        "count": fault.count,
        "message": fault.message,
        "fix": fault.fix,
        "examples": [asdict(example) for example in fault.examples],
    }


def _score_entry(outcome: EvaluatedFile) -> dict[str, Any]:
    evaluation = outcome.evaluation
    if evaluation is None or evaluation.score is None:
        return _validation_entry(outcome)
    return {
        "run": outcome.run,
        **score_data(evaluation.score),
        "warnings": [fault_data(fault) for fault in evaluation.validation.warnings],
        "signature": evaluation.score.signature,
        "metadata": outcome.metadata,
    }


def _validation_entry(outcome: EvaluatedFile) -> dict[str, Any]:
    if outcome.evaluation is None:
        return {"run": outcome.run, "error": str(outcome.error)}
    return validation_data(outcome.evaluation.validation)


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
        return _error_text(outcome.run)
    validation, score = outcome.evaluation.validation, outcome.evaluation.score
    lines = [outcome.run if score is None else f"{outcome.run}: {_size_text(score)}"]
    if score is not None:
        lines += _score_lines(score, digits)
        lines += _metadata_lines(outcome)
    else:
        lines += [_verdict(validation)]
    for fault in validation.faults:
        lines += _fault_lines(fault)
    if validation.skipped and score is None:
        lines.append(f"  not checked, for want of a file: {', '.join(validation.skipped)}")
    return "\n".join(lines)


def _error_text(run: str) -> str:
    return f"{run}\n  could not be checked"


def _size_text(score: Score) -> str:
    dropped = f" ({score.n_dropped:,} more of occurrences without a truth)" if score.n_dropped else ""
    return f"{score.n_occurrences:,} occurrences, {score.n_pairs:,} pairs{dropped}"


def _score_lines(score: Score, digits: int) -> list[str]:
    threshold = number(None if score.threshold == -math.inf else score.threshold, digits)
    size = number(score.mean_set_size, 2)
    table = [
        (f"adaptive top-{score.k}", _with_bounds(score.adaptive_top_k, score.adaptive_top_k_bounds, digits)),
        (f"top-{score.k}", _with_bounds(score.top_k, score.top_k_bounds, digits)),
        ("threshold", f"{threshold}, above it {size} species per occurrence"),
        ("signature", score.signature),
    ]
    return [f"  {name:<16} {value}" for name, value in table]


def _with_bounds(value: float, bounds: tuple[float, float], digits: int) -> str:
    low, high = bounds
    ties = "" if low == high else f" (between {number(low, digits)} and {number(high, digits)}, by its ties)"
    return number(value, digits) + ties


def _metadata_lines(outcome: EvaluatedFile) -> list[str]:
    if not outcome.metadata:
        return []
    # As JSON, so that no control character of a file reaches the terminal.
    items = (f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in outcome.metadata.items())
    return [f"  metadata         {', '.join(items)}"]


def _verdict(validation: Validation) -> str:
    if validation.valid:
        n = len(validation.warnings)
        return f"  valid, with {_counted(n, 'warning')}" if n else "  valid"
    return f"  NOT VALID: {_counted(len(validation.errors), 'kind')} of error"


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _fault_lines(fault: Fault) -> list[str]:
    lines = [f"  {fault.severity} {fault.code} ({fault.count:,}): {fault.message}"]
    lines += [f"      {_example_text(example)}" for example in fault.examples]
    return [*lines, f"      -> {fault.fix}"]


def _example_text(example: Example) -> str:
    parts = [
        f"{name} {value}"
        for name, value in (
            ("line", example.line),
            ("occurrence", example.occurrence_id),
            ("species", example.species_id),
        )
        if value is not None
    ]
    found = [] if example.found is None else [f"found {example.found!r}"]
    return ", ".join(parts + found)


def _lines(fault: Fault) -> str:
    return " ".join(str(example.line) for example in fault.examples if example.line is not None)
