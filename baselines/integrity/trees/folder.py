"""The check of one folder of patches: its listing against the ids that belong there, then file by file."""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from baselines.covariates.patches.layout import KINDS, file_name, folder_of_id, parse_name
from baselines.integrity.findings import Finding, Level, Problem
from baselines.integrity.manifests.manifest import Entry
from baselines.integrity.memory.records import NOTHING, Record, joined, record_of
from baselines.integrity.options import VerifyOptions
from baselines.integrity.patches.facts import Facts
from baselines.integrity.patches.file import problem_of_error
from baselines.integrity.patches.patch import ListedPatch, Proofs, check_patch
from baselines.integrity.places import at_occurrence, region_of

_AB = re.compile(r"[0-9]{1,2}")


@dataclass(frozen=True)
class FolderTask:
    """One folder of a region to check, such as ``"73/1"``.

    Parameters
    ----------
    home : str
        Path where its patches should be.
    paths : tuple of str
        Where it exists; several only if a region's patches lie under several roots.
    ids : tuple of int or None
        Occurrences to check; None to check those that are found.
    known : frozenset of int
        Occurrences of the tables that belong here, to be checked or not; others are unexpected.
    proofs : mapping of int to pair of Proof
        What a manifest says of their files.
    record : Record
        What is remembered of earlier checks.
    is_shared : bool
        Whether patches of other regions may lie here too.
    """

    region: str
    folder: str
    home: str
    paths: tuple[str, ...]
    ids: tuple[int, ...] | None
    known: frozenset[int] = frozenset()
    proofs: Mapping[int, Proofs] = field(default_factory=dict)
    record: Record = NOTHING
    is_shared: bool = False


@dataclass(frozen=True)
class CheckedFolder:
    """What the check of one folder showed.

    Parameters
    ----------
    ids : array of int
        Occurrences that were checked.
    strays : tuple of str
        Paths of files that do not belong here.
    unlisted : tuple of int
        Occurrences whose patches are in their place, but which no table lists.
    facts : tuple of Facts
        What a deep check compares.
    record : Record
        What to remember from now on.
    n_remembered : int
        Occurrences that an earlier check, of the level `remembered_level`, vouched for.
    entries : tuple of Entry
        Checksums of whole patches, if they are wanted for a manifest.
    """

    region: str
    folder: str
    home: str
    ids: array[int]  # an eighth of what a tuple takes
    findings: tuple[Finding, ...]
    strays: tuple[str, ...] = ()
    unlisted: tuple[int, ...] = ()
    facts: tuple[Facts, ...] = ()
    record: Record = NOTHING
    n_remembered: int = 0
    remembered_level: Level = "quick"
    entries: tuple[Entry, ...] = ()


def check_folders(tasks: Sequence[FolderTask], options: VerifyOptions) -> list[CheckedFolder]:
    """Check several folders, one after the other; the unit of work of a process."""
    return [check_folder(task, options) for task in tasks]


def check_folder(task: FolderTask, options: VerifyOptions) -> CheckedFolder:
    """Check one folder of patches."""
    try:
        entries, doubled = _listing(task.paths)
    except OSError as error:
        return unreadable_folder(task, problem_of_error(error).found)
    ids = tuple(_ids_in_place(entries, task)) if task.ids is None else task.ids
    patches = [ListedPatch.listed(i, entries) for i in ids]
    absent = [finding for patch in patches for finding in _absent_files(patch, task)]
    n_own = sum(entry is not None for patch in patches for entry in patch.entries)
    strays, unlisted = _strays(entries, set(ids), task=task) if n_own < len(entries) else ([], set())
    statuses = _statuses(patches, options)
    vouched = {i for i, status in statuses.items() if status and task.record.statuses.get(i) == status}
    checks = [
        check_patch(
            patch, task.region, proofs=task.proofs.get(patch.occurrence_id, (None, None)), options=options
        )
        for patch in patches
        if patch.occurrence_id not in vouched
    ]
    kept = task.record.without(set(task.record.statuses) - vouched)
    return CheckedFolder(
        task.region,
        task.folder,
        task.home,
        array("q", ids),
        (*absent, *kept.findings, *(finding for check in checks for finding in check.findings)),
        (*doubled, *strays),
        tuple(sorted(unlisted)),
        (*kept.facts, *(check.facts for check in checks if check.facts is not None)),
        _new_record(task.record, record_of(checks, statuses)) if options.state is not None else NOTHING,
        len(vouched),
        task.record.level,
        tuple(check.entry for check in checks if check.entry is not None),
    )


