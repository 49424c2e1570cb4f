"""Every fault is found, with its code, count and line; a clean run has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from commands import glckit, glckit_json

from submissions.faults import ERROR_CODES, WARNING_CODES
from submissions.reading.runs import read_run
from submissions.requirements import Requirements
from submissions.validation import validate

OCCURRENCES = [10, 20, 30, 40]
SPECIES = list(range(100, 140))
HEADER = "occurrence_id;species_id;probability;rank"


def clean_lines() -> list[str]:
    """Four occurrences with 40 species each: more than K = 30, no ties, ranks in order."""
    return [
        HEADER,
        *(f"{i};{j};{1 - 0.001 * r - i / 100000};{r}" for i in OCCURRENCES for r, j in enumerate(SPECIES, 1)),
    ]


def line(number: int, text: str) -> Callable[[list[str]], list[str]]:
    """Replace a line, counted from 1."""
    return lambda lines: [text if i == number else each for i, each in enumerate(lines, 1)]


def insert(number: int, *texts: str) -> Callable[[list[str]], list[str]]:
    """Insert lines so that the first gets a number."""
    return lambda lines: [*lines[: number - 1], *texts, *lines[number - 1 :]]


def column(index: int, change: Callable[[str], str]) -> Callable[[list[str]], list[str]]:
    """Change one field of every row."""

    def changed(lines: list[str]) -> list[str]:
        rows = [each.split(";") for each in lines[1:]]
        return [lines[0], *(";".join([*r[:index], change(r[index]), *r[index + 1 :]]) for r in rows)]

    return changed


@dataclass(frozen=True)
class Case:
    name: str
    code: str
    change: Callable[[list[str]], list[str]] | bytes
    lines: tuple[int | None, ...]
    count: int | None = None
    others: tuple[str, ...] = ()


ERRORS = [
    Case("html", "not-a-table", b"<!DOCTYPE html><html><body>404</body></html>", ()),
    Case("xml", "not-a-table", b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', ()),
    Case("json", "not-a-table", b'{"message": "Not found"}', ()),
    Case("json list", "not-a-table", b"[1, 2, 3]", ()),
    Case("lfs", "not-a-table", b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n", ()),
    Case("png", "not-a-table", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ()),
    Case("utf-16", "not-a-table", "id;species;score\n1;2;0.5\n".encode("utf-16"), ()),
    Case("utf-16 without mark", "not-a-table", "id;species;score\n1;2;0.5\n".encode("utf-16-le"), ()),
    Case("nul bytes", "not-a-table", line(7, "10;1\0;0.5;6"), (7,)),
    Case("empty", "empty", b"", ()),
    Case("only blank lines", "empty", b"\n\r\n  \n", ()),
    Case("only a mark", "empty", b"\xef\xbb\xbf", ()),
    Case("unknown column", "header", lambda ls: [ls[0] + ";note", *(each + ";x" for each in ls[1:])], (1,)),
    Case("no score", "header", line(1, "occurrence_id;species_id;rank;what"), (1,)),
    Case("doubled column", "header", line(1, "id;occurrence_id;species_id;probability"), (1,)),
    Case("other separator", "header", line(1, HEADER.replace(";", "\t")), (1,)),
    Case("two numbers", "header", b"1;2\n", (1,)),
    Case("header alone", "no-rows", b"id;species;score\n", ()),
    Case("too few fields", "ragged", line(5, "10;103;0.5"), (5,)),
    Case("too many fields", "ragged", line(5, "10;103;0.99;4;1"), (5,)),
    Case("trailing separator", "ragged", line(5, "10;103;0.9969;4;"), (5,)),
    Case("another separator", "ragged", line(5, "10,103,0.9969,4"), (5,)),
    Case("unbalanced quote", "ragged", line(5, '10;"103;0.9969;4'), (5,)),
    Case("quote within", "ragged", line(5, '10;1"0"3;0.9969;4'), (5,)),
    Case("comment", "ragged", insert(2, "# made by me"), (2,)),
    Case("blank lines between", "ragged", insert(4, "", "  "), (4, 5)),
    Case("old Mac", "ragged", b"id;species;score\r1;2;0.5\r", (1,)),
    Case("CR within", "ragged", line(5, "10;103;0.9969;4\r10;104;0.9959;5"), (5,)),
    Case("id with a point", "bad-id", line(5, "10.0;103;0.9969;4"), (5,)),
    Case("species with a point", "bad-id", line(5, "10;103.0;0.9969;4"), (5,)),
    Case("empty id", "bad-id", line(5, ";103;0.9969;4"), (5,)),
    Case("hexadecimal id", "bad-id", line(5, "10;0x67;0.9969;4"), (5,)),
    Case("id with underscore", "bad-id", line(5, "10;1_03;0.9969;4"), (5,)),
    Case("id in scientific notation", "bad-id", line(5, "1e1;103;0.9969;4"), (5,)),
    Case("id beyond 64 bits", "bad-id", line(5, "9223372036854775808;103;0.9969;4"), (5,)),
    Case("two bad ids in a line", "bad-id", line(5, "a;b;0.9969;4"), (5, 5)),
    Case("no number", "bad-score", line(5, "10;103;high;4"), (5,)),
    Case("decimal comma", "bad-score", line(5, "10;103;0,9969;4"), (5,)),
    Case("NaN", "bad-score", line(5, "10;103;NaN;4"), (5,)),
    Case("infinite", "bad-score", line(5, "10;103;-inf;4"), (5,)),
    Case("overflow", "bad-score", line(5, "10;103;1e999;4"), (5,)),
    Case("empty score", "bad-score", line(5, "10;103;;4"), (5,)),
    Case("rank with a point", "bad-rank", line(5, "10;103;0.9969;4.0"), (5,)),
    Case("empty rank", "bad-rank", line(5, "10;103;0.9969;"), (5,)),
    Case("unknown occurrence", "unknown-occurrence", insert(162, "50;100;0.5;1", "50;101;0.4;2"), (162, 163)),
    Case("unknown species", "unknown-species", line(5, "10;999;0.9969;4"), (5,)),
    Case("negative species", "unknown-species", line(5, "10;-1;0.9969;4"), (5,)),
    Case("duplicate", "duplicate", line(6, "10;103;0.9959;5"), (6,)),
    Case("duplicate far away", "duplicate", insert(162, "10;103;0.5;41"), (162,)),
    Case("missing occurrence", "missing-occurrence", lambda lines: lines[:121], (None,)),
]
WARNINGS = [
    Case("rank from 0", "rank-order", column(3, lambda rank: str(int(rank) - 1)), (2, 42, 82, 122)),
    Case("rank contradicts score", "rank-order", line(3, "10;101;0.9;2"), (4,)),
    Case("rank twice", "rank-order", line(3, "10;101;0.9979;1"), (3,)),
    Case("score above 1", "score-range", line(2, "10;100;1.5;1"), (2,)),
    Case("score below 0", "score-range", line(41, "10;139;-0.5;40"), (41,)),
    Case(
        "short lists",
        "short-lists",
        lambda lines: [lines[0], *(each for each in lines[1:] if int(each.split(";")[3]) <= 30)],
        (),
        count=1,
    ),
    Case("budget lost", "budget-lost", column(2, lambda score: f"{float(score):.2f}"), (), count=1),
    Case("constant scores", "constant-scores", column(2, lambda _: "0.5"), (), count=1),
]


@pytest.fixture
def tables(tmp_path: Path) -> list[object]:
    test, train, species = (tmp_path / name for name in ("test.csv", "train.csv", "species.csv"))
    test.write_text("id;lat;lon\n" + "".join(f"{i};1;2\n" for i in OCCURRENCES))
    train.write_text("id;lat;lon;species_id\n50;1;2;100\n51;1;2;100\n")
    species.write_text("species_id;GBIF_species_name\n" + "".join(f"{j};Abies alba\n" for j in SPECIES))
    return ["--test", test, "--train", train, "--species", species]


def written(folder: Path, case: Case) -> Path:
    path = folder / "run.csv"
    if isinstance(case.change, bytes):
        path.write_bytes(case.change)
    else:
        path.write_bytes("\n".join([*case.change(clean_lines()), ""]).encode())
    return path


def test_a_clean_run_has_no_faults(tmp_path: Path, tables: list[object]) -> None:
    path = tmp_path / "run.csv"
    path.write_text("\n".join([*clean_lines(), ""]))
    status, report = glckit_json("validate", path, *tables)
    assert (status, report["valid"], report["faults"], report["skipped"]) == (0, True, [], [])


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: case.name)
def test_errors(case: Case, tmp_path: Path, tables: list[object]) -> None:
    path = written(tmp_path, case)
    status, report = glckit_json("validate", path, *tables)
    faults = {fault["code"]: fault for fault in report["faults"]}
    assert status == 1
    assert not report["valid"]
    fault = faults[case.code]
    assert fault["severity"] == "error"
    assert fault["count"] == (case.count or len(case.lines) or 1)
    assert [example["line"] for example in fault["examples"]] == list(case.lines)
    assert fault["message"]
    assert fault["fix"]
    errors = {code for code, each in faults.items() if each["severity"] == "error"}
    assert errors == {case.code, *case.others}
    assert glckit("score", path, "--truth", _truth(tmp_path), *tables[:2], *tables[4:]).exit_code == 1


@pytest.mark.parametrize("case", WARNINGS, ids=lambda case: case.name)
def test_warnings(case: Case, tmp_path: Path, tables: list[object]) -> None:
    path = written(tmp_path, case)
    status, report = glckit_json("validate", path, *tables)
    faults = {fault["code"]: fault for fault in report["faults"]}
    assert status == 0
    assert report["valid"]
    fault = faults[case.code]
    assert fault["severity"] == "warning"
    if case.count is not None:
        assert fault["count"] == case.count
    if case.lines:
        assert [example["line"] for example in fault["examples"]] == list(case.lines)
        assert fault["count"] == len(case.lines)
    assert glckit("score", path, "--truth", _truth(tmp_path), *tables[:2], *tables[4:]).exit_code == 0


def test_the_order_of_lines_is_no_fault(tmp_path: Path, tables: list[object]) -> None:
    lines = clean_lines()
    (tmp_path / "run.csv").write_text("\n".join([lines[0], *lines[:0:-1]]))
    _, report = glckit_json("validate", tmp_path / "run.csv", *tables)
    assert report["faults"] == []


def test_ranks_swapped_without_their_scores_contradict_them(tmp_path: Path, tables: list[object]) -> None:
    lines = clean_lines()
    lines[1], lines[2] = lines[1][:-1] + "2", lines[2][:-1] + "1"
    (tmp_path / "run.csv").write_text("\n".join(lines))
    _, report = glckit_json("validate", tmp_path / "run.csv", *tables)
    assert [(fault["code"], fault["count"]) for fault in report["faults"]] == [("rank-order", 1)]


def _truth(folder: Path) -> Path:
    path = folder / "truth.csv"
    path.write_text("id;species_id\n" + "".join(f"{i};100\n" for i in OCCURRENCES))
    return path


def test_every_code_has_a_case() -> None:
    tested = {case.code for case in ERRORS + WARNINGS} | {"truncated", "too-large", "too-many-rows"}
    assert tested == {*ERROR_CODES, *WARNING_CODES}


def test_fixes_are_commands_that_can_be_typed(tmp_path: Path) -> None:
    path = tmp_path / "my run.csv"
    path.write_text("id;species;score;rank\n1;4;0.5;2\n1;5;0.25;1\n")
    (fault,) = (each for each in validate(read_run(path), Requirements()).faults if each.code == "rank-order")
    assert fault.fix.startswith("Renumber with: glckit convert '")
    assert fault.fix.endswith("my run.mended.csv' --rerank")
