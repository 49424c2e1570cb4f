"""Repair: what is damaged or missing is taken again from archives that are proven to be whole."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from baselines.covariates.patches.errors import DamagedArchiveError
from baselines.covariates.patches.finding import ArchiveKey, data_folder_of, find_archives
from baselines.covariates.patches.layout import KINDS, archive_numbers, scope_of_archive
from baselines.covariates.patches.npyheader import PATCH_SIZE
from baselines.integrity.archives.check import ArchiveCheck, check_archive, published_sum
from baselines.integrity.extraction.extract import take_out
from baselines.integrity.extraction.placing import Placement
from baselines.integrity.extraction.staging import Staging
from baselines.integrity.findings import Finding
from baselines.integrity.places import region_of
from baselines.integrity.report import Repair
from baselines.integrity.trees.survey import Tree, survey
from submissions.errors import CannotCheckError
from submissions.printable import printable
from submissions.progress import SILENT, Progress

_MAX_SAID = 20


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
    and what stood there stays until then; a folder in its place is kept beside it. What stands in the way of
    one patch leaves the others be, and is told. Verify again to know what that is worth. Raises
    CannotCheckError if the folder of archives holds none, or a data folder cannot be opened.
    """
    found = find_archives(archives)
    if not found:
        raise CannotCheckError(
            f"There are no archives in {printable(archives)}.",
            "Name the folder of patches_us_01.tar.gz and the like with --archives.",
        )
    wanted: dict[ArchiveKey, list[int]] = defaultdict(list)
    for i in damaged_ids:
        wanted[region_of(i), int(archive_numbers(i))].append(i)
    with Staging(*map(data_folder_of, paths), progress=progress) as staging:
        work = _Work(survey(paths), staging, patch_size, progress)
        for key, ids in sorted(wanted.items()):
            for path in _fitting(found, key):
                work.take_from(path, ids)
    left = set(damaged_ids) - work.mended
    obstacles = tuple(dict.fromkeys(why for i in sorted(left) for why in work.obstacles[i]))
    _say(obstacles, progress)
    return Repair(tuple(sorted(work.mended)), tuple(sorted(left)), tuple(work.findings), obstacles)


@dataclass
class _Work:
    """What a repair works with, and what has come of it so far."""

    tree: Tree
    staging: Staging
    patch_size: int
    progress: Progress
    mended: set[int] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    obstacles: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))

    def take_from(self, path: str, ids: Sequence[int]) -> None:
        """Mend what an archive can mend of some occurrences."""
        try:
            check = check_archive(path, md5=published_sum(path), patch_size=self.patch_size)
            self.findings += check.findings
            self._note_unread(check, ids)
            self._take_out(check, ids)
        except (CannotCheckError, DamagedArchiveError) as error:  # the latter if it changes meanwhile
            self._note(ids, error.message)

    def _take_out(self, check: ArchiveCheck, ids: Sequence[int]) -> None:
        placements = {i: own for i in ids if (own := _placements(check, i, tree=self.tree))}
        differing = {each: i for i, own in placements.items() for each in own if not each.is_done()}

        def refused(placement: Placement, error: CannotCheckError) -> None:
            self._note([differing[placement]], error.message)

        self.findings += take_out(
            check, differing, staging=self.staging, refused=refused, progress=self.progress
        )
        # Read back from their places: this is the proof that they are mended.
        self.mended.update(i for i, own in placements.items() if all(each.is_done() for each in own))

    def _note_unread(self, check: ArchiveCheck, ids: Sequence[int]) -> None:
        is_file = Path(check.path).is_file()
        for problem in (finding.problem for finding in check.findings if finding.occurrence_id is None):
            if problem.fault == "unreadable" or (problem.fault == "wrong-type" and not is_file):
                self._note(ids, f"Cannot read {printable(check.path)}: {problem.found}.")

    def _note(self, ids: Sequence[int], why: str) -> None:
        for i in ids:
            self.obstacles[i].append(why)


def _say(obstacles: Sequence[str], progress: Progress) -> None:
    for why in obstacles[:_MAX_SAID]:
        progress.say(f"Not mended: {why}")
    if len(obstacles) > _MAX_SAID:
        progress.say(f"Not mended: {len(obstacles) - _MAX_SAID} more files, for the like.")


def _fitting(archives: Sequence[str], key: ArchiveKey) -> list[str]:
    """Return the archives of one number or, where there is none, those of the whole region."""
    own = [archive for archive in archives if scope_of_archive(archive) == key]
    return own or [archive for archive in archives if scope_of_archive(archive) == (key[0], None)]


def _placements(check: ArchiveCheck, occurrence_id: int, *, tree: Tree) -> list[Placement]:
    """Return where the two files of an occurrence go; nothing if the archive has not proven both."""
    proven = {kind: check.proven.get((occurrence_id, kind)) for kind in KINDS}
    found = [Placement(own, Path(tree.path_of(occurrence_id, kind))) for kind, own in proven.items() if own]
    return found if len(found) == len(KINDS) else []
