"""What ``glckit verify-patches`` and ``glckit extract`` do: find the files, verify, repair, write."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.finding import (
    Found,
    data_folder_of,
    find_archives,
    find_patches,
    scopes_of_folder,
)
from baselines.covariates.patches.layout import Scope, scope_of_archive
from baselines.covariates.patches.savedindex import INDEX_SUFFIX
from baselines.covariates.patches.sources import Paths
from baselines.integrity.archives.checksums import manifest_of_archives, manifest_of_whole_archives
from baselines.integrity.archives.verification import verify_archives
from baselines.integrity.extraction.extract import Extraction, extract_archives
from baselines.integrity.extraction.repair import repair_patches
from baselines.integrity.manifests.digests import ALGORITHM
from baselines.integrity.manifests.manifest import Manifest, manifest_of, read_manifest, write_manifest
from baselines.integrity.options import VerifyOptions
from baselines.integrity.places import in_scope, nowhere
from baselines.integrity.report import PatchReport, merged
from baselines.integrity.thresholds import Thresholds
from baselines.integrity.trees.planning import select
from baselines.integrity.trees.survey import survey
from baselines.integrity.trees.verification import Occurrences, ids_of, verify_tree
from scoring.places import REGIONS
from submissions.arguments import is_paths, the_ids, the_paths
from submissions.competition.settings import Competition
from submissions.errors import BadInputError, UsageError
from submissions.progress import SILENT, Progress
from submissions.tables import OccurrenceTable, read_occurrences

# Below this, starting processes takes longer than the check.
_OCCURRENCES_WORTH_PROCESSES = 4000


def verify_patches(
    paths: Paths,
    occurrences: Occurrences | Paths | None = None,
    *,
    options: VerifyOptions | None = None,
    progress: Progress = SILENT,
) -> PatchReport:
    """Verify that patches are whole: extracted ones, or archives to their last byte.

    Parameters
    ----------
    paths : path-like or sequence of path-like
        Data folders, which hold ``patches_fr`` and the like, ``CD/AB/`` or archives; folders of a region; or
        archives. In a data folder, archives are verified only for regions that are not extracted.
    occurrences : OccurrenceTable, path-like, sequence of path-like or array-like of int, optional
        The occurrences whose patches should be there, their tables, or just their ids. Without them, those of
        the manifest should be, and whatever else is found is checked as well; of the latter, missing patches
        cannot be seen.
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
        If a path is absent, holds no patches or cannot be listed, a manifest or a list of checksums is not to
        be trusted, or a worker died.
    UsageError
        If something is given that cannot be meant, options contradict each other, or a sample or a deep check
        is asked for without the tables that it needs.
    BadInputError
        If a manifest is to be made of damaged patches.
    """
    named = the_paths(paths, "Patches are paths of folders or archives")
    settled = (options or VerifyOptions()).settled(named)
    due = _occurrences(occurrences)
    return _verify(find_patches(named), due, options=settled, progress=progress)


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
    own = competition.data.archives
    is_small = table is not None and len(table) < _OCCURRENCES_WORTH_PROCESSES
    settled = replace(
        options,
        patch_size=competition.data.patch_size,
        thresholds=Thresholds.from_mapping(competition.verify),
        jobs=options.jobs or (1 if is_small else os.cpu_count() or 1),
        archives=options.archives or (own if options.repair and own.is_dir() else None),
    )
    return _verify(found, table, options=settled, progress=progress)


def extract(
    archives: Sequence[Path], out: Path, *, competition: Competition, progress: Progress = SILENT
) -> Extraction:
    """Extract archives into a data folder, by the settings of a competition; see `extract_archives`.

    Index files of ours, which ``patches_us_*`` of a shell matches as well, are passed over.
    """
    archives = [path for path in archives if not path.name.endswith(INDEX_SUFFIX)]
    ids, size = ids_of(_table(competition)), competition.data.patch_size
    return extract_archives(archives, out, occurrences=ids, patch_size=size, progress=progress)


def _occurrences(given: Occurrences | Paths | None) -> Occurrences | None:
    if given is None or isinstance(given, OccurrenceTable):
        return given
    if is_paths(given):
        return read_occurrences(the_paths(given, "Occurrences are tables"))
    wanted = "Occurrences are an OccurrenceTable, the paths of tables, or ids as whole numbers"
    return the_ids(given, wanted, hint="Of a data frame, give the column of ids.").astype(np.int64)


def _patches_of(competition: Competition) -> Found:
    # Of all regions: one that is absent is missing; otherwise it would go unchecked.
    found = find_patches(competition.patch_folders, archives=competition.data.archives)
    return replace(found, due=frozenset(Scope(region) for region in REGIONS))


def _table(
    competition: Competition, tables: Sequence[Path] = (), *, beside: Sequence[str] = ()
) -> OccurrenceTable | None:
    # One that is named and absent is an error: less than what was asked for would be verified.
    tables = tables or (*competition.train, *competition.test)
    if beside:
        tables = tables or sorted(data_folder_of(beside[0]).glob("occurrences_??_t*.csv"))
    return read_occurrences(list(tables)) if tables else None


def _verify(
    found: Found, occurrences: Occurrences | None, *, options: VerifyOptions, progress: Progress
) -> PatchReport:
    options.refuse_contradictions(has_trees=bool(found.trees))
    manifest, passed_over = _manifest(options)
    reports = _reports(found, occurrences, options=options, manifest=manifest, progress=progress)
    repair = None
    if options.repair and options.archives is not None and reports[0].damaged_ids:
        repair = repair_patches(
            found.trees,
            reports[0].damaged_ids,
            archives=options.archives,
            patch_size=options.side,
            progress=progress,
        )
        reports = _reports(found, occurrences, options=options, manifest=manifest, progress=progress)
    report = merged(reports)
    for trouble in report.troubles:
        progress.say(trouble)
    if options.make_manifest is not None:
        write_manifest(_manifest_made(report, found, options=options), options.make_manifest)
        progress.say(f"Wrote {os.fspath(options.make_manifest)}.")
    return replace(report, notes=report.notes + passed_over, trees=found.trees, repair=repair)


def _manifest(options: VerifyOptions) -> tuple[Manifest | None, tuple[str, ...]]:
    """Return what files are held against, and what of it cannot be used."""
    if options.manifest is not None:
        return read_manifest(options.manifest), ()
    if options.archives is None:
        return None, ()
    archives, size = find_archives(options.archives), options.side
    # A repair does what it can; without one, an archive that is named as the truth must be whole.
    if options.repair:
        return manifest_of_whole_archives(archives, patch_size=size)
    return manifest_of_archives(archives, patch_size=size), ()


def _reports(
    found: Found,
    occurrences: Occurrences | None,
    *,
    options: VerifyOptions,
    manifest: Manifest | None,
    progress: Progress,
) -> list[PatchReport]:
    """Return the report on trees, if there are any, the one on archives, and that on what is in neither."""
    reports = []
    ids = ids_of(occurrences)
    if found.trees:
        tree = survey(found.trees, elsewhere=frozenset().union(*found.instead.values()))
        reports.append(verify_tree(tree, occurrences, options=options, manifest=manifest, progress=progress))
    # Who asks for a part or a sample does not want archives read whole.
    archives = (*found.archives, *(() if options.is_partial else found.instead))
    if archives:
        reports.append(verify_archives(archives, ids, options=options, progress=progress))
    if ids is not None and len(lacking := _lacking(ids, found, reports, options=options)):
        rest = np.setdiff1d(ids, lacking)
        reports.append(PatchReport(options.level, lacking, rest, tuple(nowhere(lacking.tolist()))))
    return reports


def _lacking(
    ids: NDArray[np.int64], found: Found, reports: Sequence[PatchReport], *, options: VerifyOptions
) -> NDArray[np.int64]:
    """Return the occurrences that are due, and for which there is neither a folder nor an archive."""
    if options.sample is not None:
        return ids[:0]
    scopes = {scope for tree in found.trees for scope in scopes_of_folder(tree)}
    named = (scope_of_archive(archive) for archive in (*found.archives, *found.instead))
    scopes.update(scope for scope in named if scope is not None)
    lacking = ids[in_scope(ids, found.due) & ~in_scope(ids, scopes)]
    lacking = np.setdiff1d(lacking, np.concatenate([report.checked_ids for report in reports]))
    return select(lacking, options)


def _manifest_made(report: PatchReport, found: Found, *, options: VerifyOptions) -> Manifest:
    if found.trees and (found.archives or found.instead):
        raise UsageError("A manifest is made of a tree or of archives, not of both.", "Name one of them.")
    if not found.trees:
        return manifest_of_archives(found.archives, patch_size=options.side)
    if not report.ok:
        # It would vouch for the damage.
        n_damaged = len(report.damaged_ids)
        what = f"of which {n_damaged} are damaged" if n_damaged else "that could not all be checked"
        raise BadInputError(
            f"No manifest is made of patches {what}.",
            "Repair them, or leave them out of the occurrence tables.",
        )
    return manifest_of(report.entries, ALGORITHM)
