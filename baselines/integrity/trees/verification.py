"""The verification of extracted patches: from folders and tables to a report."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from baselines.integrity.findings import LEVELS, Finding
from baselines.integrity.manifests.manifest import Manifest
from baselines.integrity.patches.comparisons import compare_patches
from baselines.integrity.report import Report
from baselines.integrity.trees.execution import Outcome, VerifyOptions, run_plans
from baselines.integrity.trees.planning import (
    Selection,
    archives_of_ids,
    detection_probability,
    in_scope,
    plan_folders,
    select,
)
from baselines.integrity.trees.strays import place_strays, unlisted_patches
from baselines.integrity.trees.survey import survey
from baselines.integrity.trees.visibility import cannot_see
from submissions.errors import UsageError
from submissions.tables import OccurrenceTable


def verify_patches(
    paths: Sequence[str | os.PathLike[str]],
    occurrences: OccurrenceTable | NDArray[np.int64] | None = None,
    *,
    options: VerifyOptions | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Verify that extracted patches are whole.

    Parameters
    ----------
    paths : sequence of path-like
        Data roots, which hold ``patches_fr`` and the like, or such folders themselves.
    occurrences : OccurrenceTable or ndarray of int64, optional
        The occurrences whose patches should be there, or just their ids. Without them, those of the
        manifest; without that, whatever is found is checked, and missing patches cannot be seen.
    options : VerifyOptions, optional
        Level, thresholds, manifest, part, time, processes, state.
    on_progress : callable, optional
        Called with the occurrences done and those to do (0 where that is not known).

    Returns
    -------
    Report
        Findings, counts and rates. Nothing is raised for damage.

    Raises
    ------
    CannotCheckError
        If a path is absent, holds no patches or cannot be listed, a worker died, or the state file
        is broken.
    UsageError
        If a sample or a deep check is asked for without the tables that it needs.
    """
    options = options or VerifyOptions()
    tree = survey(paths)
    table = occurrences if isinstance(occurrences, OccurrenceTable) else None
    all_ids = _ids_of(occurrences, options)
    _refuse_unusable(options, all_ids, has_places=table is not None)
    known = None if all_ids is None else all_ids[in_scope(all_ids, tree.scopes)]
    chosen = None if known is None else select(known, options.selection)
    plans = plan_folders(known, chosen, tree=tree, selection=options.selection)
    outcome = run_plans(plans, tree, options=options, on_progress=_counting(on_progress, chosen))
    findings = place_strays(outcome.findings, outcome.strays) + unlisted_patches(outcome.unlisted)
    if options.level == "deep" and table is not None:
        findings += compare_patches(outcome.facts, table, thresholds=options.thresholds, home=tree.home)
    return _report(outcome, findings, options=options, all_ids=all_ids)


def _ids_of(
    occurrences: OccurrenceTable | NDArray[np.int64] | None, options: VerifyOptions
) -> NDArray[np.int64] | None:
    if occurrences is None:
        return None if options.manifest is None else options.manifest.ids
    return np.unique(occurrences.ids if isinstance(occurrences, OccurrenceTable) else occurrences)


def _counting(
    on_progress: Callable[[int, int], None] | None, chosen: NDArray[np.int64] | None
) -> Callable[[int], None]:
    n_wanted = 0 if chosen is None else len(chosen)
    return lambda n_done: None if on_progress is None else on_progress(n_done, n_wanted)


def _refuse_unusable(options: VerifyOptions, ids: NDArray[np.int64] | None, *, has_places: bool) -> None:
    if options.level == "deep" and not has_places:
        raise UsageError("A deep check compares places.", "Give the occurrence tables with --occurrences.")
    if ids is None and options.selection.sample is not None:
        raise UsageError(
            "A sample can only be drawn from occurrence tables.", "Give them with --occurrences."
        )
    subset = options.selection.subset
    if subset is not None and not 1 <= subset[0] <= subset[1]:
        raise UsageError(f"There is no part {subset[0]} of {subset[1]}.", "Give I/N with I from 1 to N.")


def _report(
    outcome: Outcome,
    findings: Sequence[Finding],
    *,
    options: VerifyOptions,
    all_ids: NDArray[np.int64] | None,
) -> Report:
    checked = np.unique(np.array(outcome.ids, dtype=np.int64))
    unchecked = checked[:0] if all_ids is None else np.setdiff1d(all_ids, checked)
    n_remembered = outcome.n_remembered
    unseen = cannot_see(
        options.level,
        has_manifest=options.manifest is not None,
        has_table=all_ids is not None,
        n_remembered=n_remembered,
    )
    notes = (*_sample_notes(checked, options.selection), *_manifest_notes(checked, options.manifest))
    return Report(
        options.level,
        checked,
        unchecked,
        tuple(sorted(findings, key=_place)),
        unseen,
        n_remembered,
        notes,
        tuple(outcome.entries),
        min(outcome.levels, key=LEVELS.index, default=None),
    )


def _place(finding: Finding) -> tuple[str, int, str, str]:
    return finding.region or "", finding.occurrence_id or -1, finding.path, finding.fault


def _sample_notes(checked: NDArray[np.int64], selection: Selection) -> list[str]:
    if selection.sample is None or not len(checked):
        return []
    _, counts = np.unique(archives_of_ids(checked), return_counts=True)
    overall, single = detection_probability(0.001, len(checked)), detection_probability(0.03, counts.min())
    return [
        f"This sample sees damage to 0.1 % of all patches with probability {overall:.0%}.",
        f"It sees damage to 3 % of one archive with probability {single:.0%} or more.",
    ]


def _manifest_notes(checked: NDArray[np.int64], manifest: Manifest | None) -> list[str]:
    if manifest is None:
        return []
    n_unlisted = len(np.setdiff1d(checked, manifest.ids))
    return [f"{n_unlisted} occurrences are not in the manifest."] if n_unlisted else []
