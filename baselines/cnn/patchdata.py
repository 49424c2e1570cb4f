"""Patches as batches of tensors, read in this process or by workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from baselines.cnn.options import InputPlan
from baselines.covariates.patches.errors import DamagedPatchError
from baselines.covariates.patches.planes import N_LAND_COVER_CODES, empty_planes
from baselines.covariates.patches.reading import PatchReader, PatchSource
from submissions.errors import GlckitError

_LAND_COVER = 4


@dataclass(frozen=True)
class Batch:
    """Patches that were read together.

    Parameters
    ----------
    rows : Tensor of int64 of shape (B,)
        Which occurrences of the data set.
    planes : Tensor of float32 of shape (B, 6, P, P)
        Their planes as read, not scaled.
    """

    rows: Tensor
    planes: Tensor

    def pin_memory(self) -> Batch:
        """Return the batch in memory that a GPU copies from by itself; the data loader asks for it."""
        return Batch(self.rows, self.planes.pin_memory())


class PatchDataset(Dataset[Batch]):
    """The patches of some occurrences.

    Parameters
    ----------
    source : PatchSource
        Where they are; each worker opens its own files.
    ids : ndarray of int64 of shape (n,)
        Occurrence ids.
    plan : InputPlan
        Size of the patches, and whether land cover is to be unstacked.
    """

    def __init__(self, source: PatchSource, ids: NDArray[np.int64], plan: InputPlan) -> None:
        self.ids = ids
        self._plan = plan
        self._reader = PatchReader(source, patch_size=plan.patch_size)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, row: int) -> Batch:
        """Return a batch of one patch; see `read`."""
        return self.read([row])

    def __getitems__(self, rows: Sequence[int]) -> Batch | GlckitError:
        """Return what `read` returns, or the error: one that is raised in a worker loses its type."""
        try:
            return self.read(rows)
        except GlckitError as error:
            return error

    def read(self, rows: Sequence[int]) -> Batch:
        """Read the patches of some rows into one new tensor, without further copies.

        Raises
        ------
        DamagedPatchError
            If a file is absent or of another form, or land cover to be unstacked has a code above 33.
        UnreadablePatchError
            If the system refuses to read a file.
        """
        planes = empty_planes(self._plan.patch_size, n_patches=len(rows))
        for patch, row in zip(planes, rows, strict=True):
            self._read_into(int(self.ids[row]), patch)
        return Batch(torch.tensor(rows, dtype=torch.int64), torch.from_numpy(planes))

    def _read_into(self, occurrence_id: int, patch: NDArray[np.float32]) -> None:
        self._reader.read_into(occurrence_id, patch)
        if self._plan.land_cover == "unstacked" and patch[_LAND_COVER].max() >= N_LAND_COVER_CODES:
            where = self._reader.source.where(occurrence_id, "bands")
            code = int(patch[_LAND_COVER].max())
            what = f"holds a land cover code {code}, above {N_LAND_COVER_CODES - 1}"
            raise DamagedPatchError("implausible", occurrence_id, where, what)


def batches(
    dataset: PatchDataset, rows: Iterable[Sequence[int]], *, workers: int = 0, pinned: bool = False
) -> Iterator[Batch]:
    """Read batch after batch.

    Parameters
    ----------
    dataset : PatchDataset
        The patches.
    rows : iterable of sequence of int
        The rows of each batch.
    workers : int, default 0
        Processes that read ahead; 0 reads in this one.
    pinned : bool, default False
        Whether tensors are put where a GPU copies from by itself.

    Yields
    ------
    Batch
        In the order of `rows`.

    Raises
    ------
    DamagedPatchError, UnreadablePatchError
        As `PatchDataset.read`, here and not in the worker.
    """
    loader = DataLoader(
        dataset,
        batch_sampler=rows,  # type: ignore[arg-type]  # any iterable of lists will do
        num_workers=workers,
        collate_fn=_as_it_is,
        pin_memory=pinned,
    )
    for batch in loader:
        if isinstance(batch, GlckitError):
            raise batch
        yield batch


def _as_it_is(batch: Any) -> Any:
    return batch
