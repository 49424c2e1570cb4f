"""What the network learns from: labelled occurrences, their parts, and where their patches are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baselines.cnn.admission import Admissible, admitted
from baselines.covariates.occurrences import read_all_occurrences
from baselines.covariates.splits.holdout import THREE_PARTS, random_split
from baselines.provenance import digest_of, digest_of_files
from submissions.errors import BadInputError, UsageError
from submissions.progress import SILENT, Progress

Path = str | os.PathLike[str]


@dataclass(frozen=True)
class TrainingData:
    """Labelled occurrences in three parts.

    Parameters
    ----------
    labels : ndarray of int64 of shape (n,)
        For each id, the place of its species in `species`.
    species : ndarray of int64 of shape (n_species,)
        Species ids, ascending: all that the training files name.
    parts : mapping of str to ndarray of int64
        Rows of the training, validation and test part.
    verification : mapping
        On what evidence the patches are held to be whole.
    left_out : mapping of str to int
        Occurrences that are not used, by reason.
    files : str, optional
        Digest of the training files.
    """

    ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    species: NDArray[np.int64]
    parts: Mapping[str, NDArray[np.int64]]
    verification: Mapping[str, Any] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    files: str | None = None

    @property
    def digest(self) -> str:
        """Digest of ids, labels and parts, by which a training is known again."""
        return digest_of(self.ids, self.species[self.labels], *self.parts.values())


def read_training_data(
    files: Admissible,
    *,
    patch_size: int,
    shares: tuple[float, float, float],
    seed: int,
    progress: Progress = SILENT,
) -> TrainingData:
    """Read labelled occurrences and divide them at random, by the seed, into parts of these shares.

    The division is made before anything is left out, so that it is the same with and without damage.

    Raises
    ------
    BadInputError
        If no occurrence has a species, or patches are damaged and that is refused.
    UsageError
        If a part has no occurrences.
    """
    occurrences = read_all_occurrences(files.tables)
    labelled = occurrences.select(occurrences.labelled)
    if not len(labelled):
        raise BadInputError("No training occurrence has a species.", "Give tables with species_id.")
    split = random_split(labelled.ids, shares=shares, seed=seed)
    species, labels = np.unique(labelled.species, return_inverse=True)
    admission = admitted(labelled.ids, files, patch_size=patch_size, progress=progress)
    usable = np.isin(labelled.ids, admission.ids)
    part_of = split.part_of[usable]
    parts = {name: np.flatnonzero(part_of == number) for number, name in enumerate(THREE_PARTS)}
    _refuse_empty(parts, shares)
    return TrainingData(
        labelled.ids[usable],
        labels[usable],
        species,
        parts,
        admission.verification,
        admission.left_out,
        digest_of_files(files.tables),
    )


def _refuse_empty(parts: Mapping[str, NDArray[np.int64]], shares: tuple[float, ...]) -> None:
    # A test part may be left out on purpose; the model is chosen by its validation part.
    needed = [name for name, share in zip(parts, shares, strict=True) if share > 0 or name == "validation"]
    empty = [name for name in needed if not len(parts[name])]
    if empty:
        sizes = ", ".join(f"{name} {len(rows)}" for name, rows in parts.items())
        raise UsageError(
            f"The {' and '.join(empty)} part has no occurrences ({sizes}).", "Choose other --shares."
        )
