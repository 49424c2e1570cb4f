"""Reading TOML."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from submissions.errors import CannotCheckError, UsageError
from submissions.printable import printable


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    CannotCheckError
        If it cannot be opened.
    UsageError
        If it is no TOML, or has an integer that does not fit into 64 bits.
    """
    import tomllib  # not for --help, which takes defaults from modules that read TOML

    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CannotCheckError(f"Cannot open {path}: {error.strerror}.") from error
    except ValueError as error:  # no TOML, no UTF-8, or an integer of thousands of digits
        raise UsageError(f"{path} is not valid TOML: {error}.") from error
    if huge := [name for name, value in _leaves(content) if isinstance(value, int) and abs(value) >= 2**63]:
        raise UsageError(f"{path} has integers that do not fit into 64 bits: {', '.join(huge)}.")
    return content


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _leaves(below, f"{name}.{printable(key)}".lstrip("."))
    elif isinstance(value, list):
        for below in value:
            yield from _leaves(below, name)
    else:
        yield name, value
