"""The help of every command reads as if a person had written it."""

from __future__ import annotations

import re

import make_docs
import pytest
from commands import glckit

COMMANDS = [" ".join(path) for path in make_docs.command_paths()]

# What Typer and Python put there; words of an option, such as <text|json>, are what can be typed.
PYTHON = re.compile(r"<[^>|]*>|x>=|<=x|StrEnum|ndarray|NoneType|pathlib|Literal\[|\{[A-Z]+\}")


@pytest.mark.parametrize("command", COMMANDS)
def test_no_name_of_a_type_shows(command: str) -> None:
    shown = glckit(*command.split(), "--help").stdout
    assert PYTHON.findall(shown) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_rates_are_per_occurrence(command: str) -> None:
    shown = " ".join(glckit(*command.split(), "--help").stdout.split())
    assert not re.search(
        r"[Ss]pecies an occurrence|(?:id|path|name) a line|[Rr]ows? (?:for )?an occurrence", shown
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_no_summary_is_cut(command: str) -> None:
    shown = glckit(*command.split(), "--help").stdout
    assert not re.search(r"\.\.\.$", shown.partition("Commands:")[2], re.MULTILINE)


@pytest.mark.parametrize(
    ("command", "titles"),
    [
        ("cnn", ["Options", "Patches", "Prediction", "Training", "Network", "Machine"]),
        ("rf", ["Options", "Prediction", "Forest", "Machine"]),
        ("prior", ["Options"]),
    ],
)
def test_many_options_are_shown_in_groups(command: str, titles: list[str]) -> None:
    shown = glckit("baseline", command, "--help").stdout
    assert re.findall(r"^(\w+):$", shown, re.MULTILINE) == titles
