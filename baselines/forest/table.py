"""What a forest learns from: usable occurrences, divided into training and validation."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.occurrences import Occurrences
from baselines.covariates.rasters.extraction import EnvironmentalVectors
from baselines.covariates.splits.holdout import HELD_OUT, random_holdout
from baselines.covariates.splits.shares import FOREST_HOLDOUT
from baselines.forest.growth.codes import columns_of
from baselines.prior import Frequencies, regional_frequencies
from baselines.provenance import digest_of_each
from submissions.errors import CannotCheckError


@dataclass(frozen=True)
class TrainingTable:
    """Occurrences with covariates and species, ready for the trees.

    Parameters
    ----------
    values : ndarray of float32 of shape (n, n_features)
        Covariates of the training occurrences, by ascending id.
    labels : ndarray of int32 of shape (n,)
        Their classes.
    species : ndarray of int64 of shape (n_classes,)
        The species of each class, ascending.
    frequencies : mapping of str to Frequencies
        Of all labelled occurrences but those of the validation, by region.
    n_outside, n_nodata : int
        Occurrences put aside because they are outside a raster, or else on nodata.
    holdout : float
        Share kept for validation.
    files : str, optional
        Digest of the files of the occurrences.
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]
    labels: NDArray[np.int32]
    species: NDArray[np.int64]
    validation: HeldOut
    frequencies: Mapping[str, Frequencies]
    n_outside: int
    n_nodata: int
    holdout: float
    files: str | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def digest(self) -> str:
        """Digest of covariates and species of the training occurrences."""
        # Column by column, so that nothing large is copied.
        return digest_of_each(itertools.chain([self.species, self.labels], columns_of(self.values)))


@dataclass(frozen=True)
class HeldOut:
    """Occurrences kept from the trees to measure them by, by ascending id, a row of covariates for each."""

    ids: NDArray[np.int64]
    species: NDArray[np.int64]
    values: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ids)


def training_table(
    occurrences: Occurrences,
    vectors: EnvironmentalVectors,
    *,
    holdout: float = FOREST_HOLDOUT,
    seed: int = 0,
) -> TrainingTable:
    """Put aside what cannot be used, keep some occurrences for validation, number the species.

    The table is the same for any order of the occurrences. A `holdout` of 0 keeps none.

    Raises
    ------
    CannotCheckError
        If an occurrence has no species, none is on all rasters, or all have the same species.
    UsageError
        If `holdout` is out of range, or would keep none or all.
    """
    _refuse_unlabelled(occurrences)
    usable = np.flatnonzero(vectors.complete)
    _refuse_none(usable, vectors)
    rows = usable[np.argsort(occurrences.ids[usable])]
    trained, held_out = rows, rows[:0]
    if holdout != 0:
        kept = random_holdout(occurrences.ids[rows], holdout=holdout, seed=seed).mask(HELD_OUT)
        trained, held_out = rows[~kept], rows[kept]
    species, labels = np.unique(occurrences.species[trained], return_inverse=True)
    _refuse_single(species, len(trained))
    values = vectors.values.astype(np.float32, copy=False)
    learned_from = np.delete(np.arange(len(occurrences)), held_out)
    return TrainingTable(
        vectors.names,
        values[trained],
        labels.astype(np.int32),
        species,
        HeldOut(occurrences.ids[held_out], occurrences.species[held_out], values[held_out]),
        regional_frequencies(occurrences.select(learned_from)),
        vectors.n_outside,
        len(vectors) - len(usable) - vectors.n_outside,
        holdout,
    )


def _refuse_unlabelled(occurrences: Occurrences) -> None:
    unlabelled = occurrences.ids[~occurrences.labelled]
    if len(unlabelled):
        raise CannotCheckError(
            f"{len(unlabelled)} of {len(occurrences)} training occurrences have no species_id, "
            f"such as {unlabelled[0]}.",
            "Give labelled files, such as occurrences_fr_train.csv.",
        )


def _refuse_none(usable: NDArray[np.intp], vectors: EnvironmentalVectors) -> None:
    if not len(usable):
        n_nodata = len(vectors) - vectors.n_outside
        raise CannotCheckError(
            f"None of {len(vectors)} training occurrences has covariates: {vectors.n_outside} are outside "
            f"the rasters, {n_nodata} on nodata.",
            "Give the rasters that belong to the occurrences.",
        )


def _refuse_single(species: NDArray[np.int64], n: int) -> None:
    if len(species) == 1:
        raise CannotCheckError(
            f"All {n} training occurrences with covariates have the species {species[0]}.",
            "A forest needs two species to tell apart.",
        )
