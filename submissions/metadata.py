"""The optional ``RUN.meta.json`` beside a run: where it comes from."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from submissions.errors import CannotCheckError
from submissions.files import written_atomically


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
        data = json.loads(path.read_bytes(), parse_constant=_refuse_constant)
        # Lone surrogates are no text, and 1e400 is read as infinity.
        json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    except (OSError, ValueError, RecursionError) as error:
        raise CannotCheckError(f"Cannot read {path}: {error}.", "Fix or remove it.") from error
    if not isinstance(data, dict):
        raise CannotCheckError(f"{path} is not a JSON object.", "Fix or remove it.")
    return data


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def write_metadata(run: str | os.PathLike[str], metadata: Mapping[str, Any]) -> None:
    """Write the metadata of a run beside it."""
    with written_atomically(metadata_path(run)) as temporary:
        temporary.write_text(json.dumps(metadata, indent=2, allow_nan=False) + "\n")
