"""Writing files: whole or not at all, whoever else writes there, and whatever was killed before."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from submissions.errors import CannotCheckError, UsageError
from submissions.files import folder_written_atomically, written_atomically
from submissions.locks import HAS_LOCKS, folder_claimed, folder_locked
from submissions.printable import printable
from tests.support.told import Told

pytestmark = pytest.mark.skipif(not HAS_LOCKS, reason="locks of POSIX")

_WRITER = """
import sys, time
from submissions.files import folder_written_atomically, written_atomically
write = {"file": written_atomically, "folder": folder_written_atomically}[sys.argv[1]]
with write(sys.argv[2]):
    print("writing", flush=True)
    time.sleep(60)
"""


def _writer(kind: str, target: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, kind, str(target)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    return process


def _names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path: Path, kind: str) -> None:
    with _writer(kind, tmp_path / "first.csv") as process:
        process.send_signal(signal.SIGKILL)
    assert len(_names(tmp_path)) == 1
    with written_atomically(tmp_path / "second.csv"):
        pass
    assert _names(tmp_path) == ["second.csv"]


def test_what_a_living_writer_has_is_left_alone(tmp_path: Path) -> None:
    with _writer("file", tmp_path / "first.csv") as process:
        with folder_written_atomically(tmp_path / "second"):
            pass
        assert len(_names(tmp_path)) == 2
        process.kill()


def test_files_of_others_with_like_names_are_left_alone(tmp_path: Path) -> None:
    names = [".glckit-0123456789ab", ".glckit-notes.txt", ".0123456789ab.run.csv"]
    for name in names:
        (tmp_path / name).write_text("mine")
    with written_atomically(tmp_path / "run.csv"):
        pass
    assert _names(tmp_path) == sorted([*names, "run.csv"])


def test_a_new_file_replaces_nothing(tmp_path: Path) -> None:
    target = tmp_path / "run.csv"
    target.write_text("mine")
    with pytest.raises(UsageError, match=r"exists already.*--force"), written_atomically(target, new=True):
        pytest.fail("there is no work to be done for nothing")
    assert target.read_text() == "mine"


def test_of_two_new_files_the_first_stays(tmp_path: Path) -> None:
    target = tmp_path / "run.csv"
    with pytest.raises(UsageError, match="exists already"):
        _write_late(target)
    assert target.read_text() == "early"
    assert _names(tmp_path) == ["run.csv"]


def _write_late(target: Path) -> None:
    with written_atomically(target, new=True) as late:
        late.write_text("late")
        with written_atomically(target, new=True) as early:
            early.write_text("early")


def test_a_name_of_255_bytes_can_be_written(tmp_path: Path) -> None:
    target = tmp_path / ("é" * 125 + ".csv")
    with written_atomically(target) as temporary:
        assert temporary.suffix == ".csv"
    assert _names(tmp_path) == [target.name]


_CLAIMER = """
import sys, time
from submissions.locks import folder_claimed
with folder_claimed(sys.argv[2]):
    print("writing", flush=True)
    time.sleep(float(sys.argv[1]))
"""


def test_who_is_at_work_in_a_folder_is_said(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _CLAIMER, "60", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        who = rf"Process {process.pid} \(.*" if sys.platform == "linux" else "Another process"
        with pytest.raises(CannotCheckError, match=who), folder_claimed(tmp_path, wait=False):
            pytest.fail("two cannot hold it")
        process.kill()


def test_who_waits_says_so_and_goes_on(tmp_path: Path) -> None:
    told = Told()
    command = [sys.executable, "-c", _CLAIMER, "0.5", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        start = time.monotonic()
        with folder_claimed(tmp_path, progress=told):
            assert time.monotonic() > start
        assert process.wait() == 0
    assert [line.split(":")[0] for line in told.lines] == ["Waiting"]


def test_a_claim_is_let_go(tmp_path: Path) -> None:
    with folder_claimed(tmp_path):
        pass
    with folder_locked(tmp_path, wait=False):
        pass


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("run.csv", "run.csv"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\nb\r", r"a\nb\r"),
        ("\x9b2J", r"\x9b2J"),
        ("\u202egnp", r"\u202egnp"),
        ("\udcff", r"\udcff"),
        ("chêne 1\u00a0m", r"chêne 1\xa0m"),
    ],
)
def test_what_does_not_print_is_escaped(name: str, shown: str) -> None:
    assert printable(name) == shown


def test_a_folder_that_another_process_made_meanwhile_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(CannotCheckError, match="another process made it meanwhile"):
        _make_late(tmp_path / "world")
    assert [path.read_text() for path in (tmp_path / "world").iterdir()] == ["early"]
    assert _names(tmp_path) == ["world"]


def _make_late(target: Path) -> None:
    with folder_written_atomically(target) as late:
        (late / "a.txt").write_text("late")
        with folder_written_atomically(target) as early:
            (early / "a.txt").write_text("early")


@pytest.mark.parametrize("new", [False, True])
def test_a_fifo_is_not_replaced(tmp_path: Path, new: bool) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises((CannotCheckError, UsageError), match=r"FIFO|exists"):
        _write_to(tmp_path / "fifo", new=new)
    assert (tmp_path / "fifo").is_fifo()
    assert _names(tmp_path) == ["fifo"]


@pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="no /dev/null")
def test_a_device_behind_a_link_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "nothing.txt").symlink_to("/dev/null")
    with pytest.raises(CannotCheckError, match="it is a character device"):
        _write_to(tmp_path / "nothing.txt")
    assert Path("/dev/null").is_char_device()


def _write_to(path: Path, *, new: bool = False) -> None:
    with written_atomically(path, new=new) as temporary:
        temporary.write_text("mine")
