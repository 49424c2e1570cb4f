"""A model that is there is used for what it is: what was asked for otherwise is refused, and all is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cnn_training
import pytest
import torch
from commands import glckit

from baselines.cnn.modelfile import read_model as read_network
from baselines.forest.modelfile import read_model as read_forest


@pytest.fixture(scope="module")
def world(patch_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folder of a competition with a forest and a network, both hardly trained."""
    folder = tmp_path_factory.mktemp("there") / "world"
    shutil.copytree(patch_world, folder)
    torch.set_num_threads(1)
    plan = replace(cnn_training.PLAN, epochs=1, milestones=(), seed=3)
    options = replace(cnn_training.OPTIONS, plan=plan, command="glckit baseline cnn --seed 3")
    cnn_training.train(folder, folder / "models" / "cnn", options)
    flags = ("--n-estimators", 4, "--max-depth", 3, "--holdout", 0, "--seed", 3)
    assert glckit("baseline", "rf", "--train", "--data", folder, *flags).exit_code == 0
    yield folder
    shutil.rmtree(folder)  # the weights are large


@pytest.fixture(autouse=True)
def _in_the_folder(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(world)
    shutil.rmtree("runs", ignore_errors=True)


FOREST = (
    (["--n-estimators", "5"], ["--n-estimators 4, not 5"]),
    (
        ["--n-estimators", "5", "--max-depth", "none", "--seed", "9"],
        ["--n-estimators 4, not 5; --max-depth 3, not none; --seed 3, not 9"],
    ),
    (["--predict", "--max-features", "1"], ["--max-features sqrt, not 1"]),
    (["--no-bootstrap"], ["--bootstrap true, not false"]),
    (["--holdout", "0.1"], ["--holdout 0.0, not 0.1"]),
    (["--describe", "--seed", "0"], ["--seed 3, not 0"]),
)
NETWORK = (
    (["--epochs", "5"], ["--epochs 1, not 5"]),
    (["--channels", "red,green"], ["--channels red,green,blue,", "altitude, not red,green"]),
    (
        ["--predict", "--learning-rate", "0.1", "--seed", "0"],
        ["--learning-rate 0.01, not 0.1", "--seed 3, not 0"],
    ),
    (["--milestones", "1"], ["--milestones none, not 1"]),
    (["--dropout-rate", "0.1"], ["--dropout-rate 0.5, not 0.1"]),
    (["--land-cover", "unstacked"], ["--land-cover codes, not unstacked"]),
    (["--weights", "mine.pt"], ["--weights none, not mine.pt"]),
    (["--renew", "fc"], ["--renew none, not fc"]),
    (["--describe", "--epochs", "5"], ["--epochs 1, not 5"]),
    (["--dropout", "--initial", "he"], ["--initial torchvision, not he"]),
)


@pytest.mark.parametrize(
    ("name", "flags", "words"), [("rf", *each) for each in FOREST] + [("cnn", *each) for each in NETWORK]
)
def test_flags_of_another_training_are_refused(name: str, flags: list[str], words: list[str]) -> None:
    refused = glckit("baseline", name, *flags)
    assert refused.exit_code == 2
    assert f"models/{name} was trained with other options: " in refused.stderr
    assert all(word in refused.stderr for word in [*words, "--train", "--model"]), refused.stderr
    assert not refused.stdout
    assert not Path("runs").exists()


def test_options_from_a_file_are_flags_too(tmp_path: Path) -> None:
    (tmp_path / "forest.toml").write_text("max_depth = 3\nmin_samples_leaf = 7\n")
    refused = glckit("baseline", "rf", "--options", tmp_path / "forest.toml")
    assert refused.exit_code == 2
    assert "other options: --min-samples-leaf 1, not 7." in refused.stderr


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("rf", ["--n-estimators", "4", "--seed", "3", "--jobs", "1", "--max-rows", "5"]),
        ("rf", ["--predict", "--max-depth", "3", "--max-features", "sqrt", "--holdout", "0"]),
        ("cnn", ["--epochs", "1", "--seed", "3", "--shares", "0.4,0.3,0.3", "--batch-size", "5"]),
        ("cnn", ["--dropout", "--seed", "9"]),
    ],
)
def test_flags_that_agree_and_those_of_a_prediction_are_fine(name: str, flags: list[str]) -> None:
    done = glckit("baseline", name, *flags)
    assert done.exit_code == 0, done.stderr


def test_the_model_that_is_used_is_told() -> None:
    forest = glckit("baseline", "rf")
    assert "Using models/rf: 4 trees of depth 3, seed 3.\n" in forest.stderr
    network = glckit("baseline", "cnn", "--json")
    assert "Using models/cnn: Inception V3, 6 channels, 1 epoch, seed 3.\n" in network.stderr
    json.loads(network.stdout)


