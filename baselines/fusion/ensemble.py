"""Runs put side by side: which occurrences and species they have, and how much each part weighs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from baselines.fusion.options import FusionOptions
from baselines.fusion.parts import PairSource, profile_of, source_of, species_of
from submissions.errors import BadInputError
from submissions.ordering import distinct
from submissions.run import DenseRun, Run

# Pairs of all parts that are fused at once: their temporaries stay near the cache, and memory does not
# grow with the number of occurrences.
_CHUNK_PAIRS = 1 << 18


@dataclass(frozen=True)
class Part:
    """A run in an ensemble.

    Parameters
    ----------
    lists : ndarray of int of shape (n_occurrences,)
        The list of the run for each occurrence of the ensemble; -1 where there is none.
    lengths : ndarray of int64 of shape (n_occurrences,)
        Pairs of each of these lists.
    unusable : ndarray of int of shape (n,)
        Occurrences whose scores cannot be divided by their sum.
    """

    run: Run | DenseRun
    weight: float
    lists: NDArray[np.intp]
    lengths: NDArray[np.int64]
    unusable: NDArray[np.integer]
    take: PairSource

    @property
    def n_missing(self) -> int:
        """Occurrences of the ensemble that the run lacks."""
        return int(np.count_nonzero(self.lists < 0))

    @property
    def n_pairs(self) -> int:
        """Pairs of all its lists."""
        return int(self.lengths.sum())


@dataclass(frozen=True)
class Ensemble:
    """Runs side by side.

    Parameters
    ----------
    ids : ndarray of int64 of shape (n_occurrences,)
        All occurrences that any part has, ascending.
    species_ids : ndarray of int64 of shape (n_species,)
        All species that any part has, ascending.
    """

    ids: NDArray[np.int64]
    species_ids: NDArray[np.int64]
    parts: tuple[Part, ...]

    @cached_property
    def n_parts_of(self) -> NDArray[np.int64]:
        """Parts that have each occurrence."""
        return np.asarray(np.sum([part.lists >= 0 for part in self.parts], axis=0), np.int64)

    def only(self, ids: NDArray[np.integer]) -> Ensemble:
        """Return the ensemble with these occurrences only."""
        kept = np.isin(self.ids, ids)
        parts = (replace(part, lists=part.lists[kept], lengths=part.lengths[kept]) for part in self.parts)
        return Ensemble(self.ids[kept], self.species_ids, tuple(parts))

    def weighted(self, weights: Sequence[float]) -> Ensemble:
        """Return the ensemble with other weights; a part of weight 0 is left out.

        The largest weight becomes 1, so that doubling all weights changes no bit of the result.
        """
        parts = (
            replace(part, weight=weight / max(weights))
            for part, weight in zip(self.parts, weights, strict=True)
            if weight
        )
        return Ensemble(self.ids, self.species_ids, tuple(parts))

    def chunks(self) -> Iterator[slice]:
        """Yield runs of occurrences, the same for parts in any order, that hold some 260,000 pairs."""
        ends = np.cumsum(np.sum([part.lengths for part in self.parts], axis=0))
        first = 0
        while first < len(ends):
            before = ends[first - 1] if first else 0
            last = max(int(np.searchsorted(ends, before + _CHUNK_PAIRS, side="right")), first + 1)
            yield slice(first, last)
            first = last


def ensemble_of(runs: Sequence[Run | DenseRun], weights: Sequence[float]) -> Ensemble:
    """Put valid runs side by side, also those of weight 0."""
    profiles = [profile_of(run) for run in runs]
    ids = distinct(*(run.occurrence_ids[p.lengths > 0] for run, p in zip(runs, profiles, strict=True)))
    species_ids = distinct(*map(species_of, runs))
    parts = []
    for run, weight, profile in zip(runs, weights, profiles, strict=True):
        present = np.flatnonzero(profile.lengths)
        places = np.searchsorted(ids, run.occurrence_ids[present])
        lists, lengths = np.full(len(ids), -1, np.intp), np.zeros(len(ids), np.int64)
        lists[places], lengths[places] = present, profile.lengths[present]
        unusable = run.occurrence_ids[profile.unusable]
        parts.append(Part(run, weight, lists, lengths, unusable, source_of(run, species_ids)))
    return Ensemble(ids, species_ids, tuple(parts))


def refuse_unfit(ensemble: Ensemble, options: FusionOptions) -> None:
    """Refuse parts that cannot be fused as is asked.

    Raises
    ------
    BadInputError
        If no occurrence is in two parts; if one is not in all parts, unless the others are to be averaged;
        or if scores cannot be divided by their sum.
    """
    if not (ensemble.n_parts_of > 1).any():
        names = ", ".join(part.run.path for part in ensemble.parts)
        raise BadInputError(
            f"No occurrence is in two of the runs {names}, so there is nothing to fuse.",
            "Fuse runs for the same occurrences.",
        )
    lacking = [
        f"{part.run.path} lacks {part.n_missing:,} (such as {ensemble.ids[part.lists < 0][0]})"
        for part in ensemble.parts
        if part.n_missing
    ]
    if lacking and options.missing == "error":
        raise BadInputError(
            f"The runs do not have the same occurrences: of {len(ensemble.ids):,}, {', '.join(lacking)}.",
            "Predict them all, or average what a run lacks over the others: --missing renormalise.",
        )
    unusable = [
        f"{part.run.path} has {len(part.unusable):,} (such as {part.unusable[0]})"
        for part in ensemble.parts
        if len(part.unusable)
    ]
    if unusable and options.method != "reciprocal-rank":
        raise BadInputError(
            "Scores are divided by their sum, which needs scores of at least 0 with a positive one among "
            f"them; of occurrences whose scores are otherwise, {', '.join(unusable)}.",
            "Fuse ranks instead: --method reciprocal-rank.",
        )
