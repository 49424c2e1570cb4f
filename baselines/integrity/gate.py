"""The gate: which patches a baseline may train on or predict from, on what evidence."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from baselines.covariates.patches.archive import ArchiveSource
from baselines.covariates.patches.errors import DamagedArchiveError
from baselines.covariates.patches.finding import archives_for, find_archives, find_roots, no_patches
from baselines.covariates.patches.sources import Paths
from baselines.integrity.archives.memory import opened_memory, recall_archive
from baselines.integrity.findings import CLASSES, LEVELS, Finding, Level
from baselines.integrity.memory.state import default_state_path
from baselines.integrity.options import VerifyOptions
from baselines.integrity.places import nowhere
from baselines.integrity.thresholds import Thresholds
from baselines.integrity.trees.survey import survey
from baselines.integrity.trees.verification import ids_of, verify_tree
from baselines.request import OnDamaged
from scoring.byvalue import ByValue
from submissions.arguments import the_ids, the_paths, the_word
from submissions.errors import BadInputError, CannotCheckError

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


@dataclass(frozen=True, eq=False, repr=False)
class Admission(ByValue):
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
    troubles : tuple of str
        Why earlier checks are not known, or these not remembered, if that is so.
    """

    ids: NDArray[np.int64]
    left_out: NDArray[np.int64]
    level: Level
    n_damaged: int
    counts: dict[str, int]
    on_damaged: OnDamaged
    troubles: tuple[str, ...] = ()

    def __repr__(self) -> str:
        shown = f"n_admitted={len(self.ids)}, n_left_out={len(self.left_out)}, n_damaged={self.n_damaged}"
        return f"Admission({shown}, level={self.level!r}, on_damaged={self.on_damaged!r})"

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
    paths: Paths,
    *,
    on_damaged: OnDamaged = "refuse",
    patch_size: int | None = None,
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
    paths : path-like or sequence of path-like
        Where, as given to `baselines.covariates.patches.sources.open_patches`.
    on_damaged : {"refuse", "drop", "ignore"}
        refuse: stop if one is damaged. drop: leave the damaged ones out. ignore: use what is wrong but
        readable, and leave out what cannot be read.
    patch_size : int, optional
        Side of the patches in pixels; by default what the ``competition.toml`` in or above the folder of the
        patches says, or 256.
    state : path-like, optional
        File of earlier checks; by default the one in the user's cache.
    thresholds : Thresholds, optional
        Those that the earlier checks went by; by default those of the same ``competition.toml``, or the
        usual ones.

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
    UsageError
        If something is given that cannot be meant.

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
    the_word(on_damaged, get_args(OnDamaged), what="on_damaged")
    named = the_paths(paths, "Patches are paths of folders or archives")
    the_ids(ids, "The occurrences are ids as whole numbers", hint="Of a data frame, give the column of ids.")
    wanted = np.asarray(ids, dtype=np.int64)
    ids_of(wanted)  # which refuses what cannot be an id of a patch
    memory = default_state_path() if state is None else state
    options = VerifyOptions("quick", patch_size, thresholds, state=memory).settled(named)
    evidence = _evidence(wanted, named, options=options)
    errors = [finding for finding in evidence.findings if finding.problem.is_error]
    if errors and on_damaged == "refuse":
        raise _refusal(errors, len(wanted), paths=named)
    left_out = _ids_of(errors if on_damaged == "drop" else _not_readable(errors, evidence.archives))
    admitted = wanted[~np.isin(wanted, left_out)]
    if len(wanted) and not len(admitted):
        raise _refusal(errors, len(wanted), paths=named)
    n_damaged, troubles = len(_ids_of(errors)), tuple(dict.fromkeys(evidence.troubles))
    return Admission(
        admitted, left_out, evidence.level, n_damaged, _counts(errors), on_damaged, troubles=troubles
    )


@dataclass
class _Evidence:
    """What is wrong with the patches, and the levels of the checks that this rests on."""

    archives: Sequence[str]
    findings: list[Finding] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    @property
    def level(self) -> Level:
        return min(self.levels, key=LEVELS.index, default="quick")


def _evidence(
    ids: NDArray[np.int64], paths: Sequence[str | os.PathLike[str]], *, options: VerifyOptions
) -> _Evidence:
    trees = [path for path in paths if find_roots(path)]
    found = _Evidence([archive for path in paths for archive in find_archives(path)])
    if not trees and not found.archives:
        raise no_patches(paths)
    absent = np.unique(ids)
    if trees:
        report = verify_tree(survey(trees), ids, options=options)
        found.levels += [report.evidence or options.level] if len(report.checked_ids) else []
        found.troubles += report.troubles
        gone = _ids_of(finding for finding in report.errors if finding.problem.fault == "missing")
        absent = np.union1d(gone, report.unchecked_ids)
        found.findings += [finding for finding in report.findings if finding.problem.fault != "missing"]
    if len(absent) and found.archives:
        absent = _look_into_archives(absent, found, options=options)
        found.levels.append("full")
    found.findings += nowhere(absent.tolist())
    return found


def _look_into_archives(
    ids: NDArray[np.int64], found: _Evidence, *, options: VerifyOptions
) -> NDArray[np.int64]:
    """Add what is known of occurrences in archives; return those that are in none."""
    wanted = set(ids.tolist())
    unverified: list[str] = []
    with contextlib.closing(opened_memory(options)) as memory:
        for archive in archives_for(found.archives, ids):
            record = recall_archive(archive, memory)
            if record is None:
                unverified.append(archive)
                continue
            held = wanted & record.patches.keys()
            found.findings += [finding for i in held for finding in record.patches[i].findings]
            wanted -= held
    found.troubles += [memory.trouble] if memory.trouble else []
    if unverified and wanted:
        raise _unverified(unverified, trouble=memory.trouble)
    return np.array(sorted(wanted), dtype=np.int64)


def _unverified(archives: Sequence[str], *, trouble: str) -> BadInputError:
    named = " ".join(archives[:_MAX_NAMED]) + (" ..." if len(archives) > _MAX_NAMED else "")
    which = "1 archive has" if len(archives) == 1 else f"{len(archives)} archives have"
    return BadInputError(
        f"{which} not been verified since the last change.",
        # Where nothing is remembered, to verify again would lead back to here.
        f"{trouble} Then run: glckit verify-patches {named}"
        if trouble
        else f"Run: glckit verify-patches {named}",
    )


def _not_readable(errors: Sequence[Finding], archives: Sequence[str]) -> list[Finding]:
    """Return the errors for which a patch cannot be read; of an archive as a whole, its reader decides."""
    members = tuple(f"{archive}: " for archive in archives)
    closed = {path for path in {f.path for f in errors}.intersection(archives) if not _opens(path)}
    return [
        finding
        for finding in errors
        if finding.problem.fault in _NOT_READABLE
        or finding.path in closed
        or (finding.problem.fault == "checksum" and finding.path.startswith(members))
    ]


def _opens(archive: str) -> bool:
    try:
        ArchiveSource(archive).close()
    except (DamagedArchiveError, CannotCheckError):
        return False
    return True


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
