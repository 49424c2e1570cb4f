"""Write what the documentation takes from the program: docs/cli.md, and the examples and sessions of pages.

Run it with `make docs`; tests/house/test_docs.py fails when either is stale.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import typer.main
from commands import glckit
from floors import ROOT
from sessions import TUTORIALS, rerun

from glckit.cli import app

CLI = ROOT / "docs" / "cli.md"
README = ROOT / "README.md"
PYTHON = ROOT / "docs" / "python.md"


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
    """Return a session in a small world, as the README shows it."""
    making = "world w --occurrences 800 --patch-size 8 --no-extract"
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        glckit(*making.split())
        with contextlib.chdir("w"):
            run = Path("runs/bayes.csv")
            lines = run.read_text().splitlines()
            shown = [
                f"$ glckit {making} && cd w",
                "...",
                "",
                "$ head -3 runs/bayes.csv",
                *lines[:3],
                "",
                "$ glckit score runs/bayes.csv",
                glckit("score", run).stdout,
            ]
            broken = Path("runs/broken.csv")
            decimal_comma = lines[40].replace("0.", "0,")
            broken.write_text("\n".join([*lines[:40], decimal_comma, *lines[41:], lines[1], ""]))
            mistakes = "a decimal comma in line 41, and line 2 once more at the end"
            shown += [
                f"$ # broken.csv is bayes.csv with {mistakes}",
                "$ glckit validate runs/broken.csv",
                glckit("validate", broken).stdout,
            ]
    return "```console\n" + "\n".join(shown).rstrip() + "\n```\n"


def readme() -> str:
    """Return the README with its example made anew."""
    return with_block(README.read_text(), "example", readme_example())


def tutorial(page: Path) -> str:
    """Return a tutorial with its sessions run anew."""
    with tempfile.TemporaryDirectory() as folder:
        return rerun(page.read_text(), Path(folder))


def python_page() -> str:
    """Return docs/python.md with the example of a network as it stands."""
    code = (ROOT / "docs" / "examples" / "own_network.py").read_text()
    return with_block(PYTHON.read_text(), "own network", f"```python\n{code}```\n")


def with_block(page: str, name: str, content: str) -> str:
    """Return a page with other content between ``<!-- NAME -->`` and ``<!-- end of NAME -->``."""
    block = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    written, n_blocks = block.subn(lambda match: match[1] + content + match[2], page)
    assert n_blocks == 1, f"{n_blocks} blocks {name}"
    return written


if __name__ == "__main__":
    CLI.write_text(cli_reference())
    README.write_text(readme())
    for page in TUTORIALS:
        page.write_text(tutorial(page))
    PYTHON.write_text(python_page())
