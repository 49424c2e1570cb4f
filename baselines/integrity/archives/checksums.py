"""Manifests straight from archives."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence

from baselines.covariates.patches.layout import KINDS, Kind
from baselines.covariates.patches.npyheader import PATCH_SIZE
from baselines.covariates.patches.scanning import form_of_archive, scan_archive
from baselines.integrity.archives.check import check_archive, published_sum
from baselines.integrity.manifests.manifest import Files, Manifest, manifest_of_files
from submissions.errors import BadInputError, CannotCheckError
from submissions.printable import printable


def manifest_of_archives(
    paths: Sequence[str | os.PathLike[str]], *, patch_size: int = PATCH_SIZE
) -> Manifest:
    """Return the manifest of the patches in archives, the CRC-32 of every file, without extracting them.

    Of a zip only its directory is read, which holds sizes and checksums; a tar or tar.gz is read once.
    Raises BadInputError if an archive is damaged; CannotCheckError if one cannot be read.
    """
    files: Files = defaultdict(dict)
    for path in paths:
        own: Files = defaultdict(dict)
        for occurrence_id, kind, n_bytes, crc32 in _sums(path, patch_size):
            proof = n_bytes, crc32.to_bytes(4, "big")
            if own[occurrence_id].setdefault(kind, proof) != proof:
                raise _not_made(path, f"occurrence {occurrence_id} has two members of unlike content")
        for occurrence_id, proofs in own.items():
            files[occurrence_id] |= proofs
    return manifest_of_files(files, "crc32")


def manifest_of_whole_archives(
    paths: Sequence[str | os.PathLike[str]], *, patch_size: int = PATCH_SIZE
) -> tuple[Manifest, tuple[str, ...]]:
    """Return the manifest of the patches in those archives that are whole, and why others are passed over."""
    files: Files = defaultdict(dict)
    passed_over: list[str] = []
    for path in paths:
        try:
            for occurrence_id, kind, n_bytes, crc32 in list(_sums(path, patch_size)):
                files[occurrence_id][kind] = n_bytes, crc32.to_bytes(4, "big")
        except (BadInputError, CannotCheckError) as error:
            passed_over.append(f"Nothing was compared with {printable(path)}. {printable(error.message)}")
    return manifest_of_files(files, "crc32"), tuple(passed_over)


def _sums(path: str | os.PathLike[str], patch_size: int) -> Iterator[tuple[int, Kind, int, int]]:
    if form_of_archive(path) == "zip":
        index = scan_archive(path)
        columns = (
            index.column(name).tolist() for name in ("occurrence_id", "is_altitude", "n_bytes", "crc32")
        )
        for occurrence_id, is_altitude, n_bytes, crc32 in zip(*columns, strict=True):
            if occurrence_id >= 0:
                yield occurrence_id, KINDS[is_altitude], n_bytes, crc32
        return
    check = check_archive(path, md5=published_sum(path), patch_size=patch_size)
    if not check.ok:
        first = next(finding for finding in check.findings if finding.problem.is_error)
        raise _not_made(path, f"{first.path} has {first.problem.fault}, {first.problem.found}")
    for key, proven in check.proven.items():
        yield *key, proven.n_bytes, proven.crc32


def _not_made(path: str | os.PathLike[str], damage: str) -> BadInputError:
    text = f"No manifest is made of {printable(path)}: {printable(damage)}."
    return BadInputError(text, "Fetch it again.")
