"""What a verification is asked: one object, from the command line down to the check of one file."""

from __future__ import annotations

import os
from dataclasses import dataclass

from baselines.covariates.patches.npyheader import PATCH_SIZE
from baselines.integrity.findings import Level
from baselines.integrity.thresholds import DEFAULT_THRESHOLDS, Thresholds
from submissions.errors import UsageError

_PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class VerifyOptions:
    """How patches are verified, and what is done about them.

    Parameters
    ----------
    level : {"quick", "full", "deep"}
        quick: names, types, sizes and headers. full: one read of every byte. deep: also compares
        patches with one another. Archives are read to their last byte whatever it is.
    patch_size : int, default 256
        Side of the patches in pixels; never inferred from a file.
    thresholds : Thresholds
        Limits of the content checks.
    subset : tuple of (int, int), optional
        The I-th of N parts of the extracted patches, from 1, so that N machines share the work.
    sample : int, optional
        About how many occurrences to draw, spread over the archives.
    max_duration : float, optional
        Seconds after which no new portion is begun.
    jobs : int or None, default 1
        Processes; None leaves it to ``joblib.parallel_config``.
    state : path-like, optional
        File that remembers what checks showed; None checks everything anew and remembers nothing.
    no_cache : bool, default False
        Whether every file is read again; what that shows is remembered all the same.
    manifest : path-like, optional
        Checksums to hold the files against.
    make_manifest : path-like, optional
        Where to write checksums of the files, if all are whole; then every file is read again, but what
        is remembered of damage counts.
    archives : path-like, optional
        Folder of archives to hold extracted files against or, with `repair`, to mend them from.
    repair : bool, default False
        Whether what is damaged or missing is taken again from `archives`.
    """

    level: Level = "full"
    patch_size: int = PATCH_SIZE
    thresholds: Thresholds = DEFAULT_THRESHOLDS
    subset: tuple[int, int] | None = None
    sample: int | None = None
    max_duration: float | None = None
    jobs: int | None = 1
    state: _PathLike | None = None
    no_cache: bool = False
    manifest: _PathLike | None = None
    make_manifest: _PathLike | None = None
    archives: _PathLike | None = None
    repair: bool = False

    @property
    def is_partial(self) -> bool:
        """Whether a part or a sample is asked for."""
        return self.subset is not None or self.sample is not None

    def refuse_contradictions(self, *, has_trees: bool) -> None:
        """Refuse options that cannot be meant together.

        Raises UsageError if there are such.
        """
        if self.repair and not has_trees:
            raise UsageError("--repair mends extracted patches.", "Name their folder.")
        if self.repair and self.archives is None:
            raise UsageError(
                "It is not said what to mend from.", "Name the folder of archives with --archives."
            )
        if self.manifest is not None and self.archives is not None and not self.repair:
            raise UsageError(
                "--manifest and --archives both say what the files must be.", "Give one of them."
            )
        if not has_trees and (self.is_partial or self.manifest is not None):
            raise UsageError(
                "Archives are read whole, and prove themselves.",
                "Leave out --subset, --sample and --manifest, or name extracted patches.",
            )
        if self.make_manifest is not None and self.level == "quick":
            raise UsageError("A manifest needs every byte.", "Use --level full with --make-manifest.")
        if self.subset is not None and not 1 <= self.subset[0] <= self.subset[1]:
            raise UsageError(
                f"There is no part {self.subset[0]} of {self.subset[1]}.", "Give I/N with I from 1 to N."
            )
