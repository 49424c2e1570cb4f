"""Commands that write runs: they replace their own and no others, unless by --force."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from commands import glckit, glckit_json

import glckit as public
from submissions.errors import UsageError

MINE = "occurrence_id;species_id;probability\n7;1;0.5\n"
FOREST = "--n-estimators", "2", "--max-depth", "2", "--jobs", "1"


@pytest.fixture
def world(tiny_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of a world without its patches, which the commands here do not read."""
    copy = shutil.copytree(
        tiny_world, tmp_path / "world", ignore=shutil.ignore_patterns("patches_*", "archives")
    )
    monkeypatch.chdir(copy)
    return copy


def _mine(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(MINE)
    return path


@pytest.mark.parametrize("command", [("prior",), ("rf", *FOREST)])
def test_a_baseline_replaces_its_own_run_and_no_other(command: tuple[str, ...], world: Path) -> None:
    run = _mine(world / "runs" / f"{command[0]}.csv")
    refused = glckit("baseline", *command)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert f"runs/{run.name} is there, and is not a run that glckit wrote" in refused.stderr
    assert "--force" in refused.stderr
    assert run.read_text() == MINE
    assert not (world / "models").exists()  # before any work
    assert glckit("baseline", *command, "--force").exit_code == 0
    assert run.read_text() != MINE
    assert glckit("baseline", command[0]).exit_code == 0


@pytest.mark.parametrize("name", ["rf", "cnn", "fusion"])
def test_fusion_keeps_what_stands_where_its_runs_and_parts_belong(name: str, world: Path) -> None:
    run = _mine(world / "runs" / f"{name}.csv")
    refused = glckit("baseline", "fusion")
    assert refused.exit_code == 2
    assert f"runs/{name}.csv is there, and is not a run that glckit wrote" in refused.stderr
    assert run.read_text() == MINE
    assert not (world / "models").exists()
    forced = glckit("baseline", "fusion", "--force")
    assert "is not a run that glckit wrote" not in forced.stderr  # but 16 pixels are too few for the network


def test_fuse_replaces_its_own_run_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runs = [_mine(Path("a.csv")), _mine(Path("b.csv"))]
    out = _mine(Path("o.csv"))
    assert glckit("fuse", *runs, "-o", out).exit_code == 2
    with pytest.raises(UsageError, match="--force"):
        public.fuse(runs, out)
    assert out.read_text() == MINE
    assert glckit("fuse", *runs, "-o", out, "--force").exit_code == 0
    assert glckit("fuse", *runs, "-o", out, "--method", "geometric").exit_code == 0
    public.fuse(runs, out)


def test_score_does_not_show_the_metadata_of_another_file(world: Path) -> None:
    assert glckit("baseline", "prior").exit_code == 0
    status, own = glckit_json("score", "runs/prior.csv")
    assert (status, own["metadata"]["name"]) == (0, "prior")
    run = world / "runs" / "prior.csv"
    run.write_text("\n".join(run.read_text().split("\n")[:-1]))  # without the last line feed
    done = glckit("score", "runs/prior.csv", "--json")
    assert json.loads(done.stdout) == own | {"metadata": None}
    digest = own["metadata"]["digest"][:12]
    assert f"the metadata beside runs/prior.csv are of another file (SHA-256 {digest}...)" in done.stderr


def test_numbers_beyond_all_floats_in_metadata_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runs = [_mine(Path("a.csv")), _mine(Path("b.csv"))]
    Path("a.csv.meta.json").write_text('{"seed": 1e400}')
    Path("truth.csv").write_text("id;species_id\n7;1\n")
    for command in (("fuse", *runs, "-o", "o.csv"), ("score", "a.csv", "--truth", "truth.csv", "--json")):
        done = glckit(*command)
        assert done.exit_code == 3
        assert "Cannot read a.csv.meta.json: 1e400 is beyond all numbers" in done.stderr
