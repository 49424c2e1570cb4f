"""Numbers, names and settings that nobody means, given to score and validate: never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import glckit

HUGE = "9" * 26


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GLCKIT_COMPETITION", "GLCKIT_TRUTH", "GLCKIT_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    Path("run.csv").write_text("id;species;score\n1;7;0.5\n1;8;0.4\n")
    Path("truth.csv").write_text("id;species_id\n1;7\n")


@pytest.mark.parametrize(
    "text", ['{"a": 1e400}', '{"a": [-1e999]}', '{"a": ' + "9" * 6000 + "}", "[1]", "\0"]
)
def test_metadata_that_no_json_can_say(text: str) -> None:
    Path("run.csv.meta.json").write_text(text)
    for form in ([], ["--json"]):
        result = glckit("score", "run.csv", "--truth", "truth.csv", *form)
        assert (result.exit_code, "run.csv.meta.json" in result.stderr) == (3, True)


@pytest.mark.parametrize("option", ["-k", "--max-rows", "--max-bytes"])
def test_huge_limits(option: str) -> None:
    for form in ([], ["--json"], ["--format", "markdown"]):
        assert glckit("score", "run.csv", "--truth", "truth.csv", option, HUGE, *form).exit_code == 0
        assert glckit("validate", "run.csv", option, HUGE, *form).exit_code == 0


@pytest.mark.parametrize("option", ["--truth", "--test", "--train", "--species"])
def test_nul_in_a_path(option: str) -> None:
    assert glckit("score", "run.csv", "--truth", "truth.csv", option, "a\0b").exit_code == 2


@pytest.mark.parametrize("key", ["truth", "test", "train", "species"])
def test_nul_in_a_setting(key: str) -> None:
    Path("competition.toml").write_text(f'[competition]\n{key} = "a\\u0000b"\n')
    result = glckit("score", "run.csv", "--truth", "truth.csv")
    assert (result.exit_code, f"competition.{key}" in result.stderr) == (2, True)


def test_negative_ids_in_tables() -> None:
    Path("negative.csv").write_text("id;species_id\n-5;-7\n1;7\n")
    for option in ("--test", "--train", "--species"):
        assert glckit("validate", "run.csv", option, "negative.csv").exit_code in (0, 1)
    assert glckit("score", "run.csv", "--truth", "negative.csv").exit_code == 1


@pytest.mark.parametrize("command", ["score", "validate"])
def test_a_name_forges_no_line(command: str) -> None:
    forged = "x\nglckit: all is well\x1b[2J"
    truth = ["--truth", "truth.csv"] if command == "score" else []
    absent = glckit(command, forged, *truth)
    Path(forged).write_text("id;species;score\n1;7;high\n")
    Path(f"{forged}.meta.json").write_text("{}")
    bad = glckit(command, forged, *truth)
    assert (absent.exit_code, bad.exit_code) == (3, 1)
    for line in (absent.output + bad.output).splitlines():
        assert not line.startswith("glckit: all is well")
        assert "\x1b" not in line
    assert "\\nglckit: all is well" in bad.stderr


def test_settings_forge_no_line() -> None:
    Path("competition.toml").write_text('[competition]\n"x\\nglckit: all is well" = 1\n')
    result = glckit("validate", "run.csv")
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
