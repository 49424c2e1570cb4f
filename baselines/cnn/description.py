"""What a network is and what it costs: parameters, multiply-adds, bytes, and time on this device."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from baselines.cnn.machine import fabric_of, memory_watched
from baselines.cnn.modelfile import Model
from baselines.cnn.network import PatchInception, skeleton
from baselines.cnn.options import InputPlan, Machine
from baselines.cnn.patchdata import Batch
from baselines.cnn.predictor import Predictor

#: Species of the challenge, and the megabytes that the paper gives for its network with them.
CHALLENGE_SPECIES, PAPER_MEGABYTES = 31_435, 656
#: Test occurrences of the challenge.
CHALLENGE_TEST = 42_405


@dataclass(frozen=True)
class Speed:
    """How fast a device predicts, by a short probe with the network's true size, patches not being read."""

    device: str
    precision: str
    batch_size: int
    patches_per_second: float
    n_occurrences: int

    @property
    def seconds(self) -> float:
        """Expected time for the test set on one such device."""
        return self.n_occurrences / self.patches_per_second


@dataclass(frozen=True)
class CnnDescription:
    """What a network is.

    Parameters
    ----------
    n_multiply_adds : int
        Of the convolutions and the last layer, for one patch.
    n_bytes, n_bytes_challenge : int
        In fp32, with its species and with the 31,435 of the challenge.
    training : mapping
        How it was trained; empty for a network without a model.
    """

    plan: InputPlan
    n_species: int
    n_parameters: int
    n_multiply_adds: int
    n_bytes: int
    n_bytes_challenge: int
    speed: Speed
    training: Mapping[str, Any] = field(default_factory=dict)


def describe_cnn(
    model: Model | None,
    plan: InputPlan,
    *,
    machine: Machine | None = None,
    n_occurrences: int = CHALLENGE_TEST,
    batch_size: int = 4,
    seconds: float = 3.0,
) -> CnnDescription:
    """Describe a model; without one, a network for the challenge's species that is shown what `plan` says.

    A probe of some `seconds` times it with `batch_size` patches at a time. UsageError if memory does not
    suffice for that.
    """
    described, machine = model or _untrained(plan), machine or Machine()
    n_planes, n_species = described.plan.n_planes, len(described.species)
    with memory_watched(batch_size, f"Try --batch-size {max(batch_size // 2, 1)}."):
        rate, device = _probe(described, machine, batch_size, seconds=seconds)
    return CnnDescription(
        described.plan,
        n_species,
        n_parameters=_n_parameters(n_planes, n_species),
        n_multiply_adds=multiply_adds(n_planes, n_species, described.plan.patch_size),
        n_bytes=4 * _n_parameters(n_planes, n_species),
        n_bytes_challenge=4 * _n_parameters(n_planes, CHALLENGE_SPECIES),
        speed=Speed(device, machine.precision, batch_size, rate, n_occurrences),
        training=described.training,
    )


def multiply_adds(n_planes: int, n_species: int, patch_size: int) -> int:
    """Return the multiply-adds of one patch, of the convolutions and the last layer.

    Examples
    --------
    >>> round(multiply_adds(6, 31_435, 256) / 1e9, 1)
    17.8
    """
    counts: list[int] = []

    def count(module: nn.Module, _: object, output: Tensor) -> None:
        weight = module.get_parameter("weight")
        places = math.prod(output.shape[2:])  # 1 for the last layer
        counts.append(weight.numel() * places)

    network = skeleton(n_planes, n_species).eval()
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(count)
    # On the meta device nothing is computed and nothing stored.
    network(torch.empty(1, n_planes, patch_size, patch_size, device="meta"))
    return sum(counts)


def _n_parameters(n_planes: int, n_species: int) -> int:
    return sum(parameter.numel() for parameter in skeleton(n_planes, n_species).parameters())


def _untrained(plan: InputPlan) -> Model:
    # Time does not depend on the weights.
    network = PatchInception(plan.n_planes, CHALLENGE_SPECIES, initial=None).eval()
    return Model(network, np.arange(CHALLENGE_SPECIES), plan)


def _blank(n_patches: int, size: int) -> Batch:
    bands = torch.zeros(n_patches, size, size, 5, dtype=torch.uint8)
    return Batch(torch.arange(n_patches), bands, torch.zeros(n_patches, size, size, dtype=torch.int16))


def _probe(model: Model, machine: Machine, batch_size: int, *, seconds: float) -> tuple[float, str]:
    """Return the patches per second, and the device."""
    device = fabric_of(machine).device
    predictor = Predictor(model, device, precision=machine.precision, compiled=machine.compiled)
    batch = _blank(batch_size, model.plan.patch_size)
    predictor.probabilities(batch.on(device)).cpu()  # the first is slow
    n_batches, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        predictor.probabilities(batch.on(device)).cpu()
        n_batches += 1
    return n_batches * batch_size / (time.perf_counter() - start), device.type
