"""glckit baseline fusion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glckit.cli.app import DigitsOption, FormatOption, JsonOption, progress, say, show
from glckit.cli.baseline import DataOption, MaxRowsOption, RunOption, baseline, command_line
from glckit.cli.cnn import DamagedOption, ExcludeOption, OnDamaged
from glckit.cli.fuse import Method, MethodOption, Missing, MissingOption, WeightsOption
from glckit.render import Format
from submissions.errors import UsageError


@baseline.command()
def fusion(
    train: Annotated[bool, typer.Option("--train", help="Train the forest and the network.")] = False,
    predict: Annotated[
        bool, typer.Option("--predict", help="Predict with the models that there are, and fuse.")
    ] = False,
    describe: Annotated[bool, typer.Option("--describe", help="Say what the models are.")] = False,
    data: DataOption = None,
    model: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the models rf and cnn; by default models."),
    ] = None,
    output: RunOption = None,
    on_damaged: DamagedOption = OnDamaged.REFUSE,
    exclude: ExcludeOption = None,
    weights: WeightsOption = None,
    method: MethodOption = Method.MEAN,
    missing: MissingOption = Missing.ERROR,
    max_rows: MaxRowsOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the forest and of the network.")] = 0,
    digits: DigitsOption = 4,
    form: FormatOption = Format.TEXT,
    as_json: JsonOption = False,
) -> None:
    """Fuse the forest and the network: run 4 of the paper.

    With neither --train nor --predict: train what has no model, predict with both, and fuse. The runs of
    the parts are left in runs/rf.csv and runs/cnn.csv. Train the parts with glckit baseline rf and cnn
    beforehand to choose anything of their training.
    """
    from baselines.cnn import require_extra

    require_extra()
    from baselines.cnn.watching import Watcher
    from baselines.fusion.options import FusionOptions
    from baselines.fusion.files import Recipe, parsed_weights, remarks
    from baselines.fusion.baseline import FusionRequest, run_fusion
    from glckit.reports.fusion import description_report, outcome_report
    from submissions.competition.files import competition_of

    competition = competition_of(data)
    request = FusionRequest(
        competition,
        model or competition.model("rf").parent,
        output or competition.run("fusion"),
        train=train,
        predict=predict,
        on_damaged=on_damaged.value,
        exclude=exclude,
    )
    if describe:
        if train or predict:
            raise UsageError("--describe does not go with --train or --predict.", "Give one of them.")
        show(description_report(request, digits=digits), form, as_json=as_json, digits=digits)
        return
    recipe = Recipe(
        FusionOptions(method.value, missing.value, competition.rows(max_rows)),
        weights=None if weights is None else parsed_weights(weights),
        command=command_line(),
    )
    outcome = run_fusion(request, recipe, watcher=Watcher(progress, say), seed=seed)
    show(outcome_report(outcome, request.run, digits=digits), form, as_json=as_json, digits=digits)
    if outcome.fusion is not None:
        for remark in remarks(outcome.fusion):
            say(remark)
        say(f"Wrote {request.run}.")
