"""The commands score, validate and init as people run them: files, formats, messages, exit statuses."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pandas as pd
import pytest
from commands import glckit, glckit_json

import glckit as face
from submissions.validation import InvalidRunError

RUN = "id;species;score\n" + "".join(
    f"{i};{j};{1 / (1 + i + j)}\n" for i in (1, 2, 10_000_003) for j in range(35)
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the organizers' files with a run, as the current one."""
    (tmp_path / "occurrences_us_test.csv").write_text("id;lat;lon\n1;30.0;-90.0\n2;31.0;-90.0\n")
    (tmp_path / "occurrences_fr_test.csv").write_text("id;lat;lon\n10000003;45.0;3.0\n")
    (tmp_path / "occurrences_fr_train.csv").write_text("id;lat;lon;species_id\n10000004;45.0;3.0;7\n")
    species = "".join(f"{j};{j};Abies alba\n" for j in range(40))
    (tmp_path / "species_metadata.csv").write_text("species_id;GBIF_species_id;GBIF_species_name\n" + species)
    (tmp_path / "truth.csv").write_text("id;lat;lon;species_id\n1;30;-90;0\n2;31;-90;34\n10000003;45;3;39\n")
    (tmp_path / "run.csv").write_text(RUN)
    monkeypatch.chdir(tmp_path)
    for name in ("GLCKIT_COMPETITION", "GLCKIT_TRUTH", "GLCKIT_DATA"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_init_writes_what_is_there_and_score_finds_it(folder: Path) -> None:
    assert glckit("init", folder).exit_code == 0
    text = (folder / "competition.toml").read_text()
    assert 'test = ["occurrences_fr_test.csv", "occurrences_us_test.csv"]' in text
    assert str(folder) not in text
    status, report = glckit_json("score", "run.csv")
    assert status == 0
    assert list(report) == [
        *("run", "k", "n_occurrences", "adaptive_top_k", "top_k", "threshold", "mean_set_size"),
        *("adaptive_top_k_bounds", "top_k_bounds", "unused_budget", "n_pairs", "n_dropped"),
        *("warnings", "signature", "metadata"),
    ]
    assert report["k"] == 30
    assert report["metadata"] is None
    assert glckit("init", folder).exit_code == 2
    assert glckit("init", folder, "--force").exit_code == 0
    assert glckit("init", folder / "absent").exit_code == 3


def test_init_of_a_folder_without_known_files_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing of the organizers")
    (tmp_path / "patches_fr").write_text("a file")
    result = glckit("init", tmp_path)
    assert result.exit_code == 2
    assert "occurrences_*_test.csv" in result.stderr
    assert "nothing was written" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "patches_fr"]
    assert glckit("init", tmp_path, "--force").exit_code == 2
    (tmp_path / "patches_us_01.tar.gz").write_bytes(b"")
    assert glckit("init", tmp_path).exit_code == 0


def test_a_parent_folder_configures_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    glckit("init", folder)
    (folder / "runs").mkdir()
    monkeypatch.chdir(folder / "runs")
    assert glckit("score", "../run.csv").exit_code == 0


def test_flags_win_over_the_environment_over_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    glckit("init", folder)
    (folder / "other.csv").write_text("id;species_id\n1;1\n2;1\n10000003;1\n")
    by_file = glckit_json("score", "run.csv")[1]["signature"]
    monkeypatch.setenv("GLCKIT_TRUTH", "other.csv")
    by_environment = glckit_json("score", "run.csv")[1]["signature"]
    by_flag = glckit_json("score", "run.csv", "--truth", "truth.csv")[1]["signature"]
    assert by_file == by_flag != by_environment
    monkeypatch.setenv("GLCKIT_COMPETITION", str(folder / "absent.toml"))
    assert glckit("score", "run.csv").exit_code == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[competition]\nk = 0\n", "competition.k"),
        ("[competition]\ntests = []\n", "competition.tests"),
        ("[competitions]\n", "[competitions]"),
        ("[data]\npatch_size = 'big'\n", "data.patch_size"),
        ("not toml", "not valid TOML"),
        ("competition = 3\n", "competition"),
    ],
)
def test_a_wrong_configuration_is_named(folder: Path, text: str, message: str) -> None:
    (folder / "competition.toml").write_text(text)
    result = glckit("validate", "run.csv")
    assert result.exit_code == 2
    assert message in result.stderr


