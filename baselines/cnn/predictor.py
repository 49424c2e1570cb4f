"""The network at work: from batches of patches to the best species of each."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn

from baselines.cnn.folding import folded
from baselines.cnn.modelfile import Model
from baselines.cnn.options import Draws, Machine
from baselines.cnn.planes import InputPlanes

_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class Predictor:
    """A network ready to predict: folded, channels last, in the arithmetic and the compiler that were chosen.

    The precision of a machine is that of the convolutions; the last layer is always fp32.
    """

    def __init__(
        self,
        model: Model,
        device: torch.device,
        *,
        machine: Machine | None = None,
        draws: Draws | None = None,
    ) -> None:
        machine, draws = machine or Machine(), draws or Draws()
        network = folded(model.network)
        # Apart, so that several draws of the dropout need the trunk only once, and batch norm never trains.
        self._head = nn.Sequential(network.dropout, network.fc).to(device).train(draws.dropout)
        network.dropout, network.fc = nn.Identity(), nn.Identity()
        self.device, self._type = device, _TYPES[machine.precision]
        self._planes = InputPlanes(model.plan).to(device)
        trunk: Any = network.to(device, self._type)
        self._trunk = torch.compile(trunk) if machine.compiled else trunk
        self._n_passes = draws.passes if draws.dropout else 1

    @torch.inference_mode()
    def logits(self, patches: tuple[Tensor, Tensor]) -> Tensor:
        """Return what the softmax makes probabilities of, of shape (B, n_species), on the device.

        Of bands and altitude there; see `baselines.cnn.patchdata.Batch.on`. Of several draws it is the
        logarithm of their average probability, float64, so that none underflows. The trunk runs once
        whatever the number of draws, since nothing is dropped before the head.
        """
        planes = self._planes(patches)
        features = self._trunk(planes.to(self._type)).float()
        if self._n_passes == 1:
            logits: Tensor = self._head(features)
            return logits
        draws = (self._head(features).double().log_softmax(dim=1) for _ in range(self._n_passes))
        return torch.sub(reduce(torch.logaddexp, draws), math.log(self._n_passes))
