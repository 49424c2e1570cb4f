"""Repair: what is damaged or missing is taken again from archives that are proven to be whole."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from baselines.covariates.patches.finding import ArchiveKey, data_folder_of, find_archives
from baselines.covariates.patches.layout import KINDS, archive_numbers, scope_of_archive
from baselines.covariates.patches.npyheader import PATCH_SIZE
from baselines.integrity.archives.check import ArchiveCheck, check_archive, published_sum
from baselines.integrity.extraction.extract import take_out
from baselines.integrity.extraction.placing import Placement
from baselines.integrity.extraction.staging import staging_folder
from baselines.integrity.findings import Finding
from baselines.integrity.places import region_of
from baselines.integrity.report import Repair
from baselines.integrity.trees.survey import Tree, survey
from submissions.errors import CannotCheckError
from submissions.progress import SILENT, Progress


def repair_patches(
    paths: Sequence[str | os.PathLike[str]],
    damaged_ids: Sequence[int],
    *,
    archives: str | os.PathLike[str],
    patch_size: int = PATCH_SIZE,
    progress: Progress = SILENT,
) -> Repair:
    """Take damaged and missing patches of trees again from the archives in a folder.

    Only files that differ from those of the archive are touched. Each is proven before it takes its place,
    and what stood there is kept aside until then. Verify again to know what that is worth. Raises
    CannotCheckError if the folder of archives holds none, or a file cannot be written (what was mended
    stays so).
    """
    tree, found = survey(paths), find_archives(archives)
    if not found:
        raise CannotCheckError(
            f"There are no archives in {os.fspath(archives)}.",
            "Name the folder of patches_us_01.tar.gz and the like with --archives.",
        )
    wanted: dict[ArchiveKey, list[int]] = defaultdict(list)
    for i in damaged_ids:
        wanted[region_of(i), int(archive_numbers(i))].append(i)
    mended: set[int] = set()
    findings: list[Finding] = []
    with staging_folder(data_folder_of(paths[0])) as staging:
        for key, ids in sorted(wanted.items()):
            for path in _fitting(found, key):
                check = check_archive(path, md5=published_sum(path), patch_size=patch_size)
                findings += check.findings
                placements = {i: own for i in ids if (own := _placements(check, i, tree=tree))}
                differing = [each for own in placements.values() for each in own if not each.is_done()]
                findings += take_out(check, differing, staging=staging, progress=progress)
                # Read back from their places: this is the proof that they are mended.
                mended.update(i for i, own in placements.items() if all(each.is_done() for each in own))
    left = tuple(sorted(set(damaged_ids) - mended))
    return Repair(tuple(sorted(mended)), left, tuple(findings))


def _fitting(archives: Sequence[str], key: ArchiveKey) -> list[str]:
    """Return the archives of one number or, where there is none, those of the whole region."""
    own = [archive for archive in archives if scope_of_archive(archive) == key]
    return own or [archive for archive in archives if scope_of_archive(archive) == (key[0], None)]


def _placements(check: ArchiveCheck, occurrence_id: int, *, tree: Tree) -> list[Placement]:
    """Return where the two files of an occurrence go; nothing if the archive has not proven both."""
    proven = {kind: check.proven.get((occurrence_id, kind)) for kind in KINDS}
    found = [Placement(own, Path(tree.path_of(occurrence_id, kind))) for kind, own in proven.items() if own]
    return found if len(found) == len(KINDS) else []
