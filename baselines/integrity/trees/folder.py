"""The check of one folder of patches: its listing against the ids that belong there, then file by file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.layout import KINDS, file_name, folder_of_id, parse_name
from baselines.integrity.findings import LEVELS, Finding, Level, Problem, absent_files_problem
from baselines.integrity.manifests.manifest import Entry
from baselines.integrity.memory.records import NOTHING, Record, joined
from baselines.integrity.options import VerifyOptions
from baselines.integrity.patches.facts import Facts
from baselines.integrity.patches.file import problem_of_error
from baselines.integrity.patches.patch import YOUNG_NS, CheckedPatch, ListedPatch, Proofs, check_patch
from baselines.integrity.places import at_occurrence, region_of

_AB = re.compile(r"[0-9]{1,2}")
_NO_PROOFS: Proofs = (None, None)


@dataclass(frozen=True)
class FolderTask:
    """One folder of a region to check, such as ``"73/1"``.

    Parameters
    ----------
    home : str
        Path where its patches should be.
    paths : tuple of str
        Where it exists; several only if a region's patches lie under several roots.
    ids : tuple of int
        Occurrences to check, found or not.
    known : tuple of int
        Occurrences of the tables that belong here, to be checked or not; others are unexpected.
    is_open : bool
        Whether others that are found are checked as well, since no table says which there should be.
    is_shared : bool
        Whether patches of other regions may lie here too.
    key : str
        The folder's name in the state file.
    proofs : mapping of int to pair of Proof
        What a manifest says of their files.
    manifest : str
        The manifest's digest.
    record : Record
        What is remembered of earlier checks.
    """

    region: str
    folder: str
    home: str
    paths: tuple[str, ...]
    ids: tuple[int, ...] = ()
    known: tuple[int, ...] = ()
    is_open: bool = False
    is_shared: bool = False
    key: str = ""
    proofs: Mapping[int, Proofs] = field(default_factory=dict)
    manifest: str = ""
    record: Record = NOTHING


@dataclass(frozen=True)
class CheckedFolder:
    """What the check of one folder showed.

    Parameters
    ----------
    home, key : str
        As in its task.
    ids : ndarray of int64
        Occurrences that were checked.
    strays : tuple of str
        Paths of files that do not belong here.
    unlisted : tuple of int
        Occurrences whose patches are in their place, but which no table lists.
    facts : tuple of Facts
        What a deep check compares.
    record : Record
        What is new, and is to be remembered.
    n_remembered : int
        Occurrences that an earlier check vouched for.
    n_young, n_ahead : int
        Occurrences that are not remembered, since a file was just written, or is dated in the future.
    levels : frozenset of Level
        The levels of the checks that the outcome rests on.
    entries : tuple of Entry
        Checksums of whole patches, if they are wanted for a manifest.
    """

    home: str
    key: str
    ids: NDArray[np.int64]  # an eighth of what a tuple takes
    findings: tuple[Finding, ...]
    strays: tuple[str, ...] = ()
    unlisted: tuple[int, ...] = ()
    facts: tuple[Facts, ...] = ()
    record: Record = NOTHING
    n_remembered: int = 0
    n_young: int = 0
    n_ahead: int = 0
    levels: frozenset[Level] = frozenset()
    entries: tuple[Entry, ...] = ()


def check_folders(tasks: Sequence[FolderTask], options: VerifyOptions) -> list[CheckedFolder]:
    """Check several folders, one after the other; the unit of work of a process."""
    return [check_folder(task, options) for task in tasks]


def check_folder(task: FolderTask, options: VerifyOptions) -> CheckedFolder:
    """Check one folder of patches; of one that cannot be listed, no patch can be read."""
    try:
        entries, doubled = _listing(task.paths)
    except OSError as error:
        return _unlistable(task, error)
    ids = _with_those_found(task, entries) if task.is_open else task.ids
    patches = [ListedPatch.listed(i, entries) for i in ids]
    absent = [finding for patch in patches for finding in _absent_files(patch, task)]
    n_own = sum(entry is not None for patch in patches for entry in patch.entries)
    strays, unlisted = _strays(entries, ids, task=task) if n_own < len(entries) else ([], [])
    looked = _looked(patches, task, options)
    checked = [*looked.vouched, *looked.new]
    levels = {each.level for each in looked.vouched}
    return CheckedFolder(
        task.home,
        task.key,
        np.array(ids, dtype=np.int64),
        (*absent, *(finding for each in checked for finding in each.findings)),
        (*doubled, *strays),
        tuple(unlisted),
        tuple(each.facts for each in checked if each.facts is not None),
        Record({each.occurrence_id: each for each in looked.new if each.status is not None}),
        len(looked.vouched),
        looked.n_young,
        looked.n_ahead,
        frozenset(levels | ({options.level} if len(looked.vouched) < len(ids) else set())),
        tuple(each.entry for each in looked.new if each.entry is not None),
    )


def _unlistable(task: FolderTask, error: OSError) -> CheckedFolder:
    problem = Problem("unreadable", "error", "a folder that can be listed", problem_of_error(error).found)
    findings = [at_occurrence(problem, i, path=task.home) for i in task.ids]
    if task.is_open and not findings:
        findings.append(Finding(problem, task.home))
    return CheckedFolder(task.home, task.key, np.array(task.ids, dtype=np.int64), tuple(findings))


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


def _with_those_found(task: FolderTask, entries: Mapping[str, os.DirEntry[str]]) -> tuple[int, ...]:
    found = {is_in_place(name, task.region, folder=task.folder) for name in entries}
    return tuple(sorted({i for i in found if i is not None}.union(task.ids)))


def _absent_files(patch: ListedPatch, task: FolderTask) -> Iterator[Finding]:
    if None not in patch.entries:
        return
    absent = [kind for kind, entry in zip(KINDS, patch.entries, strict=True) if entry is None]
    path = f"{task.home}/{file_name(patch.occurrence_id, absent[0])}"
    yield at_occurrence(absent_files_problem(absent), patch.occurrence_id, path=path)


def _strays(
    entries: Mapping[str, os.DirEntry[str]], ids: Sequence[int], *, task: FolderTask
) -> tuple[list[str], list[int]]:
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
    return strays, sorted(unlisted.difference(task.known))


def files_below(path: str) -> Iterator[str]:
    """Yield the paths of a file, or of all files below a folder, that should not be there."""
    if not Path(path).is_dir():
        yield path
    for folder, _, names in os.walk(path):
        for name in names:
            yield f"{folder}/{name}"


@dataclass
class _Looked:
    """What is remembered of patches that are as they were, and what a check shows of the others."""

    vouched: list[CheckedPatch] = field(default_factory=list)
    new: list[CheckedPatch] = field(default_factory=list)
    n_young: int = 0
    n_ahead: int = 0


def _looked(patches: Sequence[ListedPatch], task: FolderTask, options: VerifyOptions) -> _Looked:
    looked = _Looked()
    # Of all before the first check: what is said of the age of a file holds when its status is read.
    is_kept = options.state is not None
    seen = [(patch, patch.status(), patch.age_ns()) if is_kept else (patch, None, 0) for patch in patches]
    for patch, status, age_ns in seen:
        known = task.record.patches.get(patch.occurrence_id)
        if known is not None and known.status != status:
            known = None
        is_settled = age_ns >= YOUNG_NS
        if known is not None and (is_settled or known.has_errors) and _vouches(known, task, options):
            looked.vouched.append(known)
            continue
        checked = _check(patch, task, options, status=status)
        if known is not None:
            checked = joined(known, checked)
        # Damage is remembered in any case: to look again at whole files is the lesser evil.
        if checked.status is not None and not is_settled and not checked.has_errors:
            checked = checked._replace(status=None)
            looked.n_ahead += age_ns < 0
            looked.n_young += age_ns >= 0
        looked.new.append(checked)
    return looked


def _vouches(known: CheckedPatch, task: FolderTask, options: VerifyOptions) -> bool:
    is_deep_enough = LEVELS.index(known.level) >= LEVELS.index(options.level)
    is_held = known.occurrence_id not in task.proofs or known.manifest == task.manifest
    is_asked_anew = options.no_cache or options.make_manifest is not None
    return is_deep_enough and is_held and not is_asked_anew


def _check(
    patch: ListedPatch, task: FolderTask, options: VerifyOptions, *, status: str | None
) -> CheckedPatch:
    proofs = task.proofs.get(patch.occurrence_id, _NO_PROOFS)
    checked = check_patch(patch, task.region, status=status, proofs=proofs, options=options)
    # A manifest that lists one of the two files, or a check that reads neither, proves nothing.
    is_proof = None not in proofs and options.level != "quick"
    return checked._replace(manifest=task.manifest) if is_proof else checked
