"""The command line: each command parses, calls one library function, and renders its result."""

from __future__ import annotations

import sys

from glckit.cli.app import app
from glckit.cli.process import TERMINATED, TerminatedError, well_behaved

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line."""
    try:
        with well_behaved():
            app()
    except TerminatedError:  # on the way out
        sys.exit(TERMINATED)
