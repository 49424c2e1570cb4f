"""The model on disk: weights as safetensors, everything else as JSON beside them. No pickle."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from baselines.cnn.network import PatchInception, skeleton
from baselines.cnn.options import InputPlan
from baselines.cnn.tensorfile import DIGEST, digest_of_tensors, read_tensors, write_tensors
from baselines.provenance import digest_of, digest_of_json
from submissions.errors import CannotCheckError, UsageError
from submissions.files import written_atomically
from submissions.opening import open_file
from submissions.printable import printable
from submissions.wording import counted

#: Files of a model's folder.
WEIGHTS, DESCRIPTION = "model.safetensors", "model.json"

_FORMAT = 1
_TRAIN = "Train one with: glckit baseline cnn --train"
_AGAIN = "Train it again with: glckit baseline cnn --train"

# Seconds between looks at a model whose two files do not belong together: a training that ends replaces
# one after the other.
_PAUSES = (0.2, 0.8)


@dataclass(frozen=True)
class Model:
    """A trained network, on the CPU, and what it was trained for.

    Parameters
    ----------
    species : ndarray of int64 of shape (n_species,)
        The species of each output.
    dropout : float
        Share of the features that is dropped.
    training : mapping
        How it was trained, for the record.
    """

    network: PatchInception
    species: NDArray[np.int64]
    plan: InputPlan
    dropout: float = 0.5
    training: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """The first 12 hexadecimal digits of the SHA-256 of species and weights."""
        tensors = self.network.state_dict().values()
        return digest_of(self.species, *(tensor.numpy() for tensor in tensors))

    @property
    def seed(self) -> int | None:
        """The seed of the training, if it was noted."""
        seed: int | None = self.training.get("plan", {}).get("seed")
        return seed

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the network comes from, for the metadata of its runs."""
        names = (
            *("data_digest", "training_files", "command", "plan", "weights", "renewed", "best_epoch"),
            *("verification", "left_out", "versions"),
        )
        noted = {name: self.training[name] for name in names if name in self.training}
        return {"digest": self.digest, "seed": self.seed, **noted, "input": dataclasses.asdict(self.plan)}

    @property
    def in_words(self) -> str:
        """What the network is, in a few words."""
        plan = self.training.get("plan", {})
        words = ["Inception V3", counted(len(self.plan.channels), "channel")]
        words += [counted(plan["epochs"], "epoch")] if "epochs" in plan else []
        words += [] if self.seed is None else [f"seed {self.seed}"]
        return ", ".join(words)


class _UnlikeFilesError(CannotCheckError):
    """Weights and description of a model are not of one training."""


def write_model(folder: str | os.PathLike[str], model: Model) -> None:
    """Write a model into a folder, weights first, so that a description never lacks its weights."""
    place, tensors = Path(folder), model.network.state_dict()
    write_tensors(place / WEIGHTS, tensors)
    description = {
        "format": _FORMAT,
        "architecture": "inception_v3",
        "input": dataclasses.asdict(model.plan),
        "dropout": model.dropout,
        "species": model.species.tolist(),
        "training": model.training,
        "weights": digest_of_tensors(tensors),
    }
    description["seal"] = digest_of_json(description)
    with written_atomically(place / DESCRIPTION) as temporary:
        temporary.write_text(json.dumps(description, indent=1, allow_nan=False) + "\n")


def read_model(folder: str | os.PathLike[str]) -> Model:
    """Read a model that `write_model` put into a folder, its network in evaluation mode.

    Raises
    ------
    UsageError
        If there is no model, or its files do not fit each other.
    CannotCheckError
        If a file is damaged.
    """
    for pause in _PAUSES:
        with contextlib.suppress(_UnlikeFilesError):
            return _read_model(Path(folder))
        time.sleep(pause)
    return _read_model(Path(folder))


