"""Private folders for files that are not yet proven, each on the file system of their places."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from submissions.errors import CannotCheckError
from submissions.files import scratch_folder
from submissions.locks import folder_claimed
from submissions.printable import printable
from submissions.progress import SILENT, Progress


class Staging:
    """Folders below some data folders from which files can be moved into their places.

    The data folders are claimed: who else wants to write there waits. The folders are removed at the end;
    what processes that were killed have left is removed by the next. Raises CannotCheckError if a data
    folder cannot be made or opened.
    """

    def __init__(self, *homes: str | os.PathLike[str], progress: Progress = SILENT) -> None:
        self._homes = [Path(home) for home in homes]
        self._stack = contextlib.ExitStack()
        self._made: dict[Path, Path | CannotCheckError] = {}
        self._settled: dict[Path, Path] = {}
        # In one order, so that no two wait for each other.
        for home in sorted({Path(os.path.realpath(home)) for home in homes}):
            _make(home)
            self._stack.enter_context(folder_claimed(home, progress=progress))

    def __enter__(self) -> Staging:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def folders_for(self, place: Path) -> Iterator[Path]:
        """Yield folders from which files should move into an existing folder, the likeliest first.

        The first will do, but for mounts that do not show. Raises CannotCheckError where there is none left.
        """
        refusal = CannotCheckError(f"Cannot write below {printable(place)}: no folder is on its file system.")
        for parent in self._parents(place):
            try:
                folder = self._folder_in(parent)
            except CannotCheckError as error:
                refusal = error
            else:
                self._settled[place] = parent
                yield folder
        raise refusal

    def _parents(self, place: Path) -> Sequence[Path]:
        home = next((home for home in self._homes if place.is_relative_to(home)), place)
        inside = [place, *place.parents][: len(place.relative_to(home).parts) + 1]
        device = place.stat().st_dev
        fitting = [parent for parent in reversed(inside) if parent.stat().st_dev == device]
        settled = self._settled.get(place, fitting[0])
        return fitting[fitting.index(settled) :]

    def _folder_in(self, parent: Path) -> Path:
        if parent not in self._made:
            try:
                self._made[parent] = self._stack.enter_context(scratch_folder(parent))
            except CannotCheckError as error:
                self._made[parent] = error
        made = self._made[parent]
        if isinstance(made, CannotCheckError):
            raise made
        return made


def _make(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotCheckError(f"Cannot write to {printable(home)}: {error.strerror or error}.") from error
