"""What may be chosen of the network, its training and its machine; defaults are the paper's or ours.

The paper leaves open how planes are scaled and ordered, the momentum and the weight decay. Our choices:
imagery and land cover codes to [-1, 1], altitude in kilometres; red, green, blue, near-infrared, land
cover, altitude; 0.9; none.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from baselines.covariates.patches.channels import CHANNELS, N_LAND_COVER_CODES, PATCH_SIZE, LandCover
from baselines.covariates.splits.shares import CNN_SHARES
from submissions.errors import UsageError
from submissions.limits import MAX_ROWS
from submissions.printable import printable

#: The smallest patch, in pixels along a side, that leaves the network something to average.
MIN_PATCH_SIZE = 35

#: ``symmetric``: imagery and codes to [-1, 1], altitude in km. ``none``: the values of the files.
Scaling = Literal["symmetric", "none"]
#: How weights are drawn at the start: torchvision's way, which is also that of the network's authors, or
#: by fan-in (He et al. 2015), which lets convolutions learn faster at the same rate.
Initial = Literal["torchvision", "he"]
#: Arithmetic: plain single precision, or half precision where it is safe (mixed).
Precision = Literal["fp32", "bf16", "fp16"]
#: ``auto`` takes a GPU if there is one.
Accelerator = Literal["auto", "cpu", "gpu"]
#: Those of Lightning that keep the whole network on every device.
Strategy = Literal["auto", "ddp"]


@dataclass(frozen=True)
class InputPlan:
    """What the network is shown of a patch; UsageError if no network can be made for it.

    Parameters
    ----------
    patch_size : int, default 256
        Side of a patch in pixels, 35 or more.
    channels : tuple of str
        Planes, by name and in order; some or all of `CHANNELS`.

    Examples
    --------
    >>> InputPlan().n_planes, InputPlan(land_cover="unstacked").n_planes
    (6, 39)
    """

    patch_size: int = PATCH_SIZE
    channels: tuple[str, ...] = CHANNELS
    land_cover: LandCover = "codes"
    scaling: Scaling = "symmetric"

    def __post_init__(self) -> None:
        if self.patch_size < MIN_PATCH_SIZE:
            raise UsageError(
                f"Patches of {self.patch_size} pixels are too small for the Inception V3: nothing is left "
                f"of them before its last layer. It needs {MIN_PATCH_SIZE} or more."
            )
        _refuse_channels(self.channels)
        _refuse_other("land cover", self.land_cover, LandCover)
        _refuse_other("scaling", self.scaling, Scaling)

    @property
    def n_planes(self) -> int:
        """Number of planes that enter the network."""
        unstacked = self.land_cover == "unstacked" and "land_cover" in self.channels
        return len(self.channels) + (N_LAND_COVER_CODES - 1 if unstacked else 0)


@dataclass(frozen=True)
class TrainingPlan:
    """How the network is trained, which decides its weights, together with the data.

    A number out of range is a UsageError.

    Parameters
    ----------
    epochs : int, default 180
        Passes over the training part.
    batch_size : int, default 128
        Occurrences per step, on all devices together.
    milestones : tuple of int
        Epochs after which the learning rate falls to a tenth.
    dropout : float, default 0.5
        Share of the 2048 features that is dropped.
    validate_every : int, default 5
        Epochs between two looks at the validation part; there is one at the end in any case.
    shares : tuple of float of length 3
        Shares of the training, validation and test part.
    seed : int, default 0
        Decides the split, the first weights, the order of the occurrences and what is dropped.

    Examples
    --------
    >>> plan = TrainingPlan()
    >>> [round(plan.rate_of_epoch(epoch), 6) for epoch in (0, 89, 90, 179)]
    [0.1, 0.1, 0.01, 1e-05]
    """

    epochs: int = 180
    batch_size: int = 128
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 0.0
    milestones: tuple[int, ...] = (90, 130, 150, 170, 180)
    dropout: float = 0.5
    validate_every: int = 5
    shares: tuple[float, float, float] = CNN_SHARES
    initial: Initial = "torchvision"
    seed: int = 0

    def __post_init__(self) -> None:
        positive = ("epochs", "batch_size", "learning_rate", "validate_every")
        _refuse(self, positive, lambda value: 0 < value < math.inf, "above 0 and finite")
        _refuse(self, ("momentum", "dropout"), lambda value: 0 <= value < 1, "from 0 to below 1")
        _refuse(self, ("weight_decay",), lambda value: 0 <= value < math.inf, "0 or more and finite")
        _refuse_other("initial weights", self.initial, Initial)
        if len(self.shares) != 3:
            raise UsageError(f"--shares must be three numbers that make 1, not {len(self.shares)}.")
        fitting = min(self.shares) >= 0 and abs(sum(self.shares) - 1) <= 1e-9  # false for NaN
        if not fitting or self.shares[0] == 0:
            raise UsageError(f"The shares of the three parts must make 1, not {self.shares}.")

    def rate_of_epoch(self, epoch: int) -> float:
        """Return the learning rate of an epoch, counted from 0."""
        passed = sum(epoch >= milestone for milestone in self.milestones)
        return float(self.learning_rate * 0.1**passed)


@dataclass(frozen=True)
class Machine:
    """What the work is done on; it decides how fast, and not what is computed.

    A number out of range or an unknown word is a UsageError.

    Parameters
    ----------
    workers : int, default 0
        Processes that read patches for a device; 0 reads them in between.
    accumulate : int, default 1
        Parts into which a batch is divided where it does not fit into the memory of the devices.
    compiled : bool, default False
        Whether ``torch.compile`` is used.
    deterministic : bool, default True
        Whether GPU kernels that give the same bits each time are preferred.
    """

    accelerator: Accelerator = "auto"
    devices: int = 1
    nodes: int = 1
    strategy: Strategy = "auto"
    precision: Precision = "fp32"
    workers: int = 0
    accumulate: int = 1
    compiled: bool = False
    deterministic: bool = True

    def __post_init__(self) -> None:
        _refuse(self, ("devices", "nodes", "accumulate"), lambda value: value >= 1, "1 or more")
        _refuse(self, ("workers",), lambda value: value >= 0, "0 or more")
        _refuse_other("accelerator", self.accelerator, Accelerator)
        _refuse_other("precision", self.precision, Precision)
        _refuse_other("strategy", self.strategy, Strategy)

    @property
    def n_processes(self) -> int:
        """Processes that share the work."""
        return self.devices * self.nodes


@dataclass(frozen=True)
class TrainingOptions:
    """Everything that may be chosen of a training.

    Parameters
    ----------
    weights : path-like, optional
        Weights to start from.
    renewed : tuple of str
        Layers that start at random all the same.
    restart : bool, default False
        Whether an unfinished training is thrown away.
    command : str
        What to note as the command.
    """

    input: InputPlan = field(default_factory=InputPlan)
    plan: TrainingPlan = field(default_factory=TrainingPlan)
    machine: Machine = field(default_factory=Machine)
    weights: str | os.PathLike[str] | None = None
    renewed: tuple[str, ...] = ()
    save_minutes: float = 10.0
    restart: bool = False
    command: str = ""

    def __post_init__(self) -> None:
        _refuse(self, ("save_minutes",), lambda value: value >= 0, "0 or more")

    def deciding(self, data_digest: str) -> dict[str, Any]:
        """Return what decides the weights, to know an unfinished training again.

        All but the learning rate, which one may want to lower in the middle.
        """
        chosen = asdict(self.input) | asdict(self.plan) | {"data": data_digest}
        del chosen["learning_rate"]
        weights = None if self.weights is None else os.fspath(self.weights)
        chosen |= {"weights": weights, "renewed": self.renewed, "precision": self.machine.precision}
        chosen |= {"devices": self.machine.n_processes, "accumulate": self.machine.accumulate}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in chosen.items()}


@dataclass(frozen=True)
class Draws:
    """Whether the training's dropout stays on in prediction, and over how many draws that is averaged."""

    dropout: bool = False
    passes: int = 1


