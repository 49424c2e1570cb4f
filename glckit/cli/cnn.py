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
    MaxRowsOption,
    RunOption,
    asked,
    baseline,
)
from glckit.cli.parameters import built, listed, number, written
from glckit.render import Format

# Patches at a time in the probe of a description.
_PROBE = 4


@baseline.command()
def cnn(
    context: typer.Context,
    train: Annotated[bool, typer.Option("--train", help="Train a network.")] = False,
    predict: Annotated[bool, typer.Option("--predict", help="Predict with the model that there is.")] = False,
    describe: Annotated[
        bool, typer.Option("--describe", help="Say what the network is and costs here.")
    ] = False,
    data: DataOption = None,
    model: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The model; by default models/cnn of the competition.")
    ] = None,
    output: RunOption = None,
    on_damaged: DamagedOption = "refuse",
    exclude: ExcludeOption = None,
    dropout: Annotated[
        bool, typer.Option("--dropout", help="Predict with dropout: run 2 of the paper.")
    ] = Draws.dropout,
    passes: Annotated[int, number("Draws of the dropout to average.", 1)] = Draws.passes,
    max_rows: MaxRowsOption = None,
    seed: Annotated[int, number("Decides all that is drawn.", 0)] = TrainingPlan.seed,
    epochs: Annotated[int, number("Passes over the training part.", 1)] = TrainingPlan.epochs,
    batch_size: Annotated[
        int | None, number("Patches at a time on all devices; 128 in training, 32 in prediction.", 1)
    ] = None,
    learning_rate: Annotated[float, number("Learning rate.", of="RATE")] = TrainingPlan.learning_rate,
    momentum: Annotated[
        float, number("Momentum; the paper does not say.", of="SHARE")
    ] = TrainingPlan.momentum,
    weight_decay: Annotated[
        float, number("Weight decay; the paper does not say.", of="RATE")
    ] = TrainingPlan.weight_decay,
    milestones: Annotated[
        str,
        typer.Option(
            parser=listed("--milestones", int),
            metavar="N,N...",
            help="Epochs after which the rate falls to a tenth.",
        ),
    ] = written(TrainingPlan.milestones),
    dropout_rate: Annotated[
        float, number("Share of the features dropped in training.", of="SHARE")
    ] = TrainingPlan.dropout,
    validate_every: Annotated[
        int, number("Epochs between two validations.", 1)
    ] = TrainingPlan.validate_every,
    shares: Annotated[
        str,
        typer.Option(
            parser=listed("--shares", float),
            metavar="A,B,C",
            help="Shares of training, validation and test part.",
        ),
    ] = written(TrainingPlan.shares),
    channels: Annotated[
        str | None,
        typer.Option(
            parser=listed("--channels", str), metavar="NAME,...", help="Planes in order; by default all six."
        ),
    ] = None,
    land_cover: Annotated[
        LandCover, typer.Option(help="Land cover as one plane or as 34.")
    ] = InputPlan.land_cover,
    scaling: Annotated[
        Scaling, typer.Option(help="To [-1, 1] and km, or the files' values.")
    ] = InputPlan.scaling,
    initial: Annotated[Initial, typer.Option(help="How the first weights are drawn.")] = TrainingPlan.initial,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Start from a state dict with torchvision's names.")
    ] = None,
    renewed: Annotated[
        list[str] | None,
        typer.Option(
            "--renew",
            metavar="LAYER",
            help="Layer that starts at random all the same, such as fc; repeatable.",
        ),
    ] = None,
    save_minutes: Annotated[
        float, number("Minutes between checkpoints.", 0, of="MINUTES")
    ] = TrainingOptions.save_minutes,
    restart: Annotated[bool, typer.Option("--restart", help="Throw an unfinished training away.")] = False,
    accelerator: Annotated[
        Accelerator, typer.Option(help="auto takes a GPU if there is one.")
    ] = Machine.accelerator,
    devices: Annotated[int, number("Devices of this machine.", 1)] = Machine.devices,
    nodes: Annotated[int, number("Machines.", 1)] = Machine.nodes,
    strategy: Annotated[Strategy, typer.Option(help="Lightning's strategy.")] = Machine.strategy,
    precision: Annotated[Precision, typer.Option(help="Arithmetic.")] = Machine.precision,
    workers: Annotated[int, number("Processes that read patches for a device.", 0)] = Machine.workers,
    accumulate: Annotated[int, number("Parts of a batch, one at a time in memory.", 1)] = Machine.accumulate,
    compiled: Annotated[bool, typer.Option("--compile", help="Use torch.compile.")] = Machine.compiled,
    deterministic: Annotated[
        bool, typer.Option(help="Prefer GPU kernels that repeat to the last bit.")
    ] = Machine.deterministic,
    digits: DigitsOption = 4,
    form: FormatOption = Format.TEXT,
    as_json: JsonOption = False,
) -> None:
    """Train the Inception V3 on patches, and predict with it.

    With neither --train nor --predict: train unless there is a model, and predict. A training that was
    killed goes on at its last checkpoint, a prediction at its last shard.
    """
    from baselines.cnn import require_extra

    require_extra()
    from baselines.cnn.baseline import CnnRequest, describe_network, run_cnn
    from baselines.cnn.options import PredictionOptions
    from glckit.reports.network import description_report, outcome_report
    from submissions.paths import shown

    given = asked(context.params, model="cnn", run="cnn-dropout" if dropout else "cnn")
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
            say(f"Wrote {shown(outcome.run.run)}.")
