"""Every format of a run is read to the same pairs, and what is wrong with one is named."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import oracle
import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest
from commands import glckit, glckit_json
from run_files import TEXT, dense, pairs_of, zipped
from told import Told

import submissions.reading.blocks
from submissions.errors import CannotCheckError
from submissions.reading.runs import read_run

PAIRS = [(7, 1, 0.5, 1), (7, 2, 0.25, 2), (3, 1, 1e-5, 1)]


def zstd(content: bytes) -> bytes:
    return bytes(pa.compress(content, "zstd", asbytes=True))


def streamed_zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return bytes(sink.getvalue())


MACOSX = {"__MACOSX__in___run.csv": b"\0\5\x16\7", ".DS_Store": b"\0\0\0\1Bud1"}

GOOD: dict[str, bytes] = {
    "plain": TEXT,
    "mark": b"\xef\xbb\xbf" + TEXT,
    "crlf": TEXT.replace(b"\n", b"\r\n"),
    "no last line feed": TEXT.rstrip(b"\n"),
    "blank lines at the end": TEXT + b"\n\r\n  \n\n",
    "commas": TEXT.replace(b";", b","),
    "blanks": TEXT.replace(b";", b" ;\t "),
    "quotes": TEXT.replace(b"7;1;0.5", b'"7";"1";"0.5"'),
    "quoted header": b'"occurrence_id";"species_id";"probability";"rank"\n' + TEXT.split(b"\n", 1)[1],
    "quotes and blanks": TEXT.replace(b"7;1;0.5", b'"7"; "1" ;" 0.5 "'),
    "signs": TEXT.replace(b"0.5", b"+0.5").replace(b"7;1", b"+7;01"),
    "point at the end": TEXT.replace(b"7;1;0.5", b"7;1;5.e-1"),
    "underscore in a score": TEXT.replace(b"0.5", b"0.5_0"),
    "no header": TEXT.split(b"\n", 1)[1],
    "aliases": TEXT.replace(b"occurrence_id;species_id;probability", b" GLC_ID ;ClassId;Proba"),
    "other order": b"rank,score,species,observation_id\n1,0.5,1,7\n2,.25,2,7\n1,1e-5,1,3\n",
    "gzip": gzip.compress(TEXT),
    "gzip of two members": gzip.compress(TEXT[:60]) + gzip.compress(TEXT[60:]),
    "zstd": zstd(TEXT),
    "streamed zstd": streamed_zstd(TEXT),
    "zip": zipped(run=TEXT),
    "zip with folders": zipped(a__in__b__in__run=TEXT, **MACOSX),
    "zip with a readme": zipped(**{"run.csv": TEXT, "readme.md": b"# my run\n"}),
    "gzip in zip": zipped(**{"run.csv.gz": gzip.compress(TEXT), **MACOSX}),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_files(name: str, tmp_path: Path) -> None:
    path = tmp_path / "run"  # told apart by content, not by name
    path.write_bytes(GOOD[name])
    assert pairs_of(path) == PAIRS


@pytest.mark.parametrize("name", GOOD)
def test_standard_input(name: str, tmp_path: Path) -> None:
    result = glckit("validate", "-", "--json", stdin=GOOD[name])
    assert result.exit_code == 0, result.stdout


@pytest.mark.parametrize(("name", "total"), [("plain", len(TEXT)), ("zip", len(TEXT)), ("gzip", None)])
def test_reading_tells_how_far_it_is(name: str, total: int | None, tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(GOOD[name])
    told = Told()
    read_run(tmp_path / "run", progress=told)
    assert told.bars == [(str(tmp_path / "run"), total, len(TEXT))]


def test_parquet(tmp_path: Path) -> None:
    columns = dict(zip(("id", "Class_ID", "proba", "rank"), zip(*PAIRS, strict=True), strict=True))
    pa_parquet.write_table(pa.table(columns), tmp_path / "run")
    assert pairs_of(tmp_path / "run") == PAIRS
    (tmp_path / "zipped").write_bytes(zipped(run=(tmp_path / "run").read_bytes()))
    assert pairs_of(tmp_path / "zipped") == PAIRS


def test_float32_scores_of_parquet_stay_as_they_are(tmp_path: Path) -> None:
    scores = pa.array([0.1, 0.2], pa.float32())
    pa_parquet.write_table(pa.table({"id": [1, 1], "species": [1, 2], "score": scores}), tmp_path / "run")
    assert [pair[2] for pair in pairs_of(tmp_path / "run")] == [
        float(np.float32(0.1)),
        float(np.float32(0.2)),
    ]


@pytest.mark.parametrize(
    ("columns", "code", "count"),
    [
        ({"id": [1, None], "species": [1, 2], "score": [0.5, 0.5]}, "bad-id", 1),
        ({"id": [1.0, 2.0], "species": [1, 2], "score": [0.5, 0.5]}, "bad-id", 2),
        ({"id": [1, 1], "species": [1, 2], "score": [0.5, None]}, "bad-score", 1),
        ({"id": [1, 1], "species": [1, 2], "score": [0.5, float("nan")]}, "bad-score", 1),
        ({"id": [1, 1], "species": [1, 2], "score": ["a", "b"]}, "bad-score", 2),
        ({"id": [1, 1], "species": [1, 1], "score": [0.5, 0.5]}, "duplicate", 1),
        ({"id": [1, 1], "species": [1, 2]}, "header", 1),
        ({"id": [1, 1], "species": [1, 2], "score": [0.5, 0.4], "x": [1, 1]}, "header", 1),
        ({"id": pa.array([], pa.int64()), "species": pa.array([], pa.int64()), "score": []}, "no-rows", 1),
    ],
)
def test_faults_of_parquet(columns: dict[str, object], code: str, count: int, tmp_path: Path) -> None:
    pa_parquet.write_table(pa.table(columns), tmp_path / "run")
    status, report = glckit_json("validate", tmp_path / "run")
    assert status == 1
    assert [
        (fault["code"], fault["count"]) for fault in report["faults"] if fault["severity"] == "error"
    ] == [(code, count)]


def cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x55]) + data[middle + 1 :]


LONG = b"id;species;score\n" + b"".join(b"%d;%d;0.%d\n" % (i, i, i) for i in range(20_000))


def deflated(content: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("run.csv", content)
    return data.getvalue()


@pytest.mark.parametrize(
    ("compress", "damage"),
    [
        (gzip.compress, cut),
        (gzip.compress, flipped),
        (deflated, cut),
        (deflated, flipped),
        (zstd, cut),  # without a checksum a flipped bit need not show
        (streamed_zstd, cut),
    ],
)
def test_truncated(
    compress: Callable[[bytes], bytes], damage: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    (tmp_path / "run").write_bytes(damage(compress(LONG)))
    status, report = glckit_json("validate", tmp_path / "run")
    assert (status, report["faults"][0]["code"]) == (1, "truncated")


def test_truncated_parquet(tmp_path: Path) -> None:
    pa_parquet.write_table(pa.table({"id": [1], "species": [1], "score": [0.5]}), tmp_path / "run")
    (tmp_path / "run").write_bytes(cut((tmp_path / "run").read_bytes()))
    status, report = glckit_json("validate", tmp_path / "run")
    assert (status, report["faults"][0]["code"]) == (1, "truncated")


@pytest.mark.parametrize(
    "members", [{}, {"a.csv": TEXT, "b.csv": TEXT}, {"a.md": b"x", "b.md": b"y"}, MACOSX]
)
def test_a_zip_must_hold_one_run(members: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "run.zip").write_bytes(zipped(**members))
    status, report = glckit_json("validate", tmp_path / "run.zip")
    assert (status, report["faults"][0]["code"]) == (1, "not-a-table")
    shown = [example["found"] for example in report["faults"][0]["examples"]]
    assert shown == [name for name in members if name.endswith((".csv", ".md"))] or shown == ["nothing"]


@pytest.mark.parametrize("content", [LONG, gzip.compress(LONG), zipped(run=LONG), zstd(LONG)])
def test_too_large(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(content)
    status, report = glckit_json("validate", tmp_path / "run", "--max-bytes", 100_000)
    assert (status, report["faults"][0]["code"]) == (1, "too-large")
    assert glckit("validate", tmp_path / "run", "--max-bytes", len(LONG)).exit_code == 0


def test_too_many_rows(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(TEXT)
    status, report = glckit_json("validate", tmp_path / "run", "--max-rows", 1)
    fault = report["faults"][0]
    assert (status, fault["code"], fault["count"], fault["examples"][0]["line"]) == (1, "too-many-rows", 1, 3)
    assert glckit("validate", tmp_path / "run", "--max-rows", 2).exit_code == 0


@pytest.mark.parametrize("block_bytes", [23, 64, 1000, 1 << 20])
def test_the_size_of_blocks_changes_nothing(
    block_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submissions.reading.blocks, "BLOCK_BYTES", block_bytes)
    broken = LONG[:3000] + b"\n\n#\n1;2\nx;1;0.5\n" + LONG[3000 : LONG.index(b"\n", 6000)] + b"\n\n\n\n"
    start = LONG[:3000].count(b"\n") + 1
    (tmp_path / "run").write_bytes(broken)
    _, report = glckit_json("validate", tmp_path / "run")
    faults = {fault["code"]: fault for fault in report["faults"]}
    assert [each["line"] for each in faults["bad-id"]["examples"]] == [start + 4]
    assert faults["ragged"]["count"] >= 3
    assert [each["line"] for each in faults["ragged"]["examples"]][:3] in (
        [start + 1, start + 2, start + 3],
        [start, start + 1, start + 2],
    )


def test_an_endless_line_is_one_fault(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(TEXT + b"7" * (3 << 20) + b"\n5;1;0.5;1\n")
    _, report = glckit_json("validate", tmp_path / "run")
    faults = {fault["code"]: fault for fault in report["faults"] if fault["severity"] == "error"}
    assert list(faults) == ["ragged"]
    assert [example["line"] for example in faults["ragged"]["examples"]] == [5]


def test_large_ids_keep_all_their_digits(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(b"id;species;score\n9223372036854775807;1;0.5\n-1;2;0.5\n")
    assert pairs_of(tmp_path / "run") == [(2**63 - 1, 1, 0.5, None), (-1, 2, 0.5, None)]


@pytest.mark.parametrize("what", ["absent", "folder", "not readable"])
def test_what_cannot_be_opened_is_not_a_fault(what: str, tmp_path: Path) -> None:
    path = tmp_path if what == "folder" else tmp_path / "run.csv"
    if what == "not readable":
        path.symlink_to(path)
    with pytest.raises(CannotCheckError, match="Cannot open"):
        read_run(path)
    assert glckit("validate", path).exit_code == 3


def test_dense(tmp_path: Path) -> None:
    scores = np.random.default_rng(0).random((5, 40)).astype(np.float32)
    scores[1, 3] = -np.inf
    path = dense(tmp_path, scores)
    (tmp_path / "truth.csv").write_text("id;species_id\n10;101\n12;139\n13;999\n")
    (tmp_path / "test.csv").write_text("id\n" + "".join(f"{10 + i}\n" for i in range(5)))
    status, report = glckit_json(
        "score", path, "--truth", tmp_path / "truth.csv", "--test", tmp_path / "test.csv"
    )
    rows = [(i, j, float(scores[i - 10, j - 100]), None) for i in range(10, 15) for j in range(100, 140)]
    expected = oracle.score([row for row in rows if row[2] > -np.inf], {10: 101, 12: 139, 13: 999}, 30)
    assert status == 0
    assert report["adaptive_top_k"] == float(expected.adaptive)
    assert report["top_k"] == float(expected.top_k)
    assert report["threshold"] == expected.threshold
    assert (report["n_pairs"], report["n_dropped"]) == (expected.n_pairs, expected.n_dropped) == (120, 79)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_scores_of_a_matrix(bad: float, tmp_path: Path) -> None:
    scores = np.full((3, 40), 0.5)
    scores[2, 5] = bad
    status, report = glckit_json("validate", dense(tmp_path, scores))
    fault = report["faults"][0]
    assert (status, fault["code"], fault["count"]) == (1, "bad-score", 1)
    assert (fault["examples"][0]["occurrence_id"], fault["examples"][0]["species_id"]) == (12, 105)


def test_a_matrix_that_does_not_fit_its_ids(tmp_path: Path) -> None:
    path = dense(tmp_path, np.zeros((3, 4)))
    np.save(tmp_path / "X.species_ids.npy", np.arange(5))
    assert glckit_json("validate", path)[1]["faults"][0]["code"] == "header"
    (tmp_path / "X.species_ids.npy").unlink()
    assert glckit_json("validate", path)[1]["faults"][0]["code"] == "header"
    np.save(path, np.asfortranarray(np.random.default_rng(0).random((3, 4))))
    np.save(tmp_path / "X.species_ids.npy", np.arange(4))
    assert glckit_json("validate", path)[1]["faults"][0]["code"] == "header"
