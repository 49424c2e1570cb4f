"""glckit baseline cnn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from baselines.cnn.options import (
    Accelerator,
    Draws,
    Initial,
    InputPlan,
    Machine,
    Precision,
    Scaling,
    Strategy,
    TrainingOptions,
    TrainingPlan,
)
from baselines.covariates.patches.channels import LandCover
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
from glckit.cli.parameters import Group, built, flag, listed, option, written

_NETWORK, _TRAINING, _PREDICTION, _MACHINE = map(Group, ("Network", "Training", "Prediction", "Machine"))

# Patches at a time in the probe of a description.
_PROBE = 4


@baseline.command(again="The same command goes on where the training was.")
def cnn(
    context: typer.Context,
    train: Annotated[bool, flag("Train a network.", "--train")] = False,
    predict: Annotated[bool, flag("Predict with the model that there is.", "--predict")] = False,
    describe: Annotated[bool, flag("Say what the network is and costs here.", "--describe")] = False,
    data: DataOption = None,
    model: Annotated[
        Path | None, option("DIR", "The model; by default models/cnn of the competition.")
    ] = None,
    output: RunOption = None,
    force: ForceOption = False,
    on_damaged: DamagedOption = "refuse",
    exclude: ExcludeOption = None,
    dropout: Annotated[
        bool, _PREDICTION.flag("Predict with dropout: run 2 of the paper.", "--dropout")
    ] = Draws.dropout,
    passes: Annotated[int, _PREDICTION.option("N", "Draws of the dropout to average.", min=1)] = Draws.passes,
    max_rows: MaxRowsOption = None,
    seed: Annotated[int, option("N", "Decides all that is drawn.", min=0)] = TrainingPlan.seed,
    epochs: Annotated[
        int, _TRAINING.option("N", "Passes over the training part.", min=1)
    ] = TrainingPlan.epochs,
    batch_size: Annotated[
        int | None,
        _TRAINING.option("N", "Patches at a time on all devices; 128 in training, 32 in prediction.", min=1),
    ] = None,
    learning_rate: Annotated[float, _TRAINING.option("RATE", "Learning rate.")] = TrainingPlan.learning_rate,
    momentum: Annotated[
        float, _TRAINING.option("SHARE", "Momentum; the paper does not say.")
    ] = TrainingPlan.momentum,
    weight_decay: Annotated[
        float, _TRAINING.option("RATE", "Weight decay; the paper does not say.")
    ] = TrainingPlan.weight_decay,
    milestones: Annotated[
        str,
        _TRAINING.option(
            "N,N...", "Epochs after which the rate falls to a tenth.", parser=listed("--milestones", int)
        ),
    ] = written(TrainingPlan.milestones),
    dropout_rate: Annotated[
        float, _TRAINING.option("SHARE", "Share of the features dropped in training.")
    ] = TrainingPlan.dropout,
    validate_every: Annotated[
        int, _TRAINING.option("N", "Epochs between two validations.", min=1)
    ] = TrainingPlan.validate_every,
    shares: Annotated[
        str,
        _TRAINING.option(
            "A,B,C", "Shares of training, validation and test part.", parser=listed("--shares", float)
        ),
    ] = written(TrainingPlan.shares),
    channels: Annotated[
        str | None,
        _NETWORK.option("NAME,...", "Planes in order; by default all six.", parser=listed("--channels", str)),
    ] = None,
    land_cover: Annotated[
        LandCover, _NETWORK.flag("Land cover as one plane or as 34.")
    ] = InputPlan.land_cover,
    scaling: Annotated[
        Scaling, _NETWORK.flag("To [-1, 1] and km, or the files' values.")
    ] = InputPlan.scaling,
    initial: Annotated[Initial, _NETWORK.flag("How the first weights are drawn.")] = TrainingPlan.initial,
    weights: Annotated[
        Path | None, _NETWORK.option("FILE", "Start from a state dict with torchvision's names.")
    ] = None,
    renewed: Annotated[
        list[str] | None,
        _NETWORK.option(
            "LAYER", "Layer that starts at random all the same, such as fc; repeatable.", "--renew"
        ),
    ] = None,
    save_minutes: Annotated[
        float, _TRAINING.option("MINUTES", "Minutes between checkpoints.", min=0)
    ] = TrainingOptions.save_minutes,
    restart: Annotated[bool, _TRAINING.flag("Throw an unfinished training away.", "--restart")] = False,
    accelerator: Annotated[
        Accelerator, _MACHINE.flag("auto takes a GPU if there is one.")
    ] = Machine.accelerator,
    devices: Annotated[int, _MACHINE.option("N", "Devices of this machine.", min=1)] = Machine.devices,
    nodes: Annotated[int, _MACHINE.option("N", "Machines.", min=1)] = Machine.nodes,
    strategy: Annotated[Strategy, _MACHINE.flag("Lightning's strategy.")] = Machine.strategy,
    precision: Annotated[Precision, _MACHINE.flag("Arithmetic.")] = Machine.precision,
    workers: Annotated[
        int, _MACHINE.option("N", "Processes that read patches for a device.", min=0)
    ] = Machine.workers,
    accumulate: Annotated[
        int, _MACHINE.option("N", "Parts of a batch, one at a time in memory.", min=1)
    ] = Machine.accumulate,
    compiled: Annotated[bool, _MACHINE.flag("Use torch.compile.", "--compile")] = Machine.compiled,
    deterministic: Annotated[
        bool, _MACHINE.flag("Prefer GPU kernels that repeat to the last bit.")
    ] = Machine.deterministic,
    digits: DigitsOption = 4,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Train the Inception V3 on patches, and predict with it.

    With neither --train nor --predict: train unless there is a model, and predict. A model that is there is
    used as it is: flags of another training are refused. A training that was killed goes on at its last
    checkpoint, a prediction at its last shard.
    """
    from baselines.cnn import require_extra

    require_extra()
    from baselines.cnn.baseline import CnnRequest, describe_network, run_cnn
    from baselines.cnn.options import PredictionOptions
    from glckit.reports.network import description_report, outcome_report

    given = asked(context, model="cnn", run="cnn-dropout" if dropout else "cnn")
    if dropout:
        given["flags"].pop("seed", None)  # then it is that of the draws
    # In prediction --dropout is a choice, and in training, as --dropout-rate, a share.
    given |= {"draws": Draws(dropout, passes), "dropout": dropout_rate}
    request, training = built(CnnRequest, given), built(TrainingOptions, given)
    if describe:
        found = describe_network(request, training.input, training.machine, batch_size=batch_size or _PROBE)
        show(description_report(found), form, as_json=as_json)
        return
    outcome = run_cnn(request, training, built(PredictionOptions, given), progress=TERMINAL)
    if outcome.first:
        show(outcome_report(outcome, digits=digits), form, as_json=as_json, digits=digits)
        if outcome.run is not None:
            for warning in outcome.run.warnings:
                say(f"warning: {warning}")
            say(f"Wrote {outcome.run.run}.")
