"""glckit baseline rf."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from glckit.cli.app import DigitsOption, FormatOption, JsonOption, progress, say, show
from glckit.cli.baseline import DataOption, MaxRowsOption, RunOption, baseline, command_line
from glckit.render import Format
from submissions.errors import UsageError


class _Outside(StrEnum):
    PRIOR = "prior"
    OMIT = "omit"


def _setting(paper: str, text: str) -> Any:
    # The library has the defaults; a flag that is not given must not win over the file.
    return typer.Option(metavar="VALUE", help=f"{text} [paper: {paper}]", show_default=False)


Trees = Annotated[str | None, _setting("100", "Trees.")]
Criterion = Annotated[str | None, _setting("gini", "gini, entropy or log_loss.")]
Depth = Annotated[str | None, _setting("10", "Splits from the root to a leaf.")]
Split = Annotated[str | None, _setting("2", "Occurrences that a node needs to be split.")]
Leaf = Annotated[str | None, _setting("1", "Occurrences that a leaf needs.")]
Fraction = Annotated[str | None, _setting("0", "Share of the occurrences that a leaf needs.")]
Features = Annotated[str | None, _setting("sqrt", "Covariates that are tried for a split.")]
Leaves = Annotated[str | None, _setting("none", "Leaves of a tree.")]
Decrease = Annotated[str | None, _setting("0", "What a split must gain.")]
Bootstrap = Annotated[
    bool | None, typer.Option(help="Draw occurrences for each tree. [paper: yes]", show_default=False)
]
Drawn = Annotated[str | None, _setting("none", "Occurrences drawn; none: as many as there are.")]
Alpha = Annotated[str | None, _setting("0", "Strength of pruning.")]


@baseline.command()
def rf(
    context: typer.Context,
    train: Annotated[bool, typer.Option("--train", help="Train a forest.")] = False,
    predict: Annotated[bool, typer.Option("--predict", help="Predict with the model that there is.")] = False,
    describe: Annotated[bool, typer.Option("--describe", help="Say what the model is.")] = False,
    data: DataOption = None,
    model: Annotated[
        Path | None, typer.Option(metavar="PATH", help="The model; by default models/rf of the competition.")
    ] = None,
    output: RunOption = None,
    covariates: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Vectors by occurrence id, instead of the rasters.")
    ] = None,
    points: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Places to predict (lat;lon), instead of the test.")
    ] = None,
    outside: Annotated[
        _Outside,
        typer.Option(help="Occurrences off the rasters get their region's frequencies, or are left out."),
    ] = _Outside.PRIOR,
    max_rows: MaxRowsOption = None,
    seed: Annotated[int, typer.Option(help="random_state of the forest, and of the holdout.")] = 0,
    holdout: Annotated[float, typer.Option(help="Share kept for validation; 0 keeps none.")] = 0.005,
    options: Annotated[
        Path | None, typer.Option(metavar="TOML", help="Hyper-parameters by name; flags win.")
    ] = None,
    n_estimators: Trees = None,
    criterion: Criterion = None,
    max_depth: Depth = None,
    min_samples_split: Split = None,
    min_samples_leaf: Leaf = None,
    min_weight_fraction_leaf: Fraction = None,
    max_features: Features = None,
    max_leaf_nodes: Leaves = None,
    min_impurity_decrease: Decrease = None,
    bootstrap: Bootstrap = None,
    max_samples: Drawn = None,
    ccp_alpha: Alpha = None,
    jobs: Annotated[
        int, typer.Option("-j", "--jobs", min=1, help="Trees at a time; 0.5 GB each at the real size.")
    ] = 2,
    backend: Annotated[
        str | None, typer.Option(help="joblib backend, such as loky, dask or ray; threads by default.")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the vectors read from the rasters here.")
    ] = None,
    digits: DigitsOption = 4,
    form: FormatOption = Format.TEXT,
    as_json: JsonOption = False,
) -> None:
    """Train the random forest on the environmental rasters, and predict with it.

    With neither --train nor --predict: train unless there is a model, and predict. A training that was
    killed goes on from its last finished tree.
    """
    from baselines.forest.description import describe_forest
    from baselines.forest.growing import Workers
    from baselines.forest.options import read_options
    from baselines.forest.submission import Outside, RunPlan
    from baselines.forest.training import TrainingPlan
    from glckit.reports.forest import description_report, outcome_report
    from baselines.forest.baseline import ForestPlans, ForestRequest, run_forest
    from submissions.competition.files import competition_of

    competition = competition_of(data)
    where = model or competition.model("rf")
    if describe:
        _refuse_more_than_a_description(train=train, predict=predict)
        show(description_report(describe_forest(where), digits=digits), form, as_json=as_json, digits=digits)
        return
    request = ForestRequest(
        competition,
        where,
        output or competition.run("rf"),
        train,
        predict,
        covariates,
        points,
        cache,
        holdout,
    )
    training = TrainingPlan(
        read_options(options, _given(context)), seed, Workers(jobs, backend), competition.k
    )
    run = RunPlan(competition.rows(max_rows), Outside(outside.value), command_line())
    outcome = run_forest(request, ForestPlans(training, run), bars=progress)
    show(outcome_report(outcome, digits=digits), form, as_json=as_json, digits=digits)
    if outcome.run is not None:
        say(f"Wrote {outcome.run.path}.")


def _refuse_more_than_a_description(*, train: bool, predict: bool) -> None:
    if train or predict:
        raise UsageError("--describe does not go with --train or --predict.", "Give one of them.")


def _given(context: typer.Context) -> dict[str, Any]:
    """Return the hyper-parameters that were given as flags."""
    from baselines.forest.options import ForestOptions

    names = ForestOptions().parameters
    return {name: value for name, value in context.params.items() if name in names and value is not None}
