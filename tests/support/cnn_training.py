"""Short trainings of the real network, for the tests of the CNN."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from baselines.cnn.admission import Admissible
from baselines.cnn.options import InputPlan, Machine, TrainingOptions, TrainingPlan
from baselines.cnn.tensorfile import read_tensors
from baselines.cnn.training import TrainedCnn, train_cnn
from submissions.progress import SILENT, Progress

# Two epochs of two steps of 8 occurrences: the world has 43 with a species.
PLAN = TrainingPlan(
    epochs=2, batch_size=8, learning_rate=0.01, milestones=(1,), validate_every=1, shares=(0.4, 0.3, 0.3)
)
OPTIONS = TrainingOptions(InputPlan(40), PLAN, Machine(accelerator="cpu"), save_minutes=0)


def files_of(world: Path, part: str, **chosen: Any) -> Admissible:
    """The tables of one part of a world, and its extracted patches."""
    patches = [world / "patches_fr", world / "patches_us"]
    tables = sorted(world.glob(f"occurrences_*_{part}.csv"))
    return Admissible(tables, chosen.pop("patches", patches), checks=world / "checks", **chosen)


def train(
    world: Path, folder: Path, options: TrainingOptions = OPTIONS, *, progress: Progress = SILENT
) -> TrainedCnn:
    """Train on a world."""
    return train_cnn(files_of(world, "train"), folder, options, progress=progress)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """The weights of the model in a folder."""
    return read_tensors(folder / "model.safetensors")[0]


def planned(**changes: Any) -> TrainingOptions:
    """The options with another plan."""
    return replace(OPTIONS, plan=replace(PLAN, **changes))
