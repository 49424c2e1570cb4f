"""The command line: each command parses, calls one library function, and renders its result."""

from __future__ import annotations

import sys

# Importing a module registers its commands; none imports NumPy or more until it runs.
from glckit.cli import (
    baseline,
    cnn,
    convert,
    demo,
    extract,
    forest,
    fuse,
    fusion,
    init,
    score,
    show,
    split,
    validate,
    verify_patches,
    world,
)
from glckit.cli.app import app
from glckit.cli.process import TERMINATED, TerminatedError, well_behaved

__all__ = ["app", "main"]

_COMMANDS = (
    score,
    validate,
    convert,
    fuse,
    init,
    demo,
    split,
    show,
    world,
    verify_patches,
    extract,
    baseline,
    forest,
    cnn,
    fusion,
)


def main() -> None:
    """Run the command line."""
    try:
        with well_behaved():
            app()
    except TerminatedError:  # on the way out
        sys.exit(TERMINATED)
