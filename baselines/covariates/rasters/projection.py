"""Places in the reference system of a raster, through PROJ."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from submissions.errors import require

# Points that PROJ takes at once: it wants Python lists, which are large.
_PROJECTED_AT_ONCE = 2**16


def project(
    latitudes: NDArray[np.float64], longitudes: NDArray[np.float64], *, crs: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y of places (degrees, WGS84) in a reference system; infinite if it does not know them.

    The reference system is given as WKT or by a name such as ``"EPSG:2154"``.

    Examples
    --------
    >>> xs, ys = project(np.array([46.5]), np.array([3.0]), crs="EPSG:2154")
    >>> xs.round().tolist(), ys.round().tolist()
    ([700000.0], [6600000.0])
    """
    wgs84, target = (require("rasterio.crs", "rf").CRS.from_user_input(name) for name in ("EPSG:4326", crs))
    if target == wgs84:
        return longitudes, latitudes
    places = np.stack([longitudes, latitudes])
    parts = [
        _projected(places[:, start : start + _PROJECTED_AT_ONCE], systems=(wgs84, target))
        for start in range(0, max(len(latitudes), 1), _PROJECTED_AT_ONCE)
    ]
    xs, ys = np.concatenate(parts, axis=1)
    return xs, ys


def _projected(places: NDArray[np.float64], *, systems: tuple[Any, Any]) -> NDArray[np.float64]:
    # Of shape (2, n), as the places: x, then y.
    try:
        return np.array(require("rasterio.warp", "rf").transform(*systems, *places))
    except require("rasterio._err", "rf").CPLE_BaseError:
        if places.shape[1] == 1:
            return np.full((2, 1), np.inf)
    # One place off the projection fails all that are projected with it, so it is searched for.
    halves = np.array_split(places, 2, axis=1)
    return np.concatenate([_projected(half, systems=systems) for half in halves], axis=1)
