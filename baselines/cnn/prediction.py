"""Predict a run: runs 2 (with dropout) and 3 (without) of the paper."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray

from baselines.cnn.admission import Admissible, Admitted, admitted
from baselines.cnn.gathering import joined
from baselines.cnn.machine import fabric_of, memory_watched, one_voice, peers_watched
from baselines.cnn.modelfile import Model, read_model
from baselines.cnn.options import PredictionOptions
from baselines.cnn.outputs import BestSpecies, best_species
from baselines.cnn.patchdata import PatchBatches, batches
from baselines.cnn.predictor import Predictor
from baselines.cnn.sampling import seed_of
from baselines.cnn.shards import Shards
from baselines.cnn.watching import Pace, paced
from baselines.covariates.occurrences import read_all_occurrences
from baselines.provenance import Provenance, digest_of
from submissions.errors import UsageError
from submissions.ownruns import own_run_writer, refuse_foreign
from submissions.progress import SILENT, Progress

# How scores are computed; shards that others computed do not go into one run with ours.
_SCORES = "float64 log-softmax"
# Share of the occurrences that may have few different scores before we warn.
_MAX_TIED = 0.01
_PACKAGES = ("torch", "torchvision", "lightning-fabric")


@dataclass(frozen=True)
class CnnRun:
    """A run that was written.

    Parameters
    ----------
    first : bool
        Whether this is the process that reports.
    left_out : mapping of str to int
        Occurrences of the tables that are not in the run, by reason.
    n_resumed : int
        Occurrences that an earlier, stopped prediction had done.
    occurrences_per_second : float
        Of this process, over the others.
    warnings : tuple of str
        What is wrong with the scores, if anything.
    """

    run: Path
    first: bool
    n_occurrences: int
    left_out: Mapping[str, int]
    n_resumed: int
    occurrences_per_second: float
    device: str
    warnings: tuple[str, ...] = ()


def predict_cnn(
    files: Admissible,
    folder: str | os.PathLike[str],
    run: str | os.PathLike[str],
    options: PredictionOptions,
    *,
    progress: Progress = SILENT,
) -> CnnRun:
    """Predict the species of occurrences with the model of a folder, and write a run with metadata beside it.

    See `submissions.writing.run_writer` for the formats. Shards that are done are kept beside the run until
    it is written, and a prediction that was stopped goes on from them.

    Raises
    ------
    BadInputError
        If patches are damaged.
    UsageError
        If there is no model, it was trained for other patches, its outputs are no numbers, a run that is
        not ours is in the way, or memory runs out.
    CannotCheckError
        If a file is absent or damaged.
    """
    refuse_foreign(run, force=options.force)
    model = read_model(folder)
    if model.plan.patch_size != options.patch_size:
        raise UsageError(
            f"The model reads patches of {model.plan.patch_size} pixels; "
            f"those here have {options.patch_size}.",
            "Set patch_size in competition.toml, or train a model for these.",
        )
    usable = admitted(
        read_all_occurrences(files.tables).ids, files, patch_size=options.patch_size, progress=progress
    )
    fabric = fabric_of(options.machine)
    fabric.launch()
    shards = Shards(run, _key(model, usable.ids, options), len(usable.ids), size=options.shard_size)
    source = files.open(usable.ids)
    dataset = PatchBatches(source, usable.ids, model.plan, ignores_damage=files.ignores_damage)
    task = _Task(model, usable, dataset, options, fabric)
    hint = f"Try --batch-size {max(options.batch_size // 2, 1)}."
    with peers_watched(fabric), memory_watched(options.batch_size, hint):
        predicted = _predict(task, shards, one_voice(progress, fabric))
        fabric.barrier()
    return _write_run(task, shards, predicted, progress) if predicted.first else predicted


@dataclass(frozen=True)
class _Task:
    model: Model
    usable: Admitted
    dataset: PatchBatches
    options: PredictionOptions
    fabric: Fabric


def _predict(task: _Task, shards: Shards, progress: Progress) -> CnnRun:
    fabric = task.fabric
    missing = [number for number in range(len(shards)) if not shards.is_done(number)]
    fabric.barrier()  # all have looked before one writes
    mine = missing[fabric.global_rank :: fabric.world_size]
    n_missing = sum(len(shards.rows(number)) for number in missing)
    options = task.options
    predictor = Predictor(task.model, fabric.device, machine=options.machine, draws=options.draws)
    with paced(sum(len(shards.rows(number)) for number in mine), "occurrences", progress) as pace:
        for number in mine:
            shards.write(number, _predict_shard(task, predictor, shards, number, pace))
    n = len(task.usable.ids)
    return CnnRun(
        run=shards.run,
        first=fabric.is_global_zero,
        n_occurrences=n,
        left_out=task.usable.left_out,
        n_resumed=n - n_missing,
        occurrences_per_second=pace.rate,
        device=fabric.device.type,
    )


def _predict_shard(task: _Task, predictor: Predictor, shards: Shards, number: int, pace: Pace) -> BestSpecies:
    rows, size = shards.rows(number), task.options.batch_size
    pieces = [rows[start : start + size].tolist() for start in range(0, len(rows), size)]
    pinned = predictor.device.type == "cuda"
    found = []
    with torch.random.fork_rng():
        # By shard, so that what is dropped depends neither on the devices nor on where it was stopped.
        torch.manual_seed(seed_of(task.options.seed, number))
        for batch in batches(task.dataset, pieces, workers=task.options.machine.workers, pinned=pinned):
            logits = predictor.logits(batch.on(predictor.device))
            found.append(best_species(logits, batch.rows.numpy(), max_rows=task.options.max_rows))
            pace.done(len(batch.rows))
    best = joined(found)
    _refuse_what_is_no_number(best, task)
    return best


def _refuse_what_is_no_number(best: BestSpecies, task: _Task) -> None:
    wrong = best.rows[~np.isfinite(best.scores).all(axis=1)]
    if len(wrong):
        precise = task.options.machine.precision == "fp32"
        raise UsageError(
            f"What the network says of occurrence {task.usable.ids[wrong[0]]} is no number.",
            "Its weights are damaged or diverged: train it again."
            if precise
            else "Half precision overflows here: predict with --precision fp32.",
        )


def _write_run(task: _Task, shards: Shards, predicted: CnnRun, progress: Progress) -> CnnRun:
    options, n_tied = task.options, 0
    with own_run_writer(predicted.run, force=options.force, progress=progress) as run:
        for number in range(len(shards)):
            best = shards.read(number)
            n_tied += best.n_tied(options.k)
            run.writer.add(task.usable.ids[best.rows], best.pairs(task.model.species))
        written = replace(predicted, warnings=_warnings(n_tied, predicted.n_occurrences, options.k))
        run.metadata = _metadata(task, written)
    shards.remove()
    return written


def _warnings(n_tied: int, n_occurrences: int, k: int) -> tuple[str, ...]:
    if n_tied <= _MAX_TIED * n_occurrences:
        return ()
    told = f"{n_tied:,} of {n_occurrences:,} occurrences have fewer than {k} different scores"
    return (f"{told}: the network hardly tells their species apart. Train it with another --learning-rate.",)


def _metadata(task: _Task, run: CnnRun) -> dict[str, Any]:
    draws = task.options.draws
    provenance = Provenance(
        "cnn-dropout" if draws.dropout else "cnn",
        task.options.command,
        task.options.seed if draws.dropout else task.model.seed,
        model_digest=task.model.digest,
        data_digest=task.model.training.get("data_digest"),
        device=run.device,
        verification=task.usable.verification,
        left_out=run.left_out,
        model=task.model.provenance,
        packages=_PACKAGES,
    )
    extra = {"precision": task.options.machine.precision, "draws": asdict(draws)}
    warnings = {"warnings": list(run.warnings)} if run.warnings else {}
    return provenance.metadata() | extra | warnings


def _key(model: Model, ids: NDArray[np.int64], options: PredictionOptions) -> str:
    """Return what decides a prediction, so that shards of another one are not taken for its own."""
    chosen: dict[str, Any] = {"model": model.digest, "ids": digest_of(ids), "scores": _SCORES}
    chosen |= {"rows": options.max_rows, "shard": options.shard_size, "precision": options.machine.precision}
    if options.draws.dropout:  # without, batches and seeds decide nothing
        chosen |= asdict(options.draws) | {"seed": options.seed, "batch": options.batch_size}
    return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()
