"""Thumbnails of patches, whole or not, with what was lost under a pattern that no valid data draws."""

from __future__ import annotations

import base64
import colorsys
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.npyheader import HEADER_BYTES, N_BANDS
from baselines.integrity.patches.holes import fill_runs
from baselines.integrity.thresholds import DEFAULT_THRESHOLDS
from submissions.errors import require

_SIDE = 96
_GAP = 4
_N_CODES = DEFAULT_THRESHOLDS.max_land_cover + 1
_STRIPE = 4  # pixels of the thumbnail
_LIGHT, _DARK, _PAPER = (255, 255, 255), (0, 0, 0), 255

_Colours = NDArray[np.uint8]
_Mask = NDArray[np.bool_]


class _Panel(NamedTuple):
    """A square of colours, what of it was lost, and which values cannot be."""

    colours: _Colours
    is_lost: _Mask
    is_impossible: _Mask


def thumbnail(
    bands: str | os.PathLike[str], altitude: str | os.PathLike[str], *, patch_size: int
) -> str | None:
    """Return a PNG of a patch's files, of any length and content, as a data URI; None if neither can be read.

    Imagery, land cover and altitude side by side. What the files do not hold is striped, values that
    cannot be are chequered. Raises UsageError if Pillow is not installed.
    """
    image = require("PIL.Image", "patches")
    contents = [_content(path) for path in (bands, altitude)]
    if not any(contents):
        return None
    panels = [*_panels_of_bands(contents[0], patch_size), _panel_of_altitude(contents[1], patch_size)]
    return _data_uri(image.fromarray(_joined([_drawn(panel) for panel in panels])))


def legend(pattern: str) -> str:
    """Return a small PNG of a pattern, ``"lost"`` or ``"impossible"``, as a data URI."""
    image = require("PIL.Image", "patches")
    mask = np.ones((16, 16), dtype=np.bool_)
    is_lost, is_impossible = (mask, ~mask) if pattern == "lost" else (~mask, mask)
    blank = np.zeros((16, 16, 3), dtype=np.uint8)
    return _data_uri(image.fromarray(_drawn(_Panel(blank, is_lost, is_impossible), side=16)))


def _content(path: str | os.PathLike[str]) -> bytes:
    try:
        # Not a FIFO, which would hold the page up.
        return Path(path).read_bytes()[HEADER_BYTES:] if Path(path).is_file() else b""
    except OSError:
        return b""


def _padded(content: bytes, n_bytes: int) -> tuple[NDArray[np.uint8], _Mask]:
    """Return so many bytes, and which of them were lost: cut off, or a long run of zeros."""
    is_lost = np.arange(n_bytes) >= len(content)
    for start, end in fill_runs(content[:n_bytes], DEFAULT_THRESHOLDS.zero_run_bytes):
        is_lost[start:end] = True
    return np.frombuffer(content[:n_bytes].ljust(n_bytes, b"\0"), np.uint8), is_lost


def _panels_of_bands(content: bytes, size: int) -> list[_Panel]:
    values, is_lost = _padded(content, size * size * N_BANDS)
    bands, lost = values.reshape(size, size, N_BANDS), is_lost.reshape(size, size, N_BANDS)
    codes = bands[:, :, -1]
    beyond = codes >= _N_CODES
    cover = _palette()[np.where(beyond, 0, codes)]
    nowhere = np.zeros((size, size), dtype=np.bool_)
    return [
        _Panel(bands[:, :, :3], np.logical_or.reduce(lost[:, :, :3], axis=2), nowhere),
        _Panel(cover, lost[:, :, -1], beyond),
    ]


def _panel_of_altitude(content: bytes, size: int) -> _Panel:
    values, is_lost = _padded(content, size * size * 2)
    metres = values.view("<i2").reshape(size, size).astype(np.float64)
    lost = np.logical_or.reduce(is_lost.reshape(size, size, 2), axis=2)
    lowest, highest = DEFAULT_THRESHOLDS.altitudes_of("other")
    beyond = (metres < lowest) | (metres > highest)
    ground = metres[~lost & ~beyond]
    low, high = np.percentile(ground, (5, 95)) if ground.size else (0.0, 1.0)
    # From dark to light, never black or white, which the patterns are made of.
    grey = np.clip(60 + 160 * (metres - low) / max(high - low, 1.0), 60, 220).astype(np.uint8)
    return _Panel(np.repeat(grey[:, :, None], 3, axis=2), lost, beyond)


def _drawn(panel: _Panel, *, side: int = _SIDE) -> _Colours:
    # The nearest pixel; the patterns are drawn afterwards, in the thumbnail's own pixels.
    at = (np.arange(side) + 0.5) * len(panel.colours) // side
    rows, columns = np.meshgrid(at.astype(int), at.astype(int), indexing="ij")
    drawn = panel.colours[rows, columns].copy()
    y, x = np.mgrid[:side, :side] // _STRIPE
    diagonal = (np.mgrid[:side, :side].sum(axis=0) // _STRIPE) % 2 == 0
    for mask, is_light in ((panel.is_impossible, (x + y) % 2 == 0), (panel.is_lost, diagonal)):
        covered = mask[rows, columns]
        drawn[covered & is_light] = _LIGHT
        drawn[covered & ~is_light] = _DARK
    return drawn


def _joined(panels: Sequence[_Colours]) -> _Colours:
    gap = np.full((_SIDE, _GAP, 3), _PAPER, dtype=np.uint8)
    return np.concatenate([part for panel in panels for part in (gap, panel)][1:], axis=1)


def _data_uri(picture: object) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")  # type: ignore[attr-defined]
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _palette() -> _Colours:
    hues = [colorsys.hsv_to_rgb(code * 0.618 % 1, 0.55, 0.85) for code in range(_N_CODES)]
    return (np.array(hues) * 255).astype(np.uint8)
