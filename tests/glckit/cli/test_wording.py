"""Messages say what is wrong with what was typed, in words of ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import glckit
from patches_on_disk import PATCH_SIZE, make_ids, write_archives, write_tree

from baselines.cnn.options import InputPlan
from submissions.errors import UsageError

RUN = "occurrence_id;species_id;probability\n7;1;0.5\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["baseline", "cnn", "--epochs", "x"], "must be a whole number, not 'x'"),
        (["baseline", "fusion", "--seed", "-1"], "must be"),
        (["verify-patches", "--max-duration", "soon"], "must be a number, not 'soon'"),
        (["verify-patches", "--level", "x"], "quick"),
        (["score", "run.csv", "-w", "99"], "17"),
    ],
)
def test_bad_values_of_options(words: list[str], said: str) -> None:
    result = glckit(*words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Input should" not in result.stderr


def test_only_what_is_no_channel_is_blamed() -> None:
    with pytest.raises(UsageError, match=r"a patch has no channel purple\. Choose from red,green"):
        InputPlan(64, channels=("red", "purple"))
    with pytest.raises(UsageError, match="red is named twice"):
        InputPlan(64, channels=("red", "red"))
    with pytest.raises(UsageError, match="no channel is named"):
        InputPlan(64, channels=())


def test_a_small_world_is_told_to_hold_out_none(tiny_world: Path, tmp_path: Path) -> None:
    words = ("baseline", "rf", "--data", tiny_world, "--model", tmp_path / "rf", "--train")
    result = glckit(*words, "--n-estimators", 1, "--holdout", "0.0001")
    assert result.exit_code == 2
    assert "--holdout 0 keeps none aside." in result.stderr


def test_the_current_folder_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = glckit("verify-patches", ".")
    assert result.exit_code == 3
    assert f"There are no patches in {tmp_path.name}." in result.stderr.replace(f"{tmp_path.parent}/", "")


def test_checksums_of_archives_are_no_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    ids = make_ids(3, 3)
    data = write_tree(tmp_path / "data", ids)
    archives = write_archives(tmp_path / "archives", ids)
    (data / "competition.toml").write_text(f"[data]\npatch_size = {PATCH_SIZE}\n")
    text = glckit("verify-patches", data, "--archives", archives).stdout
    assert "defects that the patches had when they were packed" in text
    assert "when the manifest was made" not in text
    manifest = tmp_path / "manifest"
    glckit("verify-patches", data, "--make-manifest", manifest)
    text = glckit("verify-patches", data, "--manifest", manifest).stdout
    assert "defects that the patches had when the manifest was made" in text


def test_metadata_of_a_fusion_have_no_absolute_paths(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(RUN)
    output = tmp_path / "out" / "fusion.csv"
    result = glckit("fuse", tmp_path / "a.csv", tmp_path / "b.csv", "-o", output)
    assert result.exit_code == 0, result.stderr
    parts = json.loads(Path(f"{output}.meta.json").read_text())["parts"]
    assert [part["run"] for part in parts] == ["../a.csv", "../b.csv"]
