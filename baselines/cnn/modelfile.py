"""The model on disk: weights as safetensors, everything else as JSON beside them. No pickle."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from baselines.cnn.network import PatchInception, skeleton
from baselines.cnn.options import InputPlan
from submissions.errors import CannotCheckError, UsageError
from submissions.files import written_atomically

#: Files of a model's folder.
WEIGHTS, DESCRIPTION = "model.safetensors", "model.json"

_FORMAT = 1
_TRAIN = "Train one with: glckit baseline cnn --train"


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


def write_model(folder: str | os.PathLike[str], model: Model) -> None:
    """Write a model into a folder, weights first, so that a description never lacks its weights."""
    place = Path(folder)
    write_tensors(place / WEIGHTS, model.network.state_dict())
    description = {
        "format": _FORMAT,
        "architecture": "inception_v3",
        "input": dataclasses.asdict(model.plan),
        "dropout": model.dropout,
        "species": model.species.tolist(),
        "training": model.training,
    }
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
    place = Path(folder)
    missing = [name for name in (DESCRIPTION, WEIGHTS) if not (place / name).is_file()]
    if missing:
        raise UsageError(f"{place} holds no model: {' and '.join(missing)} not found.", _TRAIN)
    description = _read_description(place / DESCRIPTION)
    tensors, _ = read_tensors(place / WEIGHTS)
    species = np.array(description["species"], dtype=np.int64)
    plan, dropout = _plan_of(description["input"]), float(description["dropout"])
    check_fit(tensors, skeleton(plan.n_planes, len(species)), where=str(place / WEIGHTS))
    network = PatchInception(plan.n_planes, len(species), dropout=dropout, initial=None)
    network.load_state_dict(tensors)
    return Model(network.eval(), species, plan, dropout, description["training"])


def has_model(folder: str | os.PathLike[str]) -> bool:
    """Tell whether a folder holds a model."""
    return (Path(folder) / DESCRIPTION).is_file()


def write_tensors(
    path: str | os.PathLike[str], tensors: Mapping[str, Tensor], notes: Mapping[str, Any] | None = None
) -> None:
    """Write named tensors, on any device and in any memory format, and notes as JSON in the file's header.

    CannotCheckError if that is not possible; a file that is there is replaced when all is written.
    """
    header = {name: json.dumps(note) for name, note in (notes or {}).items()}
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with written_atomically(path) as temporary:
        mode = temporary.stat().st_mode
        try:
            save_file(plain, temporary, header or None)
        except SafetensorError as error:  # a full disk, for one
            raise CannotCheckError(f"Cannot write {path}: {error}.") from error
        temporary.chmod(mode)  # safetensors leaves its files to their owner alone


def read_tensors(path: str | os.PathLike[str]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write_tensors` wrote: the tensors, on the CPU, and the notes.

    CannotCheckError if the file is absent, cut off or no such file.
    """
    from safetensors import safe_open

    try:
        with safe_open(path, "pt") as file:
            notes = file.metadata() or {}
        return load_file(path), {name: json.loads(note) for name, note in notes.items()}
    except (OSError, SafetensorError, ValueError) as error:
        raise CannotCheckError(
            f"{path} is cut off or no safetensors file: {error}.",
            "Remove it and train again, or fetch a whole copy.",
        ) from error


def check_fit(tensors: Mapping[str, Tensor], network: PatchInception, *, where: str) -> None:
    """Raise a UsageError that lists all weights that are missing, unknown or shaped unlike a network's.

    Only names and shapes of the network are looked at; `where` is where the weights come from.
    """
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    faults = [f"{name} is missing" for name in expected if name not in found]
    faults += [f"{name} is unknown" for name in found if name not in expected]
    faults += [
        f"{name} has shape {found[name]}, not {shape}"
        for name, shape in expected.items()
        if name in found and found[name] != shape
    ]
    if faults:
        more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise UsageError(
            f"The weights of {where} do not fit this network: {'; '.join(faults[:5])}{more}.",
            "Planes, land cover and species must be those that the weights were trained for.",
        )


def _read_description(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CannotCheckError(f"Cannot read {path}: {error}.", "Fetch a whole copy.") from error
    wanted = {"format", "input", "dropout", "species", "training"}
    if not isinstance(found, dict) or found.get("format") != _FORMAT or wanted - found.keys():
        raise UsageError(f"{path} does not describe a model of this version of glckit.", _TRAIN)
    return found


def _plan_of(described: Mapping[str, Any]) -> InputPlan:
    names = {each.name for each in dataclasses.fields(InputPlan)}
    if set(described) != names:
        raise UsageError(f"The input of the model says {sorted(described)}, not {sorted(names)}.", _TRAIN)
    return InputPlan(**{**described, "channels": tuple(described["channels"])})
