"""The metrics of all editions through the commands: flags, settings, reports, and an oracle on files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import glckit, glckit_json
from run_files import dense

import glckit as face
from scoring.metrics.table import METRICS

RUN = "occurrence_id;species_id;probability;rank\n1;5;0.5;1\n1;6;0.4;2\n2;7;0.9;1\n2;6;0.9;2\n2;5;0.0;3\n"
SINGLE = "id;species_id\n1;5\n2;6\n3;7\n"
SETS = "surveyId,predictions\n1,5 8\n2,7 6 7\n3,7\n"
# What the version before the metrics printed for -k 1.
TEXT = f"""\
run.csv: 3 occurrences, 5 pairs
  adaptive top-1   0.6667
  top-1            0.3333 (between 0.3333 and 0.6667, depending on ties)
  threshold        0.4, above it 1.00 species per occurrence
  signature        metric:adaptive-top-k+top-k|k:1|n:3|ties:score,rank,order|compare:strict|\
missing:wrong|dropped:0|truth:eb3af0bdbbf5|version:{face.__version__}
  warning missing-occurrence (1): test occurrences without a row, of 3
      occurrence 3
      -> Predict a species for every test occurrence.
"""
OF_ADAPTIVE = {"adaptive_top_k", "adaptive_top_k_bounds", "threshold", "mean_set_size", "unused_budget"}
FILES = ("run.csv", "--truth", "single.csv", "--allow-missing")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run, a truth of one species each, and one of sets, in the current folder."""
    (tmp_path / "run.csv").write_text(RUN)
    (tmp_path / "single.csv").write_text(SINGLE)
    (tmp_path / "sets.csv").write_text(SETS)
    monkeypatch.chdir(tmp_path)
    for name in ("GLCKIT_COMPETITION", "GLCKIT_TRUTH", "GLCKIT_DATA"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def settings(text: str) -> None:
    Path("competition.toml").write_text(f"[competition]\n{text}\n")


def by_metric(*arguments: object) -> list[object]:
    return [*FILES, *(word for name in arguments for word in ("--metric", name))]


def test_without_metrics_everything_is_as_it_was() -> None:
    report = json.loads(glckit("score", *FILES, "--json").stdout)
    assert [key for key in report if key not in ("warnings", "signature")] == [
        *("run", "k", "n_occurrences", "adaptive_top_k", "top_k", "threshold", "mean_set_size"),
        *("adaptive_top_k_bounds", "top_k_bounds", "unused_budget", "n_pairs", "n_dropped", "metadata"),
    ]
    assert report["signature"].startswith(
        "metric:adaptive-top-k+top-k|k:30|n:3|ties:score,rank,order|compare:strict|missing:wrong|dropped:0|"
    )
    assert glckit("score", *FILES, "-k", 1).stdout == TEXT
    assert glckit("score", *FILES, "--format", "csv").stdout.splitlines()[0] == (
        "run,k,n_occurrences,adaptive_top_k,top_k,threshold,mean_set_size"
    )


def test_asked_for_they_are_the_same_numbers_and_more() -> None:
    without, (status, report) = (
        glckit_json("score", *FILES)[1],
        glckit_json("score", *by_metric("adaptive-top-k", "top-k")),
    )
    assert status == 0
    added = {name: report.pop(name) for name in ("metric", "scores", "signatures")}
    assert report == without
    assert list(report) == list(without)
    assert added["metric"] == "adaptive-top-k"
    assert added["scores"] == {name: report[name.replace("-", "_")] for name in ("adaptive-top-k", "top-k")}
    assert added["signatures"]["top-k"].startswith("metric:top-k|k:30|")


def test_all_metrics_at_once() -> None:
    status, report = glckit_json("score", *by_metric("mrr", *METRICS))
    assert status == 0
    assert report["metric"] == "mrr"
    assert report["scores"] == {
        "mrr": (1 + 1 / 2 + 0) / 3,
        "adaptive-top-k": 2 / 3,
        "top-k": 2 / 3,
        "top-k-error": 1 / 3,
        "f1-samples": (2 / 3 + 2 / 4 + 0) / 3,
        "f1-micro": 2 * 2 / (3 + 5),
    }
    assert {signature.split("|")[0] for signature in report["signatures"].values()} == {
        f"metric:{name}" for name in METRICS
    }


@pytest.mark.parametrize(
    ("metric", "there", "absent"),
    [
        ("top-k", {"top_k", "top_k_bounds"}, OF_ADAPTIVE),
        ("adaptive-top-k", OF_ADAPTIVE, {"top_k", "top_k_bounds"}),
        ("mrr", {"k", "n_pairs", "n_dropped", "signature"}, {"top_k", "adaptive_top_k", "threshold", "mrr"}),
    ],
)
def test_a_metric_that_was_not_asked_for_has_no_key(metric: str, there: set[str], absent: set[str]) -> None:
    report = glckit_json("score", *by_metric(metric))[1]
    assert there <= set(report)
    assert not absent & set(report)
    assert set(report["scores"]) == set(report["signatures"]) == {report["metric"]} == {metric}


def test_the_first_metric_ranks() -> None:
    assert glckit("score", *by_metric("mrr", "top-k"), "-b", "-w", 2).stdout == "0.50\n"
    assert glckit("score", *by_metric("top-k-error", "mrr"), "-b", "-w", 2).stdout == "0.33\n"
    assert glckit("score", *FILES, "-b", "-w", 2).stdout == "0.67\n"


def test_the_text_has_a_line_for_each_metric_and_says_what_micro_is_not() -> None:
    text = glckit("score", *by_metric("f1-samples", "top-k-error", "mrr")).stdout
    assert "\n  f1-samples       0.3889\n" in text
    assert "\n  top-30 error     0.3333\n" in text
    assert "\n  mrr              0.5000 (between 0.5000 and 0.6667, depending on ties)\n" in text
    (note,) = (line for line in text.splitlines() if "scikit-learn" in line)
    assert "0.3889" in note
    assert "0.5000" in note
    assert text.count("\n  signature ") == 3
    assert "threshold" not in text.replace("the threshold", "")
    assert "micro" not in glckit("score", *by_metric("f1-micro")).stdout.replace("f1-micro", "")


def test_tables_have_columns_by_metric() -> None:
    csv = glckit("score", *by_metric("mrr", "adaptive-top-k"), "--format", "csv").stdout.splitlines()
    assert csv[0] == "run,k,n_occurrences,mrr,adaptive_top_k,threshold,mean_set_size"
    assert csv[1].startswith("run.csv,30,3,0.5,0.6666666666666666,-inf,")
    markdown = glckit("score", *by_metric("f1-samples"), "--format", "markdown").stdout.splitlines()
    assert markdown[0] == "| run | n_occurrences | f1_samples |"
    assert "f1\\_samples" in glckit("score", *by_metric("f1-samples"), "--format", "latex").stdout


def test_unknown_metrics_are_named_together() -> None:
    result = glckit("score", *by_metric("f1", "mrr", "mmr"))
    assert result.exit_code == 2
    assert "f1 (f1-micro?) or mmr (mrr?)" in result.stderr
    settings('metric = ["top-k", "f1"]')
    result = glckit("score", *FILES)
    assert result.exit_code == 2
    assert "competition.metric in" in result.stderr
    assert "f1 (f1-micro?)" in result.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("edition = 2017", "competition.edition in"),
        ("edition = '2024'", "competition.edition in"),
        ("metric = 3", "a list of metrics"),
        ("metric = [3]", "a list of metrics"),
    ],
)
def test_a_setting_that_means_nothing_is_refused(text: str, message: str) -> None:
    settings(text)
    result = glckit("score", *FILES)
    assert result.exit_code == 2
    assert message in result.stderr


