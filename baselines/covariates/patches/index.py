"""What an archive of patches holds, and where each member's bytes are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from baselines.covariates.patches.layout import Kind, PatchPath, parse_path
from scoring.places import region_of_id

#: The forms of archive that can be read without extraction.
ArchiveForm = Literal["tar", "tar.gz", "zip"]

#: How a member is stored: as it is, deflated, or in a way that holds no readable file (a link, an
#: encrypted member). Other compressions keep the number that zip gives them, and are not read.
STORED, DEFLATED, NOT_READABLE = 0, 8, -1
_OTHER_COMPRESSIONS = {9: "deflate64", 12: "bzip2", 14: "lzma", 93: "zstd", 95: "xz"}
#: Checksum of a member for which the archive keeps none (a plain tar).
NO_CRC = -1

_FOREIGN = PatchPath(-1, "bands", None, False)


class Member(NamedTuple):
    """One member of an archive, as a scan of the archive finds it.

    Parameters
    ----------
    offset : int
        Where its bytes begin: in the archive, or in the decompressed stream of a tar.gz.
    n_stored : int
        What it takes in the archive.
    crc32 : int
        CRC-32 of its bytes; `NO_CRC` where that is not known.
    method : int
        `STORED`, `DEFLATED`, `NOT_READABLE`, or a compression that is not read.
    """

    path: str
    offset: int
    n_bytes: int
    n_stored: int
    crc32: int = NO_CRC
    method: int = STORED


#: Names of the columns of numbers of an index, flags as 0 and 1.
COLUMNS = (*Member._fields[1:], "occurrence_id", "is_altitude", "in_place")


@dataclass(frozen=True)
class MemberIndex:
    """The members of one archive, folders left out, in the archive's order.

    Parameters
    ----------
    form : {"tar", "tar.gz", "zip"}
        What the archive is by its content, whatever its name.
    members : pyarrow.Table
        The fields of `Member`, and ``occurrence_id`` (-1 for a foreign file), ``is_altitude`` and
        ``in_place``, which say what the path says (`layout.parse_path`).
    seek_points : bytes
        Of a tar.gz: where decompression can start; empty for other forms.
    """

    form: ArchiveForm
    members: pa.Table
    seek_points: bytes = b""

    def __len__(self) -> int:
        return len(self.members)

    def column(self, name: str) -> NDArray[np.int64]:
        """Return one of `COLUMNS` as an array of int64."""
        return np.asarray(self.members[name].to_numpy())

    def paths(self) -> list[str]:
        """Return the paths of all members."""
        paths: list[str] = self.members["path"].to_pylist()
        return paths

    def ids(self) -> NDArray[np.int64]:
        """Return the occurrences that have at least one file in its right place, ascending."""
        return np.unique(self._keys[0] // 2)

    def row_of(self, occurrence_id: int, kind: Kind) -> int | None:
        """Return the row of a file; the last of several, as an extraction would leave it."""
        keys, rows = self._keys
        key = 2 * occurrence_id + (kind == "altitude")
        place = int(keys.searchsorted(key, side="right")) - 1
        return int(rows[place]) if place >= 0 and keys[place] == key else None

    def member(self, row: int) -> Member:
        """Return one member."""
        path = self.members["path"][row].as_py()
        return Member(path, *(int(column[row]) for column in self._numbers))

    @cached_property
    def _numbers(self) -> list[NDArray[np.int64]]:
        return [self.column(name) for name in Member._fields[1:]]

    @cached_property
    def _keys(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        rows = np.flatnonzero(self.column("in_place"))
        keys = 2 * self.column("occurrence_id")[rows] + self.column("is_altitude")[rows]
        order = np.argsort(keys, kind="stable")
        return keys[order], rows[order]


def why_not_inflated(method: int) -> str | None:
    """Tell why a member of a zip compressed by a method is not read, or None if it is no such member.

    Examples
    --------
    >>> why_not_inflated(12), why_not_inflated(DEFLATED)
    ('compressed in a way that is not read (bzip2); pack it again with deflate', None)
    """
    if method in (STORED, DEFLATED, NOT_READABLE):
        return None
    name = _OTHER_COMPRESSIONS.get(method, f"method {method}")
    return f"compressed in a way that is not read ({name}); pack it again with deflate"


def index_of(form: ArchiveForm, members: Iterable[Member], seek_points: bytes = b"") -> MemberIndex:
    """Return the index of an archive whose members are known."""
    rows = list(members)
    # Archives may hold names in any encoding; tarfile keeps such bytes as lone surrogates.
    raw_paths = (member.path.encode("utf-8", "surrogateescape") for member in rows)
    paths = [path.decode("utf-8", "backslashreplace") for path in raw_paths]
    parsed = [parse_path(path) or _FOREIGN for path in paths]
    numbers = {name: [getattr(member, name) for member in rows] for name in Member._fields[1:]}
    ids = [path.occurrence_id for path in parsed]
    regions = region_of_id(ids).tolist()
    said = {
        "occurrence_id": ids,
        "is_altitude": [path.kind == "altitude" for path in parsed],
        "in_place": [
            path.in_place and path.region in (None, region)
            for path, region in zip(parsed, regions, strict=True)
        ],
    }
    columns = {name: np.array(values, dtype=np.int64) for name, values in (numbers | said).items()}
    return index_from_columns(form, paths, columns, seek_points)


def index_from_columns(
    form: ArchiveForm, paths: Sequence[str], columns: Mapping[str, NDArray[np.int64]], seek_points: bytes
) -> MemberIndex:
    """Return an index of columns of numbers (`COLUMNS`) beside paths, as they are kept in a file."""
    numbers = {name: pa.array(columns[name]) for name in COLUMNS}
    return MemberIndex(form, pa.table({"path": pa.array(paths, pa.string()), **numbers}), seek_points)
