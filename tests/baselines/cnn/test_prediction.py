"""Prediction: from files and archives, with and without dropout, in shards; and the command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from cnn_training import files_of
from commands import glckit, glckit_json
from telling import StoppedError, stopping_after

from baselines.cnn.modelfile import Model, read_model, write_model
from baselines.cnn.network import PatchInception
from baselines.cnn.options import Draws, InputPlan, Machine, PredictionOptions
from baselines.cnn.patchdata import PatchBatches
from baselines.cnn.planes import InputPlanes
from baselines.cnn.prediction import CnnRun, predict_cnn
from baselines.cnn.predictor import Predictor
from submissions.errors import BadInputError, UsageError
from submissions.progress import SILENT, Progress
from submissions.reading.runs import read_run
from submissions.tables import read_occurrence_ids

CPU = torch.device("cpu")
OPTIONS = PredictionOptions(40, machine=Machine(accelerator="cpu"), shard_size=6, batch_size=4)
DROPOUT = replace(OPTIONS, draws=Draws(dropout=True, passes=2))


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def model(patch_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A model of random weights, with the statistics of the patches of the world and its species."""
    torch.manual_seed(0)
    network = PatchInception(6, 8)
    torch.nn.init.normal_(network.fc.weight, std=0.02)  # graded probabilities
    files = files_of(patch_world, "test")
    source = files.open(np.empty(0, np.int64))
    dataset = PatchBatches(source, source.ids()[::3], InputPlan(40))
    with torch.no_grad():
        for _ in range(4):
            network(InputPlanes(InputPlan(40))(dataset.read(range(len(dataset))).on(CPU)))
    folder = tmp_path_factory.mktemp("model")
    write_model(folder, Model(network.eval(), np.arange(8), InputPlan(40), 0.5, {"data_digest": "abc"}))
    yield folder
    shutil.rmtree(folder)


def _predict(
    world: Path, model: Path, run: Path, options: PredictionOptions = OPTIONS, progress: Progress = SILENT
) -> CnnRun:
    return predict_cnn(files_of(world, "test"), model, run, options, progress=progress)


def test_a_run_holds_the_softmax_of_the_plain_network(patch_world: Path, model: Path, tmp_path: Path) -> None:
    made = _predict(patch_world, model, tmp_path / "run.csv", replace(OPTIONS, max_rows=5))
    ids = read_occurrence_ids(sorted(patch_world.glob("occurrences_*_test.csv")))
    assert (made.n_occurrences, made.left_out, made.n_resumed) == (len(ids), {}, 0)
    kept = read_model(model)
    dataset = PatchBatches(files_of(patch_world, "test").open(ids), ids, kept.plan)
    patches = dataset.read(range(len(ids))).on(CPU)
    with torch.no_grad():
        expected = kept.network(InputPlanes(kept.plan)(patches)).softmax(1).numpy()
    run = read_run(tmp_path / "run.csv")
    found = {i: run.pairs.within(slice(at, at + 1)) for at, i in enumerate(run.occurrence_ids.tolist())}
    assert set(found) == set(ids.tolist())
    for row, i in enumerate(ids.tolist()):
        best = np.argsort(-expected[row])[:5]
        np.testing.assert_allclose(found[i].scores, expected[row, found[i].species], atol=1e-5)
        np.testing.assert_allclose(np.sort(found[i].scores), np.sort(expected[row, best]), atol=1e-5)
    assert expected.std() > 1e-3
    assert not (tmp_path / "run.csv.parts").exists()


def test_metadata_say_where_the_run_comes_from(patch_world: Path, model: Path, tmp_path: Path) -> None:
    _predict(patch_world, model, tmp_path / "run.csv", DROPOUT)
    metadata = json.loads((tmp_path / "run.csv.meta.json").read_text())
    assert (metadata["name"], metadata["device"], metadata["data_digest"]) == ("cnn-dropout", "cpu", "abc")
    assert metadata["verification"] == {
        "level": "quick",
        "share_damaged": 0.0,
        "damaged": {},
        "on_damaged": "refuse",
        "n_left_out": 0,
    }
    assert metadata["draws"] == {"dropout": True, "passes": 2}
    assert {"torch", "torchvision", "lightning-fabric"} <= metadata["versions"].keys()


