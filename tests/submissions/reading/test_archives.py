"""Zips and workbooks that mean harm, or were made by strange tools."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest
from commands import glckit, glckit_json
from run_files import TEXT, pairs_of, zipped

import submissions.reading.sources


def errors(path: Path, *options: object) -> list[str]:
    faults = glckit_json("validate", path, *options)[1]["faults"]
    return [fault["code"] for fault in faults if fault["severity"] == "error"]


def test_the_end_of_a_zip_is_looked_for_within_the_limit(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(gzip.compress(zipped(run=TEXT) + bytes(5_000_000)))
    assert errors(tmp_path / "run", "--max-bytes", 1_000_000) == ["too-large"]
    assert errors(tmp_path / "run") == ["truncated"]
    (tmp_path / "run").write_bytes(gzip.compress(zipped(run=TEXT)))
    assert errors(tmp_path / "run") == []


def test_a_zip_in_a_gzip_is_held_to_a_limit_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submissions.reading.sources, "_MAX_BYTES_HELD", 1000)
    (tmp_path / "run").write_bytes(gzip.compress(zipped(run=TEXT) + bytes(5000)))
    (fault,) = glckit_json("validate", tmp_path / "run")[1]["faults"]
    assert (fault["code"], fault["fix"]) == ("too-large", "Unpack it first.")


def test_no_fault_has_more_examples_than_it_counts(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(zipped(a=TEXT, b=TEXT))
    (fault,) = glckit_json("validate", tmp_path / "run")[1]["faults"]
    assert (fault["count"], [each["found"] for each in fault["examples"]]) == (2, ["a", "b"])


def test_a_run_in_a_zip_may_stand_above_it(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(zipped(**{"../../x.csv": TEXT, ".hidden/y.csv": TEXT}))
    assert len(pairs_of(tmp_path / "run")) == 3


@pytest.mark.parametrize("options", [(), ("--max-bytes", 30_000_000)])
def test_a_huge_cell_of_a_workbook(options: tuple[object, ...], tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"x" * 40_000_000)
    (tmp_path / "run.xlsx").write_bytes(data.getvalue())
    result = glckit("convert", tmp_path / "run.xlsx", tmp_path / "out.csv", *options)
    assert (result.exit_code, "too-large" in result.stderr) == (1, True)


@pytest.mark.parametrize(("depth", "status"), [(90, 0), (900, 3)])
def test_metadata_nested_too_deeply(depth: int, status: int, tmp_path: Path) -> None:
    run = tmp_path / "r.csv"
    run.write_bytes(TEXT)
    nested = '{"a":' * depth + "1" + "}" * depth
    (tmp_path / "r.csv.meta.json").write_text(nested)
    assert json.loads(nested)
    (tmp_path / "truth.csv").write_text("id;species_id\n7;1\n3;1\n")
    fused = glckit("fuse", run, run, "-o", tmp_path / "f.csv")
    scored = glckit("score", run, "--truth", tmp_path / "truth.csv")
    assert (fused.exit_code, scored.exit_code) == (status, status)
    assert ("nested too deeply" in fused.stderr) == (status == 3)
