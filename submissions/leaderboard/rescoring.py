"""Scoring all submissions of a board again, from the runs that are kept: all at once, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from scoring.version import VERSION
from submissions.errors import CannotCheckError
from submissions.files import scratch_folder
from submissions.leaderboard.admitting import with_assessment
from submissions.leaderboard.assessment import Assessment, assess
from submissions.leaderboard.entries import WHOLE, Submission
from submissions.leaderboard.keeping import restored
from submissions.leaderboard.opening import Board
from submissions.leaderboard.standard import Standard, changes, standard_of
from submissions.printable import printable
from submissions.progress import SILENT, Progress


@dataclass(frozen=True)
class Rescored:
    """A submission before and after it was scored again."""

    before: Submission
    after: Submission

    @property
    def is_lost(self) -> bool:
        """Whether it has no scores now, and had some or could not be scored at all."""
        return not self.after.parts and (bool(self.before.parts) or self.after.status == "failed")


@dataclass(frozen=True)
class Rescoring:
    """What came of scoring a board again.

    Parameters
    ----------
    changed : str, optional
        What had changed since; None where nothing had.
    """

    changed: str | None
    submissions: tuple[Rescored, ...]


def rescore(board: Board, *, everything: bool = False, progress: Progress = SILENT) -> Rescoring:
    """Score again what was scored by another yardstick, and what failed; or everything.

    Nothing is written until all is scored. A run that is not kept, or is invalid now, loses its scores, and
    the signature of those is kept as of all that are replaced.

    Raises
    ------
    UsageError
        If the settings of the competition cannot be meant.
    CannotCheckError
        If the store, the truth, or a test, training or species file cannot be used.
    """
    standard = standard_of(board.competition, progress=progress)
    anew = _Anew(board, standard)
    present: Sequence[Submission] = board.store.submissions()
    told = changes(sorted({each.yardstick for each in present}), standard.key)
    while True:
        anew.score([each for each in present if everything or _is_due(each, standard)], progress=progress)
        with board.store.writing() as writer:
            present = writer.submissions()
            # Somebody whose command had begun before may have added more meanwhile.
            if any(each.number not in anew.packed for each in present if _is_due(each, standard)):
                continue
            done = [anew.rescored(each) for each in present if each.number in anew.packed]
            for each in done:
                writer.replace(each.after, anew.packed[each.after.number])
            return Rescoring(told, tuple(done))


@dataclass
class _Anew:
    """Submissions that were scored again, of which no more is held than a store keeps."""

    board: Board
    standard: Standard
    assessments: dict[int, Assessment] = field(default_factory=dict)
    packed: dict[int, bytes | None] = field(default_factory=dict)

    def score(self, submissions: Sequence[Submission], *, progress: Progress) -> None:
        """Score those that were not yet."""
        wanted = [each for each in submissions if each.number not in self.packed]
        with progress.bar("scoring", len(wanted)) as advance:
            for each in wanted:
                assessment = self._assessed(each)
                self.packed[each.number] = assessment.packed()
                self.assessments[each.number] = replace(assessment, evidence=None)
                advance(1)

    def rescored(self, before: Submission) -> Rescored:
        """Return a submission with its new scores; one that was withdrawn stays so."""
        after = replace(
            with_assessment(before, self.assessments[before.number]),
            yardstick=self.standard.key,
            version=VERSION,
            replaced=[*before.replaced, *([before.parts[WHOLE].signature] if before.parts else [])],
        )
        was_withdrawn = before.status == "withdrawn"
        return Rescored(before, replace(after, status="withdrawn") if was_withdrawn else after)

    def _assessed(self, submission: Submission) -> Assessment:
        kept = self.board.kept
        try:
            if not submission.kept:
                raise CannotCheckError("The run was not kept.")
            with scratch_folder(kept if kept.is_dir() else self.board.competition.folder) as folder:
                path = restored(submission.digest, kept, folder)
                return assess(str(path), self.standard, name=submission.run)
        except CannotCheckError as error:
            return Assessment("failed", reason=printable(str(error)))


def _is_due(submission: Submission, standard: Standard) -> bool:
    return submission.yardstick != standard.key or submission.reason is not None
