"""Reading TOML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from submissions.errors import CannotCheckError, UsageError


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    CannotCheckError
        If it cannot be opened.
    UsageError
        If it is no TOML.
    """
    import tomllib  # not for --help, which takes defaults from modules that read TOML

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CannotCheckError(f"Cannot open {path}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}.") from error
