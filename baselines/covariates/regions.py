"""Roughly where the regions of the challenge lie: enough to tell them and the two axes apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Bounds:
    """A box of places in degrees, WGS84, its edges included.

    Examples
    --------
    >>> Bounds(south=40, north=52, west=-10, east=10).holds(np.array([43.6, 3.9]), np.array([3.9, 43.6]))
    array([ True, False])
    """

    south: float
    north: float
    west: float
    east: float

    def holds(self, latitudes: NDArray[np.float64], longitudes: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which places lie in the box."""
        in_latitude = (latitudes >= self.south) & (latitudes <= self.north)
        return in_latitude & (longitudes >= self.west) & (longitudes <= self.east)

    def overlaps(self, other: Bounds) -> bool:
        """Return whether the boxes share more than an edge."""
        in_latitude = self.south < other.north and other.south < self.north
        return in_latitude and self.west < other.east and other.west < self.east


#: A generous box for each region. Neither meets the other, nor itself with latitude and longitude
#: swapped, so one place is enough to see a mistake: metropolitan France has |longitude| < 10, which
#: no latitude of either region has.
REGION_BOUNDS: Mapping[str, Bounds] = MappingProxyType(
    {
        "fr": Bounds(south=40.0, north=53.0, west=-10.0, east=10.0),
        "us": Bounds(south=23.0, north=51.0, west=-130.0, east=-60.0),
    }
)

#: The regions in words, for messages.
REGION_WORDS: Mapping[str, str] = MappingProxyType({"fr": "France", "us": "the US"})
