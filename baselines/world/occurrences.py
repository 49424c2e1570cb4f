"""The occurrences of a world: what was seen at each place, and what is held out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines.world.climate import Climate, climate_of
from baselines.world.draws import hashed, key_of, shuffled
from baselines.world.ground import WorldGround
from baselines.world.places import draw_places
from baselines.world.regions import Places, Region
from baselines.world.species import SpeciesPool, draw_species
from scoring.places import quadrat_of_place

#: Share of the occurrences whose quadrats are held out for the test.
TEST_SHARE = 0.2
# A prime stride that divides no band of ids below, so that ids come out distinct.
_ID_STRIDE = 611_953
# The US ids of the challenge have 3 digits and more; of a hundred, so many have 3, and 4.
_SHORT_ID_BANDS = ((100, 999, 3), (1000, 9999, 7))
# Places at once, and pairs of a place and a species: 32 MiB per array.
_BATCH, _BATCH_PAIRS = 2048, 2**22


@dataclass(frozen=True)
class RegionOccurrences:
    """The occurrences of one region, in the order of their files.

    Parameters
    ----------
    climate : Climate
        The coarse fields of the region.
    ids : ndarray of int64 of shape (n,)
        Occurrence ids, each once.
    is_test : ndarray of bool of shape (n,)
        Which are held out: all of a quadrat, or none.
    """

    climate: Climate
    ids: NDArray[np.int64]
    places: Places
    species: NDArray[np.int64]
    is_test: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def region(self) -> Region:
        """The region."""
        return self.climate.region

    @property
    def ground(self) -> WorldGround:
        """The fine fields of the region."""
        return WorldGround(self.region, self.climate.seed)

    def select(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> RegionOccurrences:
        """Return some of the occurrences, by a mask of shape (n,) or by row numbers, in that order."""
        places, species = self.places.take(rows), self.species[rows]
        return RegionOccurrences(self.climate, self.ids[rows], places, species, self.is_test[rows])


def occurrences_of(region: Region, pool: SpeciesPool, *, seed: int, n: int) -> RegionOccurrences:
    """Draw the `n` occurrences of a region from the niches of its species.

    Places come first, in clusters; then a species is drawn at each with its exact probability there. The
    result is equal for equal arguments, on any machine.
    """
    climate = climate_of(region, seed)
    places = draw_places(climate, n=n).take(shuffled(key_of(seed, region.name, "rows"), n))
    species = [
        draw_species(weights, key_of(seed, region.name, "species", str(start)))
        for start, weights in weights_at(climate, places, pool=pool)
    ]
    is_test = _held_out(places, key_of(seed, region.name, "quadrats"))
    return RegionOccurrences(climate, _ids(region, seed=seed, n=n), places, np.concatenate(species), is_test)


def weights_at(
    climate: Climate, places: Places, *, pool: SpeciesPool
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield the position of the first place of each batch, and the weights of all species at its places.

    Weights have the shape (n_batch, n_species), see `SpeciesPool.weights`.
    """
    ground = WorldGround(climate.region, climate.seed)
    n_batch = max(1, min(_BATCH, _BATCH_PAIRS // len(pool)))
    for start in range(0, len(places), n_batch):
        batch = places.take(np.arange(start, min(start + n_batch, len(places))))
        yield start, pool.weights(climate.at(batch), ground.at(batch), region=climate.region.name)


def _held_out(places: Places, key: int) -> NDArray[np.bool_]:
    quadrats = quadrat_of_place(*places.degrees())
    found, members, counts = np.unique(quadrats, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(hashed(key, found[:, 0], found[:, 1]), kind="stable")
    # The quadrat that reaches the share is still taken, so that no test is empty.
    before = np.cumsum(counts[order]) - counts[order]
    chosen = np.zeros(len(counts), dtype=np.bool_)
    chosen[order] = before < TEST_SHARE * len(places)
    return chosen[members.reshape(-1)]


def _ids(region: Region, *, seed: int, n: int) -> NDArray[np.int64]:
    low, high = region.id_range
    parts: list[NDArray[np.int64]] = []
    for first, last, percent in _SHORT_ID_BANDS:
        if low == first:
            n_short = min(-(-n * percent // 100), last - first + 1)
            key = key_of(seed, region.name, "ids", str(first))
            parts.append(_distinct(key, n_short, first=first, last=last))
            low = last + 1
    n_long = n - sum(len(part) for part in parts)
    parts.append(_distinct(key_of(seed, region.name, "ids"), n_long, first=low, last=high))
    return np.concatenate(parts)[shuffled(key_of(seed, region.name, "id order"), n)]


def _distinct(key: int, n: int, *, first: int, last: int) -> NDArray[np.int64]:
    size = last - first + 1
    return first + (key % size + np.arange(n) * _ID_STRIDE) % size
