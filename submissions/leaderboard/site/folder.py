"""The folder of a site: written beside its place, then swapped in; nothing else is ever replaced."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from submissions.errors import CannotCheckError, UsageError
from submissions.files import scratch_folder
from submissions.printable import printable

#: The file by which a site is known again: it lists all the others.
MARK = "glckit-site.json"
_KIND = "leaderboard"

_SHOWN_STRANGERS = 3


def replace_site(folder: str | os.PathLike[str], write: Callable[[Path], None]) -> None:
    """Write a site to a temporary folder beside its place, and put it there.

    Between the moments when the former site is gone and the new one there lies a single call of the system.

    Raises
    ------
    UsageError
        If there is something else than a former site, or files that are none of it.
    CannotCheckError
        If the place cannot be written to.
    """
    target = Path(os.path.realpath(folder))
    refuse_strangers(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(target.parent) as scratch:
            new = scratch / "new"
            new.mkdir()
            write(new)
            _write_mark(new)
            refuse_strangers(target)  # whoever came meanwhile
            _swap(new, target, scratch / "former")
    except OSError as error:
        raise CannotCheckError(f"Cannot write {printable(target)}: {error.strerror or error}.") from error


def refuse_strangers(target: Path) -> None:
    """Raise UsageError unless a place is free, empty, or a former site with nothing else in it."""
    if target.is_dir() and not target.is_symlink():
        strangers = sorted(_files(target) - _listed(target) - {MARK})
        if not strangers:
            return
        shown = ", ".join(printable(name) for name in strangers[:_SHOWN_STRANGERS])
        more = ", ..." if len(strangers) > _SHOWN_STRANGERS else ""
        what = f"holds files that are no part of a site: {shown}{more}"
    elif os.path.lexists(target):
        what = "is a file"
    else:
        return
    raise UsageError(f"{printable(target)} {what}.", "Name a new or empty folder for the site.")


def _files(folder: Path) -> set[str]:
    """Return all that is in a folder and is no folder of some files, by path from there."""
    found = set()
    for entry in folder.rglob("*"):
        if entry.is_symlink() or not entry.is_dir() or not any(entry.iterdir()):
            found.add(entry.relative_to(folder).as_posix())
    return found


def _listed(folder: Path) -> set[str]:
    try:
        mark: Any = json.loads((folder / MARK).read_bytes())
    except (OSError, ValueError, RecursionError):
        return set()
    if not isinstance(mark, dict) or mark.get("glckit") != _KIND or not isinstance(mark.get("files"), list):
        return set()
    return {each for each in mark["files"] if isinstance(each, str)}


def _write_mark(folder: Path) -> None:
    files: Sequence[str] = sorted(_files(folder))
    (folder / MARK).write_text(json.dumps({"glckit": _KIND, "files": files}, indent=1) + "\n", "utf-8")


def _swap(new: Path, target: Path, former: Path) -> None:
    if target.exists():
        target.rename(former)
    try:
        new.rename(target)
    except OSError:
        with contextlib.suppress(OSError):
            former.rename(target)
        raise
