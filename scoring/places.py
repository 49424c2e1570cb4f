"""Where an occurrence is: the region of an id, the quadrat of a place."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: The regions of the challenge, in the order in which reports list them.
REGIONS = ("fr", "us")

# The region of an id is id // 10,000,000; 0 is the US of 2020, 2 the US of the 2021 and 2022
# editions. The first digit would be wrong: 11,707 of the 21,797 US test ids of 2020 start with 1.
_IDS_PER_REGION = 10_000_000
_REGION_OF_QUOTIENT = np.array(["us", "fr", "us", "other"])

# WGS84 ellipsoid: semi-major axis in metres and first eccentricity squared.
_SEMI_MAJOR_M = 6_378_137.0
_ECCENTRICITY_2 = 6.694379990141e-3


def region_of_id(ids: ArrayLike) -> NDArray[np.str_]:
    """Return the region of each occurrence id: ``"fr"``, ``"us"``, or ``"other"`` if no edition has such ids.

    Examples
    --------
    >>> region_of_id([193, 10561900, 21_000_000, 99_000_000]).tolist()
    ['us', 'fr', 'us', 'other']
    """
    quotients = np.asarray(ids, dtype=np.int64) // _IDS_PER_REGION
    known = (quotients >= 0) & (quotients < len(_REGION_OF_QUOTIENT) - 1)
    return _REGION_OF_QUOTIENT[np.where(known, quotients, len(_REGION_OF_QUOTIENT) - 1)]


def quadrat_of_place(
    latitudes: ArrayLike, longitudes: ArrayLike, *, block_km: float = 5.0
) -> NDArray[np.int64]:
    """Return the quadrat, a block of `block_km` by `block_km` on the ground, of each place.

    Parameters
    ----------
    latitudes, longitudes : array-like of float of shape (n,)
        Places in degrees, WGS84.
    block_km : float, default 5
        Side of a quadrat in km of true ground size.

    Returns
    -------
    ndarray of int64 of shape (n, 2)
        Row (from the equator northwards) and column (from the Greenwich meridian eastwards).

    Raises
    ------
    ValueError
        If `block_km` is not positive, shapes differ, or a place is not finite or off the globe.

    Notes
    -----
    Rows have a fixed height in degrees, chosen for 45 N (the length of a degree changes by 0.4 %
    between 24 and 51 N). The columns of a row have the width that is `block_km` at the row's middle
    latitude, so columns of neighbouring rows are not aligned. Blocks of equal ground size keep the
    share of held-out area equal over latitudes; spatial blocks are used because neighbouring
    occurrences share their covariates [1]_.

    References
    ----------
    .. [1] Roberts et al. (2017), Cross-validation strategies for data with temporal, spatial,
       hierarchical, or phylogenetic structure, Ecography 40, 913-929.

    Examples
    --------
    >>> quadrat_of_place([43.6, 43.6], [3.88, 3.90]).tolist()
    [[969, 62], [969, 62]]
    """
    if not block_km > 0:
        raise ValueError(f"block_km must be positive, not {block_km}")
    places = np.asarray(latitudes, dtype=np.float64), np.asarray(longitudes, dtype=np.float64)
    if places[0].shape != places[1].shape:
        raise ValueError(f"{places[0].shape} latitudes but {places[1].shape} longitudes")
    on_globe = (np.abs(places[0]) <= 90) & (np.abs(places[1]) <= 360)  # False for NaN
    if not on_globe.all():
        raise ValueError(f"{np.count_nonzero(~on_globe)} places are not finite or not on the globe")
    height = block_km * 1000 / _metres_per_degree_of_latitude(45.0)
    rows = np.floor(places[0] / height).astype(np.int64)
    middles = np.asarray((rows + 0.5) * height, dtype=np.float64)
    widths = block_km * 1000 / _metres_per_degree_of_longitude(middles)
    columns = np.floor(places[1] / widths).astype(np.int64)
    return np.stack([rows, columns], axis=-1)


def quadrat_keys(quadrats: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one number per quadrat; rows and columns of a metre still fit into 32 bits."""
    return (quadrats[:, 0] << 32) ^ (quadrats[:, 1] & 0xFFFFFFFF)


def quadrats_of_keys(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows and columns that some keys stand for.

    Examples
    --------
    >>> rows, columns = quadrats_of_keys(quadrat_keys(np.array([[969, 62], [560, -1640]])))
    >>> rows.tolist(), columns.tolist()
    ([969, 560], [62, -1640])
    """
    return keys >> 32, keys.astype(np.int32).astype(np.int64)


def _metres_per_degree_of_latitude(latitude: float) -> float:
    sine_2 = np.sin(np.radians(latitude)) ** 2
    radius = _SEMI_MAJOR_M * (1 - _ECCENTRICITY_2) / (1 - _ECCENTRICITY_2 * sine_2) ** 1.5
    return float(np.radians(radius))


def _metres_per_degree_of_longitude(latitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    # Rows at the poles reach past 90 degrees; 89.99 keeps their width finite.
    radians = np.radians(np.clip(latitudes, -89.99, 89.99))
    normal = _SEMI_MAJOR_M / np.sqrt(1 - _ECCENTRICITY_2 * np.sin(radians) ** 2)
    return np.asarray(np.radians(normal * np.cos(radians)))
