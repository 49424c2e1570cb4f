"""What ``glckit fuse`` reports of a fused run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from baselines.fusion.results import FusedPart, Fusion
from baselines.fusion.tuning import Tuning
from glckit.render import Report, aligned, number
from submissions.metadata import metadata_path
from submissions.wording import counted


def fusion_report(fusion: Fusion, output: Path) -> Report:
    """Report what was fused: a row for each part."""
    plan, columns = fusion.plan, ["run", "weight", "n_occurrences", "n_pairs", "n_missing"]
    parts = [{name: getattr(part, name) for name in columns} for part in fusion.parts]
    data = {
        "run": str(output),
        "metadata": str(metadata_path(output)),
        **asdict(plan.options),
        "n_occurrences": fusion.n_occurrences,
        "n_pairs": fusion.n_pairs,
        "n_averaged_over_fewer": plan.n_averaged_over_fewer,
        "n_left_out": plan.n_left_out,
        "parts": parts,
        "warnings": list(plan.warnings),
        "tuning": None if plan.tuning is None else asdict(plan.tuning),
    }
    return Report(data, columns, [list(part.values()) for part in parts])


def remarks(fusion: Fusion) -> list[str]:
    """Return what people should know beside the report: weightings tried, occurrences lacking, warnings."""
    plan = fusion.plan
    found = [] if plan.tuning is None else [_tried(plan.tuning, fusion.parts)]
    if plan.n_averaged_over_fewer:
        those = counted(plan.n_averaged_over_fewer, "occurrence was", "occurrences were")
        found.append(f"{those} averaged over fewer runs.")
    if plan.n_left_out:
        those = counted(plan.n_left_out, "occurrence was", "occurrences were")
        found.append(f"{those} left out: only runs of weight 0 have them.")
    return [*found, *(f"warning: {warning}" for warning in plan.warnings)]


def _tried(tuning: Tuning, parts: Sequence[FusedPart]) -> str:
    columns = [f"adaptive top-{tuning.k}", f"top-{tuning.k}", *(part.run for part in parts)]
    best_first = sorted(tuning.trials, key=lambda trial: -trial.adaptive_top_k)
    rows = [
        [number(value, 4) for value in (trial.adaptive_top_k, trial.top_k, *trial.weights)]
        for trial in best_first
    ]
    lacking = f", {tuning.n_missing:,} of them in no run" if tuning.n_missing else ""
    head = f"Weights tried on {counted(tuning.n_occurrences, 'occurrence')}{lacking}, the best first:"
    return f"{head}\n{aligned(columns, rows, [True] * len(columns))}"
