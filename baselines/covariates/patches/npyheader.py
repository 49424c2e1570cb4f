"""The exact form of a patch's two files, and what an unlike header says. Pure rules, no disk.

The organizers' files carry one header each, byte for byte that of ``np.save`` (format version 1.0,
128 bytes). Nothing else is accepted: NumPy would read versions 2.0 and 3.0, Fortran order, other
dtypes and shapes, and trailing bytes without a word, and every one of them in a tree of patches
means that something other than an extraction wrote the file.
"""

from __future__ import annotations

import ast
import io
import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from baselines.covariates.patches.channels import PATCH_SIZE as PATCH_SIZE
from baselines.covariates.patches.layout import Kind

#: Planes of the bands: red, green, blue, near-infrared, land cover.
N_BANDS = 5
#: Bytes of the header of either file.
HEADER_BYTES = 128

_MAGIC = b"\x93NUMPY"
_LOOKALIKES = (
    (b"\x1f\x8b", "a gzip file"),
    (b"PK", "a zip file"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself"),
    (b"<", "HTML or XML, perhaps an error page that was saved"),
    (b"{", "JSON, perhaps an error message that was saved"),
    (bytes(16), "zero bytes"),
)


@dataclass(frozen=True)
class FileForm:
    """The form that a file of a patch must have.

    Parameters
    ----------
    dtype : numpy.dtype
        uint8 for the bands, little-endian int16 for the altitude (metres).
    shape : tuple of int
        (patch_size, patch_size, 5) or (patch_size, patch_size).
    header : bytes of length 128
        The first bytes of the file; the values follow in C order.
    """

    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]
    header: bytes

    @property
    def n_values_bytes(self) -> int:
        """Bytes of the values, without the header."""
        return math.prod(self.shape) * self.dtype.itemsize

    @cached_property
    def n_bytes(self) -> int:
        """Bytes of the whole file."""
        return len(self.header) + self.n_values_bytes


@dataclass(frozen=True)
class NpyHeader:
    """What the header of an ``.npy`` file of version 1.0 says.

    Parameters
    ----------
    descr : str
        The dtype as NumPy writes it, such as ``"|u1"``.
    """

    descr: str
    fortran_order: bool
    shape: tuple[int, ...]


@lru_cache(maxsize=32)
def form_of(kind: Kind, patch_size: int = PATCH_SIZE) -> FileForm:
    """Return the form of one of the two files of a patch, whose size is never inferred from a file.

    Examples
    --------
    >>> form_of("bands").n_bytes, form_of("altitude").n_bytes
    (327808, 131200)
    """
    if patch_size < 1:
        raise ValueError(f"patch_size must be positive, not {patch_size}")
    shape: tuple[int, ...] = (patch_size, patch_size)
    shape, dtype = ((*shape, N_BANDS), np.dtype("u1")) if kind == "bands" else (shape, np.dtype("<i2"))
    # NumPy's own writer, so that a file of np.save is right by construction; the tests hold it to
    # the bytes of the organizers' files.
    header = io.BytesIO()
    fields = {"descr": dtype.str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, fields)
    return FileForm(dtype, shape, header.getvalue())


def parse_header(head: bytes) -> NpyHeader:
    """Parse the header at the beginning of an ``.npy`` file, strictly and without NumPy's reader.

    Raises
    ------
    ValueError
        If this is no header of version 1.0, with the reason in words. Pickled (object) dtypes and
        record dtypes are refused like everything else that is not a plain string.
    """
    if not head.startswith(_MAGIC):
        raise ValueError(f"it is {looks_like(head)}, not a NumPy array")
    if head[6:8] != b"\x01\x00":
        raise ValueError(f"its format version is {'.'.join(map(str, head[6:8]))}, not 1.0")
    end = 10 + int.from_bytes(head[8:10], "little")
    if len(head) < end:
        raise ValueError(f"its header is cut after {len(head)} of {end} bytes")
    try:
        fields = ast.literal_eval(head[10:end].decode("latin-1").strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError("its header is garbled") from error
    if not isinstance(fields, dict) or set(fields) != {"descr", "fortran_order", "shape"}:
        raise ValueError("its header is garbled")
    descr, order, shape = fields["descr"], fields["fortran_order"], fields["shape"]
    if not isinstance(descr, str) or not isinstance(order, bool) or not isinstance(shape, tuple):
        raise ValueError("its header describes no plain array")
    if not all(type(length) is int and length >= 0 for length in shape):
        raise ValueError(f"its header gives the shape {shape}")
    return NpyHeader(descr, order, shape)


def why_bad_header(head: bytes, form: FileForm) -> str | None:
    """Tell in words how the first 128 bytes of a file differ from the form that it must have; None if not.

    Examples
    --------
    >>> why_bad_header(b"<html>", form_of("bands"))
    'it is HTML or XML, perhaps an error page that was saved, not a NumPy array'
    """
    if head[: len(form.header)] == form.header:
        return None
    try:
        found = parse_header(head)
    except ValueError as error:
        return str(error)
    return _difference(found, form)


def looks_like(head: bytes) -> str:
    """Say in words what a file seems to be by its first bytes."""
    if not head:
        return "empty"
    return next((what for start, what in _LOOKALIKES if head.lstrip().startswith(start)), "something else")


def _difference(found: NpyHeader, form: FileForm) -> str:
    if found.descr != form.dtype.str:
        return f"its values are {found.descr}, not {form.dtype.str}"
    if found.shape != form.shape:
        return f"its shape is {found.shape}, not {form.shape}"
    if found.fortran_order:
        return "its values are in Fortran order, not C order"
    return "its header is not laid out as the organizers' files are"
