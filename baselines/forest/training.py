"""Training a forest: grow what is not grown yet, measure it, write it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from baselines.forest.growing import StockGrower, grow_trees
from baselines.forest.growth.choosing import chosen_grower
from baselines.forest.model import ForestModel, TrainingFacts
from baselines.forest.modelfile import write_model
from baselines.forest.options import ForestTraining
from baselines.forest.ranking import joined, ranked
from baselines.forest.table import TrainingTable
from baselines.forest.unfinished import UnfinishedForest, unfinished_forest
from submissions.errors import require
from submissions.limits import MAX_ROWS
from submissions.progress import SILENT, Progress
from submissions.requirements import Requirements
from submissions.run import Run
from submissions.scores import Evaluation, evaluate
from submissions.tables import Truth


@dataclass(frozen=True)
class TrainedForest:
    """A forest that was trained and written.

    Parameters
    ----------
    n_resumed : int
        Trees that a killed training had left.
    evaluation : Evaluation or None
        The metrics on the validation part; None if there is none.
    """

    model: ForestModel
    path: Path
    n_resumed: int
    evaluation: Evaluation | None


def train_forest(
    table: TrainingTable,
    path: str | os.PathLike[str],
    *,
    plan: ForestTraining | None = None,
    progress: Progress = SILENT,
) -> TrainedForest:
    """Train a forest and write it; go on where a killed training of the same plan stopped.

    The trees are those of ``RandomForestClassifier(random_state=plan.seed)`` on `table.values` and
    `table.labels`. Each finished one is kept beside the model until that is written. Equal tables and plans
    give equal files, resumed or not.

    Raises
    ------
    UsageError
        If scikit-learn is not installed, joblib knows no such backend, or an unfinished training of another
        plan is there.
    CannotCheckError
        If a file cannot be read or written, or another process trains this model.
    """
    plan = plan or ForestTraining()
    require("sklearn", "rf")
    with unfinished_forest(Path(path), _decides(table, plan)) as unfinished:
        n_resumed = _grow_the_rest(table, plan, unfinished, progress)
        model = _assembled(table, plan, unfinished)
        evaluation = (
            evaluate_forest(model, table, k=plan.k, progress=progress) if len(table.validation) else None
        )
        if evaluation is not None and evaluation.score is not None:
            names = ("k", "n_occurrences", "adaptive_top_k", "top_k")
            validation = {name: getattr(evaluation.score, name) for name in names}
            model = replace(model, facts=replace(model.facts, validation=validation))
        written = write_model(path, model)
        unfinished.remove()
    return TrainedForest(model, written, n_resumed, evaluation)


def _grow_the_rest(
    table: TrainingTable, plan: ForestTraining, unfinished: UnfinishedForest, progress: Progress
) -> int:
    """Grow and keep the trees that are not there yet; return how many were."""
    n = plan.options.n_estimators
    n_resumed = min(unfinished.n_finished, n)
    stock = StockGrower(table.values, table.labels, plan.options, plan.seed)
    grower = chosen_grower(stock, plan, first=n_resumed, progress=progress)
    grown = grow_trees(grower, n, first=n_resumed, workers=plan.workers)
    with progress.bar("growing trees", n - n_resumed) as advance:
        for number, tree in enumerate(grown, start=n_resumed):
            if number == n_resumed:  # not before there is a tree: a folder is made for it
                unfinished.note_grower(number, grower.name)
            unfinished.save(number, tree)
            advance(1)
    return n_resumed


def evaluate_forest(
    model: ForestModel, table: TrainingTable, *, k: int = 30, progress: Progress = SILENT
) -> Evaluation:
    """Score a forest on the validation part of its table, as a run of it would be scored."""
    held_out = table.validation
    pairs = joined(list(ranked(model, held_out.values, max_rows=MAX_ROWS, progress=progress)))
    run = Run("validation", held_out.ids, pairs)
    return evaluate(run, Truth(held_out.ids, held_out.species), Requirements(k=k))


def _decides(table: TrainingTable, plan: ForestTraining) -> dict[str, Any]:
    """Return all that the first trees depend on; how many there will be is not part of it."""
    options = plan.options.parameters
    del options["n_estimators"]
    return {
        "data": table.digest,
        "covariates": list(table.names),
        "options": options,
        "seed": plan.seed,
        "scikit-learn": version("scikit-learn"),
    }


def _assembled(table: TrainingTable, plan: ForestTraining, unfinished: UnfinishedForest) -> ForestModel:
    facts = TrainingFacts(
        plan.seed,
        len(table),
        len(table.validation),
        table.n_outside,
        table.n_nodata,
        table.holdout,
        table.digest,
        version("scikit-learn"),
        training_files=table.files,
        grower=unfinished.growers(plan.options.n_estimators),
    )
    trees = tuple(unfinished.trees(plan.options.n_estimators))
    return ForestModel(table.names, table.species, trees, table.frequencies, plan.options, facts)
