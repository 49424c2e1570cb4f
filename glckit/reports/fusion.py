"""What ``glckit baseline fusion`` reports: of the parts, and of the fused run."""

from __future__ import annotations

from pathlib import Path

import glckit.reports.network
import glckit.reports.forest
from baselines.cnn.options import InputPlan, Machine
from baselines.forest.description import describe_forest
from baselines.cnn.baseline import describe_network
from baselines.fusion.files import fusion_report
from baselines.fusion.baseline import FusionOutcome, FusionRequest
from glckit.render import Report, render

# Patches at a time in the probe of the network's speed.
_PROBE = 4


def outcome_report(outcome: FusionOutcome, run: Path, *, digits: int = 4) -> Report:
    """Report what was trained and what was written: JSON and text say all, a table the fused run's parts."""
    parts = {
        "rf": glckit.reports.forest.outcome_report(outcome.forest, digits=digits),
        "cnn": glckit.reports.network.outcome_report(outcome.network, digits=digits),
    }
    data = {name: part.data for name, part in parts.items()}
    texts = [render(part, digits=digits) for part in parts.values()]
    if outcome.fusion is None:
        table = parts["cnn"]
        return Report(data | {"fusion": None}, table.columns, table.rows, "\n".join(texts))
    fused = fusion_report(outcome.fusion, run)
    texts += ["", render(fused, digits=digits)]
    return Report(data | {"fusion": fused.data}, fused.columns, fused.rows, "\n".join(texts))


def description_report(request: FusionRequest, *, digits: int = 4) -> Report:
    """Report what the models of the parts are.

    Raises
    ------
    UsageError, CannotCheckError
        If there is no forest yet, or a model cannot be read.
    """
    shown = InputPlan(request.competition.data.patch_size)
    network = describe_network(request.network, shown, Machine(), batch_size=_PROBE)
    parts = {
        "rf": glckit.reports.forest.description_report(describe_forest(request.forest.model), digits=digits),
        "cnn": glckit.reports.network.description_report(network),
    }
    data = {name: part.data for name, part in parts.items()}
    table = parts["cnn"]
    texts = (render(part, digits=digits) for part in parts.values())
    return Report(data, table.columns, table.rows, "\n\n".join(texts))
