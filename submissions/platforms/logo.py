"""A logo for competitions that have none: quadrats of a map, some of them green."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

_CELLS, _PIXELS = 8, 40
_GREENS = np.array([[236, 240, 226], [190, 213, 160], [120, 171, 106], [52, 120, 72]], np.uint8)


def logo() -> bytes:
    r"""Return a picture as PNG.

    Examples
    --------
    >>> logo()[:8]
    b'\x89PNG\r\n\x1a\n'
    """
    rows, columns = np.indices((_CELLS, _CELLS))
    shades = (rows * rows + 3 * columns + rows * columns) % len(_GREENS)
    picture = _GREENS[shades].repeat(_PIXELS, axis=0).repeat(_PIXELS, axis=1)
    return _png(picture)


def _png(picture: NDArray[np.uint8]) -> bytes:
    height, width, _ = picture.shape
    rows = b"".join(b"\0" + row.tobytes() for row in picture)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
