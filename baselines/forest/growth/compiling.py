"""Compiling with numba, and keeping what was compiled in the user's cache."""

from __future__ import annotations

import hashlib
import importlib
import os
import platform
import tempfile
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar, cast

from baselines.cachefolder import cache_folder
from submissions.errors import require

Function = TypeVar("Function", bound=Callable[..., Any])

# Divisions by 0 are not looked for. Nothing else is relaxed: operations on floats stay in their order,
# and are not fused.
_HOW: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
# The modules that have compiled functions, and what these hand to each other.
_SOURCES = ("compiling", "structures", "sorting", "splitting", "building", "averaging")
_DECIDE = ("numba", "llvmlite", "numpy", "scikit-learn")


def compiled(function: Function) -> Function:
    """Compile a function for callers that are compiled themselves, which hold its code then."""
    numba = _numba()
    if numba is None:
        return cast(Function, _wants_numba)
    made: Function = numba.njit(**_HOW, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)
    return made


def compiled_and_kept(function: Function) -> Function:
    """Compile a function that Python calls; later processes find it where a cache can be written."""
    folder, numba = compiled_folder(), _numba()
    if numba is None:
        return cast(Function, _wants_numba)
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(folder)
    try:
        made: Function = numba.njit(**_HOW, cache=folder is not None)(function)
    finally:
        numba.config.CACHE_DIR = before
    return made


@cache
def compiled_folder() -> Path | None:
    """Return where compiled code is kept: in ``NUMBA_CACHE_DIR``, or in the user's cache; None if nowhere.

    numba looks for changes in the file of a function, but not in those of the functions that it calls. So
    each state of the sources has a folder of its own.
    """
    given = os.environ.get("NUMBA_CACHE_DIR")
    sources = (Path(__file__).with_name(f"{name}.py").read_bytes() for name in _SOURCES)
    digest = hashlib.sha256(b"".join(sources)).hexdigest()[:12]
    folder = (Path(given) if given else cache_folder() / "compiled") / digest
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return None
    return folder


def installation() -> str:
    """Return the packages, Python and processor that decide what compiled code does, in one word."""
    llvm = require("llvmlite.binding", "fast")
    processor = (platform.machine(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())
    parts = (*map(version, _DECIDE), platform.python_version(), *processor)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _numba() -> Any:
    """Return numba, or None: modules of compiled functions can be looked at without it, but not used."""
    try:
        return importlib.import_module("numba")
    except ImportError:  # also of another NumPy than it takes
        return None


def _wants_numba(*_: object) -> Any:
    return require("numba", "fast")
