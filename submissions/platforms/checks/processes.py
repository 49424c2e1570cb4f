"""Running a scorer as its platform does: in a fresh process that has never heard of glckit."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# A platform has none of our packages; in an environment where they are installed they must not be found.
_ALONE = """
import sys
class _Alone:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("glckit", "baselines", "submissions", "scoring"):
            raise ImportError(name + " is not on the platform")
sys.meta_path.insert(0, _Alone())
"""
#: Within this many seconds a platform lets a scorer finish.
SECONDS = 600


@dataclass(frozen=True)
class Ran:
    """What came of a process."""

    status: int
    output: str
    errors: str


def run_alone(code: str, *arguments: str, folder: Path) -> Ran:
    """Run Python code in a process of its own, without our packages."""
    command = [sys.executable, "-I", "-X", "utf8", "-c", _ALONE + code, *arguments]
    try:
        # Our own interpreter, and the scorer that is asked about.
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=SECONDS)  # noqa: S603
    except subprocess.TimeoutExpired:
        return Ran(124, "", f"the scorer did not finish within {SECONDS} seconds")
    return Ran(done.returncode, _text(done.stdout), _text(done.stderr))


def told_by(code: str, *arguments: str, folder: Path) -> tuple[Any, Ran]:
    """Run code that writes what it found, as JSON, to the file that it is given last; None if none."""
    answer = folder / "answer.json"
    ran = run_alone(code, *arguments, str(answer), folder=folder)
    if not answer.is_file():
        return None, ran
    return json.loads(answer.read_text()), ran


def last_lines(ran: Ran, n: int = 12) -> str:
    """Return the end of what a process said."""
    lines: Sequence[str] = [line for line in (ran.output + "\n" + ran.errors).splitlines() if line.strip()]
    return "\n".join(lines[-n:])


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")
