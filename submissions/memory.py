"""How much memory is to be had, asked before it is taken: a system that runs out kills without a word."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from submissions.errors import CannotCheckError
from submissions.printable import printable

if sys.platform != "win32":  # which has no such limits
    import resource

# What loaders of libraries and starters of threads say.
_WANT = (
    "failed to map segment",
    "annot allocate memory",
    "can't start new thread",
    "Failed to launch worker thread",
    "std::bad_alloc",
)
_MEMINFO = Path("/proc/meminfo")
_STATM = Path("/proc/self/statm")
_MEMBERSHIP = Path("/proc/self/cgroup")
# Control groups of the second version and of the first: where, and what holds the limit and the bytes in use.
_GROUPS = (
    (Path("/sys/fs/cgroup"), "memory.max", "anon"),
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "total_rss"),
)


def available_bytes() -> int | None:
    """Return the bytes that this process may still take; None where the system does not say."""
    found = [each for each in (_of_machine(), _of_group(), _of_process()) if each is not None]
    return max(min(found), 0) if found else None


def require_memory(n_bytes: int, what: str) -> None:
    """Raise a `CannotCheckError` if less memory than is needed for something is to be had."""
    available = available_bytes()
    if available is not None and n_bytes > available:
        raise CannotCheckError(
            f"{what} needs {n_bytes / 1e9:.3g} GB of memory more, and {available / 1e9:.3g} GB are free.",
            "Use a machine with more memory, or submit fewer species per occurrence.",
        )


@contextlib.contextmanager
def memory_errors_named(what: str) -> Iterator[None]:
    """Turn a `MemoryError` into the error that says what did not fit."""
    try:
        yield
    except MemoryError as error:
        raise CannotCheckError(
            f"{printable(what)} does not fit into the memory that is free.", "Use a machine with more memory."
        ) from error


def want_of_memory(error: BaseException) -> str | None:
    """Return what to say of an error that comes of too little memory or too few threads, None of others."""
    chain = list(_chain(error))
    texts = "; ".join(map(str, chain))
    if not any(isinstance(each, MemoryError) for each in chain) and not any(w in texts for w in _WANT):
        return None
    limit = _limit_of_process()
    told = "" if limit is None else f" (ulimit -v allows {limit / 1e9:.3g} GB of address space)"
    return f"There is not enough memory to go on{told}. Allow more, or use a machine with more memory."


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _of_machine() -> int | None:
    return _kilobytes(_text(_MEMINFO), "MemAvailable:")


def _of_group() -> int | None:
    """Return what the limits of a container or a batch job leave, caches of files not counted."""
    paths = [line.split(":", 2)[2] for line in _text(_MEMBERSHIP).splitlines()]
    left = []
    for root, limit, used in _GROUPS:
        # In a container the paths may be those of the host, and the root is its own group.
        below = {root / path.lstrip("/") for path in paths if ".." not in path}
        for folder in {root, *below, *(parent for each in below for parent in each.parents)}:
            most, taken = _text(folder / limit).strip(), _field(_text(folder / "memory.stat"), used)
            left += [int(most) - taken] if most.isdigit() and taken is not None else []
    return min(left, default=None)


def _of_process() -> int | None:
    most, pages = _limit_of_process(), _text(_STATM).split()
    if sys.platform == "win32" or most is None or not pages:
        return None
    return most - int(pages[0]) * resource.getpagesize()


def _limit_of_process() -> int | None:
    if sys.platform == "win32":
        return None
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if most == resource.RLIM_INFINITY else most


def _kilobytes(text: str, name: str) -> int | None:
    value = _field(text, name)
    return None if value is None else 1024 * value


def _field(text: str, name: str) -> int | None:
    lines = (line.split() for line in text.splitlines())
    return next((int(words[1]) for words in lines if words[:1] == [name]), None)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
