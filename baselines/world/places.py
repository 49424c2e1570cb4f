"""Where the occurrences of a region are: in clusters, on land but for a few."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from baselines.world.climate import Climate
from baselines.world.draws import below, key_of, uniform
from baselines.world.regions import Places, places_at

# People look where people are: in clusters of these widths in metres, and a third of them anywhere.
_CLUSTER_WIDTHS = np.array([400, 1200, 4000, 9000])
_PLACES_PER_CLUSTER = 25
_SHARE_ANYWHERE = 1 / 3
# A few stand at sea by their coordinates, where rasters have no data.
_SHARE_AT_SEA = 0.003
# Those south of all rasters lie within these distances of the edge, in metres.
_SOUTH_M = (500, 8500)

# Draws that many places, for a round of drawing.
_Candidates = Callable[[int, int], Places]


def draw_places(climate: Climate, *, n: int) -> Places:
    """Draw the `n` places of a region's occurrences: clustered and scattered on land, some elsewhere.

    One or more are at sea, and in the US one or more south of the rasters; the region's share of them is at
    exactly the place of another.
    """
    n_sea = max(1, round(n * _SHARE_AT_SEA))
    n_south = max(1, round(n * climate.region.share_south)) if climate.region.share_south else 0
    n_anywhere = int((n - n_sea - n_south) * _SHARE_ANYWHERE)
    distinct = [
        _clustered(climate, n=n - n_sea - n_south - n_anywhere),
        _anywhere(climate, "scattered", n=n_anywhere, on_land=True),
        _anywhere(climate, "at sea", n=n_sea, on_land=False),
        _south(climate, n=n_south),
    ]
    return _joined(distinct).take(_shared(climate, n))


def _clustered(climate: Climate, *, n: int) -> Places:
    centres = _anywhere(climate, "centres", n=max(2, n // _PLACES_PER_CLUSTER), on_land=True)
    south, east = centres.metres()
    widths = _CLUSTER_WIDTHS[below(_key(climate, "widths"), len(centres), bound=len(_CLUSTER_WIDTHS))]

    def candidates(n_candidates: int, turn: int) -> Places:
        chosen = below(_key(climate, "cluster", turn), n_candidates, bound=len(centres))
        steps = np.stack([_bell(_key(climate, axis, turn), n_candidates) for axis in ("south", "east")])
        moves = np.rint(steps * widths[chosen]).astype(np.int64)
        return places_at(climate.region, south=south[chosen] + moves[0], east=east[chosen] + moves[1])

    return _accepted(climate, candidates, n=n, on_land=True)


def _anywhere(climate: Climate, name: str, *, n: int, on_land: bool) -> Places:
    region = climate.region

    def candidates(n_candidates: int, turn: int) -> Places:
        south = below(_key(climate, name, "south", turn), n_candidates, bound=region.height_m)
        east = below(_key(climate, name, "east", turn), n_candidates, bound=region.width_m)
        return places_at(region, south=south, east=east)

    return _accepted(climate, candidates, n=n, on_land=on_land)


def _south(climate: Climate, *, n: int) -> Places:
    region = climate.region
    beyond = _SOUTH_M[0] + below(_key(climate, "beyond"), n, bound=_SOUTH_M[1] - _SOUTH_M[0])
    east = below(_key(climate, "beyond east"), n, bound=region.width_m)
    return places_at(region, south=region.height_m + beyond, east=east)


def _accepted(climate: Climate, candidates: _Candidates, *, n: int, on_land: bool) -> Places:
    parts: list[Places] = []
    while (n_missing := n - sum(len(part) for part in parts)) > 0:
        drawn = candidates(2 * n_missing + 8, len(parts))
        fits = climate.inside(drawn) & (climate.on_land(drawn) == on_land)
        parts.append(drawn.take(np.flatnonzero(fits)[:n_missing]))
    return _joined(parts)


def _shared(climate: Climate, n: int) -> NDArray[np.int64]:
    # Each place is that of its predecessor with probability p. A place is then shared unless neither
    # it nor its successor is a copy, which has probability (1 - p)^2.
    copy_share = 1 - (1 - climate.region.shared_share) ** 0.5
    is_copy = uniform(_key(climate, "copies"), n) < copy_share
    return np.asarray(np.maximum.accumulate(np.where(is_copy, 0, np.arange(n))))


def _bell(key: int, n: int) -> NDArray[np.float64]:
    # The sum of four uniform numbers is bell enough, and rounds alike everywhere.
    parts = uniform(key, 4 * n).reshape(4, n)
    return np.asarray(parts[0] + parts[1] + parts[2] + parts[3] - 2.0)


def _joined(parts: Sequence[Places]) -> Places:
    latitudes, longitudes = np.concatenate([(part.latitudes, part.longitudes) for part in parts], axis=1)
    return Places(parts[0].region, latitudes, longitudes)


def _key(climate: Climate, *names: str | int) -> int:
    return key_of(climate.seed, climate.region.name, "places", *map(str, names))
