"""Where a baseline's run comes from: what ``RUN.meta.json`` says."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.version import VERSION


@dataclass(frozen=True)
class Provenance:
    """How a run came about.

    Parameters
    ----------
    seed : int, optional
        What decides the run: of the model, unless the prediction draws too.
    model_digest, data_digest : str, optional
        `digest_of` what the model learned, and of what it learned from.
    verification : mapping, optional
        Level, share damaged and ``on_damaged``, where patches were read.
    filled, left_out : mapping of str to int
        Occurrences that got something else than the model's prediction, and that got none, by reason.
    model : mapping, optional
        Where the model comes from, as its file says; all else is of the prediction.
    packages : tuple of str
        Packages beside NumPy whose versions matter.
    """

    name: str
    command: str
    seed: int | None = 0
    model_digest: str | None = None
    data_digest: str | None = None
    participant: str | None = None
    device: str = "cpu"
    verification: Mapping[str, Any] | None = None
    filled: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    model: Mapping[str, Any] | None = None
    packages: tuple[str, ...] = ()

    def metadata(self) -> dict[str, Any]:
        """Return what to write beside the run, with the versions of this installation.

        What does not apply is left out.
        """
        said = {name: value for name, value in asdict(self).items() if value not in (None, {}, (), "")}
        packages = ("numpy", *said.pop("packages", ()))
        versions = {"glckit": VERSION, "python": platform.python_version()}
        return said | {"versions": versions | {package: _version(package) for package in packages}}


def digest_of(*arrays: NDArray[np.generic]) -> str:
    """Return the first 12 hexadecimal digits of the SHA-256 of arrays: their types, shapes and values.

    Examples
    --------
    >>> digest_of(np.arange(3)) == digest_of(np.arange(3.0))
    False
    """
    return digest_of_each(arrays)


def digest_of_each(arrays: Iterable[NDArray[np.generic]]) -> str:
    """Return what `digest_of` does of arrays that are made one by one, and held no longer than it takes."""
    sha = hashlib.sha256()
    for array in arrays:
        values = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        sha.update(f"{values.dtype.str}{values.shape}".encode())
        sha.update(values.tobytes())
    return sha.hexdigest()[:12]


def digest_of_files(paths: Iterable[str | os.PathLike[str]]) -> str:
    """Return 12 hexadecimal digits that stand for what files hold, whatever their order and names."""
    contents = []
    for path in paths:
        with Path(path).open("rb") as file:
            contents.append(hashlib.file_digest(file, "sha256").digest())
    return hashlib.sha256(b"".join(sorted(contents))).hexdigest()[:12]


def digest_of_json(content: object) -> str:
    """Return the first 12 hexadecimal digits of the SHA-256 of what JSON can hold, keys in any order."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
