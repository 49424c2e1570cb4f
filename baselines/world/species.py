"""The species of a world: names, how common each is, and the niche of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines.world.climate import GRADIENT_LEVELS, GRADIENTS
from baselines.world.draws import below, key_of, shuffled
from baselines.world.ground import HABITATS

#: Share of the species that each region has, counted from either end of the list; the middle is shared.
_POOL_SHARE = 0.65
# Widths of niches: in gradient levels, in vegetation levels, in metres of altitude.
_GRADIENT_WIDTH, _VEGETATION_WIDTH, _ALTITUDE_WIDTH = 3800, 66, 430
_HIGHEST = 1900
# How well a species does in the habitat that it likes best, second best, and in the others.
_HABITAT_FITNESS = (1.0, 0.3, 0.06)
# Abundances fall as 1 / (rank + n_here / 20): a long tail that leaves the common species some company.
_TAIL = 20
# Weights are rounded to whole multiples of this before anything is drawn from them.
_WEIGHT_UNIT = 2.0**-40

_SYLLABLES = (
    "al", "bri", "ca", "du", "el", "fra", "go", "hy", "li", "mo", "ne", "ora", "pe", "qui", "ra", "sa",
)  # fmt: skip
_ENDINGS = ("us", "a", "um", "is")


@dataclass(frozen=True)
class SpeciesPool:
    """Species with their niches and their abundances in each region.

    Parameters
    ----------
    gbif_ids : ndarray of int64 of shape (n_species,)
        Invented GBIF ids, each once; the species id is the position.
    names : tuple of str
        Invented names, each once.
    gradient_optima : ndarray of int64 of shape (n_species, 5)
        Where on each gradient a species does best.
    habitats : ndarray of int64 of shape (n_species, 2)
        Best and second best habitat.
    fine_optima : ndarray of int64 of shape (n_species, 2)
        Where a species does best in vegetation and altitude.
    abundances : dict of str to ndarray of float64 of shape (n_species,)
        How common a species is in a region where everything suits it; 0 where it does not live.
    """

    gbif_ids: NDArray[np.int64]
    names: tuple[str, ...]
    gradient_optima: NDArray[np.int64]
    habitats: NDArray[np.int64]
    fine_optima: NDArray[np.int64]
    abundances: dict[str, NDArray[np.float64]]

    def __len__(self) -> int:
        return len(self.gbif_ids)

    def weights(
        self, gradients: NDArray[np.int64], ground: NDArray[np.int64], *, region: str
    ) -> NDArray[np.int64]:
        """Return how likely each species is at each place, up to one factor per place.

        Parameters
        ----------
        gradients : ndarray of int64 of shape (n, 5)
            Gradients of the places, see `climate.Climate.at`.
        ground : ndarray of int64 of shape (n, 3)
            Habitat, vegetation and altitude of the places, see `ground.WorldGround.at`.

        Returns
        -------
        ndarray of int64 of shape (n, n_species)
            Whole weights. A species of the place is drawn with its share of the row's sum, so the
            shares are the true posterior probabilities: no predictor does better in expectation.
        """
        weights = np.tile(self.abundances[region], (len(gradients), 1))
        for axis in range(len(GRADIENTS)):
            weights *= _fitness(gradients[:, axis], self.gradient_optima[:, axis], width=_GRADIENT_WIDTH)
        is_best, is_second = (ground[:, :1] == self.habitats[:, rank] for rank in (0, 1))
        best, second, other = _HABITAT_FITNESS
        weights *= np.where(is_best, best, np.where(is_second, second, other))
        weights *= _fitness(ground[:, 1], self.fine_optima[:, 0], width=_VEGETATION_WIDTH)
        weights *= _fitness(ground[:, 2], self.fine_optima[:, 1], width=_ALTITUDE_WIDTH)
        # At least 1 for every species of the region: nowhere is quite without species.
        whole = np.floor(weights / _WEIGHT_UNIT).astype(np.int64)
        return np.maximum(whole, self.abundances[region] > 0)


def species_of(seed: int, n_species: int) -> SpeciesPool:
    """Make the species of a world; equal for equal arguments, on any machine.

    Examples
    --------
    >>> pool = species_of(0, 30)
    >>> len(pool), int((pool.abundances["fr"] > 0).sum()), len(set(pool.names))
    (30, 20, 30)
    """
    n_gradients = len(GRADIENTS)
    optima = below(key_of(seed, "gradient optima"), n_species * n_gradients, bound=GRADIENT_LEVELS)
    first = below(key_of(seed, "best habitat"), n_species, bound=len(HABITATS))
    shift = 1 + below(key_of(seed, "second habitat"), n_species, bound=len(HABITATS) - 1)
    vegetation = below(key_of(seed, "vegetation optima"), n_species, bound=256)
    altitude = below(key_of(seed, "altitude optima"), n_species, bound=_HIGHEST)
    numbers = shuffled(key_of(seed, "names"), max(n_species, 4096))[:n_species].tolist()
    return SpeciesPool(
        2_650_000 + 3 * shuffled(key_of(seed, "gbif"), n_species),
        tuple(_name(number) for number in numbers),
        optima.reshape(n_species, n_gradients),
        np.stack([first, (first + shift) % len(HABITATS)], axis=1),
        np.stack([vegetation, altitude], axis=1),
        _abundances(seed, n_species),
    )


def draw_species(weights: NDArray[np.int64], key: int) -> NDArray[np.int64]:
    """Draw a species for each row of weights, with its share of the row's sum."""
    cumulated = np.cumsum(weights, axis=1)
    drawn = below(key, len(weights), bound=cumulated[:, -1])
    return np.asarray((cumulated <= drawn[:, np.newaxis]).sum(axis=1, dtype=np.int64))


def _fitness(values: NDArray[np.int64], optima: NDArray[np.int64], *, width: int) -> NDArray[np.float64]:
    # A bell without the exponential, which no two machines round alike.
    distance = (values[:, np.newaxis] - optima) / width
    return 1.0 / (1.0 + distance * distance) ** 2


def _abundances(seed: int, n_species: int) -> dict[str, NDArray[np.float64]]:
    n_here = max(1, round(n_species * _POOL_SHARE))
    pools = {"fr": np.arange(n_here), "us": np.arange(n_species - n_here, n_species)}
    mixed = shuffled(key_of(seed, "pools"), n_species)
    abundances = {}
    for region, members in pools.items():
        ranks = shuffled(key_of(seed, region, "abundance"), n_here)
        abundances[region] = np.zeros(n_species)
        abundances[region][mixed[members]] = 1.0 / (1.0 + ranks * _TAIL / n_here)
    return abundances


def _name(number: int) -> str:
    # Every number has its own name: syllables are its hexadecimal digits, and blocks of names share a genus.
    genus, epithet = divmod(number, 16)
    spelled = "".join(_SYLLABLES[int(digit, 16)] for digit in f"{genus + 16:x}")
    ending = _ENDINGS[genus % 4]
    return f"{spelled.capitalize()}{ending} {_SYLLABLES[epithet]}t{ending}"
