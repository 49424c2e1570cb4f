"""Keeping the index of an archive, so that the archive is scanned once."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from baselines.cachefolder import cache_folder
from baselines.covariates.patches.errors import readable
from baselines.covariates.patches.index import COLUMNS, MemberIndex, index_from_columns
from baselines.covariates.patches.scanning import scan_archive
from submissions.errors import CannotCheckError
from submissions.files import written_atomically
from submissions.opening import open_file
from submissions.progress import SILENT, Progress

#: What the name of an index ends with, after the archive's own name.
INDEX_SUFFIX = ".glckit-index"

# Raised when the fields below or their meaning change; an index of another version is made anew.
_VERSION = 1
_ABOUT, _PATHS, _NUMBERS, _SEEK_POINTS = "about.json", "paths", "numbers.npy", "seek_points"
_NOT_AN_INDEX = (
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    TypeError,
    ValueError,
    EOFError,
    NotImplementedError,
)


def load_or_build_index(path: str | os.PathLike[str], *, progress: Progress = SILENT) -> MemberIndex:
    """Return the index of an archive; scan the archive if there is none yet, or it has changed.

    The index is kept beside the archive, or where that cannot be written to in the user's cache. It holds
    for as long as the archive keeps its size and its time of modification. Raises DamagedArchiveError if
    the archive is not whole (nothing is kept then); CannotCheckError if the archive cannot be read, or
    changes while it is.
    """
    stamp = _stamp(path)
    for place in _places(Path(path)):
        if (index := _loaded(place, stamp)) is not None:
            return index
    index = scan_archive(path, progress=progress)
    if _stamp(path) != stamp:
        raise CannotCheckError(f"{os.fspath(path)} changed while it was read.", "Try again when it is whole.")
    save_index(index, path, progress=progress)
    return index


def save_index(index: MemberIndex, path: str | os.PathLike[str], *, progress: Progress = SILENT) -> None:
    """Write the index of an archive to the first place that can be written to; say so where there is none.

    It is a cache: without one, the archive is scanned again the next time.
    """
    content = _content(index, _stamp(path))
    refusals = []
    for place in _places(Path(path)):
        try:
            with written_atomically(place) as temporary:
                temporary.write_bytes(content)
        except CannotCheckError as error:
            refusals.append(error.message)
        else:
            return
    progress.say(
        f"There is no place for the index of {os.fspath(path)}, which will be scanned again next time: "
        f"{' '.join(refusals)} Set XDG_CACHE_HOME to a folder that can be written to."
    )


def _places(path: Path) -> list[Path]:
    # Archives of one name in several folders may share a cache: the digest keeps them apart.
    digest = hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:16]
    beside = path.with_name(path.name + INDEX_SUFFIX)
    return [beside, cache_folder() / f"{path.name}-{digest}{INDEX_SUFFIX}"]


def _stamp(path: str | os.PathLike[str]) -> dict[str, int]:
    with readable(path):
        status = Path(path).stat()
    return {"version": _VERSION, "n_bytes": status.st_size, "mtime_ns": status.st_mtime_ns}


def _content(index: MemberIndex, stamp: dict[str, int]) -> bytes:
    """Return the bytes of an index file: a zip of a description, the members, and the seek points."""
    numbers = io.BytesIO()
    np.save(numbers, np.stack([index.column(name) for name in COLUMNS]), allow_pickle=False)
    buffer = io.BytesIO()
    # Seek points hold 32 KiB of the stream each; level 1 leaves an eighth of them.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(_ABOUT, json.dumps({"archive": stamp, "form": index.form}))
        archive.writestr(_PATHS, "".join(f"{path}\0" for path in index.paths()))
        archive.writestr(_NUMBERS, numbers.getvalue())
        archive.writestr(_SEEK_POINTS, index.seek_points)
    return buffer.getvalue()


def _loaded(place: Path, stamp: dict[str, int]) -> MemberIndex | None:
    """Return the index in a file, or None if there is none that fits the archive as it is now."""
    try:
        with open_file(place) as file, zipfile.ZipFile(file) as archive:
            about = json.loads(archive.read(_ABOUT))
            if about["archive"] != stamp:
                return None
            paths = archive.read(_PATHS).decode().split("\0")[:-1]
            numbers = np.load(io.BytesIO(archive.read(_NUMBERS)), allow_pickle=False)
            columns = dict(zip(COLUMNS, numbers, strict=True))
            return index_from_columns(about["form"], paths, columns, archive.read(_SEEK_POINTS))
    except (OSError, *_NOT_AN_INDEX):
        return None  # a cache: what cannot be read is made anew