def test_restart_without_a_training_is_refused() -> None:
    refused = glckit("baseline", "cnn", "--restart")
    assert refused.exit_code == 2
    assert "models/cnn is a model" in refused.stderr


def test_the_parts_of_a_fusion_are_held_to_the_same() -> None:
    refused = glckit("baseline", "fusion", "--seed", 9)
    assert refused.exit_code == 2
    assert "models/rf was trained with other options: --seed 3, not 9." in refused.stderr
    assert glckit("baseline", "fusion", "--describe", "--seed", 9).exit_code == 2
    assert not Path("runs").exists()
    done = glckit("baseline", "fusion", "--seed", 3, "--weights", "1,2")
    assert done.exit_code == 0, done.stderr
    assert "Using models/rf: " in done.stderr
    assert "Using models/cnn: " in done.stderr


def test_one_part_of_a_fusion_is_not_trained_where_the_other_is_refused(world: Path, tmp_path: Path) -> None:
    shutil.copytree(world / "models" / "cnn", tmp_path / "cnn")
    refused = glckit("baseline", "fusion", "--seed", 9, "--model", tmp_path)
    assert refused.exit_code == 2
    assert "--seed 3, not 9" in refused.stderr
    assert not (tmp_path / "rf").exists()


def test_changed_training_files_are_a_warning(world: Path) -> None:
    table = world / "occurrences_us_train.csv"
    whole = table.read_text()
    expected = {name: _run(name) for name in ("rf", "cnn")}
    table.write_text("".join(whole.splitlines(keepends=True)[:-3]))
    for name in ("rf", "cnn"):
        changed = glckit("baseline", name)
        assert changed.exit_code == 0
        message = f"Warning: models/{name} was trained on other training files than these;"
        assert changed.stderr.count(message) == 1, changed.stderr
        assert Path(f"runs/{name}.csv").read_bytes() == expected[name]
    table.unlink()
    table.write_text(whole)
    assert "Warning" not in glckit("baseline", "rf").stderr


def _run(name: str) -> bytes:
    assert "Warning" not in glckit("baseline", name).stderr
    return Path(f"runs/{name}.csv").read_bytes()


def test_metadata_tell_the_model_from_the_prediction() -> None:
    forest = _metadata("rf", "--predict", "--max-rows", 7)
    model = read_forest("models/rf")
    assert forest["seed"] == forest["model"]["seed"] == 3
    assert forest["model"]["digest"] == forest["model_digest"] == model.digest
    assert forest["model"]["options"]["n_estimators"] == 4
    assert forest["model"]["training_files"] == model.facts.training_files is not None
    network = _metadata("cnn", "--predict")
    assert network["seed"] == network["model"]["seed"] == 3
    assert network["model"]["digest"] == network["model_digest"] == read_network("models/cnn").digest
    assert network["model"]["command"] == "glckit baseline cnn --seed 3"
    assert network["model"]["plan"]["epochs"] == 1
    assert len(network["model"]["input"]["channels"]) == 6
    dropping = _metadata("cnn", "--predict", "--dropout", "--seed", 9, run="cnn-dropout")
    assert (dropping["seed"], dropping["model"]["seed"]) == (9, 3)


def _metadata(name: str, *flags: object, run: str | None = None) -> dict[str, Any]:
    done = glckit("baseline", name, *flags)
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(Path(f"runs/{run or name}.csv.meta.json").read_text())
    return found


def test_damage_of_the_test_patches_is_met_before_a_training(world: Path, tmp_path: Path) -> None:
    test_id = (world / "occurrences_us_test.csv").read_text().splitlines()[1].split(";")[0]
    patch = next(world.rglob(f"{test_id}.npy"))
    whole = patch.read_bytes()
    patch.write_bytes(whole[:-500])
    try:
        refused = glckit("baseline", "cnn", "--model", tmp_path / "cnn", "--epochs", 1)
    finally:
        patch.write_bytes(whole)
    assert refused.exit_code == 1, refused.stderr
    assert "wrong-size 1" in refused.stderr
    assert not (tmp_path / "cnn").exists()


@pytest.mark.parametrize("name", ["rf", "cnn"])
def test_training_files_that_are_gone_are_told(name: str, world: Path) -> None:
    files = sorted(world.glob("occurrences_*_train.csv"))
    for file in files:
        file.rename(file.with_suffix(".away"))
    try:
        flags = ["--on-damaged", "ignore"] if name == "cnn" else []
        told = glckit("baseline", name, "--predict", *flags).stderr
    finally:
        for file in files:
            file.with_suffix(".away").rename(file)
    wanted = f"Warning: the training files that models/{name} was trained on are not there to be compared."
    assert told.count(wanted) == 1


def test_another_seed_of_a_fusion_names_both_models() -> None:
    refused = glckit("baseline", "fusion", "--seed", "4")
    assert refused.exit_code == 2
    for name in ("rf", "cnn"):
        assert f"models/{name} was trained with other options: --seed 3, not 4." in refused.stderr
