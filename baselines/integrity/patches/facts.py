"""What a deep check remembers of a patch in order to compare it with others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from baselines.covariates.patches.npyheader import HEADER_BYTES, N_BANDS

# Zlib keeps 22 to 86 % of a real patch; one of a calm sea or of snow has hardly any distinct
# pixels, and such patches are alike without being copies.
_MIN_DISTINCT_PIXELS = 64
# Of a digest: of two million patches, two agree by chance once in ten million times.
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Facts:
    """What comparisons between patches need to know of one.

    Parameters
    ----------
    content : str
        Digests of the values of the bands and of the altitude, one behind the other.
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

    @property
    def bands(self) -> str:
        """Digest of the values of the bands."""
        return self.content[:_DIGITS]


def facts_of(occurrence_id: int, bands: bytes, *, altitude: bytes) -> Facts:
    """Return what comparisons need to know of one patch, whose two files have the right form."""
    metres = np.frombuffer(altitude, "<i2", offset=HEADER_BYTES)
    pixels = np.frombuffer(bands, np.uint8, offset=HEADER_BYTES).reshape(-1, N_BANDS)
    some = pixels[:: max(len(pixels) // 1024, 1)]
    # Copied out plane by plane, since NumPy is slow on strided planes.
    planes = (np.frombuffer(bands[HEADER_BYTES + plane :: N_BANDS], np.uint8) for plane in range(3))
    red, green, blue = (float(plane.mean()) for plane in planes)
    is_plain = len(np.unique(some, axis=0)) < min(_MIN_DISTINCT_PIXELS, len(some) // 2)
    content = "".join(hashlib.sha256(raw[HEADER_BYTES:]).hexdigest()[:_DIGITS] for raw in (bands, altitude))
    lowest, highest = int(metres.min()), int(metres.max())
    return Facts(occurrence_id, content, is_plain, red, green, blue, lowest, highest)