def read_choices(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a network was trained with, by the names of flags; its weights are not read.

    The size of a batch is none of them, since a prediction has one of its own.
    """
    _refuse_absent(Path(folder))
    description = _read_description(Path(folder) / DESCRIPTION)
    training = description["training"]
    plan = {name: value for name, value in training.get("plan", {}).items() if name != "batch_size"}
    if "dropout" in plan:
        plan["dropout_rate"] = plan.pop("dropout")
    start = {"weights": "weights", "renew": "renewed"}
    chosen = {flag: training[name] for flag, name in start.items() if name in training}
    return {**description["input"], **plan, **chosen}


def has_model(folder: str | os.PathLike[str]) -> bool:
    """Tell whether a folder holds a model."""
    return (Path(folder) / DESCRIPTION).is_file()


def check_fit(tensors: Mapping[str, Tensor], network: PatchInception, *, where: str) -> None:
    """Raise a UsageError that lists all weights that are missing, unknown or shaped unlike a network's.

    Only names and shapes of the network are looked at; `where` is where the weights come from.
    """
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    faults = [f"{name} is missing" for name in expected if name not in found]
    faults += [f"{printable(name)} is unknown" for name in found if name not in expected]
    faults += [
        f"{name} has shape {found[name]}, not {shape}"
        for name, shape in expected.items()
        if name in found and found[name] != shape
    ]
    if faults:
        more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise UsageError(
            f"The weights of {printable(where)} do not fit this network: {'; '.join(faults[:5])}{more}.",
            "Planes, land cover and species must be those that the weights were trained for.",
        )


def _read_model(place: Path) -> Model:
    _refuse_absent(place)
    description = _read_description(place / DESCRIPTION)
    tensors, notes = read_tensors(place / WEIGHTS)
    if description.get("weights") not in (None, notes.get(DIGEST)):
        raise _UnlikeFilesError(
            f"{WEIGHTS} and {DESCRIPTION} of {printable(place)} are not of one training.", _AGAIN
        )
    species = np.array(description["species"], dtype=np.int64)
    plan, dropout = _plan_of(description["input"]), float(description["dropout"])
    check_fit(tensors, skeleton(plan.n_planes, len(species)), where=str(place / WEIGHTS))
    broken = [name for name, tensor in tensors.items() if not bool(tensor.isfinite().all())]
    if broken:
        raise CannotCheckError(
            f"{printable(place / WEIGHTS)} is damaged: {broken[0]} has values that are no numbers.", _AGAIN
        )
    network = PatchInception(plan.n_planes, len(species), dropout=dropout, initial=None)
    network.load_state_dict(tensors)
    return Model(network.eval(), species, plan, dropout, description["training"])


def _refuse_absent(place: Path) -> None:
    missing = [name for name in (DESCRIPTION, WEIGHTS) if not (place / name).is_file()]
    if missing:
        raise UsageError(f"{printable(place)} holds no model: {' and '.join(missing)} not found.", _TRAIN)


def _read_description(path: Path) -> dict[str, Any]:
    try:
        with open_file(path) as file:
            found = json.loads(file.read())
    except (OSError, ValueError, RecursionError) as error:
        raise CannotCheckError(f"Cannot read {printable(path)}: {error}.", "Fetch a whole copy.") from error
    wanted = {"format", "input", "dropout", "species", "training"}
    if not isinstance(found, dict) or found.get("format") != _FORMAT or wanted - found.keys():
        raise UsageError(f"{printable(path)} does not describe a model of this version of glckit.", _TRAIN)
    seal = found.pop("seal", None)  # earlier models have none
    if seal not in (None, digest_of_json(found)) or not _makes_sense(found):
        raise CannotCheckError(f"{printable(path)} is damaged: it is not as it was written.", _AGAIN)
    return found


def _makes_sense(found: Mapping[str, Any]) -> bool:
    species, training, dropout = found["species"], found["training"], found["dropout"]
    return (
        isinstance(found["input"], dict)
        and isinstance(species, list)
        and all(type(each) is int for each in species)
        and isinstance(dropout, int | float)
        and 0 <= dropout < 1
        and isinstance(training, dict)
        and isinstance(training.get("plan", {}), dict)
    )


def _plan_of(described: Mapping[str, Any]) -> InputPlan:
    names = {each.name for each in dataclasses.fields(InputPlan)}
    if set(described) != names:
        raise UsageError(f"The input of the model says {sorted(described)}, not {sorted(names)}.", _TRAIN)
    try:
        return InputPlan(**{**described, "channels": tuple(described["channels"])})
    except TypeError as error:
        raise UsageError(f"The input of the model makes no sense: {error}.", _TRAIN) from error
