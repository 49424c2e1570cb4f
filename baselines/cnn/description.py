"""What a network is and what it costs: parameters, multiply-adds, bytes, and time on this device."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

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
    if model is None:  # time does not depend on the weights
        network = PatchInception(plan.n_planes, CHALLENGE_SPECIES, initial=None).eval()
        model = Model(network, np.arange(CHALLENGE_SPECIES), plan)
    machine = machine or Machine()
    n_planes, n_species = model.plan.n_planes, len(model.species)
    with memory_watched(batch_size, f"Try --batch-size {max(batch_size // 2, 1)}."):
        rate, device = _probe(model, machine, batch_size, seconds=seconds)
    return CnnDescription(
        model.plan,
        n_species,
        n_parameters=_n_parameters(n_planes, n_species),
        n_multiply_adds=multiply_adds(n_planes, n_species, model.plan.patch_size),
        n_bytes=4 * _n_parameters(n_planes, n_species),
        n_bytes_challenge=4 * _n_parameters(n_planes, CHALLENGE_SPECIES),
        speed=Speed(device, machine.precision, batch_size, rate, n_occurrences),
        training=model.training,
    )


def multiply_adds(n_planes: int, n_species: int, patch_size: int) -> int:
    """Return the multiply-adds of one patch, of the convolutions and the last layer.

    Examples
    --------
    >>> round(multiply_adds(6, 31_435, 256) / 1e9, 1)
    17.8
    """
    network = skeleton(n_planes, n_species).eval()
    with FlopCounterMode(display=False) as counter:
        # On the meta device nothing is computed and nothing stored.
        network(torch.empty(1, n_planes, patch_size, patch_size, device="meta"))
    n_operations: int = counter.get_total_flops()  # a multiply-add is two
    return n_operations // 2


def _n_parameters(n_planes: int, n_species: int) -> int:
    return sum(parameter.numel() for parameter in skeleton(n_planes, n_species).parameters())


def _probe(model: Model, machine: Machine, batch_size: int, *, seconds: float) -> tuple[float, str]:
    """Return the patches per second, and the device."""
    device = fabric_of(machine).device
    predictor = Predictor(model, device, machine=machine)
    shape = (batch_size, model.plan.patch_size, model.plan.patch_size)
    bands, altitude = torch.zeros(*shape, 5, dtype=torch.uint8), torch.zeros(shape, dtype=torch.int16)
    batch = Batch(torch.arange(batch_size), bands, altitude)
    predictor.logits(batch.on(device)).cpu()  # the first is slow
    n_batches, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        predictor.logits(batch.on(device)).cpu()
        n_batches += 1
    return n_batches * batch_size / (time.perf_counter() - start), device.type
