"""Carry out the plan of a verification: recall, check, remember, in processes and within the time."""

from __future__ import annotations

import os
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from baselines.covariates.patches.npyheader import PATCH_SIZE
from baselines.integrity.findings import Finding, Level
from baselines.integrity.manifests.manifest import Entry, Manifest
from baselines.integrity.memory.records import NOTHING, Record
from baselines.integrity.memory.state import State
from baselines.integrity.patches.facts import Facts
from baselines.integrity.patches.file import Settings
from baselines.integrity.thresholds import DEFAULT_THRESHOLDS, Thresholds
from baselines.integrity.trees.folder import (
    FolderResult,
    FolderTask,
    files_below,
    unreadable_folder,
)
from baselines.integrity.trees.planning import FolderPlan, Selection, portions
from baselines.integrity.trees.processes import run_portions
from baselines.integrity.trees.survey import Tree

# What is lost to a kill is at most what was checked in this time.
_SECONDS_BETWEEN_WRITES = 1.0


@dataclass(frozen=True)
class VerifyOptions:
    """How patches are verified.

    Parameters
    ----------
    level : {"quick", "full", "deep"}
        quick: names, types, sizes and headers. full: one read of every byte. deep: also compares
        patches with one another.
    patch_size : int
        Side of the patches in pixels; never inferred from a file.
    thresholds : Thresholds
        Limits of the content checks.
    manifest : Manifest, optional
        Checksums to hold the files against.
    selection : Selection
        A part or a sample of the occurrences; by default all.
    max_duration : float, optional
        Seconds after which no new portion is begun.
    jobs : int or None
        Processes; None leaves it to ``joblib.parallel_config``.
    state : path-like, optional
        File that remembers earlier checks; None checks everything anew.
    fingerprint : str, optional
        Checksum to compute of every file, for a manifest; then nothing is recalled.
    """

    level: Level = "full"
    patch_size: int = PATCH_SIZE
    thresholds: Thresholds = DEFAULT_THRESHOLDS
    manifest: Manifest | None = None
    selection: Selection = field(default_factory=Selection)
    max_duration: float | None = None
    jobs: int | None = 1
    state: str | os.PathLike[str] | None = None
    fingerprint: str | None = None


@dataclass
class Outcome:
    """What the folders gave, summed up as they end.

    Parameters
    ----------
    level : {"quick", "full", "deep"}
        Of the checks that are made now.
    ids : array of int
        Occurrences that were checked.
    findings : list of Finding
        What is wrong with them.
    strays : list of str
        Files that do not belong where they are.
    unlisted : list of (int, str)
        Occurrences that no table lists, and the folders of their patches.
    facts : list of Facts
        What a deep check compares.
    n_remembered : int
        Occurrences that an earlier check vouched for.
    levels : set of str
        Levels of the checks that the outcome rests on.
    entries : list of Entry
        Checksums of whole patches, if wanted.
    """

    level: Level
    ids: array[int] = field(default_factory=lambda: array("q"))  # an eighth of what a list takes
    findings: list[Finding] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    unlisted: list[tuple[int, str]] = field(default_factory=list)
    facts: list[Facts] = field(default_factory=list)
    n_remembered: int = 0
    levels: set[Level] = field(default_factory=set)
    entries: list[Entry] = field(default_factory=list)

    def add(self, result: FolderResult, home: str) -> None:
        """Take in the result of one folder."""
        self.ids.extend(result.ids)
        self.findings += result.findings
        self.strays += result.strays
        self.unlisted += [(i, home) for i in result.unlisted]
        self.facts += result.facts
        self.n_remembered += result.n_remembered
        self.entries += result.entries
        if result.n_remembered:
            self.levels.add(result.remembered_level)
        if result.n_remembered < len(result.ids):
            self.levels.add(self.level)