def unreadable_folder(task: FolderTask, why: str) -> CheckedFolder:
    """Return the result for a folder that cannot be listed: nothing is known of any patch in it."""
    problem = Problem("unreadable", "error", "a folder that can be listed", why)
    ids = tuple(task.known) if task.ids is None else task.ids
    findings = tuple(at_occurrence(problem, i, path=task.home) for i in ids)
    return CheckedFolder(task.region, task.folder, task.home, array("q", ids), findings)


def is_in_place(name: str, region: str | None, *, folder: str) -> int | None:
    """Return the occurrence of a file that stands where it belongs, by its name; None for any other.

    Without a region, that is not looked at.

    Examples
    --------
    >>> is_in_place("173_alti.npy", "us", folder="73/1"), is_in_place("173.npy", "fr", folder="73/1")
    (173, None)
    """
    parsed = parse_name(name)
    if parsed is None or folder_of_id(parsed[0]) != folder or region not in (None, region_of(parsed[0])):
        return None
    return parsed[0]


def _listing(paths: tuple[str, ...]) -> tuple[dict[str, os.DirEntry[str]], list[str]]:
    entries: dict[str, os.DirEntry[str]] = {}
    doubled: list[str] = []
    for path in paths:
        with os.scandir(path) as found:
            doubled += [e.path for e in found if entries.setdefault(e.name, e) is not e]
    return entries, doubled


def _ids_in_place(entries: Mapping[str, os.DirEntry[str]], task: FolderTask) -> list[int]:
    return sorted(
        {i for name in entries if (i := is_in_place(name, task.region, folder=task.folder)) is not None}
    )


def _absent_files(patch: ListedPatch, task: FolderTask) -> Iterator[Finding]:
    if None not in patch.entries:
        return
    absent = [kind for kind, entry in zip(KINDS, patch.entries, strict=True) if entry is None]
    path = f"{task.home}/{file_name(patch.occurrence_id, absent[0])}"
    if len(absent) == len(KINDS):
        problem = Problem("missing", "error", "the two files of a patch", "neither")
    else:
        problem = Problem("half-pair", "error", "the two files of a patch", f"no file of the {absent[0]}")
    yield at_occurrence(problem, patch.occurrence_id, path=path)


def _strays(
    entries: Mapping[str, os.DirEntry[str]], ids: set[int], *, task: FolderTask
) -> tuple[list[str], set[int]]:
    strays: list[str] = []
    unlisted: set[int] = set()
    own = {name for i in ids for name in (f"{i}.npy", f"{i}_alti.npy")}
    for name in entries.keys() - own:
        entry = entries[name]
        if (occurrence_id := is_in_place(name, task.region, folder=task.folder)) is not None:
            unlisted.add(occurrence_id)
        elif task.is_shared and is_in_place(name, None, folder=task.folder) is not None:
            continue
        elif not entry.is_dir(follow_symlinks=False):
            strays.append(entry.path)
        elif "/" in task.folder or not _AB.fullmatch(name):  # below CD, AB is a folder of its own
            strays += files_below(entry.path)
    return strays, unlisted - task.known


def files_below(path: str) -> Iterator[str]:
    """Yield the paths of all files below a folder that should not be there."""
    for folder, _, names in os.walk(path):
        for name in names:
            yield f"{folder}/{name}"


def _statuses(patches: Sequence[ListedPatch], options: VerifyOptions) -> dict[int, str | None]:
    if options.state is None:
        return {}
    return {patch.occurrence_id: patch.status() for patch in patches if any(patch.entries)}


def _new_record(old: Record, made: Record) -> Record:
    # What was remembered of patches that are not in question now stays.
    return joined(old.without(set(made.statuses)), made)