def test_without_a_truth_there_is_no_score(folder: Path) -> None:
    result = glckit("score", "run.csv")
    assert result.exit_code == 2
    assert "--truth" in result.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id;species_id\n", "nothing below"),
        ("", "empty"),
        ("id;species_id\n1;2\n1;3\n", "line 3"),
        ("id;species_id\n1;\n2;2\n", "line 2"),
        ("id;species_id\n1;x\n", "line 2"),
        ("id;species_id\n1;2.0\n", "line 2"),
        ("id;lat\n1;2\n", "no column species_id"),
        ("<html>", "HTML"),
    ],
)
def test_an_unusable_truth_is_status_3_with_lines(folder: Path, text: str, message: str) -> None:
    (folder / "truth.csv").write_text(text)
    result = glckit("score", "run.csv", "--truth", "truth.csv")
    assert result.exit_code == 3
    assert message in result.stderr
    assert result.stdout == ""


def test_a_truth_beyond_the_test_files_is_unusable(folder: Path) -> None:
    result = glckit("score", "run.csv", "--truth", "truth.csv", "--test", "occurrences_us_test.csv")
    assert result.exit_code == 3
    assert "1 of the 3 occurrences of the truth" in result.stderr


def test_a_validation_truth_in_a_competition_folder_is_its_own_test_set(folder: Path) -> None:
    glckit("init", folder)
    (folder / "held_out.csv").write_text("id;species_id\n10000004;7\n")
    (folder / "held_out_run.csv").write_text("id;species;score\n10000004;7;0.5\n")
    status, report = glckit_json("score", "held_out_run.csv", "--truth", "held_out.csv")
    assert (status, report["adaptive_top_k"], report["n_occurrences"]) == (0, 1.0, 1)


def test_an_invalid_run_is_not_scored(folder: Path) -> None:
    (folder / "run.csv").write_text(RUN + "1;0;0.5\n")
    status, report = glckit_json("score", "run.csv", "--truth", "truth.csv")
    assert status == 1
    assert list(report) == ["run", "valid", "n_errors", "n_warnings", "skipped", "faults"]
    assert not report["valid"]
    text = glckit("score", "run.csv", "--truth", "truth.csv")
    assert "NOT VALID" in text.stdout
    assert "line 107" in text.stdout


def test_several_runs_are_a_list_with_the_highest_status(folder: Path) -> None:
    (folder / "bad.csv").write_text(RUN + "1;0;0.5\n")
    status, report = glckit_json("score", "run.csv", "bad.csv", "--truth", "truth.csv")
    assert status == 1
    assert [entry["run"] for entry in report] == ["run.csv", "bad.csv"]
    status, report = glckit_json("validate", "bad.csv", "absent.csv", "run.csv")
    assert status == 3
    assert [entry["run"] for entry in report] == ["bad.csv", "absent.csv", "run.csv"]
    assert "No such file" in report[1]["error"]


def test_missing_occurrences(folder: Path) -> None:
    (folder / "run.csv").write_text(
        "".join(line for line in RUN.splitlines(True) if not line.startswith("2;"))
    )
    files = ["--truth", "truth.csv"]
    assert glckit("score", "run.csv", *files).exit_code == 1
    status, report = glckit_json("score", "run.csv", *files, "--allow-missing")
    assert status == 0
    assert report["n_occurrences"] == 3
    assert [fault["code"] for fault in report["warnings"]] == ["missing-occurrence", "budget-lost"]


