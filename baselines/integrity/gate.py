"""The gate: which patches a baseline may train on or predict from, on what evidence."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from baselines.covariates.patches.finding import archives_for, find_archives, find_roots, no_patches
from baselines.covariates.patches.npyheader import PATCH_SIZE
from baselines.integrity.archives.memory import recall_archive
from baselines.integrity.findings import CLASSES, LEVELS, Finding, Level, Problem
from baselines.integrity.memory.state import default_state_path, usable_state
from baselines.integrity.options import VerifyOptions
from baselines.integrity.places import archive_of, at_occurrence
from baselines.integrity.thresholds import Thresholds
from baselines.integrity.trees.survey import survey
from baselines.integrity.trees.verification import verify_tree
from baselines.request import OnDamaged
from submissions.errors import BadInputError

# A file with one of these faults cannot be read as a patch, whatever one is willing to ignore.
_NOT_READABLE = frozenset(
    {
        "missing",
        "half-pair",
        "wrong-place",
        "wrong-type",
        "wrong-size",
        "bad-header",
        "unreadable",
        "unstable",
    }
)
_MAX_NAMED = 5


@dataclass(frozen=True)
class Admission:
    """The occurrences that may be used.

    Parameters
    ----------
    ids : ndarray of int64 of shape (n,)
        Those admitted, in the order given.
    left_out : ndarray of int64
        Those that are not, ascending.
    level : {"quick", "full", "deep"}
        The least level of check that this rests on.
    n_damaged : int
        Occurrences with damaged patches, among those asked for.
    counts : dict of str to int
        Occurrences by class of damage.
    """

    ids: NDArray[np.int64]
    left_out: NDArray[np.int64]
    level: Level
    n_damaged: int
    counts: dict[str, int]
    on_damaged: OnDamaged

    def to_metadata(self) -> dict[str, object]:
        """Return what belongs into the metadata of a model or a run."""
        n_asked = len(self.ids) + len(self.left_out)
        return {
            "level": self.level,
            "share_damaged": self.n_damaged / n_asked if n_asked else 0.0,
            "damaged": dict(self.counts),
            "on_damaged": self.on_damaged,
            "n_left_out": len(self.left_out),
        }


def admit(
    ids: ArrayLike,
    paths: Sequence[str | os.PathLike[str]],
    *,
    on_damaged: OnDamaged = "refuse",
    patch_size: int = PATCH_SIZE,
    state: str | os.PathLike[str] | None = None,
    thresholds: Thresholds | None = None,
) -> Admission:
    """Decide which occurrences a baseline may use, by the state of their patches.

    What a verification of extracted files has shown counts as long as these have not changed; files
    that none has seen get a quick check on the spot. Archives are too long to check on the spot: they
    must have been verified.

    Parameters
    ----------
    ids : array-like of int of shape (n,)
        Occurrences whose patches will be read.
    paths : sequence of path-like
        Where, as given to `baselines.covariates.patches.sources.open_patches`.
    on_damaged : {"refuse", "drop", "ignore"}
        refuse: stop if one is damaged. drop: leave the damaged ones out. ignore: use what is wrong but
        readable, and leave out what cannot be read.
    patch_size : int, default 256
        Side of the patches in pixels.
    state : path-like, optional
        File of earlier checks; by default the one in the user's cache.
    thresholds : Thresholds, optional
        Those that the earlier checks went by; the usual ones by default.

    Returns
    -------
    Admission
        Which ones, and the evidence for the metadata.

    Raises
    ------
    BadInputError
        If patches are damaged and `on_damaged` is ``"refuse"``, none is left, or archives are in use
        that nobody has verified. The message says what to run.
    CannotCheckError
        If there are no patches at all, or a folder cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = Path(tempfile.mkdtemp()) / "patches_us"
    >>> folder.mkdir()
    >>> try:
    ...     admit([173], [folder], state=folder.parent / "state")
    ... except BadInputError as refusal:
    ...     print(refusal.message)
    1 of 1 occurrences have damaged patches: missing 1.
    """
    wanted = np.asarray(ids, dtype=np.int64)
    memory, _ = usable_state(default_state_path() if state is None else state)
    options = VerifyOptions("quick", patch_size, thresholds or Thresholds(), state=memory)
    findings, level = _evidence(wanted, paths, options=options)
    errors = [finding for finding in findings if finding.problem.is_error]
    if errors and on_damaged == "refuse":
        raise _refusal(errors, len(wanted), paths=paths)
    left_out = _ids_of(f for f in errors if on_damaged == "drop" or f.problem.fault in _NOT_READABLE)
    admitted = wanted[~np.isin(wanted, left_out)]
    if len(wanted) and not len(admitted):
        raise _refusal(errors, len(wanted), paths=paths)
    return Admission(admitted, left_out, level, len(_ids_of(errors)), _counts(errors), on_damaged)


def _evidence(
    ids: NDArray[np.int64], paths: Sequence[str | os.PathLike[str]], *, options: VerifyOptions
) -> tuple[list[Finding], Level]:
    """Return what is wrong with the patches, and the least level of check that this rests on."""
    trees = [path for path in paths if find_roots(path)]
    archives = [archive for path in paths for archive in find_archives(path)]
    if not trees and not archives:
        raise no_patches(paths)
    levels: list[Level] = []
    findings: list[Finding] = []
    absent = np.unique(ids)
    if trees:
        report = verify_tree(survey(trees), ids, options=options)
        levels += [report.evidence or options.level] if len(report.checked_ids) else []
        gone = _ids_of(finding for finding in report.errors if finding.problem.fault == "missing")
        absent = np.union1d(gone, report.unchecked_ids)
        findings += [finding for finding in report.findings if finding.problem.fault != "missing"]
    if len(absent) and archives:
        found, absent = _evidence_of_archives(absent, archives, options=options)
        findings += found
        levels.append("full")
    missing = Problem("missing", "error", "the patch of an occurrence", "nothing")
    findings += [at_occurrence(missing, i, path=archive_of(i)) for i in absent.tolist()]
    return findings, min(levels, key=LEVELS.index, default=options.level)


def _evidence_of_archives(
    ids: NDArray[np.int64], archives: Sequence[str], *, options: VerifyOptions
) -> tuple[list[Finding], NDArray[np.int64]]:
    wanted = set(ids.tolist())
    findings: list[Finding] = []
    unverified: list[str] = []
    for archive in archives_for(archives, ids):
        record = recall_archive(archive, options)
        if record is None:
            unverified.append(archive)
            continue
        held = wanted & record.patches.keys()
        findings += [finding for i in held for finding in record.patches[i].findings]
        wanted -= held
    if unverified and wanted:
        named = " ".join(unverified[:_MAX_NAMED]) + (" ..." if len(unverified) > _MAX_NAMED else "")
        which = "1 archive has" if len(unverified) == 1 else f"{len(unverified)} archives have"
        raise BadInputError(
            f"{which} not been verified since the last change.", f"Run: glckit verify-patches {named}"
        )
    return findings, np.array(sorted(wanted), dtype=np.int64)


def _refusal(
    errors: Sequence[Finding], n_wanted: int, *, paths: Sequence[str | os.PathLike[str]]
) -> BadInputError:
    counts = ", ".join(f"{fault} {n}" for fault, n in _counts(errors).items())
    where = " ".join(os.fspath(path) for path in paths)
    return BadInputError(
        f"{len(_ids_of(errors))} of {n_wanted} occurrences have damaged patches: {counts}.",
        f"Mend them with: glckit verify-patches {where} --repair --archives DIR; "
        "or go without them: --on-damaged drop.",
    )


def _ids_of(findings: Iterable[Finding]) -> NDArray[np.int64]:
    ids = {finding.occurrence_id for finding in findings if finding.occurrence_id is not None}
    return np.array(sorted(ids), dtype=np.int64)


def _counts(findings: Iterable[Finding]) -> dict[str, int]:
    found = Counter(fault for fault, _ in {(f.problem.fault, f.occurrence_id) for f in findings})
    return {fault: found[fault] for fault in CLASSES if found[fault]}
