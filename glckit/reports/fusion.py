"""What ``glckit baseline fusion`` reports: of the parts, and of the fused run."""

from __future__ import annotations

from pathlib import Path

from baselines.cnn.baseline import describe_network
from baselines.cnn.options import InputPlan, Machine
from baselines.forest.description import describe_forest
from baselines.fusion.baseline import FusionOutcome, FusionRequest
from glckit.render import Report, render
from glckit.reports import forest, network
from glckit.reports.fusing import fusion_report

# Patches at a time in the probe of the network's speed.
_PROBE = 4


def outcome_report(outcome: FusionOutcome, run: Path, *, digits: int = 4) -> Report:
    """Report what was trained and what was written: JSON and text say all, a table the fused run's parts."""
    parts = {
        "rf": forest.outcome_report(outcome.forest, digits=digits),
        "cnn": network.outcome_report(outcome.network, digits=digits),
    }
    data = {name: part.data for name, part in parts.items()}
    texts = [render(part, digits=digits) for part in parts.values()]
    if outcome.run is None:
        table = parts["cnn"]
        return Report(data | {"fusion": None}, table.columns, table.rows, "\n".join(texts))
    fused = fusion_report(outcome.run, run)
    texts += ["", render(fused, digits=digits)]
    return Report(data | {"fusion": fused.data}, fused.columns, fused.rows, "\n".join(texts))


def description_report(request: FusionRequest, *, digits: int = 4) -> Report:
    """Report what the models of the parts are; UsageError if there is no forest yet."""
    request.refuse_other_model()
    shown = InputPlan(request.competition.data.patch_size)
    described = describe_network(request.network, shown, Machine(), batch_size=_PROBE)
    parts = {
        "rf": forest.description_report(describe_forest(request.forest.model), digits=digits),
        "cnn": network.description_report(described),
    }
    data = {name: part.data for name, part in parts.items()}
    table = parts["cnn"]
    texts = (render(part, digits=digits) for part in parts.values())
    return Report(data, table.columns, table.rows, "\n\n".join(texts))
