"""Manifests: size and checksum of every file of patches that are known to be good.

Parquet by measure (docs/integrity.md): at 3.8 million files, text takes four times the space and some
ten times as long to write and to read.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from baselines.covariates.patches.errors import readable
from baselines.covariates.patches.layout import KINDS, Kind, parse_path
from baselines.integrity.manifests.checklists import Checklist, read_checklist
from baselines.integrity.manifests.digests import DIGEST_BYTES, Digester, Proof, digester
from scoring.version import VERSION
from submissions.errors import CannotCheckError
from submissions.files import written_atomically
from submissions.opening import open_file
from submissions.printable import printable

#: Size and checksum of files, by occurrence and kind.
Files = dict[int, dict[Kind, tuple[int, bytes]]]
#: The size of a file that a manifest does not list, and of one whose size it does not tell.
ABSENT, UNKNOWN = -1, -2

_KEY = b"glckit-manifest"
# Until version 1, manifests had no digest of their own.
_FORMAT, _WITHOUT_DIGEST = 2, 1
_COLUMNS = ("occurrence_id", "bands_size", "bands_digest", "altitude_size", "altitude_digest")


@dataclass(frozen=True)
class Entry:
    """Size and checksum of one occurrence's files.

    Parameters
    ----------
    sizes : pair of int
        Bytes of bands and altitude; `ABSENT` for a file that is not listed.
    """

    occurrence_id: int
    sizes: tuple[int, int]
    digests: tuple[bytes, bytes]


@dataclass(frozen=True)
class Manifest:
    """Size and checksum of the two files of each occurrence.

    Parameters
    ----------
    algorithm : str
        Name of the checksum, one of `baselines.integrity.manifests.digests.DIGEST_BYTES`.
    ids : ndarray of int64 of shape (n,)
        Occurrences, ascending.
    sizes : ndarray of int64 of shape (n, 2)
        Bytes of bands and altitude; `ABSENT` for a file that is not listed.
    digests : ndarray of void of shape (n, 2)
        Their checksums.
    is_sealed : bool, default True
        Whether the file that it was read from, if any, has a digest of its own, so that no altered byte of
        it can pass for damage of patches.
    """

    algorithm: str
    ids: NDArray[np.int64]
    sizes: NDArray[np.int64]
    digests: NDArray[np.void]
    is_sealed: bool = True

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def digest(self) -> str:
        """A digest of the whole content, by which state files tell manifests apart."""
        return self.seal[:16]

    @cached_property
    def seal(self) -> str:
        """The SHA-256 of the whole content, which its file holds too."""
        parts = (self.algorithm.encode(), self.ids.tobytes(), self.sizes.tobytes(), self.digests.tobytes())
        return hashlib.sha256(b"\0".join(parts)).hexdigest()

    def proofs(self, ids: Sequence[int]) -> Mapping[int, tuple[Proof | None, Proof | None]]:
        """Return what is listed of some occurrences; those that are not are left out."""
        if not len(self):
            return {}
        wanted = np.asarray(ids, dtype=np.int64)
        rows = np.minimum(np.searchsorted(self.ids, wanted), len(self) - 1)
        rows = rows[self.ids[rows] == wanted]
        return {int(self.ids[row]): (self._proof(row, 0), self._proof(row, 1)) for row in rows.tolist()}

    def _proof(self, row: int, column: int) -> Proof | None:
        if self.sizes[row, column] == ABSENT:
            return None
        return Proof(self.digests[row, column].tobytes(), self._digester)

    @cached_property
    def _digester(self) -> Digester:
        return digester(self.algorithm)


def manifest_of(entries: Iterable[Entry], algorithm: str) -> Manifest:
    """Make a manifest of what is known of some files, in any order, each occurrence once."""
    rows = sorted(entries, key=lambda entry: entry.occurrence_id)
    digests = b"".join(digest for row in rows for digest in row.digests)
    return Manifest(
        algorithm,
        np.array([row.occurrence_id for row in rows], dtype=np.int64),
        np.array([row.sizes for row in rows], dtype=np.int64).reshape(-1, 2),
        np.frombuffer(digests, dtype=f"V{DIGEST_BYTES[algorithm]}").reshape(-1, 2),
    )


def manifest_of_files(files: Files, algorithm: str) -> Manifest:
    """Make a manifest of the files that are listed; those of a pair that are not are `ABSENT`."""
    absent = ABSENT, bytes(DIGEST_BYTES[algorithm])
    entries = []
    for occurrence_id, own in files.items():
        bands, altitude = (own.get(kind, absent) for kind in KINDS)
        entries.append(Entry(occurrence_id, (bands[0], altitude[0]), (bands[1], altitude[1])))
    return manifest_of(entries, algorithm)


def write_manifest(manifest: Manifest, path: str | os.PathLike[str]) -> None:
    """Write a manifest as Parquet, whole or not at all.

    Raises CannotCheckError if it cannot be written.
    """
    n_bytes = DIGEST_BYTES[manifest.algorithm]
    columns: list[pa.Array] = [pa.array(manifest.ids)]
    for column in range(2):
        columns.append(pa.array(manifest.sizes[:, column]))
        raw = pa.py_buffer(np.ascontiguousarray(manifest.digests[:, column]).tobytes())
        columns.append(pa.FixedSizeBinaryArray.from_buffers(pa.binary(n_bytes), len(manifest), [None, raw]))
    about = {"format": _FORMAT, "algorithm": manifest.algorithm, "n": len(manifest), "version": VERSION}
    about["sha256"] = manifest.seal
    table = pa.table(dict(zip(_COLUMNS, columns, strict=True)))
    with written_atomically(path) as temporary:
        pq.write_table(
            table.replace_schema_metadata({_KEY: json.dumps(about)}),
            temporary,
            compression="zstd",
            use_dictionary=["bands_size", "altitude_size"],
        )


def read_manifest(path: str | os.PathLike[str]) -> Manifest:
    """Read a manifest that `write_manifest` wrote, or lines ``digits  path`` of files in the usual layout.

    Those of older versions, and lines of text, have no digest of their own: they are not `is_sealed`. Raises
    CannotCheckError if the file cannot be read, is cut or altered, or is no manifest.
    """
    with readable(path), open_file(path) as file:
        is_parquet = file.read(4) == b"PAR1"
    return _from_parquet(path) if is_parquet else manifest_of_checklist(read_checklist(path), os.fspath(path))


def manifest_of_checklist(checklist: Checklist, name: str) -> Manifest:
    """Return the manifest that a checksum list in text stands for.

    Raises CannotCheckError if a path is that of no file of a patch, or not where the file belongs.
    """
    found: Files = defaultdict(dict)
    for path, digest in checklist.digests.items():
        parsed = parse_path(path)
        if parsed is None or not parsed.in_place:
            raise CannotCheckError(
                f"The checksum list {printable(name)} names {printable(path)}, which is no place of a patch."
            )
        found[parsed.occurrence_id][parsed.kind] = UNKNOWN, digest
    return replace(manifest_of_files(found, checklist.algorithm), is_sealed=False)


def _from_parquet(path: str | os.PathLike[str]) -> Manifest:
    about, table = _contents(path)
    if not _fits(about, table):
        raise _not_ours(path, f"holds {table.num_rows} occurrences in {table.column_names}, and says {about}")
    ids, *columns = (column.combine_chunks() for column in table.columns)
    sizes = np.stack([np.asarray(column) for column in columns[::2]], axis=1)
    digests = np.stack([_digests(column) for column in columns[1::2]], axis=1)
    is_sealed = about["format"] != _WITHOUT_DIGEST
    manifest = Manifest(about["algorithm"], np.asarray(ids), sizes, digests, is_sealed)
    if is_sealed and manifest.seal != about.get("sha256"):
        raise _not_ours(path, f"is altered: its SHA-256 is {manifest.seal}, and not {about.get('sha256')}")
    if (np.diff(manifest.ids) <= 0).any():
        raise _not_ours(path, "is altered: its occurrences are not in order")
    return manifest


def _contents(path: str | os.PathLike[str]) -> tuple[dict[str, Any], pa.Table]:
    try:
        table = pq.read_table(path)
        about = dict(json.loads((table.schema.metadata or {})[_KEY]))
        table.column_names  # noqa: B018 - which are no text where a bit of them has flipped
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError, MemoryError) as error:
        raise _not_ours(path, "is cut, damaged or not one of glckit's") from error
    return about, table


def _fits(about: Mapping[str, Any], table: pa.Table) -> bool:
    n_bytes = DIGEST_BYTES.get(str(about.get("algorithm")), 0)
    number, digits = pa.int64(), pa.binary(n_bytes) if n_bytes else None
    has_types = table.schema.types == [number, number, digits, number, digits]
    is_full = not any(column.null_count for column in table.columns)
    is_known = about.get("format") in (_FORMAT, _WITHOUT_DIGEST) and about.get("n") == table.num_rows
    return is_known and tuple(table.column_names) == _COLUMNS and has_types and is_full


def _not_ours(path: str | os.PathLike[str], what: str) -> CannotCheckError:
    text = f"The manifest {printable(path)} {printable(what)}."
    return CannotCheckError(text, "Make it again with --make-manifest.")


def _digests(column: pa.FixedSizeBinaryArray) -> NDArray[np.void]:
    n_bytes, raw = column.type.byte_width, column.buffers()[1]
    values = np.frombuffer(raw if raw is not None else b"", dtype=f"V{n_bytes}")
    return values[column.offset :][: len(column)]
