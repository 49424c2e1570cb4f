"""glckit baseline rf."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from baselines.covariates.splits.shares import FOREST_HOLDOUT
from baselines.forest.options import ForestOptions, ForestPrediction, ForestTraining, Grower, Outside, Workers
from glckit.cli.app import TERMINAL, DigitsOption, FormatOption, JsonOption, say, show
from glckit.cli.baseline import DataOption, ForceOption, MaxRowsOption, RunOption, asked, baseline
from glckit.cli.parameters import Group, built, chosen, flag, option

_PREDICTION, _FOREST, _MACHINE = map(Group, ("Prediction", "Forest", "Machine"))


def _setting(paper: str, text: str) -> Any:
    # The library has the defaults; a flag that is not given must not win over the file.
    return _FOREST.option("VALUE", f"{text} [paper: {paper}]", show_default=False)


@baseline.command(again="The same command goes on from the last tree that was finished.")
def rf(
    context: typer.Context,
    train: Annotated[bool, flag("Train a forest.", "--train")] = False,
    predict: Annotated[bool, flag("Predict with the model that there is.", "--predict")] = False,
    describe: Annotated[bool, flag("Say what the model is.", "--describe")] = False,
    data: DataOption = None,
    model: Annotated[
        Path | None, option("PATH", "The model; by default models/rf of the competition.")
    ] = None,
    output: RunOption = None,
    force: ForceOption = False,
    covariates: Annotated[
        Path | None, option("FILE", "Vectors by occurrence id, instead of the rasters.")
    ] = None,
    points: Annotated[
        Path | None, _PREDICTION.option("FILE", "Places to predict (lat;lon), instead of the test.")
    ] = None,
    outside: Annotated[
        Outside,
        _PREDICTION.flag("Occurrences off the rasters get their region's frequencies, or are left out."),
    ] = ForestPrediction.outside,
    max_rows: MaxRowsOption = None,
    seed: Annotated[
        int, option("N", "random_state of the forest, and of the holdout.")
    ] = ForestTraining.seed,
    holdout: Annotated[float, option("SHARE", "Share kept for validation; 0 keeps none.")] = FOREST_HOLDOUT,
    options: Annotated[Path | None, _FOREST.option("TOML", "Hyper-parameters by name; flags win.")] = None,
    n_estimators: Annotated[str | None, _setting("100", "Trees.")] = None,
    criterion: Annotated[str | None, _setting("gini", "gini, entropy or log_loss.")] = None,
    max_depth: Annotated[str | None, _setting("10", "Splits from the root to a leaf.")] = None,
    min_samples_split: Annotated[
        str | None, _setting("2", "Occurrences that a node needs to be split.")
    ] = None,
    min_samples_leaf: Annotated[str | None, _setting("1", "Occurrences that a leaf needs.")] = None,
    min_weight_fraction_leaf: Annotated[
        str | None, _setting("0", "Share of the occurrences that a leaf needs.")
    ] = None,
    max_features: Annotated[str | None, _setting("sqrt", "Covariates that are tried for a split.")] = None,
    max_leaf_nodes: Annotated[str | None, _setting("none", "Leaves of a tree.")] = None,
    min_impurity_decrease: Annotated[str | None, _setting("0", "What a split must gain.")] = None,
    bootstrap: Annotated[
        bool | None, _FOREST.flag("Draw occurrences for each tree. [paper: yes]", show_default=False)
    ] = None,
    max_samples: Annotated[
        str | None, _setting("none", "Occurrences drawn; none: as many as there are.")
    ] = None,
    ccp_alpha: Annotated[str | None, _setting("0", "Strength of pruning.")] = None,
    n_jobs: Annotated[
        int,
        _MACHINE.option(
            "N", "Trees at a time; 0.1 GB each at the real size, by scikit-learn 0.5.", "-j", "--jobs", min=1
        ),
    ] = Workers.n_jobs,
    backend: Annotated[
        str | None, _MACHINE.option("NAME", "joblib backend, such as loky, dask or ray; threads by default.")
    ] = None,
    grower: Annotated[
        Grower, _MACHINE.flag("Who grows the trees, always the same: compiled code, scikit-learn, or either.")
    ] = ForestTraining.grower,
    prove: Annotated[
        int, _MACHINE.option("N", "Compare N whole trees of the fast grower with scikit-learn's.", min=0)
    ] = ForestTraining.prove,
    cache: Annotated[
        Path | None, _MACHINE.option("DIR", "Keep the vectors read from the rasters here.")
    ] = None,
    digits: DigitsOption = 4,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Train the random forest on the environmental rasters, and predict with it.

    With neither --train nor --predict: train unless there is a model, and predict. A model that is there is
    used as it is: flags of another training are refused. A training that was killed goes on from its last
    finished tree.
    """
    from baselines.forest.baseline import ForestRequest, run_forest
    from baselines.forest.description import describe_forest
    from baselines.forest.options import read_settings
    from glckit.reports.forest import description_report, outcome_report

    given = asked(context, model="rf", run="rf")
    said = read_settings(options, chosen(ForestOptions, given))
    given |= {"flags": given["flags"] | said, "options": ForestOptions(**said)}
    request = built(ForestRequest, given)
    if describe:
        request.refuse_other_model()
        found = describe_forest(request.model)
        show(description_report(found, digits=digits), form, as_json=as_json, digits=digits)
        return
    training, prediction = built(ForestTraining, given), built(ForestPrediction, given)
    outcome = run_forest(request, training, prediction, progress=TERMINAL)
    show(outcome_report(outcome, digits=digits), form, as_json=as_json, digits=digits)
    if outcome.run is not None:
        say(f"Wrote {outcome.run.path}.")
