"""Reading a run given as a matrix: ``X.npy`` with the ids of its rows and columns beside it."""

from __future__ import annotations

import tokenize
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from submissions.faults import Example, FaultLog
from submissions.printable import printable
from submissions.run import DenseRun

_FLOATS = (np.float16, np.float32, np.float64)

_OCCURRENCE_IDS, _SPECIES_IDS = ".occurrence_ids.npy", ".species_ids.npy"

_EXPECTED = "a matrix that is not float16, 32 or 64, little-endian, two-dimensional, in C order"

# What numpy.load raises for files that are cut or whose header is damaged.
_DAMAGE = (ValueError, OSError, EOFError, SyntaxError, tokenize.TokenError, OverflowError, MemoryError)


def id_paths(path: Path) -> tuple[Path, Path]:
    """Return where the ids of rows (occurrences) and columns (species) of a matrix stand.

    Examples
    --------
    >>> [path.name for path in id_paths(Path("runs/cnn.npy"))]
    ['cnn.occurrence_ids.npy', 'cnn.species_ids.npy']
    """
    stem = path.with_suffix("")
    return stem.with_name(stem.name + _OCCURRENCE_IDS), stem.with_name(stem.name + _SPECIES_IDS)


def read_dense(path: Path, log: FaultLog) -> DenseRun | None:
    """Map a matrix into memory and read its ids; None if the files cannot be used.

    The matrix is float16, float32 or float64, of shape (n_rows, n_classes), in C order.
    """
    scores = _loaded(path, log, mmap_mode="r")
    ids = [_ids(id_path, log) for id_path in id_paths(path)]
    if scores is None or not _is_usable(scores, log) or ids[0] is None or ids[1] is None:
        return None
    expected = (len(ids[0]), len(ids[1]))
    if scores.shape != expected:
        found = f"shape {scores.shape} for {expected[0]} occurrences and {expected[1]} species"
        names = [printable(id_path.name) for id_path in id_paths(path)]
        fix = f"Give each row its occurrence in {names[0]} and each column its species in {names[1]}."
        log.add("header", Example(found=found), message="a matrix that does not fit its ids", fix=fix)
        return None
    return DenseRun(str(path), ids[0], ids[1], scores, faults=log.faults())


def _is_usable(scores: NDArray[Any], log: FaultLog) -> bool:
    found = Example(found=f"{scores.dtype}, shape {scores.shape}")
    if not scores.size:
        fix = "Save a matrix with a row for each occurrence and a column for each species."
        log.add("no-rows", found, message="a matrix without a score", fix=fix)
        return False
    usable = scores.dtype in _FLOATS and scores.ndim == 2 and scores.flags.c_contiguous
    if not usable:
        fix = "Save it with numpy.save(path, numpy.ascontiguousarray(scores, 'float32'))."
        log.add("header", found, message=_EXPECTED, fix=fix)
    return usable


def _ids(path: Path, log: FaultLog) -> NDArray[np.int64] | None:
    name = printable(path.name)
    what = "species of its columns" if path.name.endswith(_SPECIES_IDS) else "occurrences of its rows"
    if not path.exists():
        fix = f"Save the {what} beside the matrix: numpy.save({path.name!r}, ids)."
        log.add("header", Example(found=path.name), message=f"no {name} beside the matrix", fix=fix)
        return None
    ids = _loaded(path, log)
    if ids is None:
        return None
    fix = f"Save the {what} as a list of integers: numpy.save({path.name!r}, ids.astype('int64'))."
    if ids.dtype.kind == "u" and ids.size and ids.max() > np.iinfo(np.int64).max:
        log.add("bad-id", Example(found=str(ids.max())), message=f"{name}: ids beyond 64 bits", fix=fix)
        return None
    if ids.ndim != 1 or not np.issubdtype(ids.dtype, np.integer):
        example = Example(found=f"{ids.dtype}, shape {ids.shape}")
        log.add("bad-id", example, message=f"{name} holds no list of integers", fix=fix)
        return None
    return np.asarray(ids, np.int64)


def _loaded(path: Path, log: FaultLog, *, mmap_mode: Literal["r"] | None = None) -> NDArray[Any] | None:
    try:
        array: NDArray[Any] = np.load(path, mmap_mode=mmap_mode, allow_pickle=False)
        return array
    except _DAMAGE as error:
        code, fix = "truncated", "Save or copy it again, and compare the sizes."
        if "object" in str(error):  # a pickle
            code, fix = (
                "not-a-table",
                "Save numbers, not objects: numpy.save(path, scores.astype('float32')).",
            )
        if "empty file" in str(error):  # a matrix without rows cannot be mapped
            code, fix = "no-rows", "Save a matrix with a row for each occurrence."
        message = f"{printable(path.name)}: {printable(error)}"
        log.add(code, Example(found=path.name), message=message, fix=fix)
        return None
