"""What a deep check remembers of a patch in order to compare it with others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from baselines.covariates.patches.npyheader import HEADER_BYTES, N_BANDS

# Zlib keeps 22 to 86 % of a real patch; one of a calm sea or of snow has hardly any distinct
# pixels, and such patches are alike without being copies.
_MIN_DISTINCT_PIXELS = 64


@dataclass(frozen=True, slots=True)
class Facts:
    """What comparisons between patches need to know of one.

    Parameters
    ----------
    content : str
        Digest of both files' values.
    is_plain : bool
        Whether the imagery has so few distinct pixels that equal content proves nothing.
    red, green, blue : float
        Means of the bands, 0 to 255.
    lowest, highest : int
        Range of the altitude in metres.
    """

    occurrence_id: int
    content: str
    is_plain: bool
    red: float
    green: float
    blue: float
    lowest: int
    highest: int


def facts_of(occurrence_id: int, bands: bytes, *, altitude: bytes) -> Facts:
    """Return what comparisons need to know of one patch, whose two files have the right form."""
    metres = np.frombuffer(altitude, "<i2", offset=HEADER_BYTES)
    pixels = np.frombuffer(bands, np.uint8, offset=HEADER_BYTES).reshape(-1, N_BANDS)
    some = pixels[:: max(len(pixels) // 1024, 1)]
    # Copied out plane by plane, since NumPy is slow on strided planes.
    planes = (np.frombuffer(bands[HEADER_BYTES + plane :: N_BANDS], np.uint8) for plane in range(3))
    red, green, blue = (float(plane.mean()) for plane in planes)
    content = hashlib.sha256(bands[HEADER_BYTES:])
    content.update(altitude[HEADER_BYTES:])
    is_plain = len(np.unique(some, axis=0)) < min(_MIN_DISTINCT_PIXELS, len(some) // 2)
    digest = content.hexdigest()[:32]
    lowest, highest = int(metres.min()), int(metres.max())
    return Facts(occurrence_id, digest, is_plain, red, green, blue, lowest, highest)
