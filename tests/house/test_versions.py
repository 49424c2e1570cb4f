"""The wheel works with the lowest versions that pyproject.toml allows, and with the newest."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from floors import ROOT
from packaging.requirements import Requirement

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# What people do first, without any extra; numbers are those that a pencil gives.
_CORE = """
import gzip, subprocess, sys
import numpy as np

rows = "id;species;score\\n1;7;0.9\\n1;8;0.2\\n2;7;0.4\\n2;8;0.6\\n"
open("run.csv", "w").write(rows)
gzip.open("run.csv.gz", "wt").write(rows)
open("truth.csv", "w").write("id;lat;lon;species_id\\n1;43.6;3.9;7\\n2;44.6;3.9;7\\n")

def glckit(*words):
    command = [sys.executable, "-m", "glckit", *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

glckit("convert", "run.csv", "run.parquet")
for run in ("run.csv", "run.csv.gz", "run.parquet"):
    assert glckit("score", run, "--truth", "truth.csv", "-k", "1", "-b") == "0.5000\\n", run
assert "valid" in glckit("validate", "run.csv")
assert "adaptive-top-k" in glckit("compare", "run.csv", "run.parquet", "--truth", "truth.csv", "-k", "1")
assert "verify-patches" in glckit("--help")

import glckit as face
assert face.score("run.csv", "truth.csv", k=1, ci=True).to_frame()["adaptive_hit"].tolist() == [True, False]
assert face.adaptive_top_k(np.array([[0.9, 0.2], [0.4, 0.6]]), [0, 0], k=1) == 0.5
"""
# A world needs rasters and patches, its forest trees, and a picture of it matplotlib.
_EXTRAS = """
import subprocess, sys

def glckit(*words):
    subprocess.run([sys.executable, "-m", "glckit", *words], check=True)

glckit("world", "w", "--occurrences", "300", "--species", "20", "--patch-size", "16")
glckit("verify-patches", "w", "--html", "page.html")
files = "--data", "w", "--model", "rf", "-o", "rf.csv"
glckit("baseline", "rf", *files, "--n-estimators", "3", "--grower", "fast")
glckit("score", "rf.csv", "--truth", "w/truth.csv", "--ci", "--plot", "pictures")
"""


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    return sorted(folder.iterdir())


def test_twine_and_check_wheel_contents_pass(distributions: list[Path]) -> None:
    (wheel,) = (path for path in distributions if path.suffix == ".whl")
    checks = (["twine", "check", "--strict", *map(str, distributions)], ["check-wheel-contents", str(wheel)])
    for name, *arguments in checks:
        command = [str(Path(sys.executable).with_name(name)), *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("versions", ["lowest", "newest"])
def test_without_extras(versions: str, distributions: list[Path], tmp_path: Path) -> None:
    python = _installed(distributions, tmp_path, (), lowest=versions == "lowest")
    _passes(python, _CORE, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("versions", ["lowest", "newest"])
def test_with_extras(versions: str, distributions: list[Path], tmp_path: Path) -> None:
    extras = ("rf", "fast", "patches", "plot", "xlsx")
    python = _installed(distributions, tmp_path, extras, lowest=versions == "lowest")
    _passes(python, _EXTRAS, tmp_path)


def _installed(distributions: list[Path], folder: Path, extras: tuple[str, ...], *, lowest: bool) -> Path:
    """Return the Python of an environment that holds the wheel; skip where no registry can be reached."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "--retries", "1"]
    reached = subprocess.run(
        [*pip, "download", "--no-deps", "-d", str(folder), "packaging"], capture_output=True
    )
    if reached.returncode:
        pytest.skip("no package registry can be reached")
    (wheel,) = (path for path in distributions if path.suffix == ".whl")
    floors = folder / "floors.txt"
    floors.write_text("\n".join(_floors(extras)) if lowest else "")
    wanted = f"{wheel}[{','.join(extras)}]" if extras else str(wheel)
    done = subprocess.run([*pip, "install", wanted, "-c", str(floors)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return python


def _floors(extras: tuple[str, ...]) -> list[str]:
    """Return the lowest version of each direct requirement that is allowed."""
    optional = PROJECT["optional-dependencies"]
    listed = [*PROJECT["dependencies"], *(each for extra in extras for each in optional[extra])]
    requirements = [Requirement(each) for each in listed]
    return [str(each).replace(">=", "==") for each in requirements if each.name != "glckit"]


def _passes(python: Path, code: str, folder: Path) -> None:
    done = subprocess.run([str(python), "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
