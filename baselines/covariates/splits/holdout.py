"""Holding occurrences out of training: whole quadrats, or at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.occurrences import Occurrences
from baselines.covariates.splits.shares import CNN_SHARES, FOREST_HOLDOUT
from scoring.mixing import GOLDEN, mixed
from scoring.places import quadrat_of_place
from submissions.errors import UsageError
from submissions.tables import OccurrenceTable

#: The parts of a split in two.
TRAIN, HELD_OUT = "train", "held out"

#: The parts of a split in three.
THREE_PARTS = (TRAIN, "validation", "test")

# Coordinates have no digits below a metre; no region is larger than some thousand km.
_SMALLEST_KM, _LARGEST_KM = 0.001, 1000.0


@dataclass(frozen=True)
class Split:
    """Which part each occurrence belongs to.

    Parameters
    ----------
    part_of : ndarray of int8 of shape (n,)
        For each occurrence, the index of its part in `parts`.
    """

    parts: tuple[str, ...]
    part_of: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.part_of)

    def mask(self, part: str) -> NDArray[np.bool_]:
        """Return which occurrences are in a part, of shape (n,); ValueError if there is no such part."""
        if part not in self.parts:
            raise ValueError(f"part must be among {self.parts}, not {part!r}")
        return np.asarray(self.part_of == self.parts.index(part))

    @property
    def sizes(self) -> dict[str, int]:
        """How many occurrences each part has."""
        counts = np.bincount(self.part_of, minlength=len(self.parts)).tolist()
        return dict(zip(self.parts, counts, strict=True))


@dataclass(frozen=True)
class BlockSplit(Split):
    """A split into `TRAIN` and `HELD_OUT` that never cuts a quadrat.

    Parameters
    ----------
    quadrats : ndarray of int64 of shape (n, 2)
        Row and column of the quadrat of each occurrence.
    """

    quadrats: NDArray[np.int64]

    def n_quadrats(self, rows: NDArray[np.bool_]) -> int:
        """Return how many quadrats some occurrences, a mask of shape (n,), occupy."""
        return len(np.unique(_quadrat_keys(self.quadrats[rows])))


def block_split(
    table: OccurrenceTable | Occurrences, *, block_km: float = 5.0, holdout: float = 0.025, seed: int = 0
) -> BlockSplit:
    """Hold out a share of the occupied quadrats, each with all its occurrences.

    Parameters
    ----------
    table : OccurrenceTable or Occurrences
        The occurrences.
    block_km : float, default 5
        Side of a quadrat in km of true ground size.
    holdout : float, default 0.025
        Share of the occupied quadrats to hold out, above 0 and below 1.
    seed : int, default 0
        Another seed holds out other quadrats.

    Returns
    -------
    BlockSplit
        `TRAIN` or `HELD_OUT` for each occurrence.

    Raises
    ------
    UsageError
        If `block_km` or `holdout` is out of range, or nothing or everything would be held out.

    Notes
    -----
    Neighbouring occurrences share their covariates, so a random holdout measures memory; whole blocks
    measure prediction (Roberts et al. 2017, see `scoring.places.quadrat_of_place`). Quadrats are ordered
    by a hash of the seed, their row and their column, and the first ones are held out: the same for any
    order of the rows, and on any machine. The share is of quadrats, and holds to the nearest quadrat; that
    of occurrences varies, since some quadrats are full.

    Examples
    --------
    >>> latitudes, longitudes = np.array([43.6, 43.6, 45.2, 48.8]), np.array([3.9, 3.9, 6.0, 2.3])
    >>> table = OccurrenceTable(np.arange(4), latitudes, longitudes)
    >>> block_split(table, holdout=0.4).sizes
    {'train': 3, 'held out': 1}
    """
    if not _SMALLEST_KM <= block_km <= _LARGEST_KM:
        sizes = f"{_SMALLEST_KM:g} to {_LARGEST_KM:g} km"
        raise UsageError(f"The side of a quadrat must be {sizes}, not {block_km:g} km.")
    quadrats = quadrat_of_place(table.latitudes, table.longitudes, block_km=block_km)
    keys, quadrat_of = np.unique(_quadrat_keys(quadrats), return_inverse=True)
    is_held_out = _held_out(keys, holdout=holdout, seed=seed, what="occupied quadrats")
    return BlockSplit((TRAIN, HELD_OUT), is_held_out[quadrat_of], quadrats)


def random_split(
    ids: NDArray[np.int64],
    *,
    shares: Sequence[float] = CNN_SHARES,
    parts: Sequence[str] = THREE_PARTS,
    seed: int = 0,
) -> Split:
    """Divide occurrences at random, as the CNN's reference runs do: 90 % train, 5 % validation, 5 % test.

    Parameters
    ----------
    ids : ndarray of int64 of shape (n,)
        Occurrence ids, in any order: the parts do not depend on it.
    shares : sequence of float
        Share of each part; together 1.
    parts : sequence of str
        Names of the parts.
    seed : int, default 0
        Another seed divides them otherwise.

    Returns
    -------
    Split
        The part of each occurrence.

    Raises
    ------
    ValueError
        If there is not one share per part, one is negative, or they do not add up to 1.

    Examples
    --------
    >>> random_split(np.arange(200)).sizes
    {'train': 180, 'validation': 10, 'test': 10}
    """
    if len(shares) != len(parts) or min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"shares must be one per part, none negative, and add up to 1, not {tuple(shares)}")
    part_of = np.empty(len(ids), dtype=np.int8)
    bounds = np.round(np.cumsum(shares)[:-1] * len(ids)).astype(np.int64)
    for part, rows in enumerate(np.split(_drawn_order(ids, seed), bounds)):
        part_of[rows] = part
    return Split(tuple(parts), part_of)


def random_holdout(ids: NDArray[np.int64], *, holdout: float = FOREST_HOLDOUT, seed: int = 0) -> Split:
    """Hold out occurrences at random, as the forest's reference run does: 0.5 %.

    Parameters
    ----------
    ids : ndarray of int64 of shape (n,)
        Occurrence ids, in any order: the split does not depend on it.
    holdout : float, default 0.005
        Share to hold out, above 0 and below 1.
    seed : int, default 0
        Another seed holds out others.

    Returns
    -------
    Split
        `TRAIN` or `HELD_OUT` for each occurrence.

    Raises
    ------
    UsageError
        If `holdout` is out of range, or nothing or everything would be held out.

    Examples
    --------
    >>> random_holdout(np.arange(1000)).sizes
    {'train': 995, 'held out': 5}
    """
    return Split(
        (TRAIN, HELD_OUT), _held_out(ids, holdout=holdout, seed=seed, what="occurrences", can_be_0=True)
    )


def _held_out(
    keys: NDArray[np.int64], *, holdout: float, seed: int, what: str, can_be_0: bool = False
) -> NDArray[np.int8]:
    # 1 for those of some distinct keys that are held out.
    if not 0 < holdout < 1:
        raise UsageError(f"The share to hold out must be above 0 and below 1, not {holdout:g}.")
    n_held_out = round(holdout * len(keys))
    if n_held_out in (0, len(keys)):
        found = "none" if n_held_out == 0 else "all"
        raise UsageError(
            f"A share of {holdout:g} of {len(keys)} {what} is {found} of them.",
            f"Give another --holdout, or more {what}.{' --holdout 0 keeps none aside.' if can_be_0 else ''}",
        )
    is_held_out = np.zeros(len(keys), dtype=np.int8)
    is_held_out[_drawn_order(keys, seed)[:n_held_out]] = 1
    return is_held_out


def _quadrat_keys(quadrats: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one number per quadrat; rows and columns of a metre still fit into 32 bits."""
    return (quadrats[:, 0] << 32) ^ (quadrats[:, 1] & 0xFFFFFFFF)


def _drawn_order(keys: NDArray[np.int64], seed: int) -> NDArray[np.intp]:
    """Return the order in which distinct keys are drawn.

    A hash of key and seed, not a generator: the draw of a key does not depend on the order of the
    others, nor on the version of NumPy. Distinct keys never tie.
    """
    start = mixed(np.array([seed & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64) + GOLDEN)
    return np.argsort(mixed((keys.view(np.uint64) ^ start) + GOLDEN), kind="stable")
