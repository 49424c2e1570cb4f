"""Which occurrences may be used: those whose patches are whole, less those that are to be left out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.reading import PatchSource
from baselines.covariates.patches.sources import ManySources, open_patches, open_trees
from baselines.integrity.gate import admit
from baselines.integrity.thresholds import Thresholds
from baselines.request import OnDamaged
from submissions.errors import CannotCheckError, UsageError
from submissions.opening import open_file
from submissions.printable import printable
from submissions.progress import SILENT, Progress

Path = str | os.PathLike[str]


@dataclass(frozen=True)
class Admissible:
    """Occurrences, where their patches are, and which of them may be used.

    Parameters
    ----------
    tables : sequence of path-like
        Occurrence files.
    patches : sequence of path-like
        Folders and archives of patches.
    excluded : ndarray of int64
        Occurrences to leave out whatever their patches are.
    checks : path-like, optional
        File of earlier verifications; the one of ``verify-patches`` by default.
    thresholds : Thresholds
        Those of the verifications; what others have found does not count.
    """

    tables: Sequence[Path]
    patches: Sequence[Path]
    on_damaged: OnDamaged = "refuse"
    excluded: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    checks: Path | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)

    @property
    def ignores_damage(self) -> bool:
        """Whether patches that are wrong but readable are used as they are."""
        return self.on_damaged == "ignore"

    def open(self, ids: NDArray[np.int64]) -> PatchSource:
        """Open the patches of some occurrences; each process does so for itself.

        Archives are only looked into for what is not extracted: a scan of them takes long. Folders that
        cannot be listed hold none of these: whoever admitted them has seen to that.
        """
        trees = open_trees(self.patches)
        absent = ids[~np.isin(ids, np.concatenate([ids[:0], *(tree.listable_ids() for tree in trees)]))]
        if len(absent) or not trees:
            return open_patches(list(self.patches), ids=absent)
        return ManySources(trees)


@dataclass(frozen=True)
class Admitted:
    """The occurrences that may be used.

    Parameters
    ----------
    ids : ndarray of int64 of shape (n,)
        Those, in the order given.
    verification : mapping
        The evidence, for the metadata.
    left_out : mapping of str to int
        How many are not used, by reason.
    """

    ids: NDArray[np.int64]
    verification: Mapping[str, Any]
    left_out: Mapping[str, int]


def read_id_list(path: Path) -> NDArray[np.int64]:
    """Read occurrence ids, one per line, as ``verify-patches --ids`` writes them; empty lines are skipped.

    Raises
    ------
    CannotCheckError
        If the file cannot be read, or a line is no id.
    """
    try:
        with open_file(path) as file:
            lines = file.read().decode().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise CannotCheckError(f"Cannot read the list of ids {printable(path)}: {why}.") from error
    wrong = [number for number, line in enumerate(lines, 1) if line.strip() and not _is_id(line)]
    if wrong:
        raise CannotCheckError(
            f"Line {wrong[0]} of {printable(path)} is no occurrence id: {lines[wrong[0] - 1]!r}.",
            "Write one id per line.",
        )
    return np.array([int(line) for line in lines if line.strip()], dtype=np.int64)


def _is_id(line: str) -> bool:
    digits = line.strip()
    return digits.isascii() and digits.isdigit() and len(digits) < 19


def admitted(
    ids: NDArray[np.int64], files: Admissible, *, patch_size: int, progress: Progress = SILENT
) -> Admitted:
    """Decide which of some occurrences to use; say so where earlier checks are not known.

    Raises
    ------
    BadInputError
        If patches are damaged and ``on_damaged`` is ``"refuse"``, or archives are not verified.
    UsageError
        If all are excluded.
    CannotCheckError
        If there are no patches, or they cannot be read.
    """
    kept = ids[~np.isin(ids, files.excluded)]
    if len(ids) and not len(kept):
        raise UsageError(f"All {len(ids):,} occurrences are excluded.", "Shorten the list of --exclude.")
    admission = admit(
        kept,
        files.patches,
        on_damaged=files.on_damaged,
        patch_size=patch_size,
        state=files.checks,
        thresholds=files.thresholds,
    )
    for trouble in admission.troubles:
        progress.say(trouble)
    counts = {"excluded": len(ids) - len(kept), "damaged patches": len(admission.left_out)}
    left_out = {reason: count for reason, count in counts.items() if count}
    return Admitted(admission.ids, admission.to_metadata(), left_out)