def run_plans(
    plans: Sequence[FolderPlan], tree: Tree, *, options: VerifyOptions, on_progress: Callable[[int], None]
) -> Outcome:
    """Check the folders of a plan.

    Parameters
    ----------
    plans : sequence of FolderPlan
        Which occurrences in which folder.
    tree : Tree
        The folders that exist.
    options : VerifyOptions
        How to check.
    on_progress : callable
        Called with the number of occurrences done.

    Returns
    -------
    Outcome
        Everything that was found.

    Raises
    ------
    CannotCheckError
        If a worker died or the state file is broken.
    """
    outcome = Outcome(options.level, strays=[path for stray in tree.strays for path in _files_of(stray)])
    for plan, why in _blocked(plans, tree):
        task = _task(plan, tree, options=options)
        outcome.add(unreadable_folder(task, why), task.home)
    settings = Settings(
        options.level, options.patch_size, options.thresholds, options.fingerprint, options.state is not None
    )
    memory = _Memory(options, settings, tree=tree)
    try:
        tasks = _portions_of_tasks(plans, tree, options=options, memory=memory)
        for results in run_portions(tasks, settings, jobs=options.jobs):
            for result in results:
                outcome.add(result, tree.home(result.region, result.folder))
            memory.keep(results)
            on_progress(len(outcome.ids))
    finally:
        memory.close()
    return outcome


class _Memory:
    """The state file, if any, written in batches."""

    def __init__(self, options: VerifyOptions, settings: Settings, *, tree: Tree) -> None:
        digest = "" if options.manifest is None else options.manifest.digest
        self._state = None if options.state is None else State(options.state, settings, manifest=digest)
        self._may_recall = options.fingerprint is None
        self._tree = tree
        self._waiting: list[tuple[str, Record]] = []
        self._written_at = time.monotonic()

    def recall(self, plans: Sequence[FolderPlan]) -> dict[tuple[str, str], Record]:
        if self._state is None or not self._may_recall:
            return {}
        keys = {self._key(plan.region, plan.folder): (plan.region, plan.folder) for plan in plans}
        return {keys[key]: record for key, record in self._state.recall(list(keys)).items()}

    def keep(self, results: Sequence[FolderResult]) -> None:
        if self._state is None:
            return
        self._waiting += [
            (self._key(result.region, result.folder), result.record)
            for result in results
            if len(result.ids) > result.n_remembered and result.record.statuses
        ]
        if time.monotonic() - self._written_at > _SECONDS_BETWEEN_WRITES:
            self._write(self._state)

    def close(self) -> None:
        if self._state is not None:
            self._write(self._state)
            self._state.close()

    def _write(self, state: State) -> None:
        if self._waiting:
            state.remember(self._waiting)
        self._waiting = []
        self._written_at = time.monotonic()

    def _key(self, region: str, folder: str) -> str:
        paths = self._tree.leaves.get((region, folder), ())
        return os.pathsep.join(os.path.realpath(path) for path in paths)


def _portions_of_tasks(
    plans: Sequence[FolderPlan], tree: Tree, *, options: VerifyOptions, memory: _Memory
) -> Iterator[list[FolderTask]]:
    end = None if options.max_duration is None else time.monotonic() + options.max_duration
    blocked = {(plan.region, plan.folder) for plan, _ in _blocked(plans, tree)}
    for portion in portions([plan for plan in plans if (plan.region, plan.folder) not in blocked]):
        if end is not None and time.monotonic() >= end:
            return
        records = memory.recall(portion)
        yield [
            _task(plan, tree, options=options, record=records.get((plan.region, plan.folder), NOTHING))
            for plan in portion
        ]


def _task(plan: FolderPlan, tree: Tree, *, options: VerifyOptions, record: Record = NOTHING) -> FolderTask:
    ids = plan.ids or ()
    return FolderTask(
        plan.region,
        plan.folder,
        tree.home(plan.region, plan.folder),
        tree.leaves.get((plan.region, plan.folder), ()),
        plan.ids,
        frozenset(plan.known),
        {} if options.manifest is None else options.manifest.proofs(ids),
        record,
    )


def _blocked(plans: Sequence[FolderPlan], tree: Tree) -> Iterator[tuple[FolderPlan, str]]:
    for plan in plans:
        key = plan.region, plan.folder.partition("/")[0]
        if key in tree.blocked:
            yield plan, tree.blocked[key]


def _files_of(path: str) -> list[str]:
    return list(files_below(path)) if Path(path).is_dir() else [path]