@dataclass(frozen=True)
class PredictionOptions:
    """Everything that may be chosen of a prediction; UsageError if a number is below 1.

    Parameters
    ----------
    patch_size : int
        Side of the patches that are there; must be the model's.
    batch_size : int, default 32
        Patches that a device reads at a time.
    max_rows : int, default 150
        Species per occurrence.
    shard_size : int, default 1024
        Occurrences between two points from which a prediction can go on.
    seed : int, default 0
        Decides what is dropped.
    k : int, default 30
        Different scores that an occurrence needs, or a warning counts it.
    force : bool, default False
        Whether a run that is not ours may be replaced.
    """

    patch_size: int
    draws: Draws = field(default_factory=Draws)
    machine: Machine = field(default_factory=Machine)
    batch_size: int = 32
    max_rows: int = MAX_ROWS
    shard_size: int = 1024
    seed: int = 0
    k: int = 30
    command: str = ""
    force: bool = False

    def __post_init__(self) -> None:
        numbers = {"batch size": self.batch_size, "rows": self.max_rows, "shard size": self.shard_size}
        for name, value in (numbers | {"passes": self.draws.passes}).items():
            if value < 1:
                raise UsageError(f"{name} must be 1 or more, not {value}.")
        if self.draws.passes > 1 and not self.draws.dropout:
            raise UsageError("Without dropout, passes are all the same.", "Add --dropout.")


def _refuse(options: object, names: Sequence[str], fits: Callable[[float], bool], what: str) -> None:
    for name in names:
        value = getattr(options, name)
        if not fits(value):  # also for NaN
            raise UsageError(f"{name.replace('_', ' ')} must be {what}, not {value}.")


def _refuse_channels(names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in CHANNELS]
    doubled = sorted({name for name in names if names.count(name) > 1} - set(unknown))
    faults = [f"a patch has no channel {printable(name)}" for name in dict.fromkeys(unknown)]
    faults += [f"{name} is named twice" for name in doubled] + ([] if names else ["no channel is named"])
    if faults:
        raise UsageError(f"Of the channels, {'; '.join(faults)}.", f"Choose from {','.join(CHANNELS)}.")


def _refuse_other(what: str, value: str, words: Any) -> None:
    if value not in get_args(words):
        raise UsageError(f"{what} must be one of {', '.join(get_args(words))}, not {value}.")
