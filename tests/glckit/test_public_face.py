"""The public names are those of a committed list: they hold for a minor version."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest
from floors import ROOT

import glckit
import glckit.metrics

FACE = ROOT / "tests" / "glckit" / "public_face.txt"
PAGE = ROOT / "docs" / "python.md"


def said_of(name: str, value: Any) -> str:
    """Return a public name with what it takes."""
    if not callable(value):
        return name
    signature = inspect.signature(value)
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values()]
    said = f"{name}{signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)}"
    return re.sub(r"<(\S+) object at \w+>", r"\1()", said)


def face() -> str:
    """Return the public face: every name with its parameters and their defaults."""
    lines = [
        said_of(f"{module.__name__}.{name}", getattr(module, name))
        for module in (glckit, glckit.metrics)
        for name in module.__all__
    ]
    return "".join(f"{line}\n" for line in lines)


def test_the_face_is_as_committed() -> None:
    pytest.importorskip("torchmetrics")
    assert FACE.read_text() == face(), (
        "A public name changed, which others' code rests on. If that is meant, say it in CHANGELOG.md, and "
        "run: PYTHONPATH=tests/support:. python tests/glckit/test_public_face.py"
    )


@pytest.mark.parametrize("module", [glckit, glckit.metrics], ids=lambda module: module.__name__)
def test_names_are_in_order_and_there(module: ModuleType) -> None:
    assert module.__all__ == sorted(module.__all__)
    assert dir(module) == module.__all__


def test_the_page_has_every_name() -> None:
    page = PAGE.read_text()
    missing = [
        name
        for module in (glckit, glckit.metrics)
        for name in module.__all__
        if f"`{name}`" not in page and f"`{name}(" not in page and not name.startswith("__")
    ]
    assert missing == []


def test_public_docstrings_are_whole() -> None:
    """Each has its parameters, what it returns, and what it raises."""
    pytest.importorskip("torchmetrics")
    for module in (glckit, glckit.metrics):
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isfunction(value):
                for section in ("Parameters", "Returns", "Raises"):
                    assert f"{section}\n    ---" in (value.__doc__ or ""), f"{name} has no {section}"


def test_importing_the_metrics_imports_nothing_slow() -> None:
    code = (
        "import glckit.metrics, sys\n"
        "print({'torch', 'torchmetrics', 'sklearn', 'numpy'} & set(sys.modules))\n"
        "glckit.metrics.Scorer\n"
        "print({'torch', 'torchmetrics', 'sklearn'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\nset()\n"


@pytest.mark.parametrize(
    ("asked", "blocked", "extra"),
    [("glckit.metrics.TopK", "torchmetrics", "metrics"), ("glckit.PatchDataset", "torch", "cnn")],
)
def test_a_missing_extra_is_one_line(asked: str, blocked: str, extra: str) -> None:
    code = (
        "import sys\n"
        "class Blocker:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] == {blocked!r}:\n"
        f"            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Blocker())\n"
        f"import glckit.metrics\n{asked}"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    last = f"{blocked} is not installed, and this needs it. Install it with: pip install 'glckit[{extra}]'"
    assert done.stderr.splitlines()[-1].endswith(last)


def test_what_is_not_there_is_no_attribute() -> None:
    for module in (glckit, glckit.metrics):
        with pytest.raises(AttributeError, match="no attribute 'nothing'"):
            _ = module.nothing


if __name__ == "__main__":
    FACE.write_text(face())
