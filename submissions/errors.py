"""The errors that glckit raises on purpose; the command line turns each into an exit status."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

# What people install, where it is not called as what is imported.
_DISTRIBUTIONS = {
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "lightning_fabric": "lightning-fabric",
    "yaml": "pyyaml",
    "markdown_it": "markdown-it-py",
}


class GlckitError(Exception):
    """State what was found, where, and what was expected; `hint` says what the reader can do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class BadInputError(GlckitError):
    """What was checked is bad: an invalid run, damaged patches, a refused baseline (exit 1)."""


class UsageError(GlckitError):
    """The request makes no sense: wrong options, configuration, a missing extra or model (exit 2)."""


class CannotCheckError(GlckitError):
    """The check could not be made: an absent or unreadable file, an unusable truth (exit 3)."""


def require(module: str, extra: str) -> ModuleType:
    """Import a module of an optional extra, or raise the `UsageError` that says how to install it.

    Where a package is there and lacks something itself, that is raised as it is.

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
    """Raise what `require` raises if a top-level module is not installed, without importing it.

    Examples
    --------
    >>> require_installed("json", "rf")
    """
    if importlib.util.find_spec(module) is None:
        raise _not_installed(module, extra)


def _not_installed(module: str, extra: str) -> UsageError:
    package = module.split(".")[0]
    name = _DISTRIBUTIONS.get(package, package)
    return UsageError(
        f"{name} is not installed, and this needs it.", f"Install it with: pip install 'glckit[{extra}]'"
    )
