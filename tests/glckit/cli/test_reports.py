"""What the reports of score and validate say, in every form."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import glckit, glckit_json


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with truths and runs, as the current one."""
    for name in ("GLCKIT_COMPETITION", "GLCKIT_TRUTH", "GLCKIT_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    Path("truth.csv").write_text("id;species_id\n" + "".join(f"{i};3\n" for i in range(1, 9)))
    Path("tied.csv").write_text(run(range(1, 9), "1"))
    Path("lacking.csv").write_text(run(range(3, 9), "1"))
    return tmp_path


def run(ids: range, score: str) -> str:
    rows = (
        f"{i};{species};{score if species % 2 else 1 / (9 + i + species)}\n"
        for i in ids
        for species in range(9)
    )
    return "id;species;score\n" + "".join(rows)


@pytest.mark.parametrize("form", ["csv", "markdown", "latex"])
def test_a_table_of_scores_does_not_hide_warnings(form: str, folder: Path) -> None:
    options = ["--truth", "truth.csv", "-k", 2]
    table = glckit("score", "tied.csv", *options, "--format", form)
    assert (table.exit_code, "budget-lost" in table.stdout) == (0, False)
    assert "tied.csv:\n" in table.stderr
    assert "warning budget-lost (1)" in table.stderr
    assert "adaptive-2: 0.0000 (between 0.0000 and 1.0000, depending on ties)" in table.stderr
    assert glckit("score", "tied.csv", *options).stderr == ""
    assert glckit("score", "tied.csv", *options, "--json").stderr == ""


@pytest.mark.parametrize("form", ["csv", "markdown", "latex"])
def test_a_table_of_scores_does_not_hide_faults(form: str, folder: Path) -> None:
    table = glckit("score", "tied.csv", "lacking.csv", "--truth", "truth.csv", "--format", form)
    assert table.exit_code == 1
    assert "error missing-occurrence (2)" in table.stderr


def test_a_table_says_which_pairs_were_left_out(folder: Path) -> None:
    Path("test.csv").write_text("id\n" + "".join(f"{i}\n" for i in range(1, 9)))
    Path("half.csv").write_text("id;species_id\n3;3\n")
    options = ["--truth", "half.csv", "--test", "test.csv", "--format", "csv"]
    assert "63 pairs of occurrences without a truth" in glckit("score", "tied.csv", *options).stderr


def test_a_table_of_faults_says_what_was_not_checked(folder: Path) -> None:
    table = glckit("validate", "tied.csv", "--format", "csv")
    assert "not checked, for want of a file: unknown-occurrence" in table.stderr
    assert "not checked" not in table.stdout


def test_thresholds_keep_their_digits(folder: Path) -> None:
    Path("small.csv").write_text(
        "id;species;score\n"
        + "".join(f"{i};{j};{(i * 9 + j) / 5.1e5}\n" for i in range(1, 9) for j in range(9))
    )
    options = ["small.csv", "--truth", "truth.csv", "-k", 3]
    threshold = glckit_json("score", *options)[1]["threshold"]
    shown = f"{threshold:.4g}"
    assert len(shown) > len("0.0001")
    assert f"threshold        {shown}," in glckit("score", *options).stdout
    assert f"| {shown} |" in glckit("score", *options, "--format", "markdown").stdout
    assert f"& {shown} &" in glckit("score", *options, "--format", "latex").stdout


def test_all_examples_are_there_on_demand(folder: Path) -> None:
    bad = "".join(f"{i};7;high\n" for i in range(1, 8))
    Path("bad.csv").write_text(run(range(9, 18), "1") + bad)
    options = ["validate", "bad.csv", "--test", "truth.csv"]
    few, every = (
        {f["code"]: f for f in glckit_json(*options, *more)[1]["faults"]} for more in ([], ["--all"])
    )
    assert all(len(fault["examples"]) <= 5 for fault in few.values())
    for code in ("bad-score", "unknown-occurrence"):
        assert few[code]["count"] == every[code]["count"] == len(every[code]["examples"])
    assert [e["occurrence_id"] for e in every["missing-occurrence"]["examples"]] == [8]
    ids = glckit_json("validate", "lacking.csv", "--test", "truth.csv", "--all")[1]["faults"][0]["examples"]
    assert [example["occurrence_id"] for example in ids] == [1, 2]


def test_missing_ids_are_written(folder: Path) -> None:
    options = ["--test", "truth.csv", "--missing-ids", "ids.txt"]
    result = glckit("validate", "lacking.csv", *options)
    assert (result.exit_code, Path("ids.txt").read_text()) == (1, "1\n2\n")
    assert "ids.txt: 2 missing occurrences" in result.stderr
    result = glckit("validate", "tied.csv", *options)
    assert (result.exit_code, Path("ids.txt").read_text()) == (0, "")
    assert "ids.txt: 0 missing occurrences" in result.stderr


def test_missing_ids_that_nobody_knows(folder: Path) -> None:
    Path("unreadable.csv").write_text("id;species;score\n" + "1;2;high\n" * 9 + "1;2;0.5\n")
    Path("page.csv").write_text("<html>")
    for name in ("unreadable.csv", "page.csv"):
        result = glckit("validate", name, "--test", "truth.csv", "--missing-ids", "ids.txt")
        assert (result.exit_code, Path("ids.txt").exists()) == (1, False)
        assert "cannot be told" in result.stderr
    result = glckit("validate", "tied.csv", "--missing-ids", "ids.txt")
    assert (result.exit_code, "--test" in result.stderr) == (2, True)
    result = glckit("validate", "tied.csv", "lacking.csv", "--test", "truth.csv", "--missing-ids", "ids.txt")
    assert (result.exit_code, "one run" in result.stderr) == (2, True)
    result = glckit("validate", "absent.csv", "--test", "truth.csv", "--missing-ids", "ids.txt")
    assert (result.exit_code, Path("ids.txt").exists()) == (3, False)
