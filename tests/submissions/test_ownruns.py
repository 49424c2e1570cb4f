"""Runs of our own: replaced only where they are known again, whatever kills the writing."""

from __future__ import annotations

import errno
import hashlib
import json
import multiprocessing
import time
from pathlib import Path

import numpy as np
import pytest
from told import Told

from scoring.sparse import Pairs
from submissions import ownruns
from submissions.errors import UsageError
from submissions.metadata import metadata_of, metadata_path, read_metadata
from submissions.ownruns import own_digest, own_run_writer, refuse_foreign
from submissions.reading.runs import read_run


def _written(path: Path, score: float = 0.5, *, n: int = 1, force: bool = False) -> None:
    with own_run_writer(path, force=force) as run:
        for occurrence in range(n):
            pairs = Pairs(np.array([0, 1]), np.array([3]), np.array([score]))
            run.writer.add(np.array([occurrence]), pairs)
        run.metadata = {"name": "ours", "score": score}


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["run.csv", "run.csv.gz", "run.zip", "run.parquet"])
def test_our_own_run_is_replaced_and_described(name: str, tmp_path: Path) -> None:
    run = tmp_path / name
    _written(run)
    first = _sha(run)
    assert read_metadata(run) == {"name": "ours", "score": 0.5, "digest": first}
    _written(run)
    assert read_metadata(run) == {"name": "ours", "score": 0.5, "digest": first}  # the same, and no history
    _written(run, 0.25)
    assert read_metadata(run) == {"name": "ours", "score": 0.25, "digest": _sha(run), "replaces": first}


@pytest.mark.parametrize("said", [None, "{}", '{"digest": "abc"}', "no JSON", '{"digest": 1e400}'])
def test_another_file_is_replaced_by_force_alone(said: str | None, tmp_path: Path) -> None:
    run = tmp_path / "run.csv"
    run.write_text("mine")
    if said is not None:
        metadata_path(run).write_text(said)
    with pytest.raises(UsageError, match=r"run\.csv is there, and is not a run that glckit wrote.*--force"):
        _written(run)
    assert run.read_text() == "mine"
    _written(run, force=True)
    assert (read_metadata(run) or {}).keys() == {"name", "score", "digest"}
    _written(run)


def test_our_run_that_somebody_changed_is_theirs(tmp_path: Path) -> None:
    run = tmp_path / "run.csv"
    _written(run)
    run.write_text(run.read_text().replace("0.5", "0.6"))
    assert own_digest(run) is None
    with pytest.raises(UsageError, match="--force"):
        refuse_foreign(run)


def test_a_file_that_comes_in_between_is_kept(tmp_path: Path) -> None:
    run = tmp_path / "run.csv"
    with pytest.raises(UsageError, match="--force"), own_run_writer(run):
        run.write_text("mine")
    assert run.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["run.csv"]


def test_a_kill_between_metadata_and_run_leaves_a_run_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run.csv"
    _written(run, 0.5)
    first, describe = _sha(run), ownruns.write_metadata

    def killed(path: Path, metadata: dict[str, object]) -> None:
        describe(path, metadata)
        raise KeyboardInterrupt

    monkeypatch.setattr(ownruns, "write_metadata", killed)
    for score in (0.25, 0.125):  # twice, so that what is replaced is not what was described
        with pytest.raises(KeyboardInterrupt):
            _written(run, score)
        assert (_sha(run), own_digest(run)) == (first, first)
        told = Told()
        assert metadata_of(run, progress=told) is None  # they describe what never came
        assert "are of another file" in told.lines[0]
    monkeypatch.undo()
    _written(run, 0.75)
    assert read_metadata(run) == {"name": "ours", "score": 0.75, "digest": _sha(run), "replaces": first}


def test_metadata_of_another_file_are_not_shown_as_those_of_a_run(tmp_path: Path) -> None:
    run = tmp_path / "run.csv"
    _written(run)
    assert (read_run(run).metadata or {})["name"] == "ours"
    run.write_text(run.read_text().replace("0.5", "0.6"))
    assert read_run(run).metadata is None
    metadata_path(run).write_text(json.dumps({"digest": "md5 of the paper", "name": "mine"}))
    assert (read_run(run).metadata or {})["name"] == "mine"


def _write_often(path: Path, score: float, begin: float) -> None:
    time.sleep(max(0.0, begin - time.time()))
    for _ in range(15):
        _written(path, score, n=3)


def test_two_processes_leave_a_whole_run_of_one_with_its_own_metadata(tmp_path: Path) -> None:
    run, context = tmp_path / "run.csv", multiprocessing.get_context("fork")
    begin = time.time() + 0.3
    writers = [context.Process(target=_write_often, args=(run, score, begin)) for score in (0.25, 0.75)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    said = read_metadata(run) or {}
    assert said["digest"] == _sha(run)
    assert set(read_run(run).pairs.scores.tolist()) == {said["score"]}  # type: ignore[union-attr]
    assert {path.name for path in tmp_path.iterdir()} == {"run.csv", "run.csv.meta.json"}


def test_a_file_system_without_locks_is_written_to_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", without)
    _written(tmp_path / "run.csv")
    assert own_digest(tmp_path / "run.csv") is not None
