"""Ids from before the correction of 2020-04-28, in runs and in tables."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from commands import glckit, glckit_json

from submissions.staleness import agrees_by_chance
from submissions.tables import read_occurrences

# As the corrected ids lie: scattered over the span, here every 40th of it.
TEST = range(10_000_000, 10_823_484, 40)
# As the old ones lie: counted on, with a gap for each test occurrence.
OLD = [i for i in range(10_000_000, 10_001_000) if i % 37]


def table(path: Path, ids: Iterable[int], *, shift: float = 0, places: bool = True) -> Path:
    rows = (f"{i};{45 + i % 7 / 10 + shift};3.5;7\n" if places else f"{i};7\n" for i in ids)
    path.write_text(("id;lat;lon;species_id\n" if places else "id;species_id\n") + "".join(rows))
    return path


def run(path: Path, ids: Iterable[int]) -> Path:
    path.write_text("id;species;score\n" + "".join(f"{i};7;0.{i % 89 + 10}\n" for i in ids))
    return path


def message_of(code: str, *arguments: object) -> str:
    _, report = glckit_json(*arguments)
    return next(fault["message"] for fault in report["faults"] if fault["code"] == code)


def test_a_run_with_old_ids_is_named(tmp_path: Path) -> None:
    test, old = table(tmp_path / "test.csv", TEST), run(tmp_path / "old.csv", OLD)
    assert "2020-04-28" in message_of("unknown-occurrence", "validate", old, "--test", test)


def test_a_test_file_and_a_truth_with_old_ids_are_named(tmp_path: Path) -> None:
    current = run(tmp_path / "run.csv", TEST)
    old = table(tmp_path / "old.csv", OLD, places=False)
    assert "2020-04-28" in message_of("unknown-occurrence", "validate", current, "--test", old)
    assert "2020-04-28" in message_of("unknown-occurrence", "score", current, "--truth", old)
    test = table(tmp_path / "test.csv", TEST)
    result = glckit("score", current, "--truth", old, "--test", test)
    assert (result.exit_code, "2020-04-28" in result.stderr) == (3, True)


@pytest.mark.parametrize("command", ["validate --test test.csv --train old.csv", "score --truth old.csv"])
def test_places_tell_which_tables_disagree(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    table(Path("test.csv"), TEST)
    table(Path("old.csv"), OLD, shift=1)
    Path("competition.toml").write_text('[competition]\ntest = "test.csv"\n')
    run(Path("run.csv"), TEST)
    name, *options = command.split()
    result = glckit(name, "run.csv", *options)
    assert result.exit_code == 3
    assert "old.csv" in result.stderr
    assert "of the same ids different places, such as 10000000: one is stale" in result.stderr
    assert "2020-04-28" in result.stderr


@pytest.mark.parametrize(
    "ids", [TEST, [i + 1 for i in TEST], list(TEST)[:30], OLD[:50]], ids=["same", "none", "few", "too few"]
)
def test_other_ids_are_not_called_old(ids: list[int], tmp_path: Path) -> None:
    test, path = table(tmp_path / "test.csv", TEST), run(tmp_path / "run.csv", ids)
    _, report = glckit_json("validate", path, "--test", test)
    assert all("2020-04-28" not in fault["message"] for fault in report["faults"])


def test_a_part_of_the_training_set_is_no_stale_truth(tmp_path: Path) -> None:
    train, test = table(tmp_path / "train.csv", OLD), table(tmp_path / "test.csv", [10_900_000])
    held_out, path = table(tmp_path / "held_out.csv", OLD[:40]), run(tmp_path / "run.csv", OLD[:40])
    (tmp_path / "competition.toml").write_text('[competition]\ntest = "test.csv"\n')
    result = glckit("score", path, "--truth", held_out, "--test", held_out, "--train", train)
    assert (result.exit_code, test.name) == (0, "test.csv")


def test_real_ids(realdata: Path) -> None:
    folder = realdata / "occurrences"
    test = read_occurrences([folder / f"occurrences_{region}_test.csv" for region in ("fr", "us")]).ids
    stale = read_occurrences(folder / "example_occurrences_STALE_IDS.csv").ids
    train = read_occurrences(folder / "glc22_observations_fr_train.csv").ids
    assert agrees_by_chance(stale, test)
    assert agrees_by_chance(test, stale)
    assert not agrees_by_chance(train, test)
    halves = test[np.arange(len(test)) % 2 == 0]
    assert not any(agrees_by_chance(ids, test) for ids in (test, halves, test[:300]))
