"""The documentation says what the program does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import make_docs
import pytest
from floors import ROOT, modules


def test_the_command_reference_is_fresh() -> None:
    assert make_docs.CLI.read_text() == make_docs.cli_reference(), "stale: run make docs"


def test_the_example_of_the_readme_is_fresh() -> None:
    assert make_docs.README.read_text() == make_docs.readme(), "stale: run make docs"


@pytest.mark.parametrize("page", make_docs.TUTORIALS, ids=lambda page: page.stem)
def test_the_sessions_of_a_tutorial_print_what_it_shows(page: Path) -> None:
    assert page.read_text() == make_docs.tutorial(page), "stale: run make docs"


def test_the_example_of_the_python_page_is_fresh() -> None:
    assert make_docs.PYTHON.read_text() == make_docs.python_page(), "stale: run make docs"


def test_every_command_says_what_it_does() -> None:
    reference = make_docs.cli_reference()
    for path in make_docs.command_paths():
        assert f"## {' '.join(['glckit', *path])}\n" in reference


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_public_names_have_docstrings(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), f"{path} has no docstring"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            if "overload" in map(ast.unparse, node.decorator_list):
                continue  # what it overloads has one
            is_command = any("command" in ast.unparse(each) for each in node.decorator_list)
            docstring = ast.get_docstring(node)
            assert docstring, f"{path}: {node.name} has no docstring"
            assert is_command or docstring.split("\n\n")[0].rstrip().endswith((".", ":")), (
                f"{path}: {node.name}"
            )


@pytest.mark.parametrize(
    "path", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]), ids=lambda path: path.name
)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name} links to {target}"
