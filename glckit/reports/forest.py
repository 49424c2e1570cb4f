"""What ``glckit baseline rf`` reports: of a training, a run, and a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from baselines.forest.baseline import ForestOutcome
from baselines.forest.description import ForestDescription
from baselines.forest.submission import ForestRun
from baselines.forest.training import TrainedForest
from glckit.render import Report, number, size_text
from glckit.reports.runs import score_report
from submissions.evaluation import EvaluatedFile
from submissions.paths import shown

_REASONS = {"outside": "outside the rasters", "nodata": "on nodata"}

# Covariates that people are shown; JSON has all.
_SHOWN_IMPORTANCES = 10


def outcome_report(outcome: ForestOutcome, *, digits: int = 4) -> Report:
    """Report what was trained and what was written."""
    training = None if outcome.trained is None else _training_data(outcome.trained)
    validation = None if outcome.trained is None else _validation(outcome.trained, digits)
    run = None if outcome.run is None else asdict(outcome.run)
    data = {"training": training, "validation": validation and validation.data, "run": run}
    lines = [*_training_lines(outcome.trained), *_run_lines(outcome.run)]
    if validation is not None:
        lines.insert(1, str(validation.text))
    facts = {name: value for part in (training, run) if part for name, value in part.items()}
    columns = [name for name, value in facts.items() if not isinstance(value, dict)]
    return Report(data, columns, [[facts[name] for name in columns]], "\n".join(lines))


def description_report(description: ForestDescription, *, digits: int = 4) -> Report:
    """Report what a model is."""
    shares = description.importances
    lines = [*_model_lines(description), "", "importance of the covariates:"]
    lines += [
        f"  {name:<8} {number(share, digits)}" for name, share in list(shares.items())[:_SHOWN_IMPORTANCES]
    ]
    if len(shares) > _SHOWN_IMPORTANCES:
        lines.append(f"  ({len(shares) - _SHOWN_IMPORTANCES} more with --json)")
    rows = [[name, share] for name, share in shares.items()]
    return Report(description.data(), ["covariate", "importance"], rows, "\n".join(lines))


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


def _validation(trained: TrainedForest, digits: int) -> Report | None:
    if trained.evaluation is None:
        return None
    return score_report([EvaluatedFile("validation", trained.evaluation)], digits=digits)


def _training_lines(trained: TrainedForest | None) -> Iterator[str]:
    if trained is None:
        return
    model, facts = trained.model, trained.model.facts
    resumed = f", {trained.n_resumed} of them from before" if trained.n_resumed else ""
    yield (
        f"{shown(trained.path)}: {len(model.trees)} trees{resumed}, on {facts.n_trained:,} occurrences of "
        f"{model.n_classes:,} species{_put_aside(facts.n_outside, facts.n_nodata)}"
    )


def _put_aside(n_outside: int, n_nodata: int) -> str:
    counts = {"outside": n_outside, "nodata": n_nodata}
    parts = [f"{count:,} {_REASONS[reason]}" for reason, count in counts.items() if count]
    return f"; put aside: {', '.join(parts)}" if parts else ""


def _run_lines(run: ForestRun | None) -> Iterator[str]:
    if run is None:
        return
    yield f"{shown(run.path)}: {run.n_occurrences:,} occurrences"
    for counts, what in (
        (run.filled, "with their region's frequencies"),
        (run.left_out, "left out; score the run with --allow-missing"),
    ):
        for reason, count in counts.items():
            yield f"  {count:,} {_REASONS[reason]}: {what}"


def _model_lines(of: ForestDescription) -> Iterator[str]:
    facts = of.facts
    yield f"{shown(of.path)}: a random forest, version {of.version}, digest {of.digest}"
    yield f"  trees        {of.n_trees}, with {of.n_nodes:,} nodes"
    yield f"  leaves       {of.n_leaves:,}, with {of.n_pairs:,} pairs of leaf and species"
    yield f"  species      {of.n_species:,}"
    yield f"  trained on   {facts.n_trained:,} occurrences{_put_aside(facts.n_outside, facts.n_nodata)}"
    if facts.validation:
        metrics = (f"{name} {value:g}" for name, value in facts.validation.items())
        yield f"  validation   {', '.join(metrics)}"
    yield f"  options      {', '.join(f'{name}={value}' for name, value in of.options.items())}"
    yield f"  made with    scikit-learn {facts.scikit_learn}, seed {facts.seed}"
    yield f"  size         {size_text(of.n_file_bytes)} on disk, {size_text(of.n_bytes)} in memory"
    yield f"               scikit-learn's dense leaves would take {size_text(of.n_dense_bytes)}"
