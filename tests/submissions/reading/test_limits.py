"""What a file says of itself takes neither memory nor time beyond what it holds."""

from __future__ import annotations

import gzip
import io
import struct
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest
from commands import glckit, glckit_json
from run_files import TEXT, pairs_of, zipped

import submissions.memory
import submissions.reading.growing
import submissions.reading.runs
from submissions.errors import CannotCheckError
from submissions.memory import available_bytes, require_memory
from submissions.reading.runs import read_run

PAIRS = [(7, 1, 0.5, 1), (7, 2, 0.25, 2), (3, 1, 1e-5, 1)]

PEAK = """
import resource, sys
from submissions.reading.runs import read_run
from submissions.validation import validate
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
codes = [fault.code for fault in validate(read_run(sys.argv[1])).errors]
print(codes, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def bomb(path: Path, line: bytes, n_bytes: int) -> Path:
    block = line * (1 << 17)
    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        stream.write(b"id;species;score\n")
        for _ in range(n_bytes // len(block)):
            stream.write(block)
    return path


def errors(path: Path, *options: object) -> list[str]:
    faults = glckit_json("validate", path, *options)[1]["faults"]
    return [fault["code"] for fault in faults if fault["severity"] == "error"]


def test_one_pair_said_again_and_again_takes_no_memory(tmp_path: Path) -> None:
    path = bomb(tmp_path / "run.zst", b"1;1;0.5\n", 100 << 20)
    assert path.stat().st_size < 20_000
    done = subprocess.run([sys.executable, "-c", PEAK, path], capture_output=True, text=True, check=True)
    codes, megabytes = done.stdout.rsplit(maxsplit=1)
    assert codes == "['too-large', 'duplicate']"
    assert int(megabytes) < 250  # 960 when all was kept
    result = glckit("convert", path, tmp_path / "out.csv")
    assert (result.exit_code, "reading stopped" in result.stderr) == (1, True)


def test_pairs_that_only_distant_blocks_say_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submissions.reading.growing, "_FIRST_LOOK", 1000)
    monkeypatch.setattr(submissions.reading.growing, "_FULL_LOOK", 4000)
    monkeypatch.setattr("submissions.reading.blocks.BLOCK_BYTES", 1000)
    lines = b"".join(b"%d;%d;0.5\n" % (i // 10, i % 10) for i in range(200))
    (tmp_path / "run").write_bytes(b"id;species;score\n" + lines * 7)
    assert errors(tmp_path / "run") == ["duplicate"]
    (tmp_path / "run").write_bytes(b"id;species;score\n" + lines * 100)
    assert errors(tmp_path / "run") == ["too-large", "duplicate"]


def test_a_run_that_says_nothing_twice_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submissions.reading.growing, "_FIRST_LOOK", 100)
    monkeypatch.setattr(submissions.reading.growing, "_FULL_LOOK", 100)
    monkeypatch.setattr("submissions.reading.blocks.BLOCK_BYTES", 1000)
    lines = b"".join(b"%d;%d;0.5\n" % (-(2**62) + i // 50, i % 50) for i in range(5000))
    (tmp_path / "run").write_bytes(b"id;species;score\n" + lines)
    assert len(pairs_of(tmp_path / "run")) == 5000


def test_parquet_keeps_to_the_limit_of_bytes(tmp_path: Path) -> None:
    n = 1 << 20
    table = pa.table({"id": np.ones(n, np.int64), "species": np.ones(n, np.int64), "score": np.ones(n)})
    pa_parquet.write_table(table, tmp_path / "run")
    assert (tmp_path / "run").stat().st_size < 20_000
    assert errors(tmp_path / "run", "--max-bytes", 1_000_000) == ["too-large"]
    assert errors(tmp_path / "run") == ["too-large", "duplicate"]


def test_texts_in_parquet_are_not_unfolded(tmp_path: Path) -> None:
    text = pa.DictionaryArray.from_arrays(np.zeros(10_000, np.int32), pa.array(["7" * 1_000_000]))
    table = pa.table({"id": text, "species": np.arange(10_000), "score": np.ones(10_000)})
    pa_parquet.write_table(table, tmp_path / "run")  # 10 GB as they are read
    faults = glckit_json("validate", tmp_path / "run")[1]["faults"]
    assert [(fault["code"], fault["count"]) for fault in faults] == [("bad-id", 10_000)]


def test_lists_of_other_editions_say_nothing_twice_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submissions.reading.growing, "_FIRST_LOOK", 1000)
    (tmp_path / "run").write_text("Id,Predicted\n" + "".join(f"{i},{'1 ' * 500}\n" for i in range(40)))
    result = glckit("convert", tmp_path / "run", tmp_path / "out.csv")
    assert (result.exit_code, "too-large" in result.stderr) == (1, True)


@pytest.mark.parametrize("call", ["read_text", "group_by_occurrence"])
def test_a_lack_of_memory_is_status_3(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    (tmp_path / "run").write_bytes(TEXT)
    monkeypatch.setattr(submissions.reading.runs, call, fail)
    for command in (["validate", tmp_path / "run"], ["convert", tmp_path / "run", tmp_path / "out.csv"]):
        result = glckit(*command)
        assert (result.exit_code, "memory" in result.stderr) == (3, True)


def test_a_lack_of_memory_for_the_checks_is_status_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    (tmp_path / "run").write_bytes(TEXT)
    monkeypatch.setattr("submissions.evaluation.validate", fail)
    result = glckit("validate", tmp_path / "run")
    assert (result.exit_code, "memory" in result.stderr) == (3, True)


def test_memory_is_asked_for_before_it_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submissions.reading.growing, "_STEP", 2)
    (tmp_path / "run").write_bytes(TEXT)
    assert glckit("validate", tmp_path / "run").exit_code == 0
    monkeypatch.setattr(submissions.memory, "available_bytes", lambda: 10)
    result = glckit("validate", tmp_path / "run")
    assert (result.exit_code, "free" in result.stderr) == (3, True)


def test_the_least_of_all_limits_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable: 3000 kB\n")
    (tmp_path / "cgroup").write_text("0::/job/step\n")
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "memory.max").write_text("2000000\n")
    (tmp_path / "job" / "memory.stat").write_text("anon 500000\nfile 900000\n")
    monkeypatch.setattr(submissions.memory, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(submissions.memory, "_MEMBERSHIP", tmp_path / "cgroup")
    monkeypatch.setattr(submissions.memory, "_GROUPS", ((tmp_path, "memory.max", "anon"),))
    assert available_bytes() == 1_500_000
    (tmp_path / "job" / "memory.max").write_text("max\n")
    assert available_bytes() == 3_072_000
    with pytest.raises(CannotCheckError, match="needs 4 GB"):
        require_memory(4 * 10**9, "This")


@pytest.mark.parametrize("first_line", ["id;" * 340_000, "x;" * 340_000, ";".join(map(str, range(150_000)))])
def test_a_header_of_many_columns_is_read_in_a_moment(first_line: str, tmp_path: Path) -> None:
    (tmp_path / "run").write_text(first_line + "\n")
    start = time.perf_counter()
    assert errors(tmp_path / "run") == ["header"]
    assert time.perf_counter() - start < 20  # it was a minute


@pytest.mark.parametrize("field", [" " * 20_000 + 'a"', '"' + " " * 20_000 + "a", '"' * 20_001])
def test_blanks_before_a_quote_are_read_in_a_moment(field: str, tmp_path: Path) -> None:
    (tmp_path / "run").write_text(f"id;species;score\n1;2;{field}\n")
    start = time.perf_counter()
    assert set(errors(tmp_path / "run")) <= {"ragged", "bad-score"}
    assert time.perf_counter() - start < 20  # 2,000 blanks took a minute


SKIPPED = struct.pack("<II", 0x184D2A53, 3) + b"abc"


@pytest.mark.parametrize("where", ["before", "behind", "both"])
def test_frames_of_zstd_that_are_to_be_skipped(where: str, tmp_path: Path) -> None:
    content = bytes(pa.compress(TEXT, "zstd", asbytes=True))
    before, behind = where in ("before", "both"), where in ("behind", "both")
    (tmp_path / "run").write_bytes(SKIPPED * before + content + SKIPPED * behind)
    assert pairs_of(tmp_path / "run") == PAIRS
    (tmp_path / "zip").write_bytes(zipped(**{"run.zst": (tmp_path / "run").read_bytes(), "readme": b"mine"}))
    assert pairs_of(tmp_path / "zip") == PAIRS


def test_zeros_behind_a_gzip_are_padding(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(gzip.compress(TEXT) + bytes(1000))
    assert pairs_of(tmp_path / "run") == PAIRS


def commented(comment: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("run", TEXT)
        archive.comment = comment
    return data.getvalue()


def test_a_comment_of_a_zip_is_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(commented(b"my run"))
    assert pairs_of(tmp_path / "run") == PAIRS


@pytest.mark.parametrize(
    "content",
    [
        zipped(run=TEXT) + bytes(1000),
        zipped(run=TEXT) + b"x",
        commented(b"my run") + bytes(30),
        zipped(run=TEXT[:60]) + zipped(run=TEXT),  # zipfile sees the second only
        gzip.compress(TEXT) + b"garbage",
        bytes(pa.compress(TEXT, "zstd", asbytes=True)) + bytes(1000),
    ],
    ids=["zip and zeros", "zip and a byte", "zip with a comment", "two zips", "gzip", "zstd"],
)
def test_what_stands_beside_compressed_data_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(content)
    assert errors(tmp_path / "run")[0] == "truncated"


@pytest.mark.parametrize("data", [b"\x1b[2Jid;species\n", b"id;species;\x1b]0;owned\x07score\n1;2;0.5;3\n"])
def test_what_a_file_says_cannot_command_a_terminal(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(data)
    result = glckit("validate", tmp_path / "run")
    assert "\x1b" not in result.stdout + result.stderr


def test_names_cannot_forge_lines(tmp_path: Path) -> None:
    run = tmp_path / "run\nglckit: all is well"
    run.write_bytes(zipped(**{"a\n\x1b[31m": TEXT, "b": TEXT}))
    for command in (["validate", run], ["convert", run, tmp_path / "o\n.csv"], ["validate", f"{run}x"]):
        result = glckit(*command)
        assert "\x1b" not in result.stdout + result.stderr
        assert "\nglckit: all is well" not in result.stdout + result.stderr


def test_reading_a_run_of_many_good_and_bad_lines_in_turns(tmp_path: Path) -> None:
    text = "".join(f"1;{i};0.5\nx\n" for i in range(3000))
    (tmp_path / "run").write_text("id;species;score\n" + text)
    run = read_run(tmp_path / "run")
    assert [fault.count for fault in run.faults] == [3000]
    assert run.lines_of(np.array([0, 2999])) == [2, 6000]
