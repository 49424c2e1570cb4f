"""Options of the library are built from the parameters of commands by one rule."""

from __future__ import annotations

from typing import Any

import pytest
import typer.main

from baselines.cnn.options import PredictionOptions, TrainingOptions
from baselines.forest.options import ForestOptions, ForestPrediction, ForestTraining
from baselines.fusion.files import Recipe
from glckit.cli import app
from glckit.cli.parameters import built, chosen


def given_by(*words: str) -> dict[str, Any]:
    """The parameters of a command that is called with some words; the first two name it."""
    command: Any = typer.main.get_command(app)
    for name in words[:2]:
        command = command.commands[name]
    parameters: dict[str, Any] = command.make_context(words[1], list(words[2:])).params
    return parameters


def test_what_is_not_given_is_what_the_library_does() -> None:
    network = given_by("baseline", "cnn")
    plan = network | {"dropout": network["dropout_rate"]}
    assert built(TrainingOptions, plan) == TrainingOptions()
    assert built(PredictionOptions, network | {"patch_size": 256}) == PredictionOptions(256)
    forest = given_by("baseline", "rf")
    assert built(ForestTraining, forest) == ForestTraining()
    assert built(ForestPrediction, forest) == ForestPrediction()
    assert built(Recipe, given_by("baseline", "fusion")) == Recipe()


@pytest.mark.parametrize(
    ("words", "path", "value"),
    [
        (["--epochs", "3"], "plan.epochs", 3),
        (["--milestones", "1, 2"], "plan.milestones", (1, 2)),
        (["--milestones", ""], "plan.milestones", ()),
        (["--channels", "red,altitude"], "input.channels", ("red", "altitude")),
        (["--precision", "bf16"], "machine.precision", "bf16"),
        (["--no-deterministic"], "machine.deterministic", False),
        (["--renew", "fc", "--renew", "Mixed_7c"], "renewed", ("fc", "Mixed_7c")),
    ],
)
def test_options_find_their_place_however_deep(words: list[str], path: str, value: object) -> None:
    found: Any = built(TrainingOptions, given_by("baseline", "cnn", *words))
    for name in path.split("."):
        found = getattr(found, name)
    assert found == value


def test_only_hyper_parameters_that_were_given_win_over_the_file() -> None:
    assert chosen(ForestOptions, given_by("baseline", "rf", "--max-depth", "3", "--no-bootstrap")) == {
        "max_depth": "3",
        "bootstrap": False,
    }
