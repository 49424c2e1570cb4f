"""What a process owes the system: streams that take any text, and signals that unwind."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from types import FrameType
from typing import TextIO

# Until then the destructor has returned.
_SECONDS_TO_RETURN = 0.02

#: Exit statuses as shells count them: 128 and the number of the signal.
INTERRUPTED, NOBODY_READS, TERMINATED = 130, 141, 143


class TerminatedError(BaseException):
    """The process was asked to end (SIGTERM): what is open is closed and cleaned up on the way out."""


@contextlib.contextmanager
def well_behaved() -> Iterator[None]:
    """Run a command line such that closed streams and signals end it as they end other tools.

    SIGTERM unwinds, as Ctrl-C does; a stream that was closed from the start is as good as /dev/null.
    """
    _open_streams()
    _quieten_libraries()
    signal.signal(signal.SIGTERM, _Termination(os.getpid()))
    sys.unraisablehook = _not_swallowed
    try:
        yield
    except TerminatedError:
        raise SystemExit(TERMINATED) from None
    finally:
        # From here on there is nothing to clean up, and Python would show a traceback.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)


def leave_unread() -> None:
    """Let what is still to be written vanish, since its reader has gone, as in ``| head -1``."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, io.UnsupportedOperation):
            try:
                stream.flush()
            except BrokenPipeError:
                os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


class _Termination:
    def __init__(self, process: int) -> None:
        self._process = process

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:  # a worker that was forked has nothing of its own to clean up
            os._exit(TERMINATED)
        signal.signal(number, signal.SIG_IGN)  # once is enough: nothing is to disturb the way out
        raise TerminatedError


def _not_swallowed(found: sys.UnraisableHookArgs) -> None:
    """Raise what a signal raised once more where Python would print and forget it, as in a destructor."""
    numbers = {TerminatedError: signal.SIGTERM, KeyboardInterrupt: signal.SIGINT}
    number = numbers.get(found.exc_type)
    if number is None:
        sys.__unraisablehook__(found)
        return
    if number == signal.SIGTERM:
        signal.signal(number, _Termination(os.getpid()))
    again = threading.Timer(_SECONDS_TO_RETURN, _signal_main_thread, [number])
    again.daemon = True
    again.start()


def _signal_main_thread(number: signal.Signals) -> None:
    if hasattr(signal, "pthread_kill"):  # so that what the thread waits for is interrupted
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        signal.raise_signal(number)


def _open_streams() -> None:
    """Open what was closed, and let streams escape what their encoding cannot say."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)  # else the next file that is opened would be stdout
    os.close(descriptor)
    sys.stdin = sys.stdin or _nowhere("r")
    sys.stdout = _lenient(sys.stdout or _nowhere("w"))
    sys.stderr = _lenient(sys.stderr or _nowhere("w"))


def _quieten_libraries() -> None:
    """Keep what libraries warn their callers of from users, who can do nothing about it.

    joblib warns of a full /dev/shm, and goes on without; scikit-learn of species that look like numbers.
    """
    if not sys.warnoptions:
        warnings.filterwarnings("ignore", category=UserWarning, module=r"(joblib|sklearn)\b")


def _nowhere(mode: str) -> TextIO:
    return open(os.devnull, mode, encoding="utf-8")  # type: ignore[return-value]  # noqa: PTH123


def _lenient(stream: TextIO) -> TextIO:
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream
