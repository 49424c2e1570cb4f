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
    parts = [
        _projected_part(longitudes[start:stop], latitudes[start:stop], systems=(wgs84, target))
        for start, stop in _spans(len(latitudes))
    ]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _spans(n_points: int) -> list[tuple[int, int]]:
    return [(start, start + _PROJECTED_AT_ONCE) for start in range(0, max(n_points, 1), _PROJECTED_AT_ONCE)]


def _projected_part(
    xs: NDArray[np.float64], ys: NDArray[np.float64], *, systems: tuple[Any, Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    try:
        projected = require("rasterio.warp", "rf").transform(*systems, xs, ys)
        return np.asarray(projected[0]), np.asarray(projected[1])
    except require("rasterio._err", "rf").CPLE_BaseError:
        if len(xs) == 1:
            return np.array([np.inf]), np.array([np.inf])
    # One place off the projection fails all that are projected with it, so it is searched for.
    halves = [
        _projected_part(xs[half], ys[half], systems=systems)
        for half in (slice(None, len(xs) // 2), slice(len(xs) // 2, None))
    ]
    return np.concatenate([half[0] for half in halves]), np.concatenate([half[1] for half in halves])
