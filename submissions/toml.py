"""Reading TOML."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from submissions.errors import CannotCheckError, UsageError
from submissions.opening import open_file
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

    name = printable(path)
    try:
        with open_file(path) as file:
            content = tomllib.loads(file.read().decode())
        huge = [name for name, value in _leaves(content) if isinstance(value, int) and abs(value) >= 2**63]
    except OSError as error:
        raise CannotCheckError(f"Cannot open {name}: {error.strerror or error}.") from error
    except RecursionError:
        raise UsageError(f"{name} is not usable: its values are nested too deeply.") from None
    except ValueError as error:  # no TOML, no UTF-8, or an integer of thousands of digits
        raise UsageError(f"{name} is not valid TOML: {printable(error)}.") from error
    if huge:
        raise UsageError(f"{name} has integers that do not fit into 64 bits: {', '.join(huge)}.")
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
