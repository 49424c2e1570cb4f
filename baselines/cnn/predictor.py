"""The network at work: from batches of patches to the best species of each."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from baselines.cnn.folding import folded, split, with_dropout
from baselines.cnn.modelfile import Model
from baselines.cnn.options import Draws, Precision
from baselines.cnn.planes import InputPlanes

_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class Predictor:
    """A network ready to predict: folded, channels last, in the arithmetic that was chosen.

    `precision` is that of the convolutions; the last layer is always fp32.
    """

    def __init__(
        self,
        model: Model,
        device: torch.device,
        *,
        precision: Precision = "fp32",
        draws: Draws | None = None,
        compiled: bool = False,
    ) -> None:
        parts = split(folded(model.network))
        self._type, self._draws = _TYPES[precision], draws or Draws()
        self.device = device
        self._planes = InputPlanes(model.plan).to(device)
        trunk: Any = parts.trunk.to(device, self._type)
        self._trunk = torch.compile(trunk) if compiled else trunk
        self._head = copy.deepcopy(parts.head).to(device, torch.float32)
        if self._draws.dropout:
            with_dropout(self._head)

    @torch.inference_mode()
    def probabilities(self, patches: tuple[Tensor, Tensor]) -> Tensor:
        """Return the probability of each species, float32 of shape (B, n_species), on the device.

        Of bands and altitude there; see `baselines.cnn.patchdata.Batch.on`. The trunk runs once whatever the
        number of draws, since nothing is dropped before the head.
        """
        planes = self._planes(patches)
        features = self._trunk(planes.to(self._type)).float()
        passes = self._draws.passes if self._draws.dropout else 1
        draws = (self._head(features).softmax(dim=1) for _ in range(passes))
        return sum(draws, torch.zeros((), device=self.device)) / passes


@contextlib.contextmanager
def seeded(*numbers: int) -> Iterator[None]:
    """Draw in the block what these numbers decide, and leave the random state outside as it was."""
    seed = int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
