"""Repair: what is damaged or missing is taken again from archives that are proven to be whole."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from baselines.covariates.patches.layout import KINDS, file_name, folder_of_id, parse_archive_name
from baselines.covariates.patches.npyheader import PATCH_SIZE
from baselines.integrity.archives.check import ArchiveCheck, check_archive, published_sums
from baselines.integrity.extraction.extract import take_out
from baselines.integrity.extraction.placing import Placement
from baselines.integrity.extraction.staging import staging_folder
from baselines.integrity.findings import Finding, archive_of, region_of
from baselines.integrity.trees.survey import data_root_of, survey
from submissions.errors import CannotCheckError


@dataclass(frozen=True)
class Repair:
    """What a repair did.

    Parameters
    ----------
    mended_ids : tuple of int
        Occurrences whose two files were taken again, or are those of the archive already.
    left_ids : tuple of int
        Occurrences that no archive could mend.
    findings : tuple of Finding
        What is wrong with the archives.
    """

    mended_ids: tuple[int, ...]
    left_ids: tuple[int, ...]
    findings: tuple[Finding, ...]


def repair_patches(
    paths: Sequence[str | os.PathLike[str]],
    damaged_ids: Sequence[int],
    *,
    archives: str | os.PathLike[str],
    patch_size: int = PATCH_SIZE,
    on_progress: Callable[[str, int], None] | None = None,
) -> Repair:
    """Take damaged and missing patches again from their archives.

    Only files that differ from those of the archive are touched. Each is proven before it takes its
    place, and what stood there is kept aside until then.

    Parameters
    ----------
    paths : sequence of path-like
        The trees, as given to `baselines.integrity.trees.verification.verify_patches`.
    damaged_ids : sequence of int
        Occurrences to mend.
    archives : path-like
        Folder of archives, with ``hashes.md5`` if there is one.
    patch_size : int, default 256
        Side of the patches in pixels.
    on_progress : callable, optional
        Called with an archive and the files of it that are in place.

    Returns
    -------
    Repair
        What was mended and what was not. Verify again to know what that is worth.

    Raises
    ------
    CannotCheckError
        If the folder of archives holds none, or a file cannot be written; what was mended stays so.
    """
    home = survey(paths).home
    sums, by_name = published_sums(archives), _archives_in(archives)
    wanted: dict[str, list[int]] = defaultdict(list)
    for i in damaged_ids:
        wanted[archive_of(i)].append(i)
    mended: set[int] = set()
    findings: list[Finding] = []
    with staging_folder(data_root_of(paths[0])) as staging:
        for name, ids in sorted(wanted.items()):
            for path in by_name.get(name, by_name.get(name[:10], ())):
                check = check_archive(path, md5=sums.get(Path(path).name), patch_size=patch_size)
                findings += check.findings
                placements = _placements(check, ids, home=home)
                differing = [each for own in placements.values() for each in own if not each.is_done()]
                findings += take_out(check, differing, staging=staging, on_progress=on_progress)
                mended |= _in_place(placements)
    left = tuple(sorted(set(damaged_ids) - mended))
    return Repair(tuple(sorted(mended)), left, tuple(findings))


def _archives_in(folder: str | os.PathLike[str]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    try:
        names = sorted(path.name for path in Path(folder).iterdir())
    except OSError as error:
        raise CannotCheckError(f"Cannot list {os.fspath(folder)}: {error.strerror or error}.") from error
    for name in names:
        parsed = parse_archive_name(name)
        if parsed is not None:
            found[name.removesuffix(parsed.suffix)].append(os.fspath(Path(folder) / name))
    if not found:
        raise CannotCheckError(
            f"There are no archives in {os.fspath(folder)}.",
            "Name the folder of patches_us_01.tar.gz and the like with --archives.",
        )
    return found


def _placements(
    check: ArchiveCheck, ids: Sequence[int], *, home: Callable[[str, str], str]
) -> dict[int, list[Placement]]:
    placements: dict[int, list[Placement]] = {}
    for i in ids:
        folder = Path(home(region_of(i), folder_of_id(i)))
        own = [check.proven.get((i, kind)) for kind in KINDS]
        if all(proven is not None for proven in own):
            placements[i] = [
                Placement(proven, folder / file_name(i, kind))
                for kind, proven in zip(KINDS, own, strict=True)
                if proven is not None
            ]
    return placements


def _in_place(placements: Mapping[int, Sequence[Placement]]) -> set[int]:
    # Read back from their places: this is the proof that they are mended.
    return {i for i, own in placements.items() if all(placement.is_done() for placement in own)}
