"""Patches: imagery, land cover and altitude, cut out of the ground around places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines.world.draws import hashed, key_of
from baselines.world.fields import Grids, Octave, octaves
from baselines.world.ground import WorldGround
from baselines.world.regions import Places

# Brightness of each habitat in red, green and blue, and in near-infrared: green above red above blue
# nearly everywhere, as in aerial imagery of vegetated land.
_COLOURS = np.array(
    [
        (152, 150, 140), (128, 134, 104), (140, 142, 112),
        (104, 114, 86), (92, 110, 78), (112, 114, 90),
        (78, 92, 76), (70, 88, 64), (56, 72, 54),
    ],
    dtype=np.float32,
)  # fmt: skip
_NEAR_INFRARED = np.array([52, 78, 70, 88, 96, 74, 58, 104, 82], dtype=np.float32)
# Light and shade, common to the bands: crowns and furrows of some metres on patches of some dozens.
_SHADE: tuple[Octave, ...] = ((40, 30.0), (13, 36.0), (4, 34.0))
_FLECKS: tuple[Octave, ...] = ((17, 18.0), (5, 26.0))
# Grain that all bands share, and of each band's own, in grey levels.
_COMMON_GRAIN, _BAND_GRAIN = 15.0, 5.0
# How much brighter the liveliest vegetation is in near-infrared than the weakest.
_VIGOUR = 96.0 / 255
# Never 0, so that no run of zero bytes comes about; never a land cover code (0 to 33).
_DARKEST, _BRIGHTEST = 36, 250
# Pixels made at once: these arrays stay within a core's cache.
_BATCH_PIXELS = 2**17


@dataclass(frozen=True)
class PatchBatch:
    """Some patches.

    Parameters
    ----------
    rows : ndarray of int64 of shape (n,)
        Positions of their places among those given.
    bands : ndarray of uint8 of shape (n, patch_size, patch_size, 5)
        Red, green, blue, near-infrared, land cover code.
    altitudes : ndarray of int16 of shape (n, patch_size, patch_size)
        Metres.
    """

    rows: NDArray[np.int64]
    bands: NDArray[np.uint8]
    altitudes: NDArray[np.int16]


def cut_patches(ground: WorldGround, places: Places, *, patch_size: int) -> Iterator[PatchBatch]:
    """Cut the patches around places out of the ground, one pixel per metre, in batches in their order.

    A patch of any size is the middle of a larger one, and patches that overlap agree.
    """
    south, east = places.metres()
    offsets = np.arange(patch_size) - patch_size // 2
    n_batch = max(1, _BATCH_PIXELS // patch_size**2)
    for start in range(0, len(places), n_batch):
        rows = np.arange(start, min(start + n_batch, len(places)))
        grids = Grids(south[rows, np.newaxis] + offsets, east[rows, np.newaxis] + offsets)
        bands = np.empty((len(rows), patch_size, patch_size, 5), dtype=np.uint8)
        bands[..., :4] = _imagery(ground, grids)
        bands[..., 4] = ground.land_cover(grids)
        yield PatchBatch(rows, bands, ground.altitude(grids))


def _imagery(ground: WorldGround, grids: Grids) -> NDArray[np.uint8]:
    habitat = ground.habitat(grids)
    grain = _grain(ground, grids)
    shade = octaves(_key(ground, "shade"), grids, parts=_SHADE) - np.float32(50)
    shade += grain[0]
    pixels = np.empty((*habitat.shape, 4), dtype=np.uint8)
    for band in range(3):
        pixels[..., band] = _levels(_COLOURS[:, band][habitat] + shade + grain[1 + band])
    flecks = octaves(_key(ground, "flecks"), grids, parts=_FLECKS) - np.float32(22)
    vigour = ground.vegetation(grids) * np.float32(_VIGOUR)
    light = shade * np.float32(0.5) + flecks + grain[4]
    pixels[..., 3] = _levels(_NEAR_INFRARED[habitat] + vigour + light)
    return pixels


def _grain(ground: WorldGround, grids: Grids) -> list[NDArray[np.float32]]:
    # Five numbers of twelve bits out of each pixel's hash.
    bits = hashed(_key(ground, "grain"), grids.rows[:, :, np.newaxis], grids.columns[:, np.newaxis])
    parts = [(bits >> np.uint64(12 * part)) & np.uint64(0xFFF) for part in range(5)]
    ranges = (_COMMON_GRAIN, *[_BAND_GRAIN] * 4)
    return [
        (part.astype(np.float32) * np.float32(2.0**-12) - np.float32(0.5)) * np.float32(width)
        for part, width in zip(parts, ranges, strict=True)
    ]


def _levels(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(np.clip(values, _DARKEST, _BRIGHTEST)).astype(np.uint8)


def _key(ground: WorldGround, name: str) -> int:
    return key_of(ground.seed, ground.region.name, "imagery", name)
