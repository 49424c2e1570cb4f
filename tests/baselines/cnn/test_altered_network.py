"""A network on disk that was changed, or is just being replaced, is never taken for another."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cnn_training import files_of, train
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from telling import StoppedError, stopping_after

from baselines.cnn.modelfile import Model, read_model, write_model
from baselines.cnn.network import PatchInception
from baselines.cnn.options import InputPlan, Machine, PredictionOptions
from baselines.cnn.prediction import predict_cnn
from baselines.cnn.weights import start_from
from submissions.errors import CannotCheckError

OPTIONS = PredictionOptions(40, machine=Machine(accelerator="cpu"), batch_size=4)
WEIGHT = "Mixed_5b.branch1x1.conv.weight"


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def network() -> PatchInception:
    """A network of random weights for the 8 species of the world."""
    torch.manual_seed(0)
    return PatchInception(6, 8).eval()


@pytest.fixture
def folder(network: PatchInception, tmp_path: Path) -> Iterator[Path]:
    """Folder of a model, which is large."""
    write_model(tmp_path / "cnn", Model(network, np.arange(8), InputPlan(40)))
    yield tmp_path / "cnn"
    shutil.rmtree(tmp_path / "cnn")


def _altered(path: Path, *, by: float, is_noted: bool = True) -> None:
    """Add something to a weight, its file else being whole; or as earlier versions wrote it."""
    with safe_open(path, "pt") as file:
        notes = file.metadata() or {}
    tensors = load_file(path)
    name = next(name for name in tensors if name.endswith(WEIGHT))
    tensors[name][0, 0] += by
    save_file(tensors, path, notes if is_noted else None)


def _as_before_digests(folder: Path) -> dict[str, Any]:
    description: dict[str, Any] = json.loads((folder / "model.json").read_text())
    del description["seal"], description["weights"]
    (folder / "model.json").write_text(json.dumps(description))
    return description


@pytest.mark.parametrize("by", [1e-3, float("nan")])
def test_altered_weights_are_damaged(by: float, folder: Path) -> None:
    _altered(folder / "model.safetensors", by=by)
    with pytest.raises(CannotCheckError, match=r"model.safetensors is damaged: its tensors are not those"):
        read_model(folder)


def test_a_flipped_bit_is_damage(folder: Path) -> None:
    path = folder / "model.safetensors"
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 4]))
    with pytest.raises(CannotCheckError, match=r"model.safetensors is damaged"):
        read_model(folder)


def test_models_of_before_there_were_digests_are_read_if_their_weights_are_numbers(folder: Path) -> None:
    expected = read_model(folder).digest
    _altered(folder / "model.safetensors", by=0, is_noted=False)
    _as_before_digests(folder)
    assert read_model(folder).digest == expected
    _altered(folder / "model.safetensors", by=float("nan"), is_noted=False)
    with pytest.raises(CannotCheckError, match=rf"damaged: {WEIGHT} has values that are no numbers"):
        read_model(folder)


@pytest.mark.parametrize("key", ["species", "input", "dropout", "training"])
def test_an_altered_description_is_damaged(key: str, folder: Path) -> None:
    description = json.loads((folder / "model.json").read_text())
    changed = {"species": [7, *range(1, 8)], "dropout": 0.1, "training": {"plan": {"seed": 9}}}
    changed["input"] = description["input"] | {"scaling": "none"}
    (folder / "model.json").write_text(json.dumps(description | {key: changed[key]}))
    with pytest.raises(CannotCheckError, match=r"model.json is damaged: it is not as it was written"):
        read_model(folder)


@pytest.mark.parametrize("changed", [{"species": "many"}, {"dropout": None}, {"input": 3}, {"training": [1]}])
def test_a_description_that_makes_no_sense_is_damaged(changed: dict[str, Any], folder: Path) -> None:
    (folder / "model.json").write_text(json.dumps(_as_before_digests(folder) | changed))
    with pytest.raises(CannotCheckError, match=r"model.json is damaged"):
        read_model(folder)


def test_weights_of_another_training_are_not_taken(folder: Path, network: PatchInception) -> None:
    other = Model(network, np.arange(8) * 2, InputPlan(40))
    before = (folder / "model.json").read_bytes()
    torch.nn.init.constant_(network.fc.bias, 0.5)
    write_model(folder, other)
    torch.nn.init.zeros_(network.fc.bias)
    after = (folder / "model.json").read_bytes()
    (folder / "model.json").write_bytes(before)  # killed between the two
    with pytest.raises(CannotCheckError, match="are not of one training"):
        read_model(folder)

    def end_the_training() -> None:
        time.sleep(0.3)
        (folder / "model.json").write_bytes(after)

    thread = threading.Thread(target=end_the_training)
    thread.start()
    assert read_model(folder).species.tolist() == list(range(0, 16, 2))
    thread.join()


def test_an_altered_checkpoint_is_not_gone_on_with(patch_world: Path, tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        train(patch_world, tmp_path, progress=stopping_after(1))
    _altered(tmp_path / "training" / "last.safetensors", by=1)
    with pytest.raises(CannotCheckError, match=r"last.safetensors is damaged: its tensors are not those"):
        train(patch_world, tmp_path)
    shutil.rmtree(tmp_path / "training")


def test_weights_of_other_programs_may_have_notes_of_their_own(
    network: PatchInception, tmp_path: Path
) -> None:
    path = tmp_path / "weights.safetensors"
    save_file(network.state_dict(), path, {"format": "pt", "digest": "unknown"})
    fresh = PatchInception(6, 8, initial=None)
    start_from(fresh, path)
    assert torch.equal(fresh.fc.weight, network.fc.weight)
    path.unlink()


def test_a_prediction_knows_its_shards_by_the_digest(patch_world: Path, folder: Path, tmp_path: Path) -> None:
    options = replace(OPTIONS, shard_size=6)
    with pytest.raises(StoppedError):
        predict_cnn(
            files_of(patch_world, "test"), folder, tmp_path / "a.csv", options, progress=stopping_after(7)
        )
    part = next((tmp_path / "a.csv.parts").iterdir())
    with safe_open(part, "pt") as file:
        notes = file.metadata() or {}
    tensors = load_file(part)
    tensors["scores"][0, 0] = 0.75
    save_file(tensors, part, notes)
    made = predict_cnn(files_of(patch_world, "test"), folder, tmp_path / "a.csv", options)
    assert made.n_resumed == 0
