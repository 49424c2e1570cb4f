"""The wheel holds what it must and works without the extras."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from floors import FLOORS, ROOT, modules

# What the extras bring, and what glckit --help must not need either.
BLOCKED = (
    "torch",
    "torchvision",
    "sklearn",
    "rasterio",
    "joblib",
    "matplotlib",
    "PIL",
    "xxhash",
    "rapidgzip",
    "jinja2",
)

_BLOCKING = f"""
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {BLOCKED!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with nothing but the unpacked wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def python(code: str, folder: Path, *, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        cwd=cwd or folder,
        check=False,
    )


def test_contents(installed: Path) -> None:
    held = {path.relative_to(installed).as_posix() for path in installed.rglob("*") if path.is_file()}
    expected = {path.relative_to(ROOT).as_posix() for path in modules()}
    expected |= {f"{floor}/py.typed" for floor in FLOORS}
    packages = {name for name in held if name.split("/")[0] in FLOORS}
    assert {name for name in packages if name.endswith((".py", ".typed"))} == expected
    others = {name.split("/")[0] for name in held - packages}
    assert all(name.endswith(".dist-info") for name in others), others


def test_help_and_scoring_need_no_extra(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "run.csv").write_text("id;species;score\n1;2;0.5\n")
    (tmp_path / "truth.csv").write_text("id;species_id\n1;2\n")
    for arguments, shown in (
        (["--help"], "validate"),
        (["score", "run.csv", "--truth", "truth.csv", "-b"], "1.0000"),
    ):
        code = f"{_BLOCKING}\nsys.argv = ['glckit', *{arguments!r}]\nfrom glckit.cli import main\nmain()"
        result = python(code, installed, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        assert shown in result.stdout


def test_what_pages_are_made_of_is_installed(installed: Path) -> None:
    assert (installed / "baselines/integrity/pages/page.html.jinja").is_file()
    look = ROOT / "submissions" / "leaderboard" / "site" / "look"
    assert list(look.iterdir())
    for path in look.iterdir():
        assert (installed / path.relative_to(ROOT)).is_file(), path.name


def test_importing_glckit_imports_nothing_slow(installed: Path) -> None:
    code = "import glckit, glckit.cli, sys; print({'numpy', 'pandas', 'pyarrow'} & set(sys.modules))"
    assert python(_BLOCKING + code, installed).stdout == "set()\n"


def test_a_missing_extra_is_one_line(installed: Path) -> None:
    code = f"{_BLOCKING}\nfrom submissions.errors import require\nrequire('rasterio', 'rf')"
    assert "pip install 'glckit[rf]'" in python(code, installed).stderr


@pytest.mark.parametrize("name", ["scoring.py", "baselines.py"])
def test_a_file_that_hides_a_package_is_named(name: str, installed: Path, tmp_path: Path) -> None:
    (tmp_path / name).write_text("")
    result = python("import glckit", installed, cwd=tmp_path)
    assert "ImportError" in result.stderr
    assert str(tmp_path / name) in result.stderr
