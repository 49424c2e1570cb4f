"""Running glckit's commands in processes of their own, as a person would, and what each costs."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from submissions.errors import BadInputError, CannotCheckError, GlckitError, UsageError

#: Told of each line.
Tell = Callable[[str], object]

_ERRORS: dict[int, type[GlckitError]] = {1: BadInputError, 2: UsageError}
# Variables that would lead the commands to other data than the demo's.
_NOT_INHERITED = "GLCKIT_"
# Linux counts the peak memory of a process in KiB, macOS in bytes.
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


# Removing a world that is half made takes one or two.
_SECONDS_TO_CLEAN_UP = 20


@dataclass(frozen=True)
class Cost:
    """What a command cost.

    Parameters
    ----------
    seconds : float
        Wall clock, from start to end of its process.
    peak_bytes : int, optional
        Its peak memory, where the system tells; at least that of the process that started it.
    """

    seconds: float
    peak_bytes: int | None = None


@dataclass
class Stage:
    """Where commands are run.

    Parameters
    ----------
    tell : callable
        Told of each command and of each line that it writes.
    inherited : sequence of int
        File descriptors that the commands keep open, such as a lock.
    n_titles : int
        Acts so far.
    """

    folder: Path
    tell: Tell
    inherited: Sequence[int] = ()
    costs: list[Cost] = field(default_factory=list)
    n_titles: int = 0

    def title(self, name: str, text: str) -> None:
        """Tell that an act begins, and what happens in it."""
        self.n_titles += 1
        self.tell(f"\n{self.n_titles}. {name}\n\n{textwrap.fill(text, 78)}")

    def glckit(
        self, *words: object, expected: int = 0, n_lines: int | None = None, inside: bool = True
    ) -> Cost:
        """Run a command, given without ``glckit``, to its end; return what it cost.

        `n_lines` of its output are told, by default all. It runs in the competition's folder if `inside`.

        Raises
        ------
        BadInputError, UsageError, CannotCheckError
            If its exit status is not the expected one; which of them depends on the status. CannotCheckError
            also if it ended with a traceback, whatever its status.
        """
        arguments = [str(word) for word in words]
        self.tell(f"\n$ {shlex.join(['glckit', *arguments])}")
        start = time.perf_counter()
        status, peak = self._run(arguments, self.folder if inside else None, n_lines)
        cost = Cost(time.perf_counter() - start, peak)
        if status != expected:
            raise _wrong_end(arguments[0], status, expected)
        if expected:
            self.tell(f"(exit status {status})")
        self.costs.append(cost)
        return cost

    def _run(self, arguments: list[str], folder: Path | None, n_lines: int | None) -> tuple[int, int | None]:
        env = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
        # -P: a file of the reader's in that folder must not hide a package.
        process = subprocess.Popen(  # noqa: S603  # our own command, and no shell
            [sys.executable, "-P", "-m", "glckit", *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # else the order of the lines would be a matter of luck
            env=env | {"PYTHONIOENCODING": "utf-8"},
            pass_fds=self.inherited,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        try:
            broke_down = self._tell_output(process, n_lines)
            status, peak = _waited(process)
        except BaseException as error:
            _ended(process, has_been_told=isinstance(error, KeyboardInterrupt))
            raise
        if broke_down:  # its status is 1, as that of damage is
            raise CannotCheckError(f"glckit {arguments[0]} broke down.", "Its own messages are above.")
        return status, peak

    def _tell_output(self, process: subprocess.Popen[str], n_lines: int | None) -> bool:
        assert process.stdout is not None
        n_left_out, broke_down = 0, False
        with process.stdout as lines:
            for number, line in enumerate(lines):
                broke_down |= line.startswith("Traceback (most recent call last)")
                if n_lines is None or number < n_lines:
                    self.tell(line.rstrip("\n"))
                else:
                    n_left_out += 1
        if n_left_out:
            self.tell(f"... ({n_left_out} more lines)")
        return broke_down


def typed(folder: Path) -> str:
    """Return a folder as it can be typed on a command line: ``./-x`` for ``-x``, which would be a flag."""
    return f"./{folder}" if str(folder).startswith("-") else str(folder)


def _wrong_end(command: str, status: int, expected: int) -> GlckitError:
    if status < 0:
        hint = "If nobody did that, memory may have run out."
        return CannotCheckError(f"glckit {command} was killed by signal {-status}.", hint)
    kind = _ERRORS.get(status, CannotCheckError)
    message = f"glckit {command} ended with exit status {status} instead of {expected}."
    return kind(message, "Its own messages are above.")


def _ended(process: subprocess.Popen[str], *, has_been_told: bool) -> None:
    # Ctrl-C goes to the command as well; a second signal would kill it while it cleans up.
    if has_been_told:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_SECONDS_TO_CLEAN_UP)
            return
    process.terminate()
    process.wait()


def _waited(process: subprocess.Popen[str]) -> tuple[int, int | None]:
    if not hasattr(os, "wait4"):  # Windows
        return process.wait(), None
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # Popen cannot ask any more
    return process.returncode, usage.ru_maxrss * _PEAK_UNIT
