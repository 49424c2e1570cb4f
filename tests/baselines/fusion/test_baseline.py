"""glckit baseline fusion: forest and network behind one gate, and their fusion."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cnn_training
import numpy as np
import pytest
import torch
from commands import glckit, glckit_json

import glckit as public
from baselines.fusion.baseline import FusionRequest
from submissions.competition.files import competition_of
from submissions.metadata import metadata_path
from submissions.run import Run
from submissions.tables import read_occurrence_ids


@pytest.fixture(scope="module")
def folder(patch_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield a competition folder with a forest and a network, both hardly trained."""
    folder = tmp_path_factory.mktemp("fusion") / "world"
    shutil.copytree(patch_world, folder)
    torch.set_num_threads(1)
    plan = replace(cnn_training.PLAN, epochs=1, milestones=())
    cnn_training.train(folder, folder / "models" / "cnn", replace(cnn_training.OPTIONS, plan=plan))
    done = glckit("baseline", "rf", "--train", "--data", folder, "--n-estimators", 3, "--holdout", 0)
    assert done.exit_code == 0, done.output
    yield folder
    shutil.rmtree(folder)  # the weights are large


@pytest.fixture(autouse=True)
def _own_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def damaged(folder: Path) -> Iterator[int]:
    """Zero the patch of a test occurrence, and mend it afterwards."""
    occurrence = ids_of(folder)[0]
    patch = next(folder.rglob(f"{occurrence}.npy"))
    whole = patch.read_bytes()
    patch.write_bytes(whole[:-500])
    shutil.rmtree(folder / "runs", ignore_errors=True)
    yield occurrence
    patch.write_bytes(whole)


def ids_of(folder: Path) -> list[int]:
    ids: list[int] = read_occurrence_ids(sorted(folder.glob("occurrences_*_test.csv"))).tolist()
    return ids


def metadata_of(run: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(metadata_path(run).read_text())
    return data


def test_it_predicts_with_both_and_fuses(folder: Path) -> None:
    status, report = glckit_json("baseline", "fusion", "--data", folder, "--weights", "1,2")
    assert status == 0
    assert report["rf"]["training"] is None
    assert report["cnn"]["training"] is None
    assert [part["weight"] for part in report["fusion"]["parts"]] == [1.0, 2.0]
    runs = [folder / "runs" / name for name in ("rf.csv", "cnn.csv", "fusion.csv")]
    fused, expected = public.read_run(runs[2]), public.fuse(runs[:2], weights=[1, 2])
    assert isinstance(fused, Run)
    assert sorted(fused.occurrence_ids.tolist()) == ids_of(folder)
    assert np.array_equal(fused.pairs.species, expected.pairs.species)
    assert np.array_equal(fused.pairs.scores, expected.pairs.scores)
    metadata = metadata_of(runs[2])
    assert [part["metadata"]["name"] for part in metadata["parts"]] == ["rf", "cnn"]
    assert metadata["verification"]["share_damaged"] == 0
    assert metadata["verification"]["on_damaged"] == "refuse"


def test_damage_is_refused_before_any_work(folder: Path, damaged: int) -> None:
    refused = glckit("baseline", "fusion", "--data", folder)
    assert refused.exit_code == 1
    assert "1 of" in refused.stderr
    assert "wrong-size 1" in refused.stderr
    lacking = glckit("baseline", "fusion", "--data", folder, "--on-damaged", "drop")
    assert lacking.exit_code == 1
    assert "leave out test occurrences that the forest predicts: 1 for damaged patches" in lacking.stderr
    assert not (folder / "runs").exists()


def test_damage_that_is_left_out_is_counted(folder: Path, damaged: int) -> None:
    flags = ("--on-damaged", "drop", "--missing", "renormalise")
    status, report = glckit_json("baseline", "fusion", "--data", folder, *flags)
    assert status == 0
    assert report["fusion"]["n_averaged_over_fewer"] == 1
    assert [part["n_missing"] for part in report["fusion"]["parts"]] == [0, 1]
    metadata = metadata_of(folder / "runs" / "fusion.csv")
    assert metadata["verification"]["on_damaged"] == "drop"
    assert metadata["verification"]["share_damaged"] == pytest.approx(1 / len(ids_of(folder)))
    assert metadata["parts"][1]["metadata"]["left_out"] == {"damaged patches": 1}


def test_excluded_occurrences_are_left_to_the_forest(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text(f"{ids_of(folder)[0]}\n")
    flags = ("--exclude", tmp_path / "ids.txt", "-o", tmp_path / "o.csv")
    assert glckit("baseline", "fusion", "--data", folder, *flags).exit_code == 1
    status, report = glckit_json("baseline", "fusion", "--data", folder, *flags, "--missing", "renormalise")
    assert (status, report["fusion"]["n_averaged_over_fewer"]) == (0, 1)


def test_models_are_described_and_missed(folder: Path, tmp_path: Path) -> None:
    status, report = glckit_json("baseline", "fusion", "--data", folder, "--describe")
    assert status == 0
    assert report["rf"]["n_trees"] == 3
    assert report["cnn"]["plan"]["patch_size"] == 40
    absent = glckit("baseline", "fusion", "--data", folder, "--predict", "--model", tmp_path)
    assert absent.exit_code == 2
    assert "glckit baseline rf --train" in absent.stderr
    assert glckit("baseline", "fusion", "--data", folder, "--describe", "--train").exit_code == 2
    assert glckit("baseline", "fusion", "--data", folder, "--weights", "1,2,3").exit_code == 2


def test_what_has_no_model_is_trained(folder: Path, tmp_path: Path) -> None:
    competition = competition_of(folder)
    request = FusionRequest(competition, folder / "models", tmp_path / "o.csv")
    assert (request.forest.trains, request.network.trains, request.predicts) == (False, False, True)
    fresh = replace(request, model=tmp_path)
    assert (fresh.forest.trains, fresh.network.trains) == (True, True)
    shutil.copytree(folder / "models" / "rf", tmp_path / "rf")
    assert (fresh.forest.trains, fresh.network.trains) == (False, True)
    training = replace(request, train=True)
    assert (training.forest.trains, training.network.trains, training.predicts) == (True, True, False)
    both = replace(training, predict=True)
    assert (both.forest.trains, both.network.predicts, both.predicts) == (True, True, True)
