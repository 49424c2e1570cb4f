"""Reading patches: strict about their form, fast, and never a substitute for one that is not whole."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.channels import LandCover
from baselines.covariates.patches.errors import DamagedPatchError, PatchFault
from baselines.covariates.patches.layout import Kind
from baselines.covariates.patches.npyheader import HEADER_BYTES, form_of, why_bad_header
from baselines.covariates.patches.planes import empty_planes, stack_planes, unstack_planes
from scoring.byvalue import ByValue
from submissions.arguments import the_word
from submissions.competition.files import settings_above
from submissions.printable import printable


class PatchSource(Protocol):
    """Where patches come from: a tree of files, an archive, or several of either.

    A source can be pickled and survives a fork, so that a data loader's workers may share it; each
    process opens its own files.
    """

    @property
    def paths(self) -> tuple[str, ...]:
        """The folders and archives that it reads."""
        ...

    def ids(self) -> NDArray[np.int64]:
        """Return the occurrences that have at least one file here, ascending."""
        ...

    def where(self, occurrence_id: int, kind: Kind) -> str:
        """Return where a file is, or would be, in words for a message."""
        ...

    def read_into(self, occurrence_id: int, kind: Kind, buffers: Sequence[memoryview]) -> int:
        """Fill buffers of bytes, one after the other, with a file, and return the file's size.

        They are filled only if their lengths add up to that size.

        Raises
        ------
        DamagedPatchError
            If the file is absent, is no file, or fails the checksum of its archive.
        UnreadablePatchError
            If the system refuses to read it.
        """
        ...

    def close(self) -> None:
        """Close what is open; a later read opens it again."""
        ...


@dataclass(frozen=True, eq=False, repr=False)
class Patch(ByValue):
    """A patch as its two files hold it.

    Parameters
    ----------
    bands : ndarray of uint8 of shape (P, P, 5)
        Red, green, blue, near-infrared, land cover code; row 0 is the northern edge.
    altitude : ndarray of int16 of shape (P, P)
        Metres above the sea.
    """

    bands: NDArray[np.uint8]
    altitude: NDArray[np.int16]

    def __repr__(self) -> str:
        return f"Patch(bands of shape {self.bands.shape}, altitude of shape {self.altitude.shape})"


class PatchReader:
    """Read patches of one source into planes of float32.

    Its buffers are used again for every patch, so a reader belongs to one thread; make one for each.

    Parameters
    ----------
    source : PatchSource
        Where the patches are.
    patch_size : int, optional
        Side of a patch in pixels; by default what the ``competition.toml`` in or above the folder of the
        patches says, or 256.
    land_cover : {"codes", "unstacked"}, default "codes"
        Land cover as one plane of codes (6 planes) or as 34 binary planes (39 planes).

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from baselines.covariates.patches.tree import TreeSource
    >>> folder = Path(tempfile.mkdtemp()) / "patches_us" / "73" / "1"
    >>> folder.mkdir(parents=True)
    >>> np.save(folder / "173.npy", np.full((8, 8, 5), 7, dtype=np.uint8))
    >>> np.save(folder / "173_alti.npy", np.zeros((8, 8), dtype=np.int16))
    >>> reader = PatchReader(TreeSource(folder.parents[2]), patch_size=8)
    >>> reader.read(173).shape
    (6, 8, 8)
    """

    def __init__(
        self, source: PatchSource, *, patch_size: int | None = None, land_cover: LandCover = "codes"
    ) -> None:
        the_word(land_cover, get_args(LandCover), what="land_cover")
        self.source = source
        self.patch_size = patch_size or settings_above(map(Path, source.paths)).data.patch_size
        self.land_cover: LandCover = land_cover
        self._bands = _Scratch("bands", self.patch_size)
        self._altitude = _Scratch("altitude", self.patch_size)

    def __repr__(self) -> str:
        shown = f"patch_size={self.patch_size}, land_cover={self.land_cover!r}"
        return f"PatchReader({printable(', '.join(self.source.paths))}, {shown})"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle what the reader was made of; buffers are made anew."""
        remade = functools.partial(type(self), patch_size=self.patch_size, land_cover=self.land_cover)
        return remade, (self.source,)

    def read(self, occurrence_id: int) -> NDArray[np.float32]:
        """Return the planes of a patch in a new array; see `read_into`."""
        out = empty_planes(self.patch_size, land_cover=self.land_cover)
        self.read_into(occurrence_id, out)
        return out

    def read_into(self, occurrence_id: int, out: NDArray[np.float32]) -> None:
        """Read the planes of a patch into an array, such as a row of a batch.

        Parameters
        ----------
        occurrence_id : int
            Whose patch.
        out : ndarray of float32 of shape (6 or 39, P, P)
            Written to; undefined after an error.

        Raises
        ------
        DamagedPatchError
            If a file is absent, or of another type, size or form than it must be, or if a land cover
            code above 33 was to be unstacked.
        UnreadablePatchError
            If the system refuses to read a file.
        """
        self._fill(occurrence_id)
        if self.land_cover == "codes":
            stack_planes(self._bands.values, self._altitude.values, out)
            return
        try:
            unstack_planes(self._bands.values, self._altitude.values, out)
        except ValueError as error:
            where = self.source.where(occurrence_id, "bands")
            raise DamagedPatchError("implausible", occurrence_id, where, f"holds a {error}") from error

    def read_patch(self, occurrence_id: int) -> Patch:
        """Return both arrays of a patch as they are stored; raises what `read_into` raises."""
        self._fill(occurrence_id)
        return Patch(self._bands.values.copy(), self._altitude.values.copy())

    def _fill(self, occurrence_id: int) -> None:
        self._bands.fill(self.source, occurrence_id)
        self._altitude.fill(self.source, occurrence_id)


class _Scratch:
    """Room for one file, header and values apart, so that no copy is made to check the header."""

    def __init__(self, kind: Kind, patch_size: int) -> None:
        self._kind: Kind = kind
        self._form = form_of(kind, patch_size)
        self._header = bytearray(HEADER_BYTES)
        memory = bytearray(self._form.n_values_bytes)
        self._buffers = [memoryview(self._header), memoryview(memory)]
        self.values = np.frombuffer(memory, dtype=self._form.dtype).reshape(self._form.shape)

    def fill(self, source: PatchSource, occurrence_id: int) -> None:
        n_bytes = source.read_into(occurrence_id, self._kind, self._buffers)
        code: PatchFault
        if n_bytes != self._form.n_bytes:
            code, what = "wrong-size", f"has {n_bytes} bytes, not {self._form.n_bytes}"
        elif self._header != self._form.header:
            why = why_bad_header(bytes(self._header), self._form)
            code, what = "bad-header", f"is no such array: {why}"
        else:
            return
        raise DamagedPatchError(code, occurrence_id, source.where(occurrence_id, self._kind), what)