def test_files_and_archives_give_one_run(
    patch_world: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archives = shutil.copytree(patch_world / "archives", tmp_path / "archives")
    files = replace(files_of(patch_world, "test", patches=[archives]), checks=None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(BadInputError, match=r"archives have not been verified.*glckit verify-patches"):
        predict_cnn(files, model, tmp_path / "archived.csv", OPTIONS)
    monkeypatch.chdir(patch_world)  # for its patch size
    assert glckit("verify-patches", archives).exit_code == 0
    predict_cnn(files, model, tmp_path / "archived.csv", OPTIONS)
    _predict(patch_world, model, tmp_path / "extracted.csv")
    assert (tmp_path / "archived.csv").read_bytes() == (tmp_path / "extracted.csv").read_bytes()


def test_dropout_gives_another_run_and_leaves_the_model_alone(
    patch_world: Path, model: Path, tmp_path: Path
) -> None:
    before = (model / "model.safetensors").read_bytes()
    for name, options in (
        ("plain", OPTIONS),
        ("a", DROPOUT),
        ("b", DROPOUT),
        ("c", replace(DROPOUT, seed=1)),
    ):
        _predict(patch_world, model, tmp_path / f"{name}.csv", options)
    runs = {name: (tmp_path / f"{name}.csv").read_bytes() for name in ("plain", "a", "b", "c")}
    assert runs["a"] == runs["b"]
    assert len(set(runs.values())) == 3
    assert (model / "model.safetensors").read_bytes() == before


def test_draws_of_the_dropout_are_averaged(model: Path) -> None:
    kept = read_model(model)
    raw = torch.randint(0, 34, (3, 40, 40, 5), dtype=torch.uint8), torch.zeros(3, 40, 40, dtype=torch.int16)
    one = Predictor(kept, CPU, draws=Draws(True, 1))
    many = Predictor(kept, CPU, draws=Draws(True, 3))
    torch.manual_seed(7)
    draws = [one.logits(raw).softmax(dim=1) for _ in range(3)]
    torch.manual_seed(7)
    together = many.logits(raw).exp().float()
    torch.testing.assert_close(together, sum(draws) / 3)
    assert not torch.equal(draws[0], draws[1])


@pytest.mark.parametrize("options", [OPTIONS, DROPOUT])
def test_a_stopped_prediction_goes_on_at_its_shard(
    options: PredictionOptions, patch_world: Path, model: Path, tmp_path: Path
) -> None:
    whole = _predict(patch_world, model, tmp_path / "whole.csv", options)
    run = tmp_path / "run.csv"
    with pytest.raises(StoppedError):
        _predict(patch_world, model, run, options, progress=stopping_after(11))
    assert not run.exists()
    parts = sorted((tmp_path / "run.csv.parts").iterdir())
    assert len(parts) == 1
    resumed = _predict(patch_world, model, run, options)
    assert resumed.n_resumed == 6 < whole.n_occurrences
    assert run.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_shards_of_another_prediction_or_cut_off_are_made_again(
    patch_world: Path, model: Path, tmp_path: Path
) -> None:
    run, parts = tmp_path / "run.csv", tmp_path / "run.csv.parts"
    with pytest.raises(StoppedError):
        _predict(patch_world, model, run, replace(OPTIONS, max_rows=3), progress=stopping_after(11))
    assert _stopped(patch_world, model, run, n=11) == 1
    part = next(parts.iterdir())
    part.write_bytes(part.read_bytes()[:-9])
    assert _predict(patch_world, model, run).n_resumed == 0


def _stopped(world: Path, model: Path, run: Path, *, n: int) -> int:
    with pytest.raises(StoppedError):
        _predict(world, model, run, progress=stopping_after(n))
    return len(list(Path(f"{run}.parts").iterdir()))


def test_damage_is_refused_or_left_out(patch_world: Path, model: Path, tmp_path: Path) -> None:
    ids = read_occurrence_ids(sorted(patch_world.glob("occurrences_*_test.csv")))
    for path in [*patch_world.glob("occurrences_*.csv"), *patch_world.glob("patches_*/**/*.npy")]:
        (tmp_path / path.relative_to(patch_world)).parent.mkdir(parents=True, exist_ok=True)
        if path.name != f"{ids[1]}_alti.npy":
            (tmp_path / path.relative_to(patch_world)).hardlink_to(path)
    with pytest.raises(BadInputError, match="occurrences have damaged patches: half-pair 1"):
        _predict(tmp_path, model, tmp_path / "run.csv")
    files = files_of(tmp_path, "test", on_damaged="drop")
    made = predict_cnn(files, model, tmp_path / "run.csv", OPTIONS)
    assert made.left_out == {"damaged patches": 1}
    assert set(ids) - set(read_run(tmp_path / "run.csv").occurrence_ids) == {ids[1]}
    metadata = json.loads((tmp_path / "run.csv.meta.json").read_text())
    assert metadata["left_out"] == {"damaged patches": 1}
    assert metadata["verification"]["on_damaged"] == "drop"


def test_patches_of_another_size_are_refused(patch_world: Path, model: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="model reads patches of 40 pixels; those here have 64"):
        _predict(patch_world, model, tmp_path / "run.csv", replace(OPTIONS, patch_size=64))


def _in_competition(world: Path, model: Path, place: Path) -> Path:
    for path in [*world.glob("*.csv"), world / "competition.toml"]:
        (place / path.name).hardlink_to(path)
    for name in ("patches_fr", "patches_us"):
        (place / name).symlink_to(world / name)
    shutil.copytree(model, place / "models" / "cnn")
    return place


def test_the_command_predicts_with_no_more_than_its_name(
    patch_world: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(_in_competition(patch_world, model, tmp_path))
    done = glckit("baseline", "cnn", "--predict")
    assert done.exit_code == 0, done.stderr
    assert "runs/cnn.csv" in done.stdout
    status, report = glckit_json("baseline", "cnn", "--predict", "--dropout", "--accelerator", "cpu")
    assert (status, report["training"]) == (0, None)
    assert report["run"]["run"].endswith("runs/cnn-dropout.csv")
    for run in ("cnn", "cnn-dropout"):
        status, scores = glckit_json("score", f"runs/{run}.csv", "--allow-missing")
        assert (status, scores["metadata"]["name"]) == (0, run)
    status, described = glckit_json("baseline", "cnn", "--describe")
    assert (status, described["n_species"], described["training"]) == (0, 8, {"data_digest": "abc"})
    (tmp_path / "species_metadata.csv").unlink()
    (tmp_path / "species_metadata.csv").write_text("species_id;GBIF_species_id\n0;1\n1;2\n")
    refused = glckit("baseline", "cnn", "--predict")
    assert refused.exit_code == 2
    assert "are not in the species table" in refused.stderr


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--predict"], "Train one with: glckit baseline cnn --train"),
        (["--describe", "--train"], "--describe does not go with"),
        (["--train", "--milestones", "five"], "--milestones must be numbers"),
        (["--train", "--shares", "0.9,0.1"], "--shares must be three numbers"),
        (["--train", "--channels", "red,blue,blue"], "blue is named twice"),
        (["--train", "--batch-size", "8", "--accumulate", "3"], "cannot be divided"),
        (["--devices", "2"], "Say --train, then --predict"),
    ],
)
def test_requests_that_cannot_be_meant_are_one_line(
    flags: list[str], message: str, patch_world: Path, tmp_path: Path
) -> None:
    model = tmp_path / "none"
    done = glckit("baseline", "cnn", "--data", patch_world, "--model", model, *flags)
    assert done.exit_code == 2
    assert message in done.stderr
    assert not done.stdout
    assert not model.exists()


def test_small_patches_are_refused_by_the_command(tiny_world: Path, tmp_path: Path) -> None:
    done = glckit("baseline", "cnn", "--data", tiny_world, "--model", tmp_path / "cnn", "--train")
    assert done.exit_code == 2
    assert "Patches of 16 pixels are too small" in done.stderr


@pytest.mark.slow  # some minutes: a world of real shape, and enough steps to learn from it
def test_a_short_training_beats_the_prior_on_held_out_quadrats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    glckit("world", tmp_path / "world", "--patch-size", 40)
    monkeypatch.chdir(tmp_path / "world")
    flags = ("--epochs", 8, "--milestones", "5,7", "--batch-size", 32, "--learning-rate", 0.004)
    flags += ("--initial", "he", "--land-cover", "unstacked", "--dropout-rate", 0.2)
    assert glckit("baseline", "cnn", *flags, "--accelerator", "cpu").exit_code == 0
    assert glckit("baseline", "prior").exit_code == 0
    status, scores = glckit_json("score", "runs/cnn.csv", "runs/prior.csv")
    assert status == 0
    assert scores[0]["adaptive_top_k"] > scores[1]["adaptive_top_k"] + 0.05
