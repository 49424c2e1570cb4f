"""The folder of a training, held against other processes for as long as it goes on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from submissions.errors import CannotCheckError
from submissions.locks import HAS_LOCKS, folder_claimed
from submissions.printable import printable


@contextlib.contextmanager
def training_claimed(folder: Path) -> Iterator[None]:
    """Make the folder of a training, unless it is there, and hold it; what stays empty is removed again.

    CannotCheckError names the process that trains there already.
    """
    parents = [each for each in folder.parents if not each.exists()]
    is_new = not folder.exists()
    with contextlib.ExitStack() as stack:
        for parent in reversed(parents):
            stack.callback(_remove_if_empty, parent)
        while not _claims(folder, stack):
            pass  # somebody has just ended a training there, and removed the folder
        if is_new:
            stack.callback(_remove_if_empty, folder)  # while it is held
        yield


def _claims(folder: Path, stack: contextlib.ExitStack) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not HAS_LOCKS:
            return True
        with contextlib.ExitStack() as claim:
            descriptor = claim.enter_context(folder_claimed(folder, wait=False))
            if not os.path.samestat(folder.stat(), os.fstat(descriptor)):
                return False
            stack.push(claim.pop_all())
    except FileNotFoundError:
        return False
    except CannotCheckError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return False
        raise
    except OSError as error:
        raise CannotCheckError(f"Cannot write to {printable(folder)}: {error.strerror or error}.") from error
    return True


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
