"""glckit baseline fusion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from baselines.fusion.options import FusionOptions
from glckit.cli.app import TERMINAL, DigitsOption, FormatOption, JsonOption, say, show
from glckit.cli.baseline import (
    DamagedOption,
    DataOption,
    ExcludeOption,
    ForceOption,
    MaxRowsOption,
    RunOption,
    asked,
    baseline,
)
from glckit.cli.fuse import MethodOption, MissingOption, WeightsOption
from glckit.cli.parameters import built, flag, option


@baseline.command(again="The same command goes on with the models that are finished.")
def fusion(
    context: typer.Context,
    train: Annotated[bool, flag("Train the forest and the network.", "--train")] = False,
    predict: Annotated[bool, flag("Predict with the models that there are, and fuse.", "--predict")] = False,
    describe: Annotated[bool, flag("Say what the models are.", "--describe")] = False,
    data: DataOption = None,
    model: Annotated[
        Path | None, option("DIR", "Folder of the models rf and cnn; by default models.")
    ] = None,
    output: RunOption = None,
    force: ForceOption = False,
    on_damaged: DamagedOption = "refuse",
    exclude: ExcludeOption = None,
    weights: WeightsOption = None,
    method: MethodOption = FusionOptions.method,
    missing: MissingOption = FusionOptions.missing,
    max_rows: MaxRowsOption = None,
    seed: Annotated[int, option("N", "Seed of the forest and of the network.", min=0)] = 0,
    digits: DigitsOption = 4,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Fuse the forest and the network: run 4 of the paper.

    With neither --train nor --predict: train what has no model, predict with both, and fuse. The runs of
    the parts are left in runs/rf.csv and runs/cnn.csv. Train the parts with glckit baseline rf and cnn
    beforehand to choose anything of their training.
    """
    from baselines.cnn import require_extra

    require_extra()
    from baselines.fusion.baseline import FusionRequest, run_fusion
    from baselines.fusion.files import Recipe
    from glckit.reports.fusing import remarks
    from glckit.reports.fusion import description_report, outcome_report

    given = asked(context, model="", run="fusion")
    request = built(FusionRequest, given)
    if describe:
        show(description_report(request, digits=digits), form, as_json=as_json, digits=digits)
        return
    outcome = run_fusion(request, built(Recipe, given), seed=seed, progress=TERMINAL)
    show(outcome_report(outcome, request.run, digits=digits), form, as_json=as_json, digits=digits)
    if outcome.run is not None:
        network = outcome.network.run
        of_network = [f"warning: {each}" for each in network.warnings] if network is not None else []
        for remark in [*of_network, *remarks(outcome.run)]:
            say(remark)
        say(f"Wrote {request.run}.")
