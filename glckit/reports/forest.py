"""What ``glckit baseline rf`` reports: of a training, a run, and a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from baselines.forest.baseline import ForestOutcome
from baselines.forest.description import ForestDescription
from baselines.forest.submission import ForestRun
from baselines.forest.training import TrainedForest
from glckit.render import Report, number, size_text
from glckit.reports.runs import score_report
from submissions.evaluation import EvaluatedFile
from submissions.wording import counted

_REASONS = {"outside": "outside the rasters", "nodata": "on nodata"}

# Covariates that people are shown; JSON has all.
_SHOWN_IMPORTANCES = 10


def outcome_report(outcome: ForestOutcome, *, digits: int = 4) -> Report:
    """Report what was trained and what was written."""
    training = validation = run = None
    lines: list[str] = []
    if outcome.trained is not None:
        training = _training_data(outcome.trained)
        resumed = f", {training['n_resumed']} of them from before" if training["n_resumed"] else ""
        lines.append(
            f"{outcome.trained.path}: {counted(training['n_trees'], 'tree')}{resumed}, "
            f"on {counted(training['n_trained'], 'occurrence')} of {training['n_species']:,} species"
            f"{_put_aside(training)}"
        )
        if outcome.trained.evaluation is not None:
            scored = score_report([EvaluatedFile("validation", outcome.trained.evaluation)], digits=digits)
            validation = scored.data
            lines.append(str(scored.text))
    if outcome.run is not None:
        run = asdict(outcome.run)
        lines += _run_lines(outcome.run)
    facts = {**(training or {}), **(run or {})}
    columns = [name for name, value in facts.items() if not isinstance(value, dict)]
    data = {"training": training, "validation": validation, "run": run}
    return Report(data, columns, [[facts[name] for name in columns]], "\n".join(lines))


def description_report(description: ForestDescription, *, digits: int = 4) -> Report:
    """Report what a model is."""
    data, shares = description.data(), description.importances
    lines = [*_model_lines(data), "", "importance of the covariates:"]
    lines += [
        f"  {name:<8} {number(share, digits)}" for name, share in list(shares.items())[:_SHOWN_IMPORTANCES]
    ]
    if len(shares) > _SHOWN_IMPORTANCES:
        lines.append(f"  ({len(shares) - _SHOWN_IMPORTANCES} more with --json)")
    return Report(
        data, ["covariate", "importance"], [list(share) for share in shares.items()], "\n".join(lines)
    )


def _training_data(trained: TrainedForest) -> dict[str, Any]:
    model, facts = trained.model, trained.model.facts
    return {
        "model": str(trained.path),
        "n_trees": len(model.trees),
        "n_resumed": trained.n_resumed,
        "n_trained": facts.n_trained,
        "n_validation": facts.n_validation,
        "n_outside": facts.n_outside,
        "n_nodata": facts.n_nodata,
        "n_species": model.n_classes,
    }


def _put_aside(facts: Mapping[str, Any]) -> str:
    counts = {reason: facts[f"n_{name}"] for name, reason in _REASONS.items()}
    parts = [f"{count:,} {reason}" for reason, count in counts.items() if count]
    return f"; put aside: {', '.join(parts)}" if parts else ""


def _run_lines(run: ForestRun) -> Iterator[str]:
    yield f"{run.path}: {counted(run.n_occurrences, 'occurrence')}"
    for reason, count in run.filled.items():
        yield f"  {count:,} {_REASONS[reason]}: with their region's frequencies"
    for reason, count in run.left_out.items():
        yield f"  {count:,} {_REASONS[reason]}: left out; score the run with --allow-missing"


def _model_lines(of: Mapping[str, Any]) -> Iterator[str]:
    facts = of["facts"]
    yield f"{of['path']}: a random forest, version {of['version']}, digest {of['digest']}"
    yield f"  trees        {of['n_trees']}, with {counted(of['n_nodes'], 'node')}"
    yield f"  leaves       {of['n_leaves']:,}, with {counted(of['n_pairs'], 'pair')} of leaf and species"
    yield f"  species      {of['n_species']:,}"
    yield f"  trained on   {counted(facts['n_trained'], 'occurrence')}{_put_aside(facts)}"
    if facts["validation"]:
        metrics = (f"{name} {value:g}" for name, value in facts["validation"].items())
        yield f"  validation   {', '.join(metrics)}"
    yield f"  options      {', '.join(f'{name}={value}' for name, value in of['options'].items())}"
    yield f"  grown by     {facts['grower'] or 'scikit-learn ' + facts['scikit_learn']}, seed {facts['seed']}"
    yield f"  size         {size_text(of['n_file_bytes'])} on disk, {size_text(of['n_bytes'])} in memory"
    yield f"               scikit-learn's dense leaves would take {size_text(of['n_dense_bytes'])}"
