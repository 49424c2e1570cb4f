"""How the command line ends: signals, closed streams, full disks, and text that a terminal would obey."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from glckit.render import Report, render
from tests.support.commands import glckit

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and shells of POSIX")

_GLCKIT = [sys.executable, "-m", "glckit"]
_WORLD = ["world", "w", "--occurrences", "4000", "--patch-size", "64"]


def _shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-c", f'set -o pipefail; glckit() {{ {sys.executable} -m glckit "$@"; }}; {line}']
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = tmp_path / "run.csv"
    path.write_text("occurrence_id;species_id;probability\n10561900;241;0.5\n")
    return path


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [(signal.SIGTERM, 143, ""), (signal.SIGINT, 130, "Stopped. Nothing was written; the same command")],
)
def test_signals_unwind(tmp_path: Path, number: int, status: int, said: str) -> None:
    command = [*_GLCKIT, *_WORLD]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        while not list(tmp_path.glob(".glckit-*/occurrences_us_train.csv")) and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert said in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


_SWALLOWING = """
import os, signal, sys, time
from glckit.cli.process import TERMINATED, well_behaved

class Destroyed:
    def __del__(self):
        os.kill(os.getpid(), getattr(signal, sys.argv[1]))
        for _ in range(1000):
            pass

with well_behaved():
    Destroyed()
    time.sleep(30)
"""


@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGINT", -signal.SIGINT)])
def test_a_signal_that_meets_a_destructor_is_not_lost(name: str, status: int) -> None:
    command = [sys.executable, "-c", _SWALLOWING, name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=25)
    assert done.returncode == status
    assert "Exception ignored" not in done.stderr


def test_ctrl_c_while_importing_is_silent(tmp_path: Path) -> None:
    for wait in (0.1, 0.2, 0.4, 0.8):
        with subprocess.Popen(
            [*_GLCKIT, "score", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            time.sleep(wait)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
        if wait >= 0.4:  # before that, Python itself may be starting
            assert b"Traceback" not in err


@pytest.mark.parametrize("words", ["--help", "score --help", "validate --json run.csv"])
def test_a_reader_that_has_gone_ends_it_as_other_tools(run: Path, words: str) -> None:
    done = _shell(f"cd {run.parent}; glckit {words} | true")
    assert done.returncode in (0, 1, 141)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_error(run: Path, closed: str) -> None:
    done = _shell(f"glckit validate {run} {closed}")
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_written_with_closed_streams_is_whole(run: Path) -> None:
    done = _shell(f"cd {run.parent}; glckit convert run.csv out.csv >&- 2>&-; cat out.csv")
    assert done.returncode == 0
    assert done.stdout == "occurrence_id;species_id;probability;rank\n10561900;241;0.5;1\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_behind_stdout_is_said(run: Path) -> None:
    done = _shell(f"glckit validate {run} > /dev/full")
    assert done.returncode == 3
    assert done.stderr.startswith("glckit: ")
    assert "Traceback" not in done.stderr


def test_no_encoding_stops_a_report(tmp_path: Path) -> None:
    (tmp_path / "Ω.csv").write_text("nothing\n")
    done = _shell(f"cd {tmp_path}; glckit validate Ω.csv", PYTHONIOENCODING="latin-1:strict")
    assert done.returncode == 1
    assert r"\u03a9.csv" in done.stdout


_NAME = "\x1b[31mred\n| =[link=x](y) <b>\x9b\udcff.csv"


def test_names_cannot_command_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "\x1b[31mred\nglckit: all is well \x9b\u202e.csv"
    path.write_text("occurrence_id;species_id;probability\n1;\x1b[2J;0.5\n")
    result = glckit("validate", path)
    assert result.exit_code == 1
    for text in (result.stdout, result.stderr):
        assert all(each.isprintable() or each == "\n" for each in text)
    assert "\nglckit: all is well" not in result.stderr


@pytest.mark.parametrize("words", [["score", "--\x1b[31m"], ["\x1b[31m"], ["score", "-k", "\x1b[31m", "x"]])
def test_words_of_the_command_line_cannot_command_the_terminal(words: list[str]) -> None:
    result = glckit(*words)
    assert result.exit_code == 2
    assert "\x1b" not in result.stderr


def _report(name: Any) -> Report:
    return Report({"run": name}, ["run"], [[name]])


@pytest.mark.parametrize("form", ["text", "csv", "markdown", "latex"])
def test_tables_keep_a_name_in_its_cell(form: Any) -> None:
    shown = render(_report(_NAME), form)
    plain = render(_report("red.csv"), form)
    assert len(shown.splitlines()) == len(plain.splitlines())
    assert all(each.isprintable() or each == "\n" for each in shown)


def test_json_escapes_what_terminals_obey_and_says_the_same() -> None:
    shown = render(_report(_NAME), "json")
    assert json.loads(shown) == {"run": _NAME}
    assert all(each.isprintable() or each == "\n" for each in shown)
    assert json.loads(render(_report("\x7f"), "json")) == {"run": "\x7f"}


@pytest.mark.parametrize("name", ["=cmd|'/c calc'!A0", "+1", "-1+1", "@SUM(A1)"])
def test_csv_has_no_formulas(name: str) -> None:
    (_, (cell,)) = csv.reader(io.StringIO(render(_report(name), "csv")))
    assert cell == f"'{name}"


def test_csv_keeps_numbers_and_standard_input() -> None:
    assert render(Report({}, ["run", "n"], [["-", -1.5]]), "csv") == "run,n\n-,-1.5"


def test_markdown_and_latex_keep_their_own_signs() -> None:
    name = r"a|b[c](d)*e*`f`<g>\h"
    assert render(_report(name), "markdown").splitlines()[-1] == r"| a\|b\[c\](d)\*e\*\`f\`\<g\>\\h |"
    assert r"a|b[c](d)*e*`f`<g>\textbackslash{}h" in render(_report(name), "latex")
