"""Patches as a data set of torch, for a network of somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, get_worker_info

from baselines.cnn.admission import Admissible, admitted
from baselines.covariates.occurrences import NO_SPECIES
from baselines.covariates.patches.channels import LandCover
from baselines.covariates.patches.planes import PLANES, unstack_planes
from baselines.covariates.patches.reading import PatchReader
from baselines.inputs.surroundings import PathLike, competition_around, read_with_competition
from baselines.integrity.thresholds import Thresholds
from baselines.request import OnDamaged
from submissions.arguments import is_paths, the_ids, the_paths, the_word
from submissions.competition.files import competition_above
from submissions.competition.settings import Competition
from submissions.errors import BadInputError, CannotCheckError, GlckitError, UsageError
from submissions.ordering import positions_among

Paths = PathLike | Sequence[PathLike]


class PatchDataset(Dataset[Any]):
    """The patches of occurrences as tensors, for a `DataLoader` and a network of your own.

    Which patches may be used is decided once, when the data set is made, as for the baselines: what
    `verify_patches` has found counts, and what it has not seen gets a quick check.

    Parameters
    ----------
    occurrences : path-like, sequence of path-like, or array of int
        Occurrence tables, such as ``occurrences_fr_train.csv``; or ids alone, which have no labels.
    patches : path-like or sequence of path-like, optional
        Folders of patches, and archives, which are read as they are; by default those of the
        ``competition.toml`` in or above the folder of the tables, or those in that folder.
    species : array of int, optional
        Species ids whose positions are the labels, ascending; by default those of the tables. Give the
        `species` of the training data set to that of another part.
    transform : callable, optional
        Called with the planes of a patch, a tensor of its own; what it returns is the item.
    land_cover : {"codes", "unstacked"}
        Land cover as one plane of codes (6 planes), or as 34 planes of 0 and 1 (39 planes).
    on_damaged : {"refuse", "drop", "ignore"}
        ``refuse`` raises if one patch is damaged or missing; ``drop`` leaves such occurrences out, and
        ``ignore`` only those that cannot be read.

    Attributes
    ----------
    ids : ndarray of int64 of shape (n,)
        The occurrences, in the order of the tables.
    labels : ndarray of int64 of shape (n,), or None
        The position of each one's species in `species`; None if the tables have no species.
    species : ndarray of int64 of shape (n_species,), or None
        Species ids, ascending.
    plane_names : tuple of str
        ``red``, ``green``, ``blue``, ``near_infrared``, ``land_cover`` (or ``land_cover_0`` to
        ``land_cover_33``), ``altitude``.
    patch_size : int
        Pixels along a side.
    verification : dict
        On what evidence the patches are held to be whole, for your model's notes.
    left_out : dict of str to int
        How many occurrences were left out, by reason.

    Raises
    ------
    BadInputError
        If patches are damaged and `on_damaged` is ``"refuse"``, archives were not verified, or tables are
        unusable together; while reading, if a patch was damaged since.
    UsageError
        If only some occurrences have a species, one is not among `species`, or something is given that
        cannot be meant.
    CannotCheckError
        If a table is absent or unusable, there are no patches, or these cannot be read.

    Notes
    -----
    An item is the planes, float32 of shape (n_planes, patch_size, patch_size), with the values of the files:
    bytes, codes, metres. With labels it is a tuple of planes and label. Workers of a `DataLoader`, forked or
    spawned, open their own files; an error of theirs arrives as a `GlckitError`, too.
    """

    def __init__(
        self,
        occurrences: Paths | NDArray[np.integer],
        patches: Paths | None = None,
        *,
        species: Any = None,
        transform: Callable[[Tensor], Any] | None = None,
        land_cover: LandCover = "codes",
        on_damaged: OnDamaged = "refuse",
    ) -> None:
        the_word(land_cover, get_args(LandCover), what="land_cover")
        asked = _asked(occurrences, species)
        where = asked.competition.patch_paths if patches is None else the_paths(patches, _PATCHES)
        # Patches that are put elsewhere may have settings of their own, and may have none.
        own = None if patches is None else competition_above(map(Path, where))
        settings = own or asked.competition
        thresholds = Thresholds.from_mapping(settings.verify)
        files = Admissible((), tuple(where), on_damaged, thresholds=thresholds)
        admission = admitted(asked.ids, files, patch_size=settings.data.patch_size)
        kept = np.isin(asked.ids, admission.ids)
        self.ids = asked.ids[kept]
        self.labels = None if asked.labels is None else asked.labels[kept]
        self.species = asked.species
        self.verification: Mapping[str, Any] = dict(admission.verification)
        self.left_out: Mapping[str, int] = dict(admission.left_out)
        self.plane_names = PLANES[land_cover]
        self.patch_size = settings.data.patch_size
        self.transform = transform
        self._takes_unknown_codes = land_cover == "unstacked" and files.ignores_damage
        source = files.open(self.ids)
        self._reader = PatchReader(source, patch_size=self.patch_size, land_cover=land_cover)

    def __repr__(self) -> str:
        n_species = 0 if self.species is None else len(self.species)
        shape = (len(self.plane_names), self.patch_size, self.patch_size)
        return f"PatchDataset(n_occurrences={len(self)}, n_species={n_species}, shape={shape})"

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, row: int) -> Any:
        """Return the planes of an occurrence, transformed if so asked, and its label if it has one."""
        planes = self._read(int(self.ids[row]))
        item = planes if self.transform is None else self.transform(planes)
        return item if self.labels is None else (item, int(self.labels[row]))

    def _read(self, occurrence_id: int) -> Tensor:
        shape = (len(self.plane_names), self.patch_size, self.patch_size)
        planes = torch.empty(shape, dtype=torch.float32)
        try:
            if self._takes_unknown_codes:
                patch = self._reader.read_patch(occurrence_id)
                unstack_planes(patch.bands, patch.altitude, planes.numpy(), takes_unknown=True)
            else:
                self._reader.read_into(occurrence_id, planes.numpy())
        except GlckitError as error:
            if get_worker_info() is None:
                raise
            # A loader makes an error of a worker anew, from its type and one text.
            kind = CannotCheckError if isinstance(error, CannotCheckError) else BadInputError
            raise kind(str(error)) from error
        return planes


_PATCHES = "Patches are paths of folders or archives"


@dataclass(frozen=True)
class _Asked:
    """Occurrences that were asked for, their labels, and the competition around them."""

    ids: NDArray[np.int64]
    competition: Competition
    labels: NDArray[np.int64] | None = None
    species: NDArray[np.int64] | None = None


def _asked(occurrences: Any, species: Any) -> _Asked:
    named = None if species is None else _named_species(species)
    if isinstance(occurrences, list | tuple) and not occurrences:
        raise UsageError("No occurrence tables are given.", "Name them, or give ids as an array.")
    if not is_paths(occurrences):
        the_ids(occurrences, "Occurrences are paths of tables, or ids as whole numbers")
        return _Asked(np.asarray(occurrences, dtype=np.int64), competition_around([]), species=named)
    found, competition = read_with_competition(the_paths(occurrences, ""))
    n_without = int(np.count_nonzero(found.species == NO_SPECIES))
    if n_without == len(found):
        return _Asked(found.ids, competition, species=named)
    if n_without:
        raise UsageError(
            f"{n_without:,} of {len(found):,} occurrences have no species, and the others do.",
            "Make a data set for those with labels, and one for those without.",
        )
    known = np.unique(found.species) if named is None else named
    labels, is_known = positions_among(found.species, known)
    if not is_known.all():
        unknown = np.unique(found.species[~is_known])
        raise UsageError(
            f"{len(unknown):,} species of the occurrences are not among the species given, such as "
            f"{unknown[0]}.",
            "Give all species of the tables that you train and validate on.",
        )
    return _Asked(found.ids, competition, labels.astype(np.int64), known)


def _named_species(species: Any) -> NDArray[np.int64]:
    """Return species ids whose positions are labels; UsageError unless they ascend, each once."""
    ascending = the_ids(species, "Species are ids as whole numbers").astype(np.int64)
    if not np.array_equal(ascending, np.asarray(species)):
        raise UsageError(
            "Species must ascend, each once: labels are positions among them.",
            "Give the species of the training data set, or numpy.unique(species).",
        )
    return ascending
