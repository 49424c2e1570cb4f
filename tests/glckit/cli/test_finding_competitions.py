"""Where score and validate take the settings of a competition from."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import glckit, glckit_json

RUN = "id;species;score\n1;7;0.5\n1;8;0.4\n"


@pytest.fixture
def competition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A competition with a run in runs/, far from the current folder."""
    for name in ("GLCKIT_COMPETITION", "GLCKIT_TRUTH", "GLCKIT_DATA"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return made(tmp_path / "w", k=1)


def made(folder: Path, *, k: int) -> Path:
    (folder / "runs").mkdir(parents=True)
    (folder / "competition.toml").write_text(f'[competition]\nk = {k}\ntruth = "truth.csv"\n')
    (folder / "truth.csv").write_text("id;species_id\n1;7\n")
    (folder / "runs" / "rf.csv").write_text(RUN)
    return folder


def test_the_competition_above_a_run_is_found_from_anywhere(competition: Path) -> None:
    status, report = glckit_json("score", competition / "runs" / "rf.csv")
    assert (status, report["adaptive_top_k"], report["k"]) == (0, 1.0, 1)
    assert glckit("validate", competition / "runs" / "rf.csv").exit_code == 0


def test_runs_of_one_competition_share_it_and_others_do_not(competition: Path, tmp_path: Path) -> None:
    (competition / "second.csv").write_text(RUN)
    assert glckit("score", competition / "second.csv", competition / "runs" / "rf.csv").exit_code == 0
    other = made(tmp_path / "other", k=2)
    result = glckit("score", competition / "runs" / "rf.csv", other / "runs" / "rf.csv")
    assert result.exit_code == 2
    assert "do not belong to one competition" in result.stderr
    assert "GLCKIT_COMPETITION" in result.stderr
    (tmp_path / "loose.csv").write_text(RUN)
    assert glckit("score", competition / "second.csv", tmp_path / "loose.csv").exit_code == 2


def test_the_current_folder_wins_over_the_run(
    competition: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made(tmp_path / "other", k=2))
    assert glckit_json("score", competition / "runs" / "rf.csv")[1]["k"] == 2


def test_the_environment_may_name_a_folder(
    competition: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loose.csv").write_text(RUN)
    monkeypatch.setenv("GLCKIT_COMPETITION", str(competition))
    assert glckit_json("score", tmp_path / "loose.csv")[1]["k"] == 1
    monkeypatch.setenv("GLCKIT_COMPETITION", str(tmp_path))
    result = glckit("score", tmp_path / "loose.csv")
    assert result.exit_code == 3
    assert "competition.toml" in result.stderr
    assert "Traceback" not in result.stderr


def test_standard_input_and_absent_runs_have_no_competition(competition: Path) -> None:
    assert glckit("score", "-", stdin=RUN.encode()).exit_code == 2
    assert glckit("validate", competition / "runs" / "absent.csv").exit_code == 3
