"""Manifests straight from archives."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from baselines.covariates.patches.layout import KINDS, Kind
from baselines.covariates.patches.npyheader import PATCH_SIZE
from baselines.covariates.patches.scanning import form_of_archive, scan_archive
from baselines.integrity.archives.check import Key, Proven, check_archive
from baselines.integrity.manifests.manifest import ABSENT, Entry, Manifest, manifest_of
from submissions.errors import BadInputError

_NOTHING = Proven("", ABSENT, 0)


def manifest_of_archives(
    paths: Sequence[str | os.PathLike[str]], *, patch_size: int = PATCH_SIZE
) -> Manifest:
    """Return the manifest of the patches in archives, the CRC-32 of every file, without extracting them.

    Of a zip only its directory is read, which holds sizes and checksums; a tar or tar.gz is read once.
    Raises BadInputError if an archive is damaged; CannotCheckError if one cannot be read.
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
        first = next(finding for finding in check.findings if finding.problem.is_error)
        damage = f"{first.path} has {first.problem.fault}, {first.problem.found}"
        raise BadInputError(
            f"No manifest is made of {os.fspath(path)}: {damage}.",
            "Fetch it again.",
        )
    yield from check.proven.items()


def _entry(occurrence_id: int, own: Mapping[Kind, Proven]) -> Entry:
    bands, altitude = (own.get(kind, _NOTHING) for kind in KINDS)
    digests = bands.crc32.to_bytes(4, "big"), altitude.crc32.to_bytes(4, "big")
    return Entry(occurrence_id, (bands.n_bytes, altitude.n_bytes), digests)
