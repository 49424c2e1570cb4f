"""What ``glckit verify-patches`` and ``glckit extract`` do: find the files, verify, repair, write."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from baselines.covariates.patches.finding import Found, data_folder_of, find_archives, find_patches
from baselines.integrity.archives.checksums import manifest_of_archives
from baselines.integrity.archives.verification import verify_archives
from baselines.integrity.extraction.extract import Extraction, extract_archives
from baselines.integrity.extraction.repair import repair_patches
from baselines.integrity.manifests.digests import ALGORITHM
from baselines.integrity.manifests.manifest import Manifest, manifest_of, read_manifest, write_manifest
from baselines.integrity.memory.state import usable_state
from baselines.integrity.options import VerifyOptions
from baselines.integrity.report import PatchReport, merged
from baselines.integrity.thresholds import Thresholds
from baselines.integrity.trees.survey import survey
from baselines.integrity.trees.verification import Occurrences, ids_of, verify_tree
from submissions.competition.settings import Competition
from submissions.errors import BadInputError, UsageError
from submissions.progress import SILENT, Progress
from submissions.tables import OccurrenceTable, read_occurrences

# Below this, starting processes takes longer than the check.
_OCCURRENCES_WORTH_PROCESSES = 4000


def verify_patches(
    paths: Sequence[str | os.PathLike[str]],
    occurrences: Occurrences | None = None,
    *,
    options: VerifyOptions | None = None,
    progress: Progress = SILENT,
) -> PatchReport:
    """Verify that patches are whole: extracted ones, or archives to their last byte.

    Parameters
    ----------
    paths : sequence of path-like
        Data folders, which hold ``patches_fr`` and the like, ``CD/AB/`` or archives; folders of a region; or
        archives. In a data folder, archives are verified only for regions that are not extracted.
    occurrences : OccurrenceTable or ndarray of int64, optional
        The occurrences whose patches should be there, or just their ids. Without them, those of the
        manifest; without that, whatever is found is checked, and missing patches cannot be seen.
    options : VerifyOptions, optional
        Level, thresholds, manifest, part, time, processes, state, repair.
    progress : Progress
        Told of the occurrences that are done, and of what was written.

    Returns
    -------
    PatchReport
        Findings, counts and rates, after the repair if there was one. Nothing is raised for damage.

    Raises
    ------
    CannotCheckError
        If a path is absent, holds no patches or cannot be listed, a worker died, or the state file
        is broken.
    UsageError
        If options contradict each other, or a sample or a deep check is asked for without the tables that
        it needs.
    BadInputError
        If a manifest is to be made of damaged patches, or a list of checksums is not to be trusted.
    """
    return _verify(find_patches(paths), occurrences, options=options or VerifyOptions(), progress=progress)


def verify_competition(
    competition: Competition,
    paths: Sequence[Path] = (),
    *,
    tables: Sequence[Path] = (),
    options: VerifyOptions,
    progress: Progress = SILENT,
) -> PatchReport:
    """Verify the patches of a competition, or others by its settings; see `verify_patches`.

    What the options leave open, the competition decides: tables, thresholds, where archives are; and
    without a number, so many processes as are worth it.
    """
    found = find_patches(paths) if paths else _patches_of(competition)
    table = _table(competition, tables, beside=(*found.trees, *found.archives))
    is_small = table is not None and len(table) < _OCCURRENCES_WORTH_PROCESSES
    settled = replace(
        options,
        patch_size=competition.data.patch_size,
        thresholds=Thresholds.from_mapping(competition.verify),
        jobs=options.jobs or (1 if is_small else os.cpu_count() or 1),
        state=None if options.make_manifest else options.state,
        archives=options.archives or (competition.data.archives if options.repair else None),
    )
    if settled.state is not None:
        state, why_not = usable_state(settled.state)
        settled = replace(settled, state=state)
        if why_not:
            progress.say(f"Nothing is remembered of this verification: {why_not}")
    return _verify(found, table, options=settled, progress=progress)


def extract(
    archives: Sequence[Path], out: Path, *, competition: Competition, progress: Progress = SILENT
) -> Extraction:
    """Extract archives into a data folder, by the settings of a competition; see `extract_archives`."""
    ids, size = ids_of(_table(competition)), competition.data.patch_size
    return extract_archives(archives, out, occurrences=ids, patch_size=size, progress=progress)


def _patches_of(competition: Competition) -> Found:
    if all(path.exists() for path in competition.data.patches):
        return find_patches(competition.data.patches)
    # Of the folder as a whole, a region that is absent is missing; otherwise it would go unchecked.
    return find_patches([competition.folder], archives=competition.data.archives)


def _table(
    competition: Competition, tables: Sequence[Path] = (), *, beside: Sequence[str] = ()
) -> OccurrenceTable | None:
    tables = tables or [path for path in (*competition.train, *competition.test) if path.is_file()]
    if beside:
        tables = tables or sorted(data_folder_of(beside[0]).glob("occurrences_??_t*.csv"))
    return read_occurrences(list(tables)) if tables else None


def _verify(
    found: Found, occurrences: Occurrences | None, *, options: VerifyOptions, progress: Progress
) -> PatchReport:
    options.refuse_contradictions(has_trees=bool(found.trees))
    manifest = None
    if options.manifest is not None:
        manifest = read_manifest(options.manifest)
    elif options.archives is not None and not options.repair:
        manifest = manifest_of_archives(find_archives(options.archives), patch_size=options.patch_size)
    reports = _reports(found, occurrences, options=options, manifest=manifest, progress=progress)
    repair = None
    if options.repair and options.archives is not None and reports[0].damaged_ids:
        repair = repair_patches(
            found.trees,
            reports[0].damaged_ids,
            archives=options.archives,
            patch_size=options.patch_size,
            progress=progress,
        )
        reports = _reports(found, occurrences, options=options, manifest=manifest, progress=progress)
    report = reports[0] if len(reports) == 1 else merged(*reports)
    if options.make_manifest is not None:
        write_manifest(_manifest_made(report, found, options=options), options.make_manifest)
        progress.say(f"Wrote {os.fspath(options.make_manifest)}.")
    return replace(report, trees=found.trees, repair=repair)


def _reports(
    found: Found,
    occurrences: Occurrences | None,
    *,
    options: VerifyOptions,
    manifest: Manifest | None,
    progress: Progress,
) -> list[PatchReport]:
    """Return the report on trees, if there are any, and the one on archives."""
    reports = []
    if found.trees:
        tree = survey(found.trees, elsewhere=frozenset().union(*found.instead.values()))
        reports.append(verify_tree(tree, occurrences, options=options, manifest=manifest, progress=progress))
    # Who asks for a part or a sample does not want archives read whole.
    archives = (*found.archives, *(() if options.is_partial else found.instead))
    if archives:
        ids = ids_of(occurrences)
        reports.append(verify_archives(archives, ids, options=options, progress=progress))
    return reports


def _manifest_made(report: PatchReport, found: Found, *, options: VerifyOptions) -> Manifest:
    if found.trees and (found.archives or found.instead):
        raise UsageError("A manifest is made of a tree or of archives, not of both.", "Name one of them.")
    if not found.trees:
        return manifest_of_archives(found.archives, patch_size=options.patch_size)
    if not report.ok:
        # It would vouch for the damage.
        raise BadInputError(
            f"No manifest is made of patches of which {len(report.damaged_ids)} are damaged.",
            "Repair them, or leave them out of the occurrence tables.",
        )
    return manifest_of(report.entries, ALGORITHM)
