"""Too little memory is one line, and what libraries warn of stays with them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from submissions.memory import want_of_memory

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")

_RUN = "occurrence_id;species_id;probability\n7;1;0.5\n"
_TRUTH = "id;lat;lon;species_id\n7;45;3;1\n"


def limited(kilobytes: int, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a command with so much address space."""
    line = " ".join(["ulimit -v", f"{kilobytes};", sys.executable, "-m", "glckit", *map(str, words)])
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, timeout=100, check=False, env=environment
    )


# Before the first import that needs it, in the midst of them, and in reading.
@pytest.mark.parametrize("kilobytes", [80_000, 200_000, 280_000, 320_000])
def test_score_without_memory(tmp_path: Path, kilobytes: int) -> None:
    (tmp_path / "run.csv").write_text(_RUN)
    (tmp_path / "truth.csv").write_text(_TRUTH)
    done = limited(kilobytes, "score", tmp_path / "run.csv", "--truth", tmp_path / "truth.csv")
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 3), done.stderr
    if done.returncode:
        assert "memory" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("kilobytes", [500_000, 800_000])
def test_libraries_that_cannot_be_loaded(tiny_world: Path, tmp_path: Path, kilobytes: int) -> None:
    words = ("baseline", "rf", "--data", tiny_world, "--model", tmp_path / "rf", "--train")
    done = limited(kilobytes, *words, "--n-estimators", 2, "--holdout", 0)
    assert "Traceback" not in done.stderr
    assert done.returncode == 3, done.stderr
    assert "There is not enough memory to go on (ulimit -v allows" in done.stderr.splitlines()[-1]


def test_what_is_want_of_memory() -> None:
    assert want_of_memory(ImportError("a.so: failed to map segment from shared object")) is not None
    assert want_of_memory(RuntimeError("can't start new thread")) is not None
    assert want_of_memory(ImportError("No module named 'x'")) is None
    assert want_of_memory(ValueError("bad")) is None
    error = ValueError("later")
    error.__cause__ = MemoryError()
    assert want_of_memory(error) is not None


_WARNING = """
import warnings
from glckit.cli.process import well_behaved
with well_behaved():
    for module in ("sklearn.utils.multiclass", "joblib._multiprocessing_helpers", "mine"):
        warnings.warn_explicit(f"from {module}", UserWarning, "file.py", 1, module=module)
"""


@pytest.mark.parametrize(("flags", "shown"), [([], 1), (["-W", "always"], 3)])
def test_warnings_of_libraries_are_not_shown(flags: list[str], shown: int) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, *flags, "-c", _WARNING], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stderr.count("UserWarning") == shown
