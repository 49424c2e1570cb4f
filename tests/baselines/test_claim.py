"""One training at a time on one model, seen with two processes; what it leaves, and what it does not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cnn_training import train
from commands import glckit

from baselines.claim import training_claimed
from baselines.forest.modelfile import read_model
from submissions.errors import CannotCheckError
from submissions.locks import HAS_LOCKS, holder

pytestmark = pytest.mark.skipif(not HAS_LOCKS, reason="no locks on this system")


@contextmanager
def _paused(command: list[object], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until it has claimed a folder, and hold it."""
    words = [sys.executable, "-m", "glckit", *map(str, command)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while not _is_claimed(folder) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        assert _is_claimed(folder)
        process.send_signal(signal.SIGSTOP)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.wait()


def _is_claimed(folder: Path) -> bool:
    # Only Linux tells without a try, which could be in the way.
    return folder.exists() and (sys.platform != "linux" or holder(folder) != "Another process")


def test_a_second_training_of_a_forest_says_who_is_at_work(tiny_world: Path, tmp_path: Path) -> None:
    where = ("baseline", "rf", "--train", "--data", tiny_world, "--model", tmp_path / "rf", "--holdout", 0)
    command = [*where, "--n-estimators", 40, "--max-depth", 3, "--jobs", 1]
    with _paused(command, tmp_path / "rf" / "forest-unfinished") as first:
        for depth in (3, 9):  # the same training, and another
            second = glckit(*where, "--n-estimators", 40, "--max-depth", depth)
            assert second.exit_code == 3, second.output
            assert f"Process {first.pid} (glckit baseline rf --train" in second.stderr
        assert not (tmp_path / "rf" / "forest.npz").exists()
    assert first.returncode == 0
    model = read_model(tmp_path / "rf")
    assert len(model.trees) == 40
    assert max(tree.n_leaves for tree in model.trees) <= 2**3
    assert [path.name for path in (tmp_path / "rf").iterdir()] == ["forest.npz"]


def test_a_second_training_of_a_network_says_who_is_at_work(patch_world: Path, tmp_path: Path) -> None:
    command = ["baseline", "cnn", "--train", "--data", patch_world, "--model", tmp_path / "cnn"]
    command += ["--batch-size", 8, "--epochs", 2, "--accelerator", "cpu", "--shares", "0.4,0.3,0.3"]
    with _paused(command, tmp_path / "cnn") as first:
        with pytest.raises(CannotCheckError, match=rf"Process {first.pid} \(glckit baseline cnn --train"):
            train(patch_world, tmp_path / "cnn")
        first.kill()
    with training_claimed(tmp_path / "cnn"):  # whoever is gone holds nothing
        pass


def test_models_side_by_side_are_trained_at_once(tiny_world: Path, tmp_path: Path) -> None:
    where = (
        "baseline",
        "rf",
        "--train",
        "--data",
        tiny_world,
        "--holdout",
        0,
        "--n-estimators",
        2,
        "--model",
    )
    with training_claimed(tmp_path / "a-unfinished"):
        assert glckit(*where, tmp_path / "a.npz").exit_code == 3
        assert glckit(*where, tmp_path / "b.npz").exit_code == 0


def test_a_claim_leaves_no_empty_folders(tmp_path: Path) -> None:
    with training_claimed(tmp_path / "models" / "rf" / "forest-unfinished"):
        assert (tmp_path / "models" / "rf" / "forest-unfinished").is_dir()
    assert not list(tmp_path.iterdir())
    with training_claimed(tmp_path / "models" / "rf"):
        (tmp_path / "models" / "rf" / "log").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["models", "rf", "log"]


def test_a_folder_that_is_removed_meanwhile_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, looks = tmp_path / "rf", []
    samestat = os.path.samestat

    def removed_once(first: os.stat_result, second: os.stat_result) -> bool:
        looks.append(first)
        return len(looks) > 1 and samestat(first, second)

    monkeypatch.setattr(os.path, "samestat", removed_once)
    with training_claimed(folder):
        assert folder.is_dir()
    assert len(looks) == 2
    assert not folder.exists()


def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "rf").touch()
    with (
        pytest.raises(CannotCheckError, match=r"Cannot write to .*rf"),
        training_claimed(tmp_path / "rf" / "unfinished"),
    ):
        pass
