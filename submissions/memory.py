"""How much memory is to be had, asked before it is taken: a system that runs out kills without a word."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from submissions.errors import CannotCheckError

_MEMINFO = Path("/proc/meminfo")
_STATM = Path("/proc/self/statm")
# Of the second version of control groups, and of the first.
_LIMITS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.stat"), "anon"),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.stat"),
        "total_rss",
    ),
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
            f"{what} does not fit into the memory that is free.", "Use a machine with more memory."
        ) from error


def _of_machine() -> int | None:
    return _kilobytes(_text(_MEMINFO), "MemAvailable:")


def _of_group() -> int | None:
    """Return what the limit of a container leaves, caches of files not counted."""
    for limit, statistics, name in _LIMITS:
        most = _text(limit).strip()
        used = _field(_text(statistics), name)
        if most.isdigit() and used is not None:
            return int(most) - used
    return None


def _of_process() -> int | None:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return None
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    pages = _text(_STATM).split()
    if most == resource.RLIM_INFINITY or not pages:
        return None
    return most - int(pages[0]) * resource.getpagesize()


def _kilobytes(text: str, name: str) -> int | None:
    value = _field(text, name)
    return None if value is None else 1024 * value


def _field(text: str, name: str) -> int | None:
    lines = (line.split() for line in text.splitlines())
    return next((int(words[1]) for words in lines if words[0] == name), None)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
