"""The optional ``RUN.meta.json`` beside a run: where it comes from."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from submissions.errors import CannotCheckError
from submissions.files import written_atomically
from submissions.printable import printable
from submissions.progress import SILENT, Progress

#: Keys of what glckit writes: the digest of the run described, and of the run of ours that it replaces.
DIGEST, REPLACES = "digest", "replaces"
# What is copied or shown goes down level by level, and Python does so for some hundred of them only.
_MAX_DEPTH = 100


def metadata_path(run: str | os.PathLike[str]) -> Path:
    """Return where the metadata of a run stand, such as ``rf.csv.meta.json``."""
    return Path(f"{os.fspath(run)}.meta.json")


def read_metadata(run: str | os.PathLike[str]) -> Mapping[str, Any] | None:
    """Read the metadata beside a run; None if there are none.

    Raises
    ------
    CannotCheckError
        If the file is there and is not a JSON object.
    """
    # People also write run.meta.json beside run.csv.
    beside = (metadata_path(run), Path(run).with_suffix(".meta.json"))
    path = next(filter(Path.is_file, beside), None)
    if path is None:
        return None
    try:
        data = json.loads(path.read_bytes(), parse_constant=_refuse_constant, parse_float=_finite)
        json.dumps(data, ensure_ascii=False).encode()  # lone surrogates are no text
    except (OSError, ValueError, RecursionError) as error:
        raise CannotCheckError(
            f"Cannot read {printable(path)}: {printable(error)}.", "Fix or remove it."
        ) from error
    if not isinstance(data, dict):
        raise CannotCheckError(f"{printable(path)} is not a JSON object.", "Fix or remove it.")
    if _is_deep(data):
        why = f"it is nested too deeply, beyond {_MAX_DEPTH} levels"
        raise CannotCheckError(f"Cannot read {printable(path)}: {why}.", "Fix or remove it.")
    return data


def metadata_of(run: str | os.PathLike[str], *, progress: Progress = SILENT) -> Mapping[str, Any] | None:
    """Read the metadata beside a run, unless they name the digest of another file: then say so, return None.

    Raises CannotCheckError as `read_metadata` does.
    """
    metadata = read_metadata(run)
    named = None if metadata is None else metadata.get(DIGEST)
    # A text of another length is somebody's own note.
    if not isinstance(named, str) or len(named) != hashlib.sha256().digest_size * 2:
        return metadata
    if named == file_digest(run):
        return metadata
    other = f"another file (SHA-256 {printable(named[:12])}...)"
    progress.say(f"warning: the metadata beside {printable(run)} are of {other}; they are left out.")
    return None


def file_digest(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a whole file in hexadecimal digits.

    Raises
    ------
    CannotCheckError
        If it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CannotCheckError(f"Cannot read {printable(path)}: {error.strerror or error}.") from error


def write_metadata(run: str | os.PathLike[str], metadata: Mapping[str, Any]) -> None:
    """Write the metadata of a run beside it."""
    with written_atomically(metadata_path(run)) as temporary:
        temporary.write_text(json.dumps(metadata, indent=2, allow_nan=False) + "\n")


def _is_deep(data: Any) -> bool:
    level = [data]
    for _ in range(_MAX_DEPTH + 1):
        nested = (each.values() if isinstance(each, dict) else each for each in level if each)
        level = [part for parts in nested for part in parts if isinstance(part, dict | list)]
    return bool(level)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text[:20]} is beyond all numbers that a float holds")
    return value
