"""The verification of extracted patches: from folders and tables to a report."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from baselines.integrity.findings import LEVELS, Finding, Level, Problem
from baselines.integrity.manifests.manifest import Manifest
from baselines.integrity.memory.records import is_from_comparison
from baselines.integrity.memory.state import State
from baselines.integrity.options import VerifyOptions
from baselines.integrity.patches.comparisons import compare_patches
from baselines.integrity.places import archives_of_ids, in_scope
from baselines.integrity.report import PatchReport
from baselines.integrity.trees.execution import run_tasks
from baselines.integrity.trees.folder import CheckedFolder, files_below
from baselines.integrity.trees.planning import detection_probability, plan_folders, select
from baselines.integrity.trees.strays import place_strays, unlisted_patches
from baselines.integrity.trees.survey import Tree
from baselines.integrity.trees.visibility import cannot_see
from submissions.errors import CannotCheckError, UsageError
from submissions.progress import SILENT, Progress
from submissions.tables import OccurrenceTable

#: The occurrences whose patches should be there, or just their ids.
Occurrences = OccurrenceTable | NDArray[np.int64]


def verify_tree(
    tree: Tree,
    occurrences: Occurrences | None,
    *,
    options: VerifyOptions,
    manifest: Manifest | None = None,
    progress: Progress = SILENT,
) -> PatchReport:
    """Verify extracted patches: of the occurrences, else those of the manifest and all others found.

    Raises CannotCheckError if a worker died; UsageError if a sample or a deep
    check is asked for without the tables that it needs.
    """
    table = occurrences if isinstance(occurrences, OccurrenceTable) else None
    due = _due(occurrences, manifest)
    _refuse_unusable(
        options, has_ids=not (occurrences is None and manifest is None), has_places=table is not None
    )
    known = due[in_scope(due, tree.scopes) & ~in_scope(due, tree.elsewhere)]
    chosen = select(known, options)
    # Nothing but a table says what else has no business here; a sample is of what is known.
    is_open = occurrences is None and options.sample is None
    tasks = plan_folders(known, chosen, tree=tree, options=options, is_open=is_open)
    with contextlib.closing(State(options)) as memory:
        with progress.bar("verifying", len(chosen) or None) as advance:
            checked = list(run_tasks(tasks, memory, options=options, manifest=manifest, advance=advance))
        findings = _findings(checked, tree)
        if is_open:
            # With a table, each of their patches is unreadable; without one, nobody knows whose they are.
            findings += _blocked(tree)
        if options.level == "deep" and table is not None:
            facts = [each for folder in checked for each in folder.facts]
            found = compare_patches(facts, table, thresholds=options.limits, path_of=tree.path_of)
            found = found if manifest is None else list(_as_published(found, manifest))
            is_whole = sum(len(each.ids) for each in checked) == len(known)
            findings = _with_comparisons(findings, found, replaces=is_whole)
            memory.remember_comparisons(_by_folder(findings, checked))
    has_table = occurrences is not None
    report = _report(checked, findings, options=options, manifest=manifest, due=due, has_table=has_table)
    late = options.time_is_up(len(tasks) - len(checked), len(tasks), what="folders")
    return replace(report, notes=(*report.notes, *late), troubles=(memory.trouble,) if memory.trouble else ())


def ids_of(occurrences: Occurrences | None) -> NDArray[np.int64] | None:
    """Return the ids of some occurrences, ascending, each once; CannotCheckError if one is negative."""
    if occurrences is None:
        return None
    ids = np.unique(occurrences.ids if isinstance(occurrences, OccurrenceTable) else occurrences)
    if len(ids) and ids[0] < 0:
        raise CannotCheckError(
            f"There is no patch of the occurrence {ids[0]}: ids are not negative.", "Correct its table."
        )
    return ids


def _due(occurrences: Occurrences | None, manifest: Manifest | None) -> NDArray[np.int64]:
    """Return the occurrences whose patches should be there, as far as that is known."""
    ids = ids_of(occurrences)
    if ids is not None:
        return ids
    return np.empty(0, dtype=np.int64) if manifest is None else manifest.ids


def _refuse_unusable(options: VerifyOptions, *, has_ids: bool, has_places: bool) -> None:
    if options.level == "deep" and not has_places:
        raise UsageError("A deep check compares places.", "Give the occurrence tables with --occurrences.")
    if options.sample is not None and not has_ids:
        raise UsageError(
            "A sample can only be drawn from occurrence tables.", "Give them with --occurrences."
        )


def _findings(checked: Sequence[CheckedFolder], tree: Tree) -> list[Finding]:
    strays = [path for stray in tree.strays for path in files_below(stray)]
    strays += [path for folder in checked for path in folder.strays]
    found = [finding for folder in checked for finding in folder.findings]
    unlisted = ((i, folder.home) for folder in checked for i in folder.unlisted)
    return place_strays(found, strays) + unlisted_patches(unlisted)


def _as_published(findings: Sequence[Finding], manifest: Manifest) -> Iterator[Finding]:
    """Make what looks odd in files that a manifest lists a warning, as in the check of the file itself.

    A file that is not what the manifest says has an error of its own.
    """
    listed = set(manifest.ids.tolist())
    for finding in findings:
        is_odd = finding.problem.fault == "implausible" and finding.occurrence_id in listed
        yield replace(finding, problem=replace(finding.problem, severity="warning")) if is_odd else finding


def _with_comparisons(
    findings: Sequence[Finding], found: Sequence[Finding], *, replaces: bool
) -> list[Finding]:
    """Add what comparisons showed; those of all patches replace what is remembered of earlier ones."""
    again = {finding.occurrence_id for finding in found if is_from_comparison(finding)}
    others = [
        finding
        for finding in findings
        if not (is_from_comparison(finding) and (replaces or finding.occurrence_id in again))
    ]
    return [*others, *found]


def _by_folder(
    findings: Sequence[Finding], checked: Sequence[CheckedFolder]
) -> Mapping[str, Mapping[int, Sequence[Finding]]]:
    """Return what comparisons showed, by folder, of patches of which they show or have shown something."""
    found: dict[int, list[Finding]] = {}
    for finding in findings:
        if finding.occurrence_id is not None and is_from_comparison(finding):
            found.setdefault(finding.occurrence_id, []).append(finding)
    by_folder: dict[str, Mapping[int, Sequence[Finding]]] = {}
    for folder in checked:
        before = {f.occurrence_id for f in folder.findings if is_from_comparison(f)}
        ids = [i for i in folder.ids.tolist() if i in before or i in found]
        if ids:
            by_folder[folder.key] = {i: found.get(i, ()) for i in ids}
    return by_folder


def _blocked(tree: Tree) -> Iterator[Finding]:
    problem = Problem("unreadable", "error", "a folder that can be listed", "no permission, or an error")
    for path in sorted({path for paths in tree.blocked.values() for path in paths}):
        yield Finding(problem, path)


def _report(
    checked: Sequence[CheckedFolder],
    findings: Sequence[Finding],
    *,
    options: VerifyOptions,
    manifest: Manifest | None,
    due: NDArray[np.int64],
    has_table: bool,
) -> PatchReport:
    ids = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *(folder.ids for folder in checked)]))
    n_remembered = sum(folder.n_remembered for folder in checked)
    n_unlisted = 0 if manifest is None else len(np.setdiff1d(ids, manifest.ids))
    has_manifest = manifest is not None and not n_unlisted
    unseen = cannot_see(
        options.level,
        has_manifest=has_manifest,
        of_archives=options.manifest is None,
        has_table=has_table or has_manifest,
        has_memory=n_remembered > 0,
    )
    levels = frozenset[Level]().union(*(folder.levels for folder in checked))
    return PatchReport(
        options.level,
        ids,
        np.setdiff1d(due, ids),
        tuple(
            sorted(findings, key=lambda f: (f.region or "", f.occurrence_id or -1, f.path, f.problem.fault))
        ),
        unseen,
        n_remembered,
        (*_notes(ids, options, manifest=manifest, n_unlisted=n_unlisted), *_not_remembered(checked)),
        tuple(entry for folder in checked for entry in folder.entries),
        min(levels, key=LEVELS.index, default=None),
    )


def _notes(
    checked: NDArray[np.int64], options: VerifyOptions, *, manifest: Manifest | None, n_unlisted: int
) -> Iterator[str]:
    if options.sample is not None and len(checked):
        _, counts = np.unique(archives_of_ids(checked), return_counts=True)
        overall, single = (
            detection_probability(0.001, len(checked)),
            detection_probability(0.03, counts.min()),
        )
        yield f"This sample sees damage to 0.1 % of all patches with probability {overall:.0%}."
        yield f"It sees damage to 3 % of one archive with probability {single:.0%} or more."
    if manifest is not None and not manifest.is_sealed:
        yield "The manifest has no digest of its own: what is altered in it looks like damage of patches."
    if n_unlisted:
        are = "1 occurrence is" if n_unlisted == 1 else f"{n_unlisted} occurrences are"
        yield f"{are} not in the manifest."


def _not_remembered(checked: Sequence[CheckedFolder]) -> Iterator[str]:
    n_young, n_ahead = sum(each.n_young for each in checked), sum(each.n_ahead for each in checked)
    reasons = {"were written a moment ago": n_young, "are dated in the future": n_ahead}
    for reason, n in reasons.items():
        if n:
            which, whose = ("1 occurrence", "its") if n == 1 else (f"{n} occurrences", "their")
            yield f"Nothing is remembered of {which}: {whose} files {reason}, and will be read again."
