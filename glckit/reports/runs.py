"""What commands report of validations and scores."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from glckit.render import Report, number, significant
from scoring.score import Score
from submissions.evaluation import EvaluatedFile
from submissions.faults import Example, Fault
from submissions.printable import printable
from submissions.validation import Validation
from submissions.wording import counted

# Characters of one entry of a run's metadata, in text.
_MAX_METADATA = 120

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
    return [None if score is None else getattr(score, name) for name in names]


def _bare(outcomes: Sequence[EvaluatedFile], digits: int) -> str:
    """Return one line per run, so that lines and arguments match; ``-`` where there is no score."""
    values = [_row(outcome, ["adaptive_top_k"])[0] for outcome in outcomes]
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


def _reservations(score: Score, digits: int) -> Iterator[str]:
    for name, value, (low, high) in (
        ("adaptive", score.adaptive_top_k, score.adaptive_top_k_bounds),
        ("top", score.top_k, score.top_k_bounds),
    ):
        if low != high:
            yield f"  {name}-{score.k}: {_with_bounds(value, (low, high), digits)}"
    if score.n_dropped:
        yield f"  left out: {counted(score.n_dropped, 'pair')} of occurrences without a truth"


def _validation_aside(outcome: EvaluatedFile) -> str:
    lines = [] if outcome.evaluation is None else list(_skipped_lines(outcome.evaluation.validation))
    return "\n".join([f"{printable(outcome.run)}:", *lines]) if lines else ""


def _score_lines(outcome: EvaluatedFile, score: Score, digits: int) -> list[str]:
    dropped = f" ({score.n_dropped:,} more of occurrences without a truth)" if score.n_dropped else ""
    size_text = f"{counted(score.n_occurrences, 'occurrence')}, {counted(score.n_pairs, 'pair')}{dropped}"
    threshold = significant(score.threshold, digits)
    size = number(score.mean_set_size, 2)
    table = [
        (f"adaptive top-{score.k}", _with_bounds(score.adaptive_top_k, score.adaptive_top_k_bounds, digits)),
        (f"top-{score.k}", _with_bounds(score.top_k, score.top_k_bounds, digits)),
        ("threshold", f"{threshold}, above it {size} species per occurrence"),
        ("signature", score.signature),
    ]
    if outcome.metadata:
        table.append(("metadata", _metadata_text(outcome.metadata)))
    return [f"{printable(outcome.run)}: {size_text}", *(f"  {name:<16} {value}" for name, value in table)]


def _metadata_text(metadata: Mapping[str, Any]) -> str:
    """Return metadata in one line; what is long is left to JSON."""
    # As JSON, so that no control character of a file reaches the terminal.
    items = {key: json.dumps(value, ensure_ascii=False) for key, value in metadata.items()}
    short = [f"{key}: {value}" for key, value in items.items() if len(value) <= _MAX_METADATA]
    left = [f"{key} (--json shows it)" for key, value in items.items() if len(value) > _MAX_METADATA]
    return ", ".join([*short, *left])


def _with_bounds(value: float, bounds: tuple[float, float], digits: int) -> str:
    low, high = bounds
    ties = (
        ""
        if low == high
        else f" (between {number(low, digits)} and {number(high, digits)}, depending on ties)"
    )
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
