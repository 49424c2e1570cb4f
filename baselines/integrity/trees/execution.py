"""Carry out the plan of a verification: recall, check, remember, in processes and within the time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

from baselines.integrity.manifests.manifest import Manifest
from baselines.integrity.memory.records import NOTHING, Record
from baselines.integrity.memory.state import State
from baselines.integrity.options import VerifyOptions
from baselines.integrity.trees.folder import CheckedFolder, FolderTask, check_folders, unreadable_folder
from baselines.integrity.trees.planning import FolderPlan, portions
from baselines.integrity.trees.survey import Tree
from submissions.errors import CannotCheckError, require
from submissions.progress import Advance

# What is lost to a kill is at most what was checked in this time.
_SECONDS_BETWEEN_WRITES = 1.0


def run_plans(
    plans: Sequence[FolderPlan],
    tree: Tree,
    *,
    options: VerifyOptions,
    manifest: Manifest | None,
    advance: Advance,
) -> Iterator[CheckedFolder]:
    """Check the folders of a plan, telling how many occurrences are done.

    Raises CannotCheckError if a worker died or the state file is broken.
    """
    free = []
    for plan in plans:
        why = tree.blocked.get((plan.region, plan.folder.partition("/")[0]))
        if why is None:
            free.append(plan)
        else:
            yield unreadable_folder(_task(plan, tree), why)
    memory = _Memory(options, manifest, tree=tree)
    try:
        tasks = _portions_of_tasks(free, tree, options=options, manifest=manifest, memory=memory)
        for checked in run_portions(tasks, options):
            memory.keep(checked)
            yield from (
                replace(each, record=NOTHING) for each in checked
            )  # a million records take long to hold
            advance(sum(len(each.ids) for each in checked))
    finally:
        memory.close()


def run_portions(
    portions: Iterable[list[FolderTask]], options: VerifyOptions
) -> Iterator[list[CheckedFolder]]:
    """Check portions of folders, consumed little by little, in whatever order they end.

    With ``jobs=1`` that is done here; with None joblib's backend decides, which may be a cluster. Raises
    CannotCheckError if a worker died: then nothing is known of its portion; UsageError if joblib is needed
    and not installed.
    """
    if options.jobs == 1:
        yield from (check_folders(portion, options) for portion in portions)
        return
    joblib = require("joblib", "patches")
    parallel = joblib.Parallel(n_jobs=options.jobs, return_as="generator_unordered")
    try:
        yield from parallel(joblib.delayed(check_folders)(portion, options) for portion in portions)
    except BrokenProcessPool as error:
        raise CannotCheckError(
            "A process of the verification died, perhaps for want of memory.",
            "Run it again with fewer --jobs; it continues where it was.",
        ) from error


class _Memory:
    """The state file, if any, written in batches."""

    def __init__(self, options: VerifyOptions, manifest: Manifest | None, *, tree: Tree) -> None:
        digest = "" if manifest is None else manifest.digest
        self._state = None if options.state is None else State(options.state, options, manifest=digest)
        self._may_recall = options.make_manifest is None
        self._tree = tree
        self._waiting: list[tuple[str, Record]] = []
        self._written_at = time.monotonic()

    def recall(self, plans: Sequence[FolderPlan]) -> dict[tuple[str, str], Record]:
        if self._state is None or not self._may_recall:
            return {}
        keys = {self._tree.key(plan.region, plan.folder): (plan.region, plan.folder) for plan in plans}
        return {keys[key]: record for key, record in self._state.recall(list(keys)).items()}

    def keep(self, checked: Sequence[CheckedFolder]) -> None:
        if self._state is None:
            return
        self._waiting += [
            (self._tree.key(each.region, each.folder), each.record)
            for each in checked
            if len(each.ids) > each.n_remembered and each.record.statuses
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


def _portions_of_tasks(
    plans: Sequence[FolderPlan],
    tree: Tree,
    *,
    options: VerifyOptions,
    manifest: Manifest | None,
    memory: _Memory,
) -> Iterator[list[FolderTask]]:
    end = None if options.max_duration is None else time.monotonic() + options.max_duration
    for portion in portions(plans):
        if end is not None and time.monotonic() >= end:
            return
        records = memory.recall(portion)
        yield [
            _task(plan, tree, manifest=manifest, record=records.get((plan.region, plan.folder), NOTHING))
            for plan in portion
        ]


def _task(
    plan: FolderPlan, tree: Tree, *, manifest: Manifest | None = None, record: Record = NOTHING
) -> FolderTask:
    return FolderTask(
        plan.region,
        plan.folder,
        tree.home(plan.region, plan.folder),
        tree.leaves.get((plan.region, plan.folder), ()),
        plan.ids,
        frozenset(plan.known),
        {} if manifest is None else manifest.proofs(plan.ids or ()),
        record,
        tree.is_shared,
    )
