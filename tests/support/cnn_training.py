"""Short trainings of the real network, for the tests of the CNN."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from baselines.cnn.admission import PatchFiles
from baselines.cnn.modelfile import read_tensors
from baselines.cnn.options import InputPlan, Machine, TrainingOptions, TrainingPlan
from baselines.cnn.training import Trained, train_cnn
from baselines.cnn.watching import Watcher

# Two epochs of two steps of 8 occurrences: the world has 43 with a species.
PLAN = TrainingPlan(
    epochs=2, batch_size=8, learning_rate=0.01, milestones=(1,), validate_every=1, shares=(0.4, 0.3, 0.3)
)
OPTIONS = TrainingOptions(InputPlan(40), PLAN, Machine(accelerator="cpu"), save_minutes=0)


def files_of(world: Path, part: str, **chosen: Any) -> PatchFiles:
    """The tables of one part of a world, and its extracted patches."""
    patches = [world / "patches_fr", world / "patches_us"]
    tables = sorted(world.glob(f"occurrences_*_{part}.csv"))
    return PatchFiles(tables, chosen.pop("patches", patches), checks=world / "checks", **chosen)


def train(world: Path, folder: Path, options: TrainingOptions = OPTIONS, **watched: Any) -> Trained:
    """Train on a world."""
    return train_cnn(files_of(world, "train"), folder, options, watcher=Watcher(**watched))


class StoppedError(Exception):
    """What stops a training in the middle."""


def stopping_after(n_steps: int) -> Callable[[str, int | None], AbstractContextManager[Any]]:
    """A bar that stops the work after some steps."""
    left = [n_steps]

    def advance(n: int) -> None:
        left[0] -= n
        if left[0] <= 0:
            raise StoppedError

    return lambda _, __: nullcontext(advance)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """The weights of the model in a folder."""
    return read_tensors(folder / "model.safetensors")[0]


def planned(**changes: Any) -> TrainingOptions:
    """The options with another plan."""
    return replace(OPTIONS, plan=replace(PLAN, **changes))