def test_text_is_rounded_and_json_is_not(folder: Path) -> None:
    files = ["run.csv", "--truth", "truth.csv"]
    assert "adaptive top-30  0.667" in glckit("score", *files, "-w", 3).stdout
    assert glckit_json("score", *files)[1]["adaptive_top_k"] == 2 / 3
    assert glckit("score", *files, "-b", "-w", 2).stdout == "0.67\n"
    csv = glckit("score", *files, "--format", "csv").stdout.splitlines()
    assert csv[0] == "run,k,n_occurrences,adaptive_top_k,top_k,threshold,mean_set_size"
    assert "| run.csv |" in glckit("score", *files, "--format", "markdown").stdout
    assert r"\begin{tabular}" in glckit("score", *files, "--format", "latex").stdout


@pytest.mark.parametrize("name", ["hits.csv", "hits.parquet"])
def test_per_occurrence(folder: Path, name: str) -> None:
    assert glckit("score", "run.csv", "--truth", "truth.csv", "--per-occurrence", name).exit_code == 0
    frame = pd.read_csv(name) if name.endswith("csv") else pd.read_parquet(name)
    score = face.score("run.csv", "truth.csv")
    assert frame["occurrence_id"].tolist() == [1, 2, 10_000_003]
    assert frame["adaptive_hit"].mean() == score.adaptive_top_k
    assert frame["top_k_hit"].mean() == score.top_k
    assert frame["set_size"].mean() == score.mean_set_size
    assert glckit("score", "run.csv", "--truth", "truth.csv", "--per-occurrence", "hits.xls").exit_code == 2


def test_the_sidecar_is_shown(folder: Path) -> None:
    (folder / "run.csv.meta.json").write_text(json.dumps({"name": "prior", "seed": 3}))
    assert glckit_json("score", "run.csv", "--truth", "truth.csv")[1]["metadata"] == {
        "name": "prior",
        "seed": 3,
    }
    assert 'name: "prior"' in glckit("score", "run.csv", "--truth", "truth.csv").stdout
    (folder / "run.csv.meta.json").write_text("{")
    assert glckit("score", "run.csv", "--truth", "truth.csv").exit_code == 3


def test_the_python_face(folder: Path) -> None:
    run, truth = face.read_run("run.csv"), face.read_truth("truth.csv")
    assert face.score(run, truth).signature == face.score("run.csv", "truth.csv").signature
    validation = face.validate(run, test=truth.ids, species="species_metadata.csv")
    assert (validation.valid, validation.skipped) == (True, ("training-occurrence",))
    assert face.validate("run.csv").to_frame().columns.tolist()[:2] == ["code", "severity"]
    (folder / "bad.csv").write_text(RUN + "1;0;0.5\n")
    with pytest.raises(InvalidRunError, match="duplicate") as caught:
        face.score("bad.csv", "truth.csv")
    assert [fault.code for fault in caught.value.validation.errors] == ["duplicate"]


def test_unknown_training_occurrences_are_called_so(folder: Path) -> None:
    glckit("init", folder)
    (folder / "run.csv").write_text(RUN + "10000004;1;0.5\n")
    _, report = glckit_json("validate", "run.csv")
    assert "1 of them training occurrences" in report["faults"][0]["message"]


def test_wrong_usage_is_status_2(folder: Path) -> None:
    assert glckit("score").exit_code == 2
    assert glckit("score", "run.csv", "-k", "0").exit_code == 2
    assert glckit("score", "run.csv", "--format", "xml").exit_code == 2
    assert glckit("nonsense").exit_code == 2


def test_version() -> None:
    assert glckit("--version").stdout == f"glckit {face.__version__}\n"


def test_what_python_shows_is_short(folder: Path) -> None:
    run, truth = face.read_run("run.csv"), face.read_truth("truth.csv")
    assert repr(run) == "Run('run.csv', n_occurrences=3, n_pairs=105)"
    assert repr(truth) == f"Truth(n_occurrences=3, digest='{truth.digest}')"
    assert "second_look" not in str(inspect.signature(face.read_run))
    assert "Parameters" in str(face.read_run.__doc__)
    assert face.InvalidRunError is InvalidRunError
    assert issubclass(InvalidRunError, face.GlckitError)
