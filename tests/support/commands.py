"""Running glckit in this process, as a person would on the command line."""

from __future__ import annotations

import json
from typing import Any

from typer.testing import CliRunner, Result

from glckit.cli import app

_RUNNER = CliRunner()


def glckit(*arguments: object, stdin: bytes | None = None) -> Result:
    """Run a command; an exception that is not an exit is a failure of the test."""
    result = _RUNNER.invoke(app, [str(argument) for argument in arguments], input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def glckit_json(*arguments: object) -> tuple[int, Any]:
    """Run a command with --json; return exit status and data."""
    result = glckit(*arguments, "--json")
    return result.exit_code, json.loads(result.stdout)
