"""What is concluded from all rows of a run together, and when it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest
from commands import glckit, glckit_json
from run_files import dense

from submissions.faults import DERIVED_CODES
from submissions.reading.runs import read_run

IDS = range(10_782_781, 10_782_841)


@pytest.fixture
def test_table(tmp_path: Path) -> Path:
    path = tmp_path / "test.csv"
    path.write_text("id;lat;lon\n" + "".join(f"{i};45;3\n" for i in IDS))
    return path


def written(folder: Path, rows: list[str]) -> Path:
    path = folder / "run.csv"
    path.write_text("id;species;score\n" + "\n".join(rows) + "\n")
    return path


def codes(report: dict[str, Any]) -> list[str]:
    return [fault["code"] for fault in report["faults"]]


def comma(value: float) -> str:
    return str(value).replace(".", ",")


def test_nothing_is_concluded_where_most_rows_are_unreadable(tmp_path: Path, test_table: Path) -> None:
    # As spreadsheets write it: only scores without decimals can be read.
    rows = [f"{i};{j};{comma(1 / j)}" for i in IDS for j in range(1, 40)]
    rows = [row.replace(";1,0", ";1") for row in rows]
    path = written(tmp_path, rows)
    status, report = glckit_json("validate", path, "--test", test_table)
    assert (status, codes(report)) == (1, ["bad-score"])
    assert set(DERIVED_CODES) <= set(report["skipped"])
    assert report["why_skipped"]["constant-scores"] == "2,280 of 2,340 rows could not be read"
    text = glckit("validate", path, "--test", test_table).stdout
    assert "not checked, because 2,280 of 2,340 rows could not be read: missing-occurrence, " in text
    assert "not checked, for want of a file: training-occurrence, unknown-species\n" in text


def test_a_few_unreadable_rows_change_little(tmp_path: Path, test_table: Path) -> None:
    rows = [f"{i};{j};0.5" for i in IDS for j in range(1, 9)]
    status, report = glckit_json("validate", written(tmp_path, [*rows, "1;2;high"]), "--test", test_table)
    assert (status, codes(report)) == (1, ["bad-score", "short-lists", "budget-lost"])
    assert report["why_skipped"] == {"constant-scores": "1 of 481 rows could not be read"}


@pytest.mark.parametrize(
    "form",
    ["{}.0", " {}", '"{}"', '"{}', "'{}", "{},0", "={}", "{}.00", "\u00a0{}", "{}e0", "{}\t7\t0.5"],
)
def test_occurrences_that_malformed_ids_name_are_not_missing(
    form: str, tmp_path: Path, test_table: Path
) -> None:
    rows = [f"{i};{j};{1 / (i % 9 + j)}" for i in IDS[1:] for j in range(1, 40)]
    path = written(tmp_path, [*rows, f"{form.format(IDS[0])};7;0.5"])
    assert "missing-occurrence" not in codes(glckit_json("validate", path, "--test", test_table)[1])


def test_an_id_that_names_nothing_leaves_its_occurrence_missing(tmp_path: Path, test_table: Path) -> None:
    rows = [f"{i};7;0.{i % 89 + 10}" for i in IDS[1:]]
    path = written(tmp_path, [*rows, f"{IDS[0]}.5;7;0.5", "x;7;0.5"])
    _, report = glckit_json("validate", path, "--test", test_table)
    missing = next(fault for fault in report["faults"] if fault["code"] == "missing-occurrence")
    assert (missing["count"], missing["examples"][0]["occurrence_id"]) == (1, IDS[0])


def test_parquet_with_float_ids_lacks_nothing(tmp_path: Path, test_table: Path) -> None:
    ids = pa.array([float(i) for i in IDS])
    columns = {"id": ids, "species": pa.array([7] * len(IDS)), "score": pa.array([0.5] * len(IDS))}
    pa_parquet.write_table(pa.table(columns), tmp_path / "run.parquet")
    _, report = glckit_json("validate", tmp_path / "run.parquet", "--test", test_table)
    assert codes(report) == ["bad-id"]
    assert "60 of 60 rows" in report["why_skipped"]["missing-occurrence"]


def test_nothing_is_concluded_from_the_beginning_of_a_file(tmp_path: Path, test_table: Path) -> None:
    path = written(tmp_path, [f"{i};{j};0.5" for i in IDS for j in range(1, 9)])
    _, report = glckit_json("validate", path, "--test", test_table, "--max-bytes", 2000)
    assert codes(report) == ["too-large"]
    assert not set(DERIVED_CODES) & set(codes(report))
    assert report["why_skipped"]["budget-lost"] == "only the beginning of the file could be read"


GAP = "7;1;0.5;1\n7;2;{};2\n7;3;0.3;3\n"


def ranked(folder: Path, text: str) -> dict[str, Any]:
    (folder / "run.csv").write_text("id;species;score;rank\n" + text)
    return glckit_json("validate", folder / "run.csv", "-k", 1)[1]


def test_a_row_that_cannot_be_read_leaves_no_gap_in_the_ranks(tmp_path: Path) -> None:
    assert codes(ranked(tmp_path, GAP.format("high"))) == ["bad-score"]
    assert codes(ranked(tmp_path, GAP.format("0.4").replace("2\n", "2;;5\n", 1))) == ["ragged"]
    report = ranked(tmp_path, GAP.format("high") + "8;1;0.5;1\n8;2;0.4;4\n")
    assert codes(report) == ["bad-score", "rank-order"]
    assert [example["occurrence_id"] for example in report["faults"][1]["examples"]] == [8]


def test_ranks_are_not_judged_where_nobody_knows_whose_row_is_bad(tmp_path: Path) -> None:
    report = ranked(tmp_path, GAP.format("0.4").replace("7;2", "x;2"))
    assert codes(report) == ["bad-id"]
    assert report["why_skipped"]["rank-order"] == "1 of 3 rows could not be read"


def test_blank_lines_hide_no_row(tmp_path: Path) -> None:
    assert codes(ranked(tmp_path, "7;1;0.5;1\n\n7;3;0.5;3\n")) == [
        "ragged",
        "rank-order",
        "budget-lost",
        "constant-scores",
    ]


def test_scores_are_not_constant_where_one_cannot_be_read(tmp_path: Path) -> None:
    columns = {"id": [7, 7, 7], "species": [1, 2, 3], "score": [0.5, 0.5, None], "rank": [1, 3, 2]}
    pa_parquet.write_table(pa.table(columns), tmp_path / "run")
    report = glckit_json("validate", tmp_path / "run", "-k", 1)[1]
    assert codes(report) == ["bad-score", "budget-lost"]


def test_a_full_matrix_has_no_rows_too_many(tmp_path: Path) -> None:
    path = dense(tmp_path, np.random.default_rng(0).random((5, 300)))
    assert repr(read_run(path)) == f"DenseRun({str(path)!r}, n_occurrences=5, n_species=300)"
    status, report = glckit_json("validate", path, "--max-rows", 150)
    assert (status, codes(report)) == (0, [])
