"""Train the network: from labelled occurrences to a model, resumable at every checkpoint."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from baselines.claim import training_claimed
from baselines.cnn.admission import Admissible
from baselines.cnn.checkpoints import Checkpoint, read_checkpoint, refuse_another_plan
from baselines.cnn.history import draw_curves
from baselines.cnn.loop import LAST, UNFINISHED, TrainingLoop, Work
from baselines.cnn.machine import fabric_of, memory_watched, one_voice, peers_watched
from baselines.cnn.modelfile import Model, write_model
from baselines.cnn.network import PatchInception
from baselines.cnn.options import TrainingOptions
from baselines.cnn.outputs import SplitScores
from baselines.cnn.patchdata import PatchBatches
from baselines.cnn.sampling import BatchShare, Course
from baselines.cnn.trainingdata import read_training_data
from baselines.cnn.weights import start_from
from scoring.version import VERSION
from submissions.errors import UsageError
from submissions.progress import SILENT, Progress


@dataclass(frozen=True)
class TrainedCnn:
    """A model that was trained.

    Parameters
    ----------
    first : bool
        Whether this is the process that reports; the others of a training on several devices do not.
    best_epoch : int
        The epoch, from 1, after which the kept model was measured.
    validation, test : SplitScores
        What the kept model scores on these parts; None for a test part without occurrences.
    notes : tuple of str
        What could not be made.
    """

    folder: Path
    first: bool
    n_parts: Mapping[str, int]
    best_epoch: int
    validation: SplitScores
    test: SplitScores | None
    notes: tuple[str, ...] = ()


def train_cnn(
    files: Admissible,
    folder: str | os.PathLike[str],
    options: TrainingOptions | None = None,
    *,
    progress: Progress = SILENT,
) -> TrainedCnn:
    """Train the network and leave the model that was best on the validation part in a folder.

    Log, events and curves stand beside it. A training that was stopped in the middle, which is in
    ``training/`` there, goes on from its last checkpoint.

    Raises
    ------
    BadInputError
        If patches are damaged, or there is nothing to train on.
    UsageError
        If options and data do not fit, memory runs out, or the loss is no number any more.
    CannotCheckError
        If a file is absent or damaged, such as a checkpoint, or another process trains this model.
    """
    chosen = options or TrainingOptions()
    share = BatchShare(0, chosen.machine.n_processes, chosen.machine.accumulate)
    share.check(chosen.plan.batch_size)
    data = read_training_data(
        files,
        patch_size=chosen.input.patch_size,
        shares=chosen.plan.shares,
        seed=chosen.plan.seed,
        progress=progress,
    )
    fabric = fabric_of(chosen.machine)
    fabric.launch()
    at_once = chosen.plan.batch_size // (share.accumulate * share.n_processes)
    hint = (
        f"Try --accumulate {2 * share.accumulate}, which reads half as many at a time, "
        f"or --batch-size {max(chosen.plan.batch_size // 2, 1)}."
    )
    # One process for all of a training, which Lightning starts more of.
    claim = training_claimed(Path(folder)) if fabric.is_global_zero else contextlib.nullcontext()
    with claim, peers_watched(fabric), memory_watched(at_once, hint):
        source = files.open(data.ids)
        dataset = PatchBatches(source, data.ids, chosen.input, ignores_damage=files.ignores_damage)
        loop = _prepared(Work(fabric, data, dataset, chosen, Path(folder)))
        loop.run(one_voice(progress, fabric))
        return _finished(loop)


def _prepared(work: Work) -> TrainingLoop:
    data, options, plan = work.data, work.options, work.options.plan
    torch.manual_seed(plan.seed)
    checkpoint = _checkpoint(work)
    network = PatchInception(
        options.input.n_planes,
        len(data.species),
        dropout=plan.dropout,
        initial=plan.initial if checkpoint is None else None,
    )
    if checkpoint is None and options.weights is not None:
        start_from(network, options.weights, renewed=options.renewed)
    course = Course(len(data.parts["train"]), plan.batch_size, plan.epochs, plan.seed)
    loop = TrainingLoop(work, network, course)
    if checkpoint is not None:
        loop.resume(checkpoint)
    return loop


def _checkpoint(work: Work) -> Checkpoint | None:
    folder = work.place / UNFINISHED
    if work.options.restart and work.fabric.is_global_zero:
        shutil.rmtree(folder, ignore_errors=True)
    work.fabric.barrier()
    found = read_checkpoint(folder / LAST)
    if found is not None:
        refuse_another_plan(found.plan, work.options.deciding(work.data.digest), where=str(folder))
    return found


def _finished(loop: TrainingLoop) -> TrainedCnn:
    data, options, place = loop.work.data, loop.work.options, loop.work.place
    best, tensors = loop.best()
    loop.network.load_state_dict(tensors)
    test = loop.score("test") if len(data.parts["test"]) else None
    n_parts = {name: len(rows) for name, rows in data.parts.items()}
    validation = SplitScores(**{each.name: best[each.name] for each in dataclasses.fields(SplitScores)})
    trained = TrainedCnn(place, loop.fabric.is_global_zero, n_parts, best["epoch"], validation, test)
    notes: tuple[str, ...] = ()
    if trained.first:
        record = _record(trained, loop)
        write_model(place, Model(loop.network, data.species, options.input, options.plan.dropout, record))
        try:
            draw_curves(place / "curves.png", loop.history)
        except UsageError as error:
            notes = (f"No learning curves were drawn: {error}",)
        shutil.rmtree(place / UNFINISHED, ignore_errors=True)
    loop.fabric.barrier()
    return dataclasses.replace(trained, notes=notes)


def _record(trained: TrainedCnn, loop: TrainingLoop) -> dict[str, Any]:
    data, options = loop.work.data, loop.work.options
    return {
        "plan": dataclasses.asdict(options.plan),
        "machine": dataclasses.asdict(options.machine) | {"device": loop.fabric.device.type},
        "weights": None if options.weights is None else Path(options.weights).name,
        "renewed": options.renewed,
        "command": options.command,
        "data_digest": data.digest,
        "training_files": data.files,
        "verification": data.verification,
        "left_out": data.left_out,
        "n_parts": trained.n_parts,
        "best_epoch": trained.best_epoch,
        "validation": dataclasses.asdict(trained.validation),
        "test": None if trained.test is None else dataclasses.asdict(trained.test),
        "history": loop.history,
        "versions": {"glckit": VERSION, "torch": torch.__version__},
    }
