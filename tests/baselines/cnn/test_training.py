"""Training: what each step reads, how it goes on after a kill, and what it refuses."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from cnn_training import OPTIONS, PLAN, files_of, planned, train, weights
from hypothesis import given
from hypothesis import strategies as st
from settling import let_settle
from telling import StoppedError, stopping_after

from baselines.cnn.admission import admitted, read_id_list
from baselines.cnn.modelfile import read_model
from baselines.cnn.options import Machine
from baselines.cnn.outputs import best_species, score_part
from baselines.cnn.patchdata import PatchBatches, batches
from baselines.cnn.planes import InputPlanes
from baselines.cnn.sampling import BatchShare, Course, parts_of_steps
from baselines.cnn.tensorfile import read_tensors
from baselines.cnn.training import TrainedCnn
from baselines.cnn.trainingdata import read_training_data
from baselines.covariates.patches.errors import DamagedPatchError
from baselines.integrity.memory.state import usable_state
from baselines.integrity.options import VerifyOptions
from baselines.integrity.thresholds import Thresholds
from baselines.integrity.verify import verify_patches
from submissions.errors import BadInputError, CannotCheckError, UsageError


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    # On a busy machine the threads of a small convolution mostly wait for one another.
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _no_weights_left(tmp_path: Path) -> Iterator[None]:
    # Some 180 MB a checkpoint.
    yield
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture(scope="module")
def trained(patch_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainedCnn]:
    """A training of four steps that nothing disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    yield train(patch_world, folder / "cnn")
    shutil.rmtree(folder)


