"""The errors that glckit raises on purpose; the command line turns each into an exit status."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType


class GlckitError(Exception):
    """State what is wrong, where, and what to do about it.

    Parameters
    ----------
    message : str
        What was found, where, and what was expected.
    hint : str, optional
        What the reader can do next.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class BadInputError(GlckitError):
    """The thing that was checked is bad: an invalid run, damaged patches, a refused baseline (exit 1)."""


class UsageError(GlckitError):
    """The request cannot be meant: wrong options, configuration, a missing extra or model (exit 2)."""


class CannotCheckError(GlckitError):
    """The check could not be made: an absent or unreadable file, an unusable truth (exit 3)."""


def require(module: str, extra: str) -> ModuleType:
    """Import a module of an optional extra, or say how to install it.

    Parameters
    ----------
    module : str
        Name of the module, such as ``"rasterio"``.
    extra : str
        The extra of glckit that brings it, such as ``"rf"``.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    UsageError
        If the module is not installed.

    Examples
    --------
    >>> require("json", "rf").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise
        raise _not_installed(module, extra) from error


def require_installed(module: str, extra: str) -> None:
    """Say how to install a module of an optional extra if it is not there, without importing it.

    Parameters
    ----------
    module : str
        Name of a module that is no part of another, such as ``"torch"``.
    extra : str
        The extra of glckit that brings it.

    Raises
    ------
    UsageError
        If the module is not installed.

    Examples
    --------
    >>> require_installed("json", "rf")
    """
    if importlib.util.find_spec(module) is None:
        raise _not_installed(module, extra)


def _not_installed(module: str, extra: str) -> UsageError:
    return UsageError(
        f"{module} is not installed, and this needs it.", f"Install it with: pip install 'glckit[{extra}]'"
    )
