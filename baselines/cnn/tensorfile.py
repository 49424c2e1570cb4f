"""Tensors on disk, as safetensors, with notes as JSON and a digest of what was written. No pickle."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from baselines.provenance import digest_of
from submissions.errors import CannotCheckError
from submissions.files import written_atomically
from submissions.printable import printable

#: The note on the tensors of a file; not one that other programs would write.
DIGEST = "glckit_digest"


def write_tensors(
    path: str | os.PathLike[str], tensors: Mapping[str, Tensor], notes: Mapping[str, Any] | None = None
) -> None:
    """Write named tensors, on any device and in any memory format, and notes as JSON in the file's header.

    CannotCheckError if that is not possible; a file that is there is replaced when all is written.
    """
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    said = {**(notes or {}), DIGEST: digest_of_tensors(plain)}
    header = {name: json.dumps(note) for name, note in said.items()}
    with written_atomically(path) as temporary:
        mode = temporary.stat().st_mode
        try:
            save_file(plain, temporary, header)
        except SafetensorError as error:  # a full disk, for one
            raise CannotCheckError(f"Cannot write {printable(path)}: {error}.") from error
        temporary.chmod(mode)  # safetensors leaves its files to their owner alone


def read_tensors(path: str | os.PathLike[str]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write_tensors` wrote: the tensors, on the CPU, and the notes.

    CannotCheckError if the file is absent, cut off, no such file, or does not hold what was written.
    """
    from safetensors import safe_open

    try:
        with safe_open(path, "pt") as file:
            notes = {name: _noted(note) for name, note in (file.metadata() or {}).items()}
        tensors = load_file(path)
    except (OSError, SafetensorError, ValueError) as error:
        raise CannotCheckError(
            f"{printable(path)} is cut off or no safetensors file: {error}.",
            "Remove it and train again, or fetch a whole copy.",
        ) from error
    if DIGEST in notes and notes[DIGEST] != digest_of_tensors(tensors):
        raise CannotCheckError(
            f"{printable(path)} is damaged: its tensors are not those that were written.",
            "Remove it and train again, or fetch a whole copy.",
        )
    return tensors, notes


def digest_of_tensors(tensors: Mapping[str, Tensor]) -> str:
    """Return a digest of tensors in the order of their names, in which safetensors does not keep them."""
    return digest_of(*(tensors[name].detach().cpu().numpy() for name in sorted(tensors)))


def _noted(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # of another program: {"format": "pt"}
        return text
