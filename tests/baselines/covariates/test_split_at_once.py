"""Splits into one folder: of two at once, or one that was killed, no half of another stays unnoticed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from baselines.covariates.occurrences import read_all_occurrences
from baselines.covariates.splits.files import write_block_split
from submissions.errors import CannotCheckError

_SPLIT = """
import sys
from baselines.covariates.splits.files import write_block_split
write_block_split([sys.argv[1]], sys.argv[2], holdout=0.3, seed=int(sys.argv[3]))
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    places = rng.uniform((44, 1), (48, 5), (400, 2)).round(3)
    lines = [f"{10_000_000 + i};{lat};{lon};{i % 7}" for i, (lat, lon) in enumerate(places)]
    path = tmp_path / "occurrences_fr_train.csv"
    path.write_text("\n".join(["id;lat;lon;species_id", *lines]) + "\n")
    return path


def _sides(folder: Path) -> tuple[set[int], set[int], set[int]]:
    names = ("occurrences_fr_train.csv", "occurrences_fr_test.csv", "truth.csv")
    train, test, truth = (
        {int(line.split(";")[0]) for line in (folder / name).read_text().splitlines()[1:]} for name in names
    )
    return train, test, truth


def test_two_splits_at_once_do_not_mix(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "split"
    for _ in range(3):
        commands = [[sys.executable, "-c", _SPLIT, str(table), str(out), seed] for seed in "12"]
        processes = [subprocess.Popen(command) for command in commands]
        assert [process.wait() for process in processes] == [0, 0]
        train, test, truth = _sides(out)
        assert not train & test
        assert test == truth
        assert len(train | test) == len(read_all_occurrences([table]).ids)


def test_a_split_that_cannot_be_written_changes_nothing(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "split"
    write_block_split([table], out, holdout=0.3, seed=1)
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyarrow.csv.write_csv", fail)
    with pytest.raises(CannotCheckError, match="No space left"):
        write_block_split([table], out, holdout=0.3, seed=2)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
