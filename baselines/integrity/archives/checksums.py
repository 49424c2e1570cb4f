"""Making manifests: from a tree that verifies, or straight from the archives."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from baselines.covariates.patches.layout import KINDS, Kind
from baselines.covariates.patches.npyheader import PATCH_SIZE
from baselines.covariates.patches.scanning import form_of_archive, scan_archive
from baselines.integrity.archives.check import Key, Proven, check_archive
from baselines.integrity.manifests.manifest import ABSENT, Entry, Manifest, manifest_of
from baselines.integrity.report import Report
from submissions.errors import BadInputError

#: The checksum of manifests that are made from trees; those from archives hold the archives' CRC-32.
ALGORITHM = "xxh3_128"

_NOTHING = Proven("", ABSENT, 0)


def manifest_of_tree(report: Report) -> Manifest:
    """Return the manifest of a tree that was verified with fingerprints.

    Parameters
    ----------
    report : Report
        Of a verification whose options had ``fingerprint=ALGORITHM``.

    Returns
    -------
    Manifest
        Of every occurrence that was checked.

    Raises
    ------
    BadInputError
        If the tree has errors: a manifest of damaged patches would vouch for the damage.
    """
    if not report.ok:
        raise BadInputError(
            f"No manifest is made of patches of which {len(report.damaged_ids)} are damaged.",
            "Repair them, or leave them out of the occurrence tables.",
        )
    return manifest_of(report.entries, ALGORITHM)


def manifest_of_archives(
    paths: Sequence[str | os.PathLike[str]], *, patch_size: int = PATCH_SIZE
) -> Manifest:
    """Return the manifest of the patches in archives, without extracting them.

    Parameters
    ----------
    paths : sequence of path-like
        Archives. Of a zip only its directory is read, which holds sizes and checksums; a tar or
        tar.gz is read once.
    patch_size : int, default 256
        Side of the patches in pixels.

    Returns
    -------
    Manifest
        With the CRC-32 of every file.

    Raises
    ------
    BadInputError
        If an archive is damaged.
    CannotCheckError
        If one cannot be read.
    """
    files: dict[int, dict[Kind, Proven]] = defaultdict(dict)
    for path in paths:
        for (occurrence_id, kind), proven in _proven(path, patch_size):
            files[occurrence_id][kind] = proven
    return manifest_of([_entry(i, own) for i, own in files.items()], "crc32")


def _proven(path: str | os.PathLike[str], patch_size: int) -> Iterator[tuple[Key, Proven]]:
    if form_of_archive(path) == "zip":
        index = scan_archive(path)
        columns = ("occurrence_id", "is_altitude", "n_bytes", "crc32")
        rows = zip(index.paths(), *(index.column(name).tolist() for name in columns), strict=True)
        for name, occurrence_id, is_altitude, n_bytes, crc32 in rows:
            if occurrence_id >= 0:
                yield (occurrence_id, KINDS[is_altitude]), Proven(name, n_bytes, crc32)
        return
    check = check_archive(path, patch_size=patch_size)
    if not check.ok:
        first = next(finding for finding in check.findings if finding.severity == "error")
        raise BadInputError(
            f"No manifest is made of {os.fspath(path)}: {first.path} has {first.fault}, {first.found}.",
            "Fetch it again.",
        )
    yield from check.proven.items()


def _entry(occurrence_id: int, own: Mapping[Kind, Proven]) -> Entry:
    bands, altitude = (own.get(kind, _NOTHING) for kind in KINDS)
    digests = bands.crc32.to_bytes(4, "big"), altitude.crc32.to_bytes(4, "big")
    return Entry(occurrence_id, (bands.n_bytes, altitude.n_bytes), digests)
