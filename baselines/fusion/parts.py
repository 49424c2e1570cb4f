"""The parts of a fusion: runs as lists or as matrices, asked in one way for the pairs of occurrences."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from baselines.provenance import digest_of
from scoring.sparse import Pairs
from submissions.ordering import positions_among
from submissions.run import DenseRun, Run

_BLOCK_BYTES = 1 << 24


@dataclass(frozen=True)
class Profile:
    """What is known of each list of a run before it is fused.

    Parameters
    ----------
    lengths : ndarray of int64 of shape (n_lists,)
        Its pairs; 0 for a row of a matrix that predicts nothing.
    unusable : ndarray of bool of shape (n_lists,)
        Whether its scores cannot be divided by their sum: one is negative, or none is positive.
    """

    lengths: NDArray[np.int64]
    unusable: NDArray[np.bool_]


#: Gives the pairs of some lists, none of them empty, in the order of their run.
PairSource = Callable[[NDArray[np.intp]], Pairs]


def source_of(run: Run | DenseRun, species_ids: NDArray[np.int64]) -> PairSource:
    """Return what gives the pairs of a run, species counted by their place in `species_ids`."""
    species = positions_among(species_of(run), species_ids)[0]
    if isinstance(run, DenseRun):
        return partial(_pairs_of_rows, run.scores, species)
    return replace(run.pairs, species=species).select


def _pairs_of_rows(
    scores: NDArray[np.floating], species: NDArray[np.integer], rows: NDArray[np.intp]
) -> Pairs:
    block = np.asarray(scores[rows])
    present = block > -np.inf
    offsets = np.concatenate([[0], np.cumsum(np.count_nonzero(present, axis=1))])
    return Pairs(offsets, np.broadcast_to(species, block.shape)[present], block[present])


def species_of(run: Run | DenseRun) -> NDArray[np.integer]:
    """Return all species ids that a run names, as often as it does."""
    return run.species_ids if isinstance(run, DenseRun) else run.pairs.species


def profile_of(run: Run | DenseRun) -> Profile:
    """Look through the scores of a valid run, a matrix block by block."""
    if isinstance(run, DenseRun):
        profiles = [_profile_of_block(block) for block in _blocks(run.scores)]
        return Profile(
            np.concatenate([profile.lengths for profile in profiles]),
            np.concatenate([profile.unusable for profile in profiles]),
        )
    starts = run.pairs.offsets[:-1]
    lowest = np.minimum.reduceat(run.pairs.scores, starts)
    highest = np.maximum.reduceat(run.pairs.scores, starts)
    return Profile(np.diff(run.pairs.offsets), (lowest < 0) | (highest <= 0))


def _profile_of_block(block: NDArray[np.floating]) -> Profile:
    lengths = np.count_nonzero(block > -np.inf, axis=1)
    lowest = np.min(block, axis=1, where=block > -np.inf, initial=np.inf)
    return Profile(lengths, (lengths > 0) & ((lowest < 0) | (block.max(axis=1) <= 0)))


def _blocks(scores: NDArray[np.floating]) -> list[NDArray[np.floating]]:
    step = max(1, _BLOCK_BYTES // max(scores.strides[0], 1))
    return [scores[first : first + step] for first in range(0, len(scores), step)]


def content_digest(run: Run | DenseRun) -> str:
    """Return a digest of the ids and scores of a run, in the order of its lists."""
    if isinstance(run, DenseRun):  # block by block, since a digest copies what it reads
        digests = [digest_of(run.occurrence_ids, run.species_ids), *map(digest_of, _blocks(run.scores))]
        return hashlib.sha256("".join(digests).encode()).hexdigest()[:12]
    return digest_of(run.occurrence_ids, run.pairs.offsets, run.pairs.species, run.pairs.scores)
