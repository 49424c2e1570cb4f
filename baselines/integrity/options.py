"""What a verification is asked: one object, from the command line down to the check of one file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from baselines.covariates.patches.npyheader import PATCH_SIZE
from baselines.integrity.findings import LEVELS, Level
from baselines.integrity.thresholds import DEFAULT_THRESHOLDS, Thresholds
from submissions.arguments import the_word
from submissions.competition.files import settings_above
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
    patch_size : int, optional
        Side of the patches in pixels, never inferred from a file; by default what the ``competition.toml``
        in or above the folder of the patches says, or 256.
    thresholds : Thresholds, optional
        Limits of the content checks; by default those of the same ``competition.toml``, or the usual ones.
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
        Whether every file is read again. What that shows is remembered all the same, and what is remembered
        of damage counts where this check could not clear it.
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
    patch_size: int | None = None
    thresholds: Thresholds | None = None
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

    def __post_init__(self) -> None:
        the_word(self.level, LEVELS, what="level")
        if self.thresholds is not None and not isinstance(self.thresholds, Thresholds):
            raise UsageError("The thresholds are none.", "Make them with Thresholds(...).")

    @property
    def side(self) -> int:
        """Side of the patches in pixels: as given, or 256."""
        return self.patch_size or PATCH_SIZE

    @property
    def limits(self) -> Thresholds:
        """Limits of the content checks: as given, or the usual ones."""
        return self.thresholds or DEFAULT_THRESHOLDS

    def settled(self, paths: Iterable[_PathLike]) -> VerifyOptions:
        """Return the options with what the configuration above some paths says where they say nothing."""
        if self.patch_size is not None and self.thresholds is not None:
            return self
        found = settings_above(map(Path, paths))
        return replace(
            self,
            patch_size=self.patch_size or found.data.patch_size,
            thresholds=self.thresholds or Thresholds.from_mapping(found.verify),
        )

    @property
    def is_partial(self) -> bool:
        """Whether a part or a sample is asked for."""
        return self.subset is not None or self.sample is not None

    def time_is_up(self, n_left: int, n_all: int, *, what: str) -> Iterator[str]:
        """Say that folders or archives were left for want of time, if any were."""
        if n_left:
            some = f"{n_left:,} of {n_all:,} {what} were not reached"
            rest = "nothing was checked" if n_left == n_all else some
            yield f"The time was up (--max-duration {self.max_duration:g}): {rest}."

    def refuse_contradictions(self, *, has_trees: bool) -> None:
        """Refuse options that cannot be meant together.

        Raises UsageError if there are such.
        """
        if self.repair and not has_trees:
            raise UsageError("--repair mends extracted patches.", "Name their folder.")
        if self.repair and self.archives is None:
            raise UsageError(
                "It is not said what to mend from, and there is no folder of archives beside the patches.",
                "Name the folder of the archives: --repair --archives DIR.",
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
