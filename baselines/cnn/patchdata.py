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
from baselines.covariates.patches.channels import N_LAND_COVER_CODES
from baselines.covariates.patches.errors import DamagedPatchError
from baselines.covariates.patches.reading import PatchReader, PatchSource
from submissions.errors import GlckitError

_LAND_COVER = 4


@dataclass(frozen=True)
class Batch:
    """Patches that were read together, as their files hold them.

    As bytes they are less than a third of what they are as float32, on the way from a worker and to a
    device; the device makes planes of them (`baselines.cnn.planes.InputPlanes`).

    Parameters
    ----------
    rows : Tensor of int64 of shape (B,)
        Which occurrences of the data set.
    bands : Tensor of uint8 of shape (B, P, P, 5)
        Red, green, blue, near-infrared, land cover code.
    altitude : Tensor of int16 of shape (B, P, P)
        Metres.
    """

    rows: Tensor
    bands: Tensor
    altitude: Tensor

    def pin_memory(self) -> Batch:
        """Return the batch in memory that a GPU copies from by itself; the data loader asks for it."""
        return Batch(self.rows, self.bands.pin_memory(), self.altitude.pin_memory())

    def on(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return bands and altitude on a device."""
        return self.bands.to(device, non_blocking=True), self.altitude.to(device, non_blocking=True)


class PatchBatches(Dataset[Batch]):
    """The patches of some occurrences, at the size that a plan says; each worker opens its own files.

    Where damage is ignored, pixels with a land cover code above 33 are taken as they are: they are in none of
    the binary planes.
    """

    def __init__(
        self,
        source: PatchSource,
        ids: NDArray[np.int64],
        plan: InputPlan,
        *,
        ignores_damage: bool = False,
    ) -> None:
        self.ids = ids
        self._plan = plan
        self._refuses_codes = plan.land_cover == "unstacked" and not ignores_damage
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
        """Read the patches of some rows.

        Raises
        ------
        DamagedPatchError
            If a file is absent or of another form, or land cover to be unstacked has a code above 33
            and damage is not ignored.
        UnreadablePatchError
            If the system refuses to read a file.
        """
        shape = (len(rows), self._plan.patch_size, self._plan.patch_size)
        bands, altitude = np.empty((*shape, 5), np.uint8), np.empty(shape, np.int16)
        for place, row in enumerate(rows):
            patch = self._reader.read_patch(int(self.ids[row]))
            bands[place], altitude[place] = patch.bands, patch.altitude
        if self._refuses_codes:
            self._refuse_unknown_codes(rows, bands)
        numbers = torch.tensor(rows, dtype=torch.int64)
        return Batch(numbers, torch.from_numpy(bands), torch.from_numpy(altitude))

    def _refuse_unknown_codes(self, rows: Sequence[int], bands: NDArray[np.uint8]) -> None:
        highest = bands[..., _LAND_COVER].copy().reshape(len(rows), -1).max(axis=1)
        for row, code in zip(rows, highest.tolist(), strict=True):
            if code >= N_LAND_COVER_CODES:
                occurrence_id = int(self.ids[row])
                where = self._reader.source.where(occurrence_id, "bands")
                what = f"holds a land cover code {code}, above {N_LAND_COVER_CODES - 1}"
                raise DamagedPatchError("implausible", occurrence_id, where, what)


def batches(
    dataset: PatchBatches, rows: Iterable[Sequence[int]], *, workers: int = 0, pinned: bool = False
) -> Iterator[Batch]:
    """Read the batches of some rows, in their order, ahead by workers or, with 0, in this process.

    Tensors that are pinned lie where a GPU copies from by itself.

    Raises
    ------
    DamagedPatchError, UnreadablePatchError
        As `PatchBatches.read`, here and not in the worker.
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
