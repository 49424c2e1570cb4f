"""The runs themselves, kept compressed beside the store, by the digest of their files."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from submissions.errors import CannotCheckError
from submissions.files import scratch_folder
from submissions.metadata import file_digest
from submissions.printable import printable

# Read and compressed at once.
_BLOCK_BYTES = 1 << 20


class MissingRunError(CannotCheckError):
    """A run that should be kept is not there, or is another."""


@contextlib.contextmanager
def compressed(run: str | os.PathLike[str], digest: str, kept: Path) -> Iterator[Path]:
    """Yield a compressed copy of a run, which `place` puts among those that are kept.

    It is removed at the end unless it was placed, or by the next who keeps a run, after a kill.

    Raises
    ------
    CannotCheckError
        If it cannot be written, or the run has changed since its digest was taken.
    """
    try:
        kept.mkdir(parents=True, exist_ok=True)
        with scratch_folder(kept) as folder:
            copy = folder / f"{digest}.zst"
            if _compress(run, copy) != digest:
                raise CannotCheckError(
                    f"{printable(os.fspath(run))} changed while it was read.", "Add it again."
                )
            yield copy
    except OSError as error:
        raise CannotCheckError(
            f"The run cannot be kept in {printable(kept)}: {error.strerror or error}.",
            "Make room, or say --no-keep: then it cannot be scored again.",
        ) from error


def place(copy: Path, kept: Path) -> None:
    """Put a compressed copy among those that are kept."""
    copy.replace(kept / copy.name)


def refuse_changed(run: str | os.PathLike[str], digest: str) -> None:
    """Raise a `CannotCheckError` if a run is no longer what it was when its digest was taken."""
    if file_digest(run) != digest:
        raise _changed(run)


def restored(digest: str, kept: Path, folder: Path) -> Path:
    """Write a kept run into a folder, as it was handed in.

    Raises
    ------
    MissingRunError
        If it is not kept, or is damaged.
    """
    source, target = kept / f"{digest}.zst", folder / digest
    import pyarrow as pa

    found = hashlib.sha256()
    try:
        with pa.CompressedInputStream(str(source), "zstd") as stream, target.open("wb") as file:
            while block := stream.read(_BLOCK_BYTES):
                found.update(block)
                file.write(block)
    except FileNotFoundError as error:
        raise MissingRunError(f"The run is not kept: {_short(source)} is not there.") from error
    except OSError as error:
        raise MissingRunError(f"{_short(source)} cannot be read: {error.strerror or error}.") from error
    if found.hexdigest() != digest:
        raise MissingRunError(f"{_short(source)} is damaged: its digest is another.")
    return target


def _short(kept: Path) -> str:
    """Return how a kept run is called where everybody may read it."""
    return printable(Path(kept.parent.name) / kept.name)


def _changed(run: str | os.PathLike[str]) -> CannotCheckError:
    name = printable(os.fspath(run))
    return CannotCheckError(f"{name} changed while it was read.", "Add it again.")


def _compress(run: str | os.PathLike[str], copy: Path) -> str:
    """Compress a run, and return the digest of what was read."""
    import pyarrow as pa

    found = hashlib.sha256()
    with Path(run).open("rb") as file, pa.CompressedOutputStream(str(copy), "zstd") as stream:
        while block := file.read(_BLOCK_BYTES):
            found.update(block)
            stream.write(block)
    with copy.open("rb") as file:
        os.fsync(file.fileno())
    return found.hexdigest()
