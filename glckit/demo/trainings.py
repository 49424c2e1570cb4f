"""What the demo remembers from one run in a folder to the next: the trainings that it has finished."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from glckit.demo.commands import Cost
from submissions.errors import CannotCheckError, UsageError
from submissions.files import written_atomically

_BEGUN = {"begun": True}
_KEYS = {"digest", "seconds", "peak_bytes", "is_whole"}


@dataclass(frozen=True)
class Training:
    """A finished training; its cost is not that of the whole if it was stopped before and went on."""

    cost: Cost
    is_whole: bool = True


def recalled_training(notes: Path, model: Path) -> Training | None:
    """Return the training of a model from the notes; None if there is no model, or its training was stopped.

    Raises
    ------
    UsageError
        If the demo has not noted the model, so that training would overwrite someone's work.
    CannotCheckError
        If the notes cannot be read, or are of another kind.
    """
    if not model.exists():
        return None
    noted = _read(notes).get(model.name)
    if noted == _BEGUN:
        return None
    if noted is None or noted["digest"] != _digest(model):
        raise UsageError(
            f"{model} was not trained by this demo, and would be overwritten.",
            "Move or remove it, or name another folder.",
        )
    return Training(Cost(noted["seconds"], noted["peak_bytes"]), noted["is_whole"])


def note_begun(notes: Path, model: Path) -> None:
    """Note that a training begins, so that a demo that is stopped in it knows the model as its own."""
    _note(notes, model, _BEGUN)


def note_training(notes: Path, model: Path, training: Training) -> None:
    """Note that a model was trained and what that cost."""
    noted = {"digest": _digest(model), **asdict(training.cost), "is_whole": training.is_whole}
    _note(notes, model, noted)


def _note(notes: Path, model: Path, noted: Mapping[str, Any]) -> None:
    known = _read(notes) | {model.name: noted}
    with written_atomically(notes) as temporary:
        temporary.write_text(json.dumps(known, indent=2) + "\n")


def _read(notes: Path) -> dict[str, dict[str, Any]]:
    hint = "Remove it, and the models of the folder."
    try:
        known = json.loads(notes.read_text()) if notes.exists() else {}
    except (OSError, ValueError, RecursionError) as error:
        raise CannotCheckError(f"Cannot read {notes}: {error}.", hint) from error
    if not isinstance(known, dict) or not all(_is_note(noted) for noted in known.values()):
        raise CannotCheckError(f"{notes} does not hold the notes of a demo.", hint)
    return known


def _is_note(noted: object) -> bool:
    return isinstance(noted, dict) and (noted == _BEGUN or noted.keys() == _KEYS)


def _digest(model: Path) -> str:
    with model.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
