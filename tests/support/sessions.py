"""Running the sessions that pages show, and writing what was printed into them.

A ``console`` block has commands after ``$``, lines of one command after ``>``, and what they print below.
Blocks of a page are run in order, in one folder. Of an output that has a line ``...``, as many lines are kept
before and after it as stand there. ``(exit status 1)`` at its end is what the command must end with. A block
with ``title="NAME"`` is written to that file first; what it holds is docs/examples/NAME, if there is one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from floors import ROOT

EXAMPLES = ROOT / "docs" / "examples"
#: Pages whose sessions are run.
TUTORIALS = (*sorted((ROOT / "docs" / "tutorials").glob("*.md")), ROOT / "docs" / "organizers.md")

_BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.M | re.S)
_TITLE = re.compile(r'title="([^"]+)"')
_STATUS = re.compile(r"^\(exit status (\d+)\)$")
_ELLIPSIS = "..."


def rerun(page: str, folder: Path) -> str:
    """Return a page with its sessions run in an empty folder, and their outputs made anew."""
    stand = _Stand(folder)

    def renewed(block: re.Match[str]) -> str:
        language, attributes, content = block.groups()
        title = _TITLE.search(attributes)
        if title is not None:
            example = EXAMPLES / title[1]
            content = example.read_text() if example.is_file() else content
            (stand.folder / title[1]).write_text(content)
        if language != "console":
            return f"```{language}{attributes}\n{content}```"
        parts = (f"{typed}{stand.output_of(typed, shown)}" for typed, shown in _commands(content))
        return f"```console{attributes}\n{''.join(parts)}```"

    return _BLOCK.sub(renewed, page)


class _Stand:
    """Where the commands of a page are run: ``cd`` holds for those that follow."""

    def __init__(self, folder: Path) -> None:
        self.home = self.folder = folder.resolve()

    def output_of(self, typed: str, shown: str) -> str:
        """Run a command; return what belongs below it, where ``shown`` stands now."""
        lines, ends_blank = shown.strip("\n").splitlines(), shown.endswith("\n\n")
        expected = _STATUS.match(lines[-1]) if lines else None
        printed = self._run(_command_in(typed), int(expected[1]) if expected else 0)
        told = [*printed, expected[0]] if expected else printed
        return "".join(f"{line}\n" for line in [*_elided(told, lines), *[""] * ends_blank])

    def _run(self, command: str, status: int) -> list[str]:
        binaries = Path(sys.executable).parent
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GLCKIT_")}
        own = {"PATH": f"{binaries}:{os.environ['PATH']}", "XDG_CACHE_HOME": f"{self.home}/.cache"}
        done = subprocess.run(
            ["bash", "-c", f"set -e; {command}\npwd > {self.home}/.stand"],
            cwd=self.folder,
            env=kept | own,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == status, f"$ {command}\n{done.stdout}(exit status {done.returncode})"
        stand = self.home / ".stand"
        if stand.exists():
            self.folder = Path(stand.read_text().strip())
            stand.unlink()
        return done.stdout.replace(f"{self.home}/", "").rstrip("\n").splitlines()


def _commands(content: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a block as it is typed, and what is shown below it."""
    typed, shown = "", ""
    for line in content.splitlines(keepends=True):
        if line.startswith("$ ") and typed:
            yield typed, shown
            typed, shown = line, ""
        elif line.startswith("$ ") or (line.startswith("> ") and not shown):
            typed += line
        else:
            shown += line
    yield typed, shown


def _command_in(typed: str) -> str:
    return "\n".join(line[2:] for line in typed.splitlines())


def _elided(printed: list[str], shown: list[str]) -> list[str]:
    """Return the lines that a page shows of an output: all, unless some are left out there already."""
    if _ELLIPSIS not in shown:
        return printed
    at = shown.index(_ELLIPSIS)
    n_after = len(shown) - at - 1
    return [*printed[:at], _ELLIPSIS, *printed[len(printed) - n_after :]]
