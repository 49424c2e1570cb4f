"""What a fault of a run of another edition says to do is right for that edition."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import glckit, glckit_json

COLUMNS = "--columns occurrence,species,rank,probability"
TRUTH = "surveyId,predictions\n1,10\n2,11\n3,12\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "truth.csv").write_text(TRUTH)
    return tmp_path


def fixes_of(folder: Path, year: int, run: str) -> dict[str, str]:
    (folder / "competition.toml").write_text(f'[competition]\nname = "x"\nedition = {year}\n')
    (folder / "run.csv").write_text(run)
    _, report = glckit_json("score", "run.csv", "--truth", "truth.csv")
    return {fault["code"]: fault["fix"] for fault in report["faults"]}


@pytest.mark.parametrize(
    ("year", "run", "code", "advice"),
    [
        (2018, "1 10 0.5 1\n2 12 0.9 1\n3 5 0.1 1\n", "header", "query;class;score;rank"),
        (2018, "1;10;0.5\n2;12;0.9\n3;5;0.1\n", "header", "query;class;score;rank"),
        (2018, "1;10;1;0.5\n2;12;1;0.9\n3;5;1;0.1\n", "bad-rank", COLUMNS),
        (2018, "1;10;0.5;1\n1;10;0.5;1\n2;1;.9;1\n3;5;.1;1\n", "duplicate", "run.mended.csv --to 2018"),
        (2019, "1;10;0.5;1\n2;12;0.9;1\n3;5;0.1;1\n", "bad-rank", COLUMNS),
        (2019, "glc19TestOccId,glc19SpId,Rank\n1,1,1\n", "header", "glc19TestOccId;glc19SpId;Rank"),
        (2022, "Id,Prediction\n1,1 2\n", "header", "Id,Predicted"),
        (2024, "surveyId,prediction\n1,10\n2,11\n3,1\n", "header", "surveyId,predictions"),
        (2024, "surveyId,speciesId\n1,10\n2,11\n3,1\n", "header", "surveyId,predictions"),
        (2024, "surveyId;predictions\n1;10,11\n2;12\n3;\n", "bad-id", "123,4 5 6"),
        (2024, "surveyId,predictions\n1,10\n1,11\n2,\n3,\n", "duplicate", "one line for each occurrence."),
        (2024, "surveyId,predictions\n1,10.0\n2,\n3,1\n", "bad-id", "run.mended.csv --to 2024"),
    ],
)
def test_what_to_do_is_told(folder: Path, year: int, run: str, code: str, advice: str) -> None:
    assert advice in fixes_of(folder, year, run)[code]


def test_what_is_told_mends_lists_and_keeps_those_that_are_empty(folder: Path) -> None:
    fix = fixes_of(folder, 2024, "surveyId,predictions\n1,10.0 7\n2,\n3,1\n")["bad-id"]
    assert glckit(*fix.partition("glckit ")[2].split()).exit_code == 0
    assert (folder / "run.mended.csv").read_text() == "surveyId,predictions\n1,10 7\n2,\n3,1\n"
    assert glckit("score", "run.mended.csv", "--truth", "truth.csv").exit_code == 0


def test_ours_is_advised_as_ever(folder: Path) -> None:
    fixes = fixes_of(folder, 2020, "1;10;0.5;1\n1;11;0.5;x\n")
    assert fixes["bad-rank"] == "Write ranks as plain integers, or leave the rank column out."
