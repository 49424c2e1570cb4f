"""Excel workbooks: refused as runs, with the command that converts them, and converted."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from commands import glckit, glckit_json
from run_files import pairs_of

import submissions.reading.workbooks

openpyxl = pytest.importorskip("openpyxl")

ROWS = [["id", "species", "score"], [7, 1, 0.5], [7.0, 2, 0.25], [3, "Quercus ilex", 1e-5]]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("names.csv").write_text("species_id;GBIF_species_name\n9;Quercus ilex\n")


def workbook(path: str, **sheets: list[list[Any]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)


def test_a_workbook_is_no_run_but_becomes_one() -> None:
    workbook("run.xlsx", Notes=[["my best run"]], Run=[[], *ROWS, [], [None, None, None]], Empty=[])
    status, report = glckit_json("validate", "run.xlsx")
    (fault,) = report["faults"]
    assert (status, fault["code"]) == (1, "not-a-table")
    assert fault["fix"].endswith("an Excel workbook: glckit convert run.xlsx run.mended.csv")
    result = glckit("convert", "run.xlsx", "run.mended.csv", "--species", "names.csv")
    assert result.exit_code == 0, result.stderr
    assert pairs_of(Path("run.mended.csv")) == [(7, 1, 0.5, 1), (7, 2, 0.25, 2), (3, 9, 1e-5, 1)]


def test_texts_of_cells_are_read_as_text_is() -> None:
    workbook(
        "run.xlsx", Run=[["id", "species", "score", "note"], ["7", "1", "12,5%", 'a;"b"\nc'], [7, 2, "0,1"]]
    )
    result = glckit("convert", "run.xlsx", "out.csv")
    assert result.exit_code == 0, result.stderr
    assert pairs_of(Path("out.csv")) == [(7, 1, 0.125, 1), (7, 2, 0.1, 2)]


def test_the_lists_of_another_edition() -> None:
    workbook("run.xlsx", Run=[["Id", "Predicted"], [7, "4 2"]])
    assert glckit("convert", "run.xlsx", "out.csv").exit_code == 0
    assert pairs_of(Path("out.csv")) == [(7, 4, 1.0, 1), (7, 2, 0.5, 2)]


def test_what_cannot_be_mended_names_its_row() -> None:
    workbook("run.xlsx", Run=[*ROWS[:3], [7, 3, "high"], [7, 4, None]])
    result = glckit("convert", "run.xlsx", "out.csv")
    assert result.exit_code == 1
    assert "lines 4, 5" in result.stderr


@pytest.mark.parametrize(
    ("sheets", "said"),
    [
        ({"A": ROWS, "B": ROWS}, "2 runs in 2 sheets"),
        ({"A": [["x"]]}, "0 runs in 1 sheets"),
        ({"A": []}, "0 runs"),
    ],
)
def test_exactly_one_sheet_must_be_a_run(sheets: dict[str, list[list[Any]]], said: str) -> None:
    workbook("run.xlsx", **sheets)
    result = glckit("convert", "run.xlsx", "out.csv")
    assert (result.exit_code, said in result.stderr) == (1, True)


@pytest.mark.parametrize("limit", ["_MAX_BYTES", "_MAX_BYTES_HELD"])
def test_a_bomb_is_not_unpacked(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    workbook("run.xlsx", Run=ROWS)
    monkeypatch.setattr(submissions.reading.workbooks, limit, 1000)
    result = glckit("convert", "run.xlsx", "out.csv")
    assert (result.exit_code, "too-large" in result.stderr) == (1, True)


def edited(path: str, member: str, old: bytes, new: bytes) -> None:
    with zipfile.ZipFile("run.xlsx") as source, zipfile.ZipFile(path, "w") as target:
        for info in source.infolist():
            content = source.read(info)
            target.writestr(info.filename, content.replace(old, new) if info.filename == member else content)


def test_a_row_and_a_column_far_away_take_no_room() -> None:
    workbook("run.xlsx", Run=ROWS[:2])
    edited("far.xlsx", "xl/worksheets/sheet1.xml", b'r="2"', b'r="999999999999"')
    assert glckit("convert", "far.xlsx", "a.csv").exit_code == 1
    edited("wide.xlsx", "xl/worksheets/sheet1.xml", b'r="C2"', b'r="XFD2"')
    assert glckit("convert", "wide.xlsx", "b.csv").exit_code == 1


@pytest.mark.parametrize("member", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"])
@pytest.mark.parametrize("old", [b"<", b">", b'"', b"sheet", b"1", b"s"])
def test_a_damaged_workbook_is_a_fault_or_nothing(member: str, old: bytes) -> None:
    workbook("run.xlsx", Run=ROWS[:2])
    edited("bad.xlsx", member, old, b"x")
    assert glckit("convert", "bad.xlsx", "out.csv").exit_code in (0, 1)


def test_entities_are_not_unfolded() -> None:
    workbook("run.xlsx", Run=ROWS[:2])
    levels = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "x"}">' for i in range(12))
    head = f'<?xml version="1.0"?><!DOCTYPE x [{levels}]><worksheet'.encode()
    edited("half.xlsx", "xl/worksheets/sheet1.xml", b"<worksheet", head)
    Path("half.xlsx").replace("run.xlsx")
    edited("bad.xlsx", "xl/worksheets/sheet1.xml", b"<v>7</v>", b"<v>&e11;</v>")
    assert glckit("convert", "bad.xlsx", "out.csv").exit_code == 1


def test_without_openpyxl_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    workbook("run.xlsx", Run=ROWS)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    result = glckit("convert", "run.xlsx", "out.csv")
    assert (result.exit_code, "pip install 'glckit[xlsx]'" in result.stderr) == (2, True)
    assert glckit("validate", "run.xlsx").exit_code == 1