def test_an_edition_sets_metrics_and_what_is_beside_it_wins() -> None:
    settings("edition = 2024")
    assert list(glckit_json("score", *FILES)[1]["scores"]) == ["f1-samples"]
    settings("edition = 2020")
    assert list(glckit_json("score", *FILES)[1]["scores"]) == ["adaptive-top-k", "top-k"]
    settings('edition = 2022\nmetric = "top-k"\nk = 1')
    report = glckit_json("score", *FILES)[1]
    assert (list(report["scores"]), report["k"]) == (["top-k"], 1)
    assert list(glckit_json("score", *by_metric("mrr"))[1]["scores"]) == ["mrr"]
    settings('metric = ["mrr", "top-k"]')
    assert glckit_json("score", *FILES)[1]["metric"] == "mrr"


def test_an_edition_limits_rows() -> None:
    rows = "".join(f"1;{species};{1 / (species + 1)}\n" for species in range(101))
    Path("run.csv").write_text(f"id;species;score\n{rows}2;6;1\n")
    for edition, status in ((2018, 1), (2019, 1), (2024, 0)):
        settings(f"edition = {edition}")
        assert glckit("score", *FILES).exit_code == status
        assert glckit("validate", "run.csv").exit_code == status
    settings("edition = 2018\nmax_rows = 101")
    assert glckit("score", *FILES).exit_code == 0
    settings("edition = 2018")
    assert glckit("score", *FILES, "--max-rows", 101).exit_code == 0


