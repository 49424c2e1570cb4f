"""Thumbnails of patches, whole or not: what can be read is shown, the rest is magenta."""

from __future__ import annotations

import base64
import colorsys
import io
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.npyheader import HEADER_BYTES, N_BANDS
from submissions.errors import require

_SIDE = 96
_LOST = (255, 0, 255)
_N_CODES = 34


def thumbnail(path: str | os.PathLike[str], *, patch_size: int) -> str | None:
    """Return a PNG of a file of bands, of any length and content, as a data URI; None if it cannot be read.

    Imagery, and land cover beside it. Raises UsageError if Pillow is not installed.
    """
    image = require("PIL.Image", "patches")
    pixels = _pixels(path, patch_size)
    if pixels is None:
        return None
    values, is_lost = pixels
    cover = _palette()[np.minimum(values[:, :, 4], _N_CODES)]
    both = np.concatenate([_marked(values[:, :, :3], is_lost), _marked(cover, is_lost)], axis=1)
    picture = image.fromarray(np.ascontiguousarray(both)).resize((2 * _SIDE, _SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _pixels(
    path: str | os.PathLike[str], patch_size: int
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]] | None:
    n_bytes = patch_size * patch_size * N_BANDS
    try:
        with Path(path).open("rb") as file:
            raw = file.read(HEADER_BYTES + n_bytes)[HEADER_BYTES:]
    except OSError:
        return None
    if not raw:
        return None
    shape = (patch_size, patch_size, N_BANDS)
    values = np.frombuffer(raw.ljust(n_bytes, b"\0"), np.uint8).reshape(shape)
    is_lost = np.arange(patch_size * patch_size).reshape(shape[:2]) >= len(raw) // N_BANDS
    return values, is_lost


def _marked(colours: NDArray[np.uint8], is_lost: NDArray[np.bool_]) -> NDArray[np.uint8]:
    marked = colours.copy()
    marked[is_lost] = _LOST
    return marked


def _palette() -> NDArray[np.uint8]:
    # Codes that do not exist are magenta too.
    hues = [colorsys.hsv_to_rgb(code * 0.618 % 1, 0.55, 0.85) for code in range(_N_CODES)]
    return np.array([*(np.array(hues) * 255).astype(int).tolist(), _LOST], dtype=np.uint8)