@given(
    n=st.integers(4, 60),
    parts=st.sampled_from([(1, 1), (2, 1), (1, 2), (2, 2)]),
    epochs=st.integers(1, 4),
    seed=st.integers(0, 5),
    data=st.data(),
)
def test_processes_share_the_batches_of_one_from_any_step_on(
    n: int, parts: tuple[int, int], epochs: int, seed: int, data: st.DataObject
) -> None:
    n_processes, accumulate = parts
    course = Course(n, 4, epochs, seed)
    start = data.draw(st.integers(0, course.n_steps))
    whole = list(course.batches(0))
    assert len(whole) == course.n_steps
    for epoch in range(epochs):
        inside = np.concatenate(whole[epoch * course.steps_per_epoch : (epoch + 1) * course.steps_per_epoch])
        assert len(set(inside.tolist())) == len(inside) <= n
        assert n - len(inside) < 4
    rows = np.arange(n) * 10
    samplers = [
        parts_of_steps(course, BatchShare(rank, n_processes, accumulate), rows, start=start)
        for rank in range(n_processes)
    ]
    pieces = [np.array(list(sampler)).reshape(-1, 4 // n_processes) for sampler in samplers]
    together = np.sort(np.concatenate(pieces, axis=1), axis=1) if len(pieces[0]) else pieces[0]
    assert together.tolist() == [sorted((10 * batch).tolist()) for batch in whole[start:]]


def test_batches_that_cannot_be_shared_are_refused() -> None:
    with pytest.raises(UsageError, match=r"batch of 10 cannot be divided into 4 equal parts"):
        BatchShare(n_processes=2, accumulate=2).check(10)
    with pytest.raises(UsageError, match="fewer than 2 occurrences in each"):
        BatchShare(n_processes=2, accumulate=2).check(4)
    with pytest.raises(UsageError, match="7 occurrences to train on do not fill a batch of 8"):
        Course(7, 8, 1, 0)


def test_scores_of_a_part_are_those_of_a_count() -> None:
    rng = np.random.default_rng(0)
    logits, labels = torch.from_numpy(rng.random((50, 40)).astype(np.float32)), rng.integers(0, 40, 50)
    rows = rng.permutation(50)
    found = score_part(best_species(logits[rows], rows), labels)
    probabilities = logits.double().softmax(1)
    ranks = (probabilities > probabilities[torch.arange(50), labels][:, None]).sum(1).numpy()
    for k in (1, 10, 30):
        assert getattr(found, f"top_{k}") == np.mean(ranks < k)
    threshold = np.sort(probabilities.numpy().ravel())[::-1][30 * 50]
    own = probabilities[torch.arange(50), labels].numpy()
    assert found.adaptive_top_30 == np.mean(own > threshold)


def test_a_training_leaves_a_model_a_log_and_curves(trained: TrainedCnn, patch_world: Path) -> None:
    model = read_model(trained.folder)
    assert (len(model.species), model.plan, model.dropout) == (8, OPTIONS.input, 0.5)
    assert not (trained.folder / "training").exists()
    assert (trained.folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert list((trained.folder / "tensorboard").iterdir())
    with (trained.folder / "log.csv").open() as file:
        log = list(csv.DictReader(file))
    assert [(row["epoch"], row["step"]) for row in log] == [("1", "2"), ("2", "4")]
    assert [float(row["learning_rate"]) for row in log] == pytest.approx([0.01, 0.001])
    best = max(log, key=lambda row: float(row["top_30"]))
    assert trained.best_epoch == int(best["epoch"])
    assert trained.validation.top_30 == float(best["top_30"])
    record = model.training
    assert record["n_parts"] == trained.n_parts == {"train": 17, "validation": 13, "test": 13}
    assert record["verification"]["share_damaged"] == 0
    assert trained.test is not None
    assert record["test"]["top_1"] == trained.test.top_1


def test_the_test_score_is_that_of_the_kept_model(trained: TrainedCnn, patch_world: Path) -> None:
    model = read_model(trained.folder)
    data = read_training_data(
        files_of(patch_world, "train"), patch_size=40, shares=PLAN.shares, seed=PLAN.seed
    )
    rows = data.parts["test"]
    source = files_of(patch_world, "train").open(data.ids)
    from baselines.cnn.planes import InputPlanes

    batch = PatchBatches(source, data.ids, model.plan).read(rows.tolist())
    planes = InputPlanes(model.plan)(batch.on(torch.device("cpu")))
    with torch.no_grad():
        best = model.network(planes).argmax(1).numpy()
    assert trained.test is not None
    assert trained.test.top_1 == np.mean(best == data.labels[rows])


@pytest.mark.parametrize("n_steps", [1, 3])
def test_stopped_and_resumed_equals_undisturbed(
    n_steps: int, trained: TrainedCnn, patch_world: Path, tmp_path: Path
) -> None:
    with pytest.raises(StoppedError):
        train(patch_world, tmp_path, progress=stopping_after(n_steps))
    assert not (tmp_path / "model.json").exists()
    assert read_tensors(tmp_path / "training" / "last.safetensors")[1]["step"] == n_steps
    torch.manual_seed(99)  # as another process would be
    resumed = train(patch_world, tmp_path)
    expected = weights(trained.folder)
    assert all(torch.equal(expected[name], tensor) for name, tensor in weights(tmp_path).items())
    assert (tmp_path / "log.csv").read_text() == (trained.folder / "log.csv").read_text()
    assert (resumed.test, resumed.best_epoch) == (trained.test, trained.best_epoch)


def test_a_training_that_was_begun_otherwise_is_not_gone_on_with(patch_world: Path, tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        train(patch_world, tmp_path, progress=stopping_after(1))
    with pytest.raises(UsageError, match=r"begun otherwise: momentum 0\.9 -> 0\.5.*--restart"):
        train(patch_world, tmp_path, planned(momentum=0.5))
    checkpoint = tmp_path / "training" / "last.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1000])
    with pytest.raises(CannotCheckError, match=r"last\.safetensors is cut off"):
        train(patch_world, tmp_path)
    with pytest.raises(StoppedError):
        train(patch_world, tmp_path, replace(OPTIONS, restart=True), progress=stopping_after(1))


def test_a_loss_that_is_no_number_stops_and_keeps_the_checkpoint(patch_world: Path, tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        train(patch_world, tmp_path, progress=stopping_after(1))
    before = (tmp_path / "training" / "last.safetensors").read_bytes()
    with pytest.raises(UsageError, match=r"diverged: at step 2 .*checkpoint, of step 1, is kept"):
        train(patch_world, tmp_path, planned(learning_rate=3e38))
    kept = (tmp_path / "training" / "last.safetensors").read_bytes()
    assert kept == before
    assert not (tmp_path / "model.json").exists()


def test_damage_is_refused_or_left_out_and_counted(patch_world: Path, tmp_path: Path) -> None:
    data = read_training_data(
        files_of(patch_world, "train"), patch_size=40, shares=PLAN.shares, seed=PLAN.seed
    )
    some, other = int(data.ids[3]), int(data.ids[5])
    world = _linked(patch_world, tmp_path / "world", without=some)
    asked = {"patch_size": 40, "shares": PLAN.shares, "seed": PLAN.seed}
    with pytest.raises(BadInputError, match="1 of 43 occurrences have damaged patches"):
        read_training_data(files_of(world, "train"), **asked)
    dropping = files_of(world, "train", on_damaged="drop", excluded=np.array([other]))
    found = read_training_data(dropping, **asked)
    assert found.left_out == {"excluded": 1, "damaged patches": 1}
    assert set(data.ids.tolist()) - set(found.ids.tolist()) == {some, other}
    assert found.verification["on_damaged"] == "drop"
    for part, rows in data.parts.items():  # nobody changes sides
        assert set(found.ids[found.parts[part]]) <= set(data.ids[rows])


def _linked(world: Path, copy: Path, *, without: int) -> Path:
    for path in [*world.glob("occurrences_*.csv"), *world.glob("patches_*/**/*.npy")]:
        if path.name != f"{without}.npy":
            (copy / path.relative_to(world)).parent.mkdir(parents=True, exist_ok=True)
            os.link(path, copy / path.relative_to(world))
    return copy


def test_a_damaged_patch_met_on_the_way_keeps_its_error_across_workers(
    patch_world: Path, tmp_path: Path
) -> None:
    ids = files_of(patch_world, "train").open(np.array([0])).ids()[:4]
    world = _linked(patch_world, tmp_path, without=int(ids[2]))
    dataset = PatchBatches(files_of(world, "train").open(ids), ids, OPTIONS.input)
    read = batches(dataset, [[0, 1], [2, 3]], workers=1)
    assert next(read).rows.tolist() == [0, 1]
    with pytest.raises(DamagedPatchError, match=f"patch of occurrence {ids[2]} is missing"):
        next(read)


def test_codes_without_a_plane_are_damage(patch_world: Path, tmp_path: Path) -> None:
    ids = files_of(patch_world, "train").open(np.array([0])).ids()[:1]
    world = _linked(patch_world, tmp_path, without=int(ids[0]))
    (name,) = [path.relative_to(patch_world) for path in patch_world.glob(f"patches_*/*/*/{ids[0]}.npy")]
    bands = np.load(patch_world / name)
    bands[3, 3, 4] = 77
    np.save(world / name, bands)
    source = files_of(world, "train").open(ids)
    unstacked = replace(OPTIONS.input, land_cover="unstacked")
    with pytest.raises(DamagedPatchError, match=f"{world / name} holds a land cover code 77, above 33"):
        PatchBatches(source, ids, unstacked).read([0])
    assert PatchBatches(source, ids, OPTIONS.input).read([0]).bands[0, ..., 4].max() == 77
    batch = PatchBatches(source, ids, unstacked, ignores_damage=True).read([0])
    planes = InputPlanes(unstacked)(batch.on(torch.device("cpu")))[0, 4:38]
    n_classes = planes.sum(dim=0)
    assert n_classes[3, 3] == 0
    assert n_classes.sum() == n_classes.numel() - 1


def test_lists_of_ids_are_strict(tmp_path: Path) -> None:
    (tmp_path / "ids").write_text("12\n\n10000007\n")
    assert read_id_list(tmp_path / "ids").tolist() == [12, 10_000_007]
    (tmp_path / "ids").write_text("12\n1.5\n")
    with pytest.raises(CannotCheckError, match=r"Line 2 of .* is no occurrence id: '1\.5'"):
        read_id_list(tmp_path / "ids")


def test_a_part_without_occurrences_is_refused(patch_world: Path) -> None:
    with pytest.raises(UsageError, match="validation and test part has no occurrences"):
        read_training_data(files_of(patch_world, "train"), patch_size=40, shares=(0.99, 0.001, 0.009), seed=0)


def _command(world: Path, folder: Path, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "glckit", "baseline", "cnn", "--train", "--data", str(world)),
        *("--model", str(folder), "--epochs", "2", "--batch-size", "8", "--learning-rate", "0.01"),
        *("--milestones", "1", "--validate-every", "1", "--shares", "0.4,0.3,0.3", "--accelerator", "cpu"),
        *("--save-minutes", "0", *more),
    ]


def _environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(tmp_path / "cache")}


@pytest.mark.slow  # three starts of a process that imports torch
def test_killed_and_resumed_equals_undisturbed(
    trained: TrainedCnn, patch_world: Path, tmp_path: Path
) -> None:
    command, environment = _command(patch_world, tmp_path / "cnn"), _environment(tmp_path)
    last = tmp_path / "cnn" / "training" / "last.safetensors"
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 300
        while not last.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert last.exists()
    assert not (tmp_path / "cnn" / "model.json").exists()
    subprocess.run(command, env=environment, check=True)
    expected = weights(trained.folder)
    assert all(torch.equal(expected[name], tensor) for name, tensor in weights(tmp_path / "cnn").items())


@pytest.mark.slow  # two processes, each with its own import of torch
def test_two_processes_train_through_the_same_command(patch_world: Path, tmp_path: Path) -> None:
    command = _command(patch_world, tmp_path / "cnn", "--devices", "2", "--accumulate", "2", "--json")
    done = subprocess.run(
        command, env=_environment(tmp_path), capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)  # one report, of one process
    assert report["training"]["n_parts"] == {"train": 17, "validation": 13, "test": 13}
    again = subprocess.run(
        _command(patch_world, tmp_path / "again", "--devices", "2", "--accumulate", "2", "--json"),
        env=_environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
        timeout=900,
    )
    assert json.loads(again.stdout)["training"]["test"] == report["training"]["test"]
    first, second = weights(tmp_path / "cnn"), weights(tmp_path / "again")
    assert all(torch.equal(first[name], tensor) for name, tensor in second.items())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_trains_through_the_same_code(patch_world: Path, tmp_path: Path) -> None:
    machine = Machine(accelerator="gpu", precision="bf16", workers=2)
    made = train(patch_world, tmp_path, replace(OPTIONS, machine=machine))
    assert read_model(made.folder).training["machine"]["device"] == "cuda"
    assert all(bool(torch.isfinite(tensor).all()) for tensor in weights(made.folder).values())


def test_a_list_that_excludes_all_is_refused(patch_world: Path) -> None:
    ids = files_of(patch_world, "train").open(np.array([0])).ids()[:4]
    with pytest.raises(UsageError, match="All 4 occurrences are excluded"):
        admitted(ids, files_of(patch_world, "train", excluded=ids), patch_size=40)


def test_the_gate_counts_damage_found_by_the_thresholds_of_the_competition(
    patch_world: Path, tmp_path: Path
) -> None:
    ids = files_of(patch_world, "train").open(np.array([0])).ids()[:1]
    world = _linked(patch_world, tmp_path, without=int(ids[0]))
    (name,) = [path.relative_to(patch_world) for path in patch_world.glob(f"patches_*/*/*/{ids[0]}.npy")]
    content = (patch_world / name).read_bytes()
    (world / name).write_bytes(content[:128] + bytes(len(content) - 128))
    let_settle()
    strict = Thresholds.from_mapping({"max_altitude_step": 31})
    checks = usable_state(world / "checks")[0]
    trees = [world / "patches_fr", world / "patches_us"]
    report = verify_patches(trees, ids, options=VerifyOptions("full", 40, strict, state=checks))
    assert report.errors
    with pytest.raises(BadInputError, match="zero-filled 1"):
        admitted(ids, files_of(world, "train", thresholds=strict), patch_size=40)