def test_warnings_that_mean_nothing_to_the_metrics_are_not_given() -> None:
    codes = {fault["code"] for fault in glckit_json("score", *FILES)[1]["warnings"]}
    assert codes == {"missing-occurrence", "short-lists", "budget-lost"}
    for metric in ("f1-samples", "mrr", "top-k"):
        report = glckit_json("score", *by_metric(metric))[1]
        assert {fault["code"] for fault in report["warnings"]} == {"missing-occurrence"}
    settings("edition = 2024")
    assert glckit_json("validate", "run.csv")[1]["faults"] == []


def test_sets_are_scored_and_what_is_said_twice_counts_once() -> None:
    result = glckit("score", "run.csv", "--truth", "sets.csv", "--allow-missing", "--metric", "f1-samples")
    assert result.exit_code == 0
    assert "\n  f1-samples       0.4333\n" in result.stdout  # (2/4 + 4/5 + 0) / 3
    assert "sets.csv says 1 pair of occurrence and species again; each counts once." in result.stderr
    result = glckit("score", "run.csv", "--truth", "sets.csv", "--metric", "f1-samples", "--metric", "mrr")
    assert result.exit_code == 3
    assert "--metric f1-samples or f1-micro" in result.stderr


def test_pairs_of_occurrences_without_a_truth_are_dropped() -> None:
    Path("test.csv").write_text("id\n1\n2\n3\n")
    Path("sets.csv").write_text("id;species\n1;5\n1;8\n")
    arguments = ("run.csv", "--truth", "sets.csv", "--test", "test.csv", "--allow-missing")
    report = glckit_json("score", *arguments, "--metric", "f1-samples")[1]
    assert (report["n_occurrences"], report["n_pairs"], report["n_dropped"]) == (1, 2, 3)
    assert report["scores"]["f1-samples"] == 0.5


def test_training_tables_of_sets_may_have_an_occurrence_several_times() -> None:
    Path("train.csv").write_text("surveyId,speciesId\n8,5\n8,6\n")
    Path("run.csv").write_text(RUN + "8;5;0.5;1\n")
    arguments = ("run.csv", "--truth", "sets.csv", "--train", "train.csv", "--allow-missing")
    (fault, _) = glckit_json("score", *arguments, "--metric", "f1-micro")[1]["faults"]
    assert (fault["code"], "1 of them training" in fault["message"]) == ("unknown-occurrence", True)
    assert glckit("score", *FILES, "--train", "train.csv").exit_code == 3


def frame_of(*arguments: object) -> pd.DataFrame:
    assert glckit("score", *arguments, "--allow-missing", "--per-occurrence", "rows.csv").exit_code == 0
    return pd.read_csv("rows.csv")


def test_rows_of_occurrences_have_the_terms_of_the_metrics() -> None:
    usual = frame_of(*FILES)
    with_mrr = frame_of(*by_metric("adaptive-top-k", "mrr"))
    assert with_mrr.columns.tolist() == [*usual.columns, "mrr"]
    assert with_mrr["mrr"].tolist() == [1, 0.5, 0]
    names = ("--metric", "f1-samples", "--metric", "f1-micro")
    sets = frame_of("run.csv", "--truth", "sets.csv", *names)
    assert sets.columns.tolist() == [
        *("occurrence_id", "n_true", "n_predicted", "n_hit", "f1_samples"),
        *("f1_micro_numerator", "f1_micro_denominator"),
    ]
    assert sets["n_hit"].tolist() == [1, 2, 0]
    report = glckit_json("score", "run.csv", "--truth", "sets.csv", "--allow-missing", *names)[1]
    assert sets["f1_samples"].mean() == pytest.approx(report["scores"]["f1-samples"], rel=1e-15)
    total = sets["f1_micro_numerator"].sum() / sets["f1_micro_denominator"].sum()
    assert total == report["scores"]["f1-micro"]


def ranked(*rows: str) -> None:
    Path("run.csv").write_text("".join(f"{row}\n" for row in rows))


def test_ranks_decide_in_the_form_of_2018() -> None:
    settings("edition = 2018")
    ranked("1;6;0.1;2", "1;5;0.2;3", "1;9;0.3;1", "2;6;0.9;1", "3;8;0.5;1")
    status, report = glckit_json("score", *FILES)
    assert status == 0
    assert report["scores"] == {"mrr": (1 / 3 + 1 + 0) / 3}
    # By score species 5 would be second; adaptive and top-K of other editions are unmoved.
    settings("edition = 2018\nmetric = ['top-k', 'adaptive-top-k']\nk = 2")
    assert glckit_json("score", *FILES)[1]["scores"] == {"top-k": 1 / 3, "adaptive-top-k": 2 / 3}


