"""Runs that mean harm, or were made by strange tools: a clear fault each, never a traceback."""

from __future__ import annotations

import gzip
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from commands import glckit, glckit_json
from run_files import TEXT, dense, pairs_of, zipped

import glckit as face


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    (tmp_path / "truth.csv").write_text("id;species_id\n10;100\n11;101\n")
    return tmp_path / "truth.csv"


def codes(path: Path, *options: object) -> list[tuple[str, int]]:
    report = glckit_json("validate", path, *options)[1]
    return [(fault["code"], fault["count"]) for fault in report["faults"] if fault["severity"] == "error"]


def test_gzip_in_gzip(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(gzip.compress(gzip.compress(TEXT)))
    assert codes(tmp_path / "run") == []


def test_a_compressed_run_beside_a_readme_in_a_zip(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(zipped(**{"run.csv.gz": gzip.compress(TEXT), "readme.md": b"mine"}))
    assert codes(tmp_path / "run") == []


def test_a_sparse_file_costs_no_memory(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(TEXT)
    os.truncate(tmp_path / "run", 1 << 42)
    assert ("too-large", 1) in codes(tmp_path / "run", "--max-bytes", 10_000_000)


def test_a_damaged_zip_directory(tmp_path: Path) -> None:
    data = bytearray(zipped(run=TEXT))
    end = data.rindex(b"PK\5\6")
    data[end + 16 : end + 20] = b"\xff\xff\xff\x7f"  # where the directory is said to begin
    (tmp_path / "run").write_bytes(data)
    assert codes(tmp_path / "run") == [("truncated", 1)]


def test_a_password(tmp_path: Path) -> None:
    data = bytearray(zipped(run=TEXT))
    data[6] |= 1  # the flag of an encrypted member
    data[data.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "run").write_bytes(data)
    assert codes(tmp_path / "run") == [("not-a-table", 1)]
    assert zipfile.is_zipfile(tmp_path / "run")


@pytest.mark.parametrize("k", [10**6, 10**11, 10**21])
def test_any_k(k: int, tmp_path: Path, truth: Path) -> None:
    scores = np.random.default_rng(0).random((2, 40))
    status, report = glckit_json("score", dense(tmp_path, scores), "--truth", truth, "-k", k)
    assert (status, report["adaptive_top_k"], report["threshold"]) == (0, 1.0, None)
    assert face.adaptive_top_k(scores, [0, 1], 10**30) == 1.0


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_a_matrix_without_scores(shape: tuple[int, int], tmp_path: Path) -> None:
    assert codes(dense(tmp_path, np.zeros(shape))) == [("no-rows", 1)]


def test_a_row_of_absent_pairs_is_missing(tmp_path: Path, truth: Path) -> None:
    scores = np.full((2, 40), -np.inf)
    scores[0] = np.arange(40) / 40
    path = dense(tmp_path, scores)
    assert codes(path, "--test", truth) == [("missing-occurrence", 1)]
    result = glckit("convert", path, tmp_path / "run.csv")
    assert "1 occurrences, 40 pairs" in result.stderr
    dense(tmp_path, np.full((2, 40), -np.inf))
    assert codes(path) == [("no-rows", 1)]


def test_a_matrix_is_converted_to_a_matrix(tmp_path: Path) -> None:
    scores = np.array([[0.5, 0.25, 0.75], [0.1, -np.inf, 0.2]], np.float32)
    assert glckit("convert", dense(tmp_path, scores), tmp_path / "Y.npy", "--max-rows", 2).exit_code == 0
    kept = np.load(tmp_path / "Y.npy")
    assert kept.dtype == np.float32
    assert kept.tolist() == [[0.5, -np.inf, 0.75], scores[1].tolist()]


@pytest.mark.parametrize("name", ["X.npy", "X.species_ids.npy"])
def test_every_changed_byte_of_a_header_is_a_fault_or_nothing(name: str, tmp_path: Path) -> None:
    path = dense(tmp_path, np.random.default_rng(0).random((3, 4)))
    whole = (tmp_path / name).read_bytes()
    for place in range(0, 128, 3):
        (tmp_path / name).write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        assert glckit("validate", path).exit_code in (0, 1)


def test_a_pickle_is_no_table(tmp_path: Path) -> None:
    path = dense(tmp_path, np.zeros((2, 3)))
    np.save(path, np.array([{}, {}], dtype=object), allow_pickle=True)
    assert codes(path) == [("not-a-table", 1)]


def test_ids_beyond_64_bits_beside_a_matrix(tmp_path: Path) -> None:
    path = dense(tmp_path, np.zeros((2, 3)))
    np.save(tmp_path / "X.occurrence_ids.npy", np.array([1, 2**64 - 1], np.uint64))
    assert codes(path) == [("bad-id", 1)]


@pytest.mark.parametrize("text", ['{"a": NaN}', '"\\ud800"', '{"a": "\\ud800"}', "[" * 100_000, "[]", "\xff"])
def test_a_broken_sidecar_is_status_3(text: str, tmp_path: Path) -> None:
    (tmp_path / "run.csv").write_bytes(TEXT)
    (tmp_path / "run.csv.meta.json").write_bytes(text.encode("latin-1"))
    result = glckit("validate", tmp_path / "run.csv")
    assert result.exit_code == 3
    assert "run.csv.meta.json" in result.stderr


def test_metadata_cannot_write_to_the_terminal(tmp_path: Path, truth: Path) -> None:
    (tmp_path / "run.csv").write_text("id;species;score\n10;100;0.5\n11;101;0.4\n")
    (tmp_path / "run.csv.meta.json").write_text(json.dumps({"name": "\x1b[31mred"}))
    assert "\x1b" not in glckit("score", tmp_path / "run.csv", "--truth", truth).stdout


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("11;101;.6;", "ragged"),
        ("11,101,.6", "ragged"),
        ("#11;101;.6", "ragged"),
        ("11;101;high", "bad-score"),
        ('11;101;"0,5"', "bad-score"),
        ('11;101;"0;5"', "bad-score"),
    ],
)
def test_a_malformed_line_hides_only_itself(line: str, code: str, tmp_path: Path, truth: Path) -> None:
    (tmp_path / "run.csv").write_text(f"id;species;score\n10;100;0.5\n{line}\n")
    found = codes(tmp_path / "run.csv", "--test", truth)
    names_11 = line.startswith("11;")
    assert found == ([(code, 1)] if names_11 else [(code, 1), ("missing-occurrence", 1)])


def test_what_was_never_read_is_not_missing(tmp_path: Path, truth: Path) -> None:
    (tmp_path / "run.csv").write_text("id;species;score\n10;100;0.5\n11;101;0.4\n")
    assert codes(tmp_path / "run.csv", "--test", truth, "--max-bytes", 30) == [("too-large", 1)]


def test_blanks_before_everything(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(b" \n" * 10_000)
    assert codes(tmp_path / "run") == [("empty", 1)]
    (tmp_path / "run").write_bytes(b"\n" * 10_000 + TEXT)
    assert codes(tmp_path / "run") == [("header", 1)]


def test_a_header_of_many_columns_is_shown_in_part(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("id;species;score;" + ";".join(f"c{i}" for i in range(50_000)) + "\n")
    assert len(glckit("validate", tmp_path / "run", "--json").stdout) < 5000


def test_long_lists_of_other_editions(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("Id,Predicted\n7," + " ".join(map(str, range(31_435))) + "\n")
    assert glckit("convert", tmp_path / "run", tmp_path / "out.parquet").exit_code == 0
    assert len(pairs_of(tmp_path / "out.parquet")) == 31_435
    assert glckit("convert", tmp_path / "run", tmp_path / "out.csv", "--max-bytes", 1000).exit_code == 1


def test_other_editions_from_standard_input(tmp_path: Path) -> None:
    assert glckit("convert", "-", tmp_path / "out.csv", stdin=b"Id,Predicted\n7,4 2\n").exit_code == 0
    assert pairs_of(tmp_path / "out.csv") == [(7, 4, 1.0, 1), (7, 2, 0.5, 2)]


def test_rerank_keeps_the_ties_that_ranks_broke(tmp_path: Path) -> None:
    (tmp_path / "run.csv").write_text("id;species;score;rank\n7;1;0.5;9\n7;2;0.5;3\n")
    assert glckit("convert", tmp_path / "run.csv", tmp_path / "out.csv", "--rerank").exit_code == 0
    assert pairs_of(tmp_path / "out.csv") == [(7, 2, 0.5, 1), (7, 1, 0.5, 2)]


def test_an_unreadable_path_does_not_stop_the_others(tmp_path: Path, truth: Path) -> None:
    (tmp_path / "run.csv").write_text("id;species;score\n10;100;0.5\n11;101;0.4\n")
    status, report = glckit_json("score", tmp_path / ("x" * 300), tmp_path / "run.csv", "--truth", truth)
    assert status == 3
    assert "error" in report[0]
    assert report[1]["top_k"] == 1.0


def test_every_run_has_its_line(tmp_path: Path, truth: Path) -> None:
    (tmp_path / "good.csv").write_text("id;species;score\n10;100;0.5\n11;101;0.4\n")
    (tmp_path / "bad.csv").write_text("id;species;score\n10;100;x\n")
    runs = [tmp_path / "bad.csv", tmp_path / "good.csv"]
    bare = glckit("score", *runs, "--truth", truth, "-b")
    assert bare.stdout == "-\n1.0000\n"
    assert "bad.csv is not valid: bad-score" in bare.stderr
    assert len(glckit("score", *runs, "--truth", truth, "--format", "csv").stdout.splitlines()) == 3
