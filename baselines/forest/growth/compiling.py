"""Compiling with numba, and keeping what was compiled in the user's cache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from baselines.cachefolder import cache_folder
from submissions.errors import require

Function = TypeVar("Function", bound=Callable[..., Any])

# Divisions by 0 are not looked for. Nothing else is relaxed: operations on floats stay in their order,
# and are not fused.
_HOW: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


def compiled(function: Function) -> Function:
    """Compile a function for callers that are compiled themselves, which hold its code then."""
    made: Function = _numba().njit(**_HOW)(function)
    return made


def compiled_and_kept(function: Function) -> Function:
    """Compile a function that Python calls; later processes find it where a cache can be written."""
    numba = _numba()
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, _folder(numba.config.CACHE_DIR)
    try:
        made: Function = numba.njit(**_HOW, cache=True)(function)
    except RuntimeError:  # "no locator available": neither the cache nor the package's folder can be written
        return compiled(function)
    finally:
        numba.config.CACHE_DIR = before
    return made


def is_kept(function: Any) -> bool:
    """Whether later processes will find a function compiled."""
    return bool(function._cache.cache_path)


@cache
def _folder(given: str) -> str:
    """Return where compiled code is kept: what ``NUMBA_CACHE_DIR`` says, or else the user's cache.

    numba looks at the file of a function, not at those of the functions that it calls. So each state of
    the sources has a folder of its own.
    """
    sources = sorted(Path(__file__).parent.glob("*.py"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    return str((Path(given) if given else cache_folder() / "compiled") / digest)


def _numba() -> Any:
    return require("numba", "fast")
