"""The forest on disk: one zip of arrays and JSON, without a pickle, that NumPy opens as an npz."""

from __future__ import annotations

import contextlib
import json
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baselines.forest.model import ForestModel, TrainingFacts
from baselines.forest.options import ForestOptions, Setting
from baselines.forest.trees import CompressedTree, fault_of
from baselines.prior import Frequencies
from baselines.provenance import digest_of_json
from submissions.errors import CannotCheckError, UsageError
from submissions.files import written_atomically
from submissions.opening import open_file
from submissions.printable import printable

#: The file in a model's folder.
FILE_NAME = "forest.npz"
#: Raised whenever older programs could misread a model.
VERSION = 1

_FORMAT = "glckit forest"
_HEADER = "model.json"
# Level 6 saves another 6 % of the file for three times the time.
_COMPRESSION_LEVEL = 1
# Facts that earlier models lack.
_LATER_FACTS = ("training_files", "grower")
# What the readers of zip, npy and JSON raise where bytes were changed.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, SyntaxError),
    *(LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RuntimeError),
)
_AGAIN = "Train it again with: glckit baseline rf --train"

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
    facts = asdict(model.facts)
    header = {
        "format": _FORMAT,
        "version": VERSION,
        "names": list(model.names),
        "n_trees": len(model.trees),
        "regions": sorted(model.frequencies),
        "options": model.options.parameters,
        # Beside the facts, whose names earlier programs know.
        **{name: facts.pop(name) for name in _LATER_FACTS},
        "facts": facts,
        "digest": model.digest,
    }
    target = model_path(path)
    _write_archive(target, model.arrays(), header | {"seal": digest_of_json(header)})
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
    with _opened(target) as archive:
        return _model_of(_header_of(archive, target), archive)


def read_choices(path: PathLike) -> dict[str, Setting]:
    """Return what a forest was trained with, by the names of flags; its trees are not read."""
    target = model_path(path)
    with _opened(target) as archive:
        header = _header_of(archive, target)
        return {**header["options"], **{name: header["facts"][name] for name in ("seed", "holdout")}}


def write_tree(path: Path, tree: CompressedTree) -> None:
    """Write one tree on its own; not compressed, as it is read again soon."""
    _write_archive(path, vars(tree), compression=zipfile.ZIP_STORED)


def read_tree(path: Path) -> CompressedTree:
    """Read a tree that `write_tree` has written; CannotCheckError if it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            tree = _tree_of(archive, "")
        fault = fault_of(tree, n_features=len(tree.importances), n_classes=1 << 32)
        if fault is not None:
            raise ValueError(fault)
    except (OSError, *_DAMAGE) as error:
        raise CannotCheckError(
            f"The finished tree {printable(path)} is damaged: {error}.",
            "Delete it and all later ones; they grow again.",
        ) from error
    return tree


@contextlib.contextmanager
def _opened(target: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with open_file(target) as file, zipfile.ZipFile(file) as archive:
            yield archive
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no model {printable(target)}.", "Make one with: glckit baseline rf --train"
        ) from error
    except OSError as error:
        raise CannotCheckError(
            f"Cannot read the model {printable(target)}: {error.strerror or error}."
        ) from error
    except MemoryError as error:
        raise CannotCheckError(
            f"The model {printable(target)} does not fit into the memory, or is damaged: {error}.", _AGAIN
        ) from error
    except _DAMAGE as error:
        raise CannotCheckError(f"The model {printable(target)} is damaged: {error}.", _AGAIN) from error


def _header_of(archive: zipfile.ZipFile, path: Path) -> Mapping[str, Any]:
    header = json.loads(archive.read(_HEADER)) if _HEADER in archive.namelist() else {}
    if not isinstance(header, dict) or header.get("format") != _FORMAT:
        raise UsageError(f"{printable(path)} is no forest of glckit.", "Name the model with --model.")
    if header.get("version") != VERSION:
        raise UsageError(
            f"The model {printable(path)} is of version {printable(header.get('version'))}; "
            f"this glckit reads version {VERSION}.",
            _AGAIN,
        )
    seal = header.pop("seal", None)  # earlier models have none
    if seal not in (None, digest_of_json(header)):
        raise ValueError(f"{_HEADER} is not as it was written")
    return header


def _model_of(header: Mapping[str, Any], archive: zipfile.ZipFile) -> ForestModel:
    frequencies = {
        region: Frequencies(_array(archive, f"{region}/species"), _array(archive, f"{region}/shares"))
        for region in header["regions"]
    }
    try:
        options = ForestOptions(**header["options"])
    except UsageError as error:
        raise ValueError(error.message) from error
    later: dict[str, Any] = {name: header.get(name) for name in _LATER_FACTS}
    model = ForestModel(
        tuple(header["names"]),
        _array(archive, "species"),
        tuple(_tree_of(archive, f"tree_{number}/") for number in range(header["n_trees"])),
        frequencies,
        options,
        TrainingFacts(**header["facts"], **later),
    )
    _refuse_unfit(model)
    if header.get("digest") not in (None, model.digest):
        raise ValueError("its arrays are not those that were written")
    return model


def _refuse_unfit(model: ForestModel) -> None:
    """Raise a ValueError if parts of a model do not fit each other; also before there were digests."""
    for ids in (model.species, *(each.species for each in model.frequencies.values())):
        if ids.dtype != np.int64 or np.unique(ids).shape != ids.shape:
            raise ValueError("its species are no list of ids, each once")
    for region, each in model.frequencies.items():
        if each.shares.shape != each.species.shape or not np.isfinite(each.shares).all():
            raise ValueError(f"the shares of {region} are no numbers, one a species")
    if not model.trees or not all(isinstance(name, str) for name in model.names):
        raise ValueError("it has no trees, or covariates without a name")
    for number, tree in enumerate(model.trees):
        fault = fault_of(tree, n_features=len(model.names), n_classes=model.n_classes)
        if fault is not None:
            raise ValueError(f"of tree {number}, {fault}")


def _tree_of(archive: zipfile.ZipFile, prefix: str) -> CompressedTree:
    return CompressedTree(*(_array(archive, f"{prefix}{each.name}") for each in fields(CompressedTree)))


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(f"{name}.npy") as member:
        array = np.lib.format.read_array(member, allow_pickle=False)
        if member.read():  # at the end, and not before, the checksum is compared
            raise ValueError(f"{name} is longer than it says")
    return array


def _write_archive(
    path: Path,
    arrays: Mapping[str, NDArray[Any]],
    header: object = None,
    *,
    compression: int = zipfile.ZIP_DEFLATED,
) -> None:
    with (
        written_atomically(path) as temporary,
        zipfile.ZipFile(temporary, "w", compression, compresslevel=_COMPRESSION_LEVEL) as archive,
    ):
        # Members opened by name are dated 1980, so equal models are equal files.
        if header is not None:
            with archive.open(_HEADER, "w") as member:
                member.write(json.dumps(header, indent=2).encode())
        for name, array in arrays.items():
            little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, little, allow_pickle=False)
