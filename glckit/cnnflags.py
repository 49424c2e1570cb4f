"""From the flags of ``glckit baseline cnn`` to what the library takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from baselines.cnn.options import CHANNELS, InputPlan, Machine, TrainingOptions, TrainingPlan
from baselines.cnn.prediction import PredictionOptions
from baselines.cnn.predictor import Draws
from baselines.cnn.baseline import CnnRequest
from submissions.competition.files import competition_of
from submissions.errors import UsageError

Flags = Mapping[str, Any]

_T = TypeVar("_T")

_PREDICTION_BATCH = 32


def request_of(flags: Flags) -> CnnRequest:
    """Return what is asked for.

    Parameters
    ----------
    flags : mapping
        Values by the names of the command's parameters.
    """
    competition = competition_of(_path(flags["data"]))
    name = "cnn-dropout" if flags["dropout"] else "cnn"
    return CnnRequest(
        competition,
        model=_path(flags["model"]) or competition.model("cnn"),
        run=_path(flags["output"]) or competition.run(name),
        train=flags["train"],
        predict=flags["predict"],
        on_damaged=_word(flags["on_damaged"]),
        exclude=_path(flags["exclude"]),
    )


def shown_of(flags: Flags, request: CnnRequest) -> InputPlan:
    """Return what a network that is to be trained is shown."""
    given = flags["channels"]
    return InputPlan(
        request.competition.data.patch_size,
        CHANNELS if given is None else _listed(given, str.strip, "--channels"),
        _word(flags["land_cover"]),
        _word(flags["scaling"]),
    )


def machine_of(flags: Flags) -> Machine:
    """Return what to work on."""
    names = ("devices", "nodes", "workers", "accumulate", "compiled", "deterministic")
    words = ("accelerator", "strategy", "precision")
    return Machine(**{name: flags[name] for name in names}, **{name: _word(flags[name]) for name in words})


def training_of(flags: Flags, request: CnnRequest, command: str) -> TrainingOptions:
    """Return how to train.

    Raises
    ------
    UsageError
        If a flag cannot be meant.
    """
    names = ("epochs", "learning_rate", "momentum", "weight_decay", "validate_every", "seed")
    plan = TrainingPlan(
        **{name: flags[name] for name in names},
        batch_size=flags["batch_size"] or TrainingPlan.batch_size,
        dropout=flags["dropout_rate"],
        initial=_word(flags["initial"]),
        milestones=_listed(flags["milestones"], int, "--milestones"),
        shares=_three(_listed(flags["shares"], float, "--shares")),
    )
    return TrainingOptions(
        shown_of(flags, request),
        plan,
        machine_of(flags),
        weights=_path(flags["weights"]),
        renewed=tuple(flags["renew"] or ()),
        save_minutes=flags["save_minutes"],
        restart=flags["restart"],
        command=command,
    )


def prediction_of(flags: Flags, request: CnnRequest, command: str) -> PredictionOptions:
    """Return how to predict."""
    return PredictionOptions(
        request.competition.data.patch_size,
        Draws(flags["dropout"], flags["passes"]),
        machine_of(flags),
        batch_size=flags["batch_size"] or _PREDICTION_BATCH,
        max_rows=request.competition.rows(flags["max_rows"]),
        seed=flags["seed"],
        command=command,
    )


def _path(value: Any) -> Path | None:
    return None if value is None else Path(value)


def _word(value: Any) -> Any:
    return str(value)


def _listed(text: str, read: Callable[[str], _T], flag: str) -> tuple[_T, ...]:
    try:
        return tuple(read(word) for word in text.split(",") if word.strip())
    except ValueError as error:
        raise UsageError(f"{flag} must be numbers with commas between them, not {text!r}.") from error


def _three(shares: tuple[float, ...]) -> tuple[float, float, float]:
    if len(shares) != 3:
        raise UsageError(f"--shares must be three numbers that make 1, not {len(shares)}.")
    return shares[0], shares[1], shares[2]
