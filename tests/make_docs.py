"""Write what the documentation takes from the program: docs/cli.md, and the example of the README.

Run it with `make docs`; tests/test_docs.py fails when either is stale.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import typer.main
from commands import glckit

from glckit.cli import app

ROOT = Path(__file__).parents[1]
CLI = ROOT / "docs" / "cli.md"
README = ROOT / "README.md"

_EXAMPLE = re.compile(r"(<!-- example -->\n).*?(<!-- end of example -->)", re.DOTALL)


def cli_reference() -> str:
    """Return the reference of all commands, from their --help."""
    parts = ["# The command line\n\nWritten by `make docs` from `--help`.\n"]
    for path in command_paths():
        title = " ".join(["glckit", *path])
        parts.append(f"## {title}\n\n```text\n{glckit(*path, '--help').stdout.rstrip()}\n```\n")
    return "\n".join(parts)


def command_paths() -> Iterator[list[str]]:
    """Yield the words of every command, groups before their members."""

    def below(command: object, path: list[str]) -> Iterator[list[str]]:
        yield path
        for name, member in getattr(command, "commands", {}).items():
            yield from below(member, [*path, name])

    return below(typer.main.get_command(app), [])


def readme_example() -> str:
    """Return a session on the quick demo, as the README shows it."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        glckit("demo", "demo", "--quick")
        with contextlib.chdir("demo"):
            run = Path("runs/demo.csv")
            lines = run.read_text().splitlines()
            shown = [
                "$ glckit demo --quick && cd demo",
                "...",
                "",
                "$ head -3 runs/demo.csv",
                *lines[:3],
                "",
                "$ glckit score runs/demo.csv",
            ]
            shown.append(glckit("score", run).stdout)
            broken = Path("runs/broken.csv")
            decimal_comma = lines[40].replace("0.", "0,")
            broken.write_text("\n".join([*lines[:40], decimal_comma, *lines[41:], lines[1], ""]))
            mistakes = "a decimal comma in line 41, and line 2 once more at the end"
            shown += [
                f"$ # broken.csv is demo.csv with {mistakes}",
                "$ glckit validate runs/broken.csv",
                glckit("validate", broken).stdout,
            ]
    return "```console\n" + "\n".join(shown).rstrip() + "\n```\n"


def readme() -> str:
    """Return the README with its example made anew."""
    return _EXAMPLE.sub(lambda match: match[1] + readme_example() + match[2], README.read_text())


if __name__ == "__main__":
    CLI.write_text(cli_reference())
    README.write_text(readme())
