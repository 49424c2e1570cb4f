"""The forest on disk: one zip of arrays and JSON, without a pickle, that NumPy opens as an npz."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baselines.forest.model import ForestModel, TrainingFacts
from baselines.forest.options import ForestOptions
from baselines.forest.trees import CompressedTree
from baselines.prior import Frequencies
from submissions.errors import CannotCheckError, UsageError
from submissions.files import written_atomically

#: The file in a model's folder.
FILE_NAME = "forest.npz"
#: Raised whenever older programs could misread a model.
VERSION = 1

_FORMAT = "glckit forest"
_HEADER = "model.json"
# Level 6 saves another 6 % of the file for three times the time.
_COMPRESSION_LEVEL = 1

PathLike = str | os.PathLike[str]


def model_path(folder: PathLike) -> Path:
    """Return the file of a model: `FILE_NAME` in its folder, or the path itself if it ends in ``.npz``.

    Examples
    --------
    >>> model_path("models/rf").as_posix(), model_path("best.npz").as_posix()
    ('models/rf/forest.npz', 'best.npz')
    """
    path = Path(folder)
    return path if path.suffix == ".npz" else path / FILE_NAME


def write_model(path: PathLike, model: ForestModel) -> Path:
    """Write a model to a folder or file, see `model_path`; equal models make equal files."""
    header = {
        "format": _FORMAT,
        "version": VERSION,
        "names": list(model.names),
        "n_trees": len(model.trees),
        "regions": sorted(model.frequencies),
        "options": model.options.parameters,
        "facts": asdict(model.facts),
    }
    target = model_path(path)
    _write_archive(target, model.arrays(), header)
    return target


def read_model(path: PathLike) -> ForestModel:
    """Read a model that `write_model` has written.

    Parameters
    ----------
    path : path-like
        The model's folder or file.

    Returns
    -------
    ForestModel
        The same model.

    Raises
    ------
    UsageError
        If there is none, it is of another version, or no model of a forest.
    CannotCheckError
        If it cannot be read, or is damaged.
    """
    target = model_path(path)
    try:
        with zipfile.ZipFile(target) as archive:
            return _model_of(_header_of(archive, target), archive)
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no model {target}.", "Make one with: glckit baseline rf --train"
        ) from error
    except OSError as error:
        raise CannotCheckError(f"Cannot read the model {target}: {error.strerror or error}.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, TypeError) as error:
        raise CannotCheckError(
            f"The model {target} is damaged: {error}.",
            "Train it again with: glckit baseline rf --train",
        ) from error


def write_tree(path: Path, tree: CompressedTree) -> None:
    """Write one tree on its own."""
    _write_archive(path, vars(tree))


def read_tree(path: Path) -> CompressedTree:
    """Read a tree that `write_tree` has written; CannotCheckError if it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _tree_of(archive, "")
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError) as error:
        raise CannotCheckError(
            f"The finished tree {path} is damaged: {error}.",
            "Delete it and all later ones; they grow again.",
        ) from error


def _header_of(archive: zipfile.ZipFile, path: Path) -> Mapping[str, Any]:
    header = json.loads(archive.read(_HEADER)) if _HEADER in archive.namelist() else {}
    if not isinstance(header, dict) or header.get("format") != _FORMAT:
        raise UsageError(f"{path} is no forest of glckit.", "Name the model with --model.")
    if header.get("version") != VERSION:
        raise UsageError(
            f"The model {path} is of version {header.get('version')}; this glckit reads version {VERSION}.",
            "Train it again with: glckit baseline rf --train",
        )
    return header


def _model_of(header: Mapping[str, Any], archive: zipfile.ZipFile) -> ForestModel:
    frequencies = {
        region: Frequencies(_array(archive, f"{region}/species"), _array(archive, f"{region}/shares"))
        for region in header["regions"]
    }
    return ForestModel(
        tuple(header["names"]),
        _array(archive, "species"),
        tuple(_tree_of(archive, f"tree_{number}/") for number in range(header["n_trees"])),
        frequencies,
        ForestOptions(**header["options"]),
        TrainingFacts(**header["facts"]),
    )


def _tree_of(archive: zipfile.ZipFile, prefix: str) -> CompressedTree:
    return CompressedTree(*(_array(archive, f"{prefix}{each.name}") for each in fields(CompressedTree)))


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(f"{name}.npy") as member:
        array = np.lib.format.read_array(member, allow_pickle=False)
        if member.read():  # at the end, and not before, the checksum is compared
            raise ValueError(f"{name} is longer than it says")
    return array


def _write_archive(path: Path, arrays: Mapping[str, NDArray[Any]], header: object = None) -> None:
    with (
        written_atomically(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION_LEVEL) as archive,
    ):
        # Members opened by name are dated 1980, so equal models are equal files.
        if header is not None:
            with archive.open(_HEADER, "w") as member:
                member.write(json.dumps(header, indent=2).encode())
        for name, array in arrays.items():
            little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, little, allow_pickle=False)
