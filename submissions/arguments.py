"""What callers in Python give: taken where its meaning is plain, else refused with what is wanted."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeGuard

from submissions.errors import UsageError
from submissions.printable import printable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_Path = str | os.PathLike[str]


def is_path(given: object) -> TypeGuard[_Path]:
    """Tell whether something is a path."""
    return isinstance(given, str | os.PathLike)


def is_paths(given: object) -> bool:
    """Tell whether something is a path, or a list of paths."""
    return is_path(given) or (isinstance(given, list | tuple) and bool(given) and all(map(is_path, given)))


def the_path(given: Any, wanted: str, *, hint: str = "") -> _Path:
    """Return a path, or raise the UsageError that says what is wanted instead of what is given.

    Examples
    --------
    >>> the_path(3, "The truth is the path of a table")
    Traceback (most recent call last):
    ...
    submissions.errors.UsageError: The truth is the path of a table, not of type int.
    """
    if is_path(given):
        return given
    raise _refusal(given, wanted, hint)


def the_paths(given: Any, wanted: str) -> list[_Path]:
    """Return some paths, or a single one as a list of itself; see `the_path`."""
    if not is_paths(given):
        raise _refusal(given, wanted)
    return list(given) if isinstance(given, list | tuple) else [given]


def the_ids(given: Any, wanted: str, *, hint: str = "") -> NDArray[np.integer]:
    """Return ids that are given as an array, a series or a list, ascending and each once; see `the_path`."""
    import numpy as np  # the command line, which names options, starts without it

    is_table = getattr(given, "ndim", 1) != 1 or isinstance(given, str | bytes | os.PathLike)
    array = None if is_table or not hasattr(given, "__len__") else np.asarray(given)
    if array is None or array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        raise _refusal(given, wanted, hint)
    return np.unique(array if array.size else array.astype(np.int64))


def the_names(given: str | Iterable[str], wanted: str) -> tuple[str, ...]:
    """Return some names, or a single one as a tuple of itself; see `the_path`."""
    names = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, Iterable) else (given,)
    if not all(isinstance(name, str) for name in names):
        raise _refusal(given, wanted)
    return names


def the_word(given: Any, words: Iterable[str], *, what: str) -> None:
    """Raise a UsageError unless something is one of some words; the hint names them.

    Examples
    --------
    >>> the_word("x", ["quick", "full"], what="level")
    Traceback (most recent call last):
    ...
    submissions.errors.UsageError: Unknown level 'x'. Choose one of quick, full.
    """
    if given not in (known := tuple(words)):
        raise UsageError(f"Unknown {what} {printable(repr(given))}.", f"Choose one of {', '.join(known)}.")


def _refusal(given: object, wanted: str, hint: str = "") -> UsageError:
    """Return the error that says what is wanted, and of which kind is what is given."""
    kinds = sorted({type(each).__name__ for each in given}) if isinstance(given, list | tuple) else []
    of_what = f" of {' and '.join(kinds)}" if kinds else ""
    return UsageError(f"{wanted}, not of type {type(given).__name__}{of_what}.", hint)