@pytest.mark.parametrize("ranks", [(1, 3), (0, 1), (2, 3), (1, 1)])
def test_ranks_of_2018_must_count_up_from_1(ranks: tuple[int, int]) -> None:
    settings("edition = 2018")
    ranked(f"1;5;0.9;{ranks[0]}", f"1;6;0.8;{ranks[1]}", "2;6;0.9;1", "3;7;0.5;1")
    status, report = glckit_json("score", *FILES)
    assert status == 1
    (fault,) = report["faults"]
    assert (fault["code"], fault["severity"], fault["count"]) == ("rank-order", "error", 1)
    assert report["n_errors"] == 1
    settings("edition = 2018\nmetric = 'top-k'")
    assert glckit("validate", "run.csv").exit_code == 1


def test_ranks_of_our_own_form_only_break_ties() -> None:
    settings("edition = 2018")
    Path("run.csv").write_text(RUN.replace("0.4;2", "0.4;3"))
    status, report = glckit_json("score", *FILES)
    assert status == 0
    assert [fault["code"] for fault in report["warnings"]] == ["missing-occurrence", "rank-order"]


def test_columns_name_what_a_file_without_a_header_has() -> None:
    ranked("1;5;1;0.9", "1;6;2;0.8", "2;6;1;0.9", "3;7;1;0.5")
    assert glckit("score", *FILES).exit_code == 1
    columns = ("--columns", "occurrence,species,rank,probability")
    assert glckit_json("score", *by_metric("mrr"), *columns)[1]["scores"] == {"mrr": 1.0}
    assert glckit("validate", "run.csv", *columns).exit_code == 0
    assert glckit("validate", "run.csv", "--columns", "occurrence,species").exit_code == 2


def test_an_empty_list_is_a_prediction_of_nothing() -> None:
    settings("edition = 2024")
    Path("run.csv").write_text("surveyId,predictions\n1,5\n2,\n3,7 8\n")
    status, report = glckit_json("score", "run.csv", "--truth", "sets.csv")
    assert (status, report["warnings"], report["n_pairs"]) == (0, [], 3)
    assert report["scores"] == {"f1-samples": pytest.approx((2 / 3 + 0 + 2 / 3) / 3, rel=1e-15)}


def test_a_matrix_is_a_set_of_all_that_has_a_score(folder: Path) -> None:
    scores = np.array([[0.9, -np.inf, 0.0], [0.2, 0.3, 0.1]])
    dense(folder, scores)
    Path("sets.csv").write_text("id;species\n10;100 101\n11;102 999\n12;100\n")
    names = ("--metric", "f1-samples", "--metric", "f1-micro", "--allow-missing")
    status, report = glckit_json("score", "X.npy", "--truth", "sets.csv", *names)
    assert status == 0
    assert report["scores"] == {"f1-samples": (2 / 4 + 2 / 5 + 0) / 3, "f1-micro": 4 / (5 + 5)}
    Path("single.csv").write_text("id;species\n10;102\n11;102\n12;100\n")
    matrix = glckit_json("score", "X.npy", "--truth", "single.csv", "--metric", "mrr", "--allow-missing")[1]
    assert matrix["scores"] == {"mrr": (1 / 2 + 1 / 3) / 3}


def test_python_has_the_same() -> None:
    truth = face.read_truth("sets.csv", sets=True)
    scored = face.score("run.csv", truth, metrics=["f1-samples"], allow_missing=True)
    assert (
        scored.scores == face.score("run.csv", "sets.csv", metrics=["f1-samples"], allow_missing=True).scores
    )
    assert scored.to_frame()["n_true"].tolist() == [2, 2, 1]
    both = face.score("run.csv", "single.csv", metrics=["mrr", "f1-micro"], allow_missing=True)
    assert both.scores == {"mrr": 0.5, "f1-micro": 0.5}
    single = face.read_truth("single.csv", sets=True)
    assert (
        face.score("run.csv", single, metrics=["mrr"], allow_missing=True).signatures["mrr"]
        == both.signatures["mrr"]
    )
    assert face.validate("run.csv", metrics=["mrr"]).warnings == ()
    with pytest.raises(face.GlckitError, match="several species"):
        face.score("run.csv", truth, metrics=["mrr"], allow_missing=True)
    with pytest.raises(face.GlckitError, match="mmr"):
        face.score("run.csv", truth, metrics=["mmr"])
