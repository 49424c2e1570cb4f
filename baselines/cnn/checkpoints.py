"""What a training needs to go on at the step that it was at."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from baselines.cnn.tensorfile import read_tensors, write_tensors
from submissions.errors import UsageError
from submissions.printable import printable

_NETWORK, _MOMENTUM = "network.", "momentum."
_NOTES = ("step", "history", "loss_of_epoch", "plan", "scaler")


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training between two steps.

    Random numbers are drawn anew at every step, from the seed and the step, and the learning rate
    follows from the step, so neither has a state.

    Parameters
    ----------
    step : int
        Steps done.
    momentum : mapping of str to Tensor
        The optimizer's memory of each parameter; empty before the first step.
    loss_of_epoch : float
        Sum of the losses of the steps of an unfinished epoch.
    plan : mapping
        The choices and data that decide the weights, to compare before going on.
    scaler : mapping
        State of the loss scaling of fp16.
    """

    step: int
    network: Mapping[str, Tensor]
    momentum: Mapping[str, Tensor]
    history: list[dict[str, Any]]
    loss_of_epoch: float
    plan: Mapping[str, Any]
    scaler: Mapping[str, Any]


def write_checkpoint(path: str | os.PathLike[str], checkpoint: Checkpoint) -> None:
    """Write a checkpoint; the one before stays until the new one is whole."""
    tensors = {f"{_NETWORK}{name}": tensor for name, tensor in checkpoint.network.items()}
    tensors |= {f"{_MOMENTUM}{name}": tensor for name, tensor in checkpoint.momentum.items()}
    write_tensors(path, tensors, {name: getattr(checkpoint, name) for name in _NOTES})


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint | None:
    """Read a checkpoint, or return None if there is none; CannotCheckError if it is cut off."""
    if not Path(path).exists():
        return None
    tensors, notes = read_tensors(path)
    if not set(_NOTES) <= notes.keys():
        raise UsageError(f"{printable(path)} is no checkpoint of glckit.", "Remove it to begin anew.")
    return Checkpoint(
        network=_below(tensors, _NETWORK),
        momentum=_below(tensors, _MOMENTUM),
        **{name: notes[name] for name in _NOTES},
    )


def momentum_of(network: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return the optimizer's memory by the names of the network's parameters."""
    memory = {
        name: optimizer.state.get(parameter, {}).get("momentum_buffer")
        for name, parameter in network.named_parameters()
    }
    return {name: buffer for name, buffer in memory.items() if buffer is not None}


def restore_momentum(
    network: nn.Module, optimizer: torch.optim.Optimizer, momentum: Mapping[str, Tensor]
) -> None:
    """Give the optimizer its memory back."""
    for name, parameter in network.named_parameters():
        if name in momentum:
            buffer = torch.empty_like(parameter).copy_(momentum[name])
            optimizer.state[parameter]["momentum_buffer"] = buffer.detach()


def refuse_another_plan(found: Mapping[str, Any], wanted: Mapping[str, Any], *, where: str) -> None:
    """Raise a UsageError, naming what differs, if a training was begun with other choices or data."""
    differing = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
    if differing:
        changes = ", ".join(f"{name} {found.get(name)} -> {wanted.get(name)}" for name in differing)
        raise UsageError(
            f"{printable(where)} is a training that was begun otherwise: {changes}.",
            "Go on with the same options, or choose another --model, or pass --restart.",
        )


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): each for name, each in tensors.items() if name.startswith(prefix)}
