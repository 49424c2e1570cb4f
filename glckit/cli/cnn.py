"""glckit baseline cnn."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from glckit.cli.app import DigitsOption, FormatOption, JsonOption, progress, say, show
from glckit.cli.baseline import DataOption, MaxRowsOption, RunOption, baseline, command_line
from glckit.render import Format
from submissions.errors import UsageError


class OnDamaged(StrEnum):
    """What to do about damaged patches."""

    REFUSE = "refuse"
    DROP = "drop"
    IGNORE = "ignore"


class _LandCover(StrEnum):
    CODES = "codes"
    UNSTACKED = "unstacked"


class _Scaling(StrEnum):
    SYMMETRIC = "symmetric"
    NONE = "none"


class _Initial(StrEnum):
    TORCHVISION = "torchvision"
    HE = "he"


class _Precision(StrEnum):
    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


Train = Annotated[bool, typer.Option("--train", help="Train a network.")]
Predict = Annotated[bool, typer.Option("--predict", help="Predict with the model that there is.")]
Describe = Annotated[bool, typer.Option("--describe", help="Say what the network is and costs here.")]
ModelOption = Annotated[
    Path | None, typer.Option(metavar="PATH", help="The model; by default models/cnn of the competition.")
]
DamagedOption = Annotated[
    OnDamaged,
    typer.Option(help="Damaged patches: stop, leave them out, or use those that are readable as they are."),
]
ExcludeOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Occurrences to leave out, an id a line.")
]
Dropout = Annotated[bool, typer.Option("--dropout", help="Predict with dropout: run 2 of the paper.")]
Passes = Annotated[int, typer.Option(min=1, help="Draws of the dropout to average.")]
Epochs = Annotated[int, typer.Option(min=1, help="Passes over the training part.")]
BatchSize = Annotated[
    int | None,
    typer.Option(min=1, help="Patches at a time on all devices; 128 in training, 32 in prediction."),
]
Rate = Annotated[float, typer.Option(help="Learning rate.")]
Momentum = Annotated[float, typer.Option(help="Momentum; the paper does not say.")]
Decay = Annotated[float, typer.Option(help="Weight decay; the paper does not say.")]
Milestones = Annotated[str, typer.Option(help="Epochs after which the rate falls to a tenth.")]
DropoutRate = Annotated[float, typer.Option(help="Share of the features dropped in training.")]
Every = Annotated[int, typer.Option(min=1, help="Epochs between two validations.")]
Shares = Annotated[str, typer.Option(help="Shares of training, validation and test part.")]
Channels = Annotated[str | None, typer.Option(help="Planes in order; by default all six.")]
LandCoverOption = Annotated[_LandCover, typer.Option(help="Land cover as one plane or as 34.")]
ScalingOption = Annotated[_Scaling, typer.Option(help="To [-1, 1] and km, or the files' values.")]
InitialOption = Annotated[_Initial, typer.Option(help="How the first weights are drawn.")]
Weights = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Start from a state dict with torchvision's names.")
]
Renew = Annotated[
    list[str] | None,
    typer.Option(metavar="LAYER", help="Layer that starts at random all the same, such as fc; repeatable."),
]
Save = Annotated[float, typer.Option(min=0, help="Minutes between checkpoints.")]
Restart = Annotated[bool, typer.Option("--restart", help="Throw an unfinished training away.")]
Accelerator = Annotated[str, typer.Option(help="auto (a GPU if there is one), cpu or gpu.")]
Devices = Annotated[int, typer.Option(min=1, help="Devices of this machine.")]
Nodes = Annotated[int, typer.Option(min=1, help="Machines.")]
Strategy = Annotated[str, typer.Option(help="Lightning's strategy: auto or ddp.")]
PrecisionOption = Annotated[_Precision, typer.Option(help="Arithmetic.")]
WorkersOption = Annotated[int, typer.Option(min=0, help="Processes that read patches for a device.")]
Accumulate = Annotated[int, typer.Option(min=1, help="Parts of a batch, one at a time in memory.")]
Compile = Annotated[bool, typer.Option("--compile", help="Use torch.compile.")]
Deterministic = Annotated[bool, typer.Option(help="Prefer GPU kernels that repeat to the last bit.")]


@baseline.command()
def cnn(
    context: typer.Context,
    train: Train = False,
    predict: Predict = False,
    describe: Describe = False,
    data: DataOption = None,
    model: ModelOption = None,
    output: RunOption = None,
    on_damaged: DamagedOption = OnDamaged.REFUSE,
    exclude: ExcludeOption = None,
    dropout: Dropout = False,
    passes: Passes = 1,
    max_rows: MaxRowsOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides all that is drawn.")] = 0,
    epochs: Epochs = 180,
    batch_size: BatchSize = None,
    learning_rate: Rate = 0.1,
    momentum: Momentum = 0.9,
    weight_decay: Decay = 0.0,
    milestones: Milestones = "90,130,150,170,180",
    dropout_rate: DropoutRate = 0.5,
    validate_every: Every = 5,
    shares: Shares = "0.9,0.05,0.05",
    channels: Channels = None,
    land_cover: LandCoverOption = _LandCover.CODES,
    scaling: ScalingOption = _Scaling.SYMMETRIC,
    initial: InitialOption = _Initial.TORCHVISION,
    weights: Weights = None,
    renew: Renew = None,
    save_minutes: Save = 10.0,
    restart: Restart = False,
    accelerator: Accelerator = "auto",
    devices: Devices = 1,
    nodes: Nodes = 1,
    strategy: Strategy = "auto",
    precision: PrecisionOption = _Precision.FP32,
    workers: WorkersOption = 0,
    accumulate: Accumulate = 1,
    compiled: Compile = False,
    deterministic: Deterministic = True,
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
    from baselines.cnn.watching import Watcher
    from glckit.cnnflags import machine_of, prediction_of, request_of, shown_of, training_of
    from glckit.reports.network import description_report, outcome_report
    from baselines.cnn.baseline import describe_network, run_cnn

    flags = context.params
    request = request_of(flags)
    if describe:
        _refuse_more_than_a_description(train=train, predict=predict)
        found = describe_network(
            request, shown_of(flags, request), machine_of(flags), batch_size=batch_size or 4
        )
        show(description_report(found), form, as_json=as_json)
        return
    said = command_line()
    training, prediction = training_of(flags, request, said), prediction_of(flags, request, said)
    outcome = run_cnn(request, training, prediction, watcher=Watcher(progress, say))
    if outcome.first:
        show(outcome_report(outcome, digits=digits), form, as_json=as_json, digits=digits)
        if outcome.predicted is not None:
            say(f"Wrote {outcome.predicted.run}.")


def _refuse_more_than_a_description(*, train: bool, predict: bool) -> None:
    if train or predict:
        raise UsageError("--describe does not go with --train or --predict.", "Give one of them.")
