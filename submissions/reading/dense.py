"""Reading a run given as a matrix: ``X.npy`` with the ids of its rows and columns beside it."""

from __future__ import annotations

import tokenize
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from submissions.faults import Example, FaultLog
from submissions.run import DenseRun

_FLOATS = (np.float16, np.float32, np.float64)

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
    return stem.with_name(f"{stem.name}.occurrence_ids.npy"), stem.with_name(f"{stem.name}.species_ids.npy")


def read_dense(path: Path, log: FaultLog) -> DenseRun | None:
    """Map a matrix into memory and read its ids; None if the files cannot be used.

    The matrix is float16, float32 or float64, of shape (n_rows, n_classes), in C order.
    """
    scores = _loaded(path, log, mmap_mode="r")
    ids = [_ids(id_path, log) for id_path in id_paths(path)]
    if scores is not None and not scores.size:
        log.add("no-rows", Example(found=f"shape {scores.shape}"), message="a matrix without a score")
    if scores is None or not scores.size or ids[0] is None or ids[1] is None:
        return None
    if scores.dtype not in _FLOATS or scores.ndim != 2 or not scores.flags.c_contiguous:
        found = f"{scores.dtype}, shape {scores.shape}"
        log.add("header", Example(found=found), message=_EXPECTED)
        return None
    expected = (len(ids[0]), len(ids[1]))
    if scores.shape != expected:
        found = f"shape {scores.shape} for {expected[0]} occurrences and {expected[1]} species"
        log.add("header", Example(found=found), message="a matrix that does not fit its ids")
        return None
    return DenseRun(str(path), ids[0], ids[1], scores, faults=log.faults())


def _ids(path: Path, log: FaultLog) -> NDArray[np.int64] | None:
    if not path.exists():
        log.add("header", Example(found=path.name), message=f"no {path.name} beside the matrix")
        return None
    ids = _loaded(path, log)
    if ids is None:
        return None
    if ids.dtype.kind == "u" and ids.size and ids.max() > np.iinfo(np.int64).max:
        log.add("bad-id", Example(found=str(ids.max())), message=f"{path.name}: ids beyond 64 bits")
        return None
    if ids.ndim != 1 or not np.issubdtype(ids.dtype, np.integer):
        example = Example(found=f"{ids.dtype}, shape {ids.shape}")
        log.add("bad-id", example, message=f"{path.name} holds no list of integers")
        return None
    return np.asarray(ids, np.int64)


def _loaded(path: Path, log: FaultLog, *, mmap_mode: Literal["r"] | None = None) -> NDArray[Any] | None:
    try:
        array: NDArray[Any] = np.load(path, mmap_mode=mmap_mode, allow_pickle=False)
        return array
    except _DAMAGE as error:
        code = "not-a-table" if "object" in str(error) else "truncated"  # a pickle
        if "empty file" in str(error):  # a matrix without rows cannot be mapped
            code = "no-rows"
        log.add(code, Example(found=path.name), message=f"{path.name}: {error}")
        return None
