"""Taking runs in: each is scored, then stored whole in a transaction that sees all that was stored before."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from scoring.version import VERSION
from submissions.errors import CannotCheckError, GlckitError, UsageError
from submissions.leaderboard.assessment import Assessment, assess
from submissions.leaderboard.entries import Submission
from submissions.leaderboard.keeping import compressed, place, refuse_changed
from submissions.leaderboard.opening import Board
from submissions.leaderboard.ranking import n_valid_on_day
from submissions.leaderboard.standard import Standard, changes, standard_of
from submissions.metadata import file_digest, metadata_of
from submissions.naming import STDIN
from submissions.printable import printable
from submissions.progress import SILENT, Progress
from submissions.wording import counted

#: Characters of the name of a team or run.
MAX_NAME = 200


@dataclass(frozen=True)
class Handover:
    """Who hands in, and how.

    Parameters
    ----------
    team : str
        Whose run it is.
    submitted : datetime, optional
        When, in UTC; by default now.
    name : str, optional
        What the run is called; by default as its file.
    keep : bool
        Whether the file is kept, so that it can be scored again.
    """

    team: str
    submitted: datetime | None = None
    name: str | None = None
    keep: bool = True


@dataclass(frozen=True)
class Added:
    """What came of a run that was handed in.

    Parameters
    ----------
    run : str
        The file, as given.
    submission : Submission, optional
        What is stored of it.
    is_new : bool
        Whether it was stored now, and not before.
    refused : str, optional
        The rule that keeps it out.
    error : GlckitError, optional
        Why it could not be taken in.
    """

    run: str
    submission: Submission | None = None
    is_new: bool = False
    refused: str | None = None
    error: GlckitError | None = None

    @property
    def outcome(self) -> Literal["stored", "known", "refused", "unread"]:
        """What was done with it."""
        if self.submission is None:
            return "unread" if self.refused is None else "refused"
        return "stored" if self.is_new else "known"

    @property
    def verdict(self) -> Literal["good", "bad", "unknown"]:
        """What it is worth: the same however often it is added."""
        if self.submission is None:
            return "unknown" if self.refused is None else "bad"
        if self.submission.status == "failed":
            return "unknown"
        return "good" if self.submission.parts else "bad"


def add_runs(
    runs: Sequence[str], board: Board, handover: Handover, *, progress: Progress = SILENT
) -> list[Added]:
    """Score runs and store them, one by one; what is wrong with one does not keep out the others.

    Raises
    ------
    UsageError
        If a name is none, several runs get one name, or the board is stale.
    CannotCheckError
        If the store, the truth, or a test, training or species file cannot be used.
    """
    _check_handover(runs, handover)
    standard = standard_in_force(board, progress=progress)
    return [added(run, board, standard, handover, progress=progress) for run in runs]


def standard_in_force(board: Board, *, progress: Progress = SILENT) -> Standard:
    """Return what the runs of a board are scored against.

    Raises
    ------
    UsageError
        If those that were scored before were scored against something else.
    CannotCheckError
        If the truth, or a test, training or species file, cannot be used.
    """
    standard = standard_of(board.competition, progress=progress)
    _refuse_stale(board.store.yardsticks(), standard)
    return standard


def added(
    run: str, board: Board, standard: Standard, handover: Handover, *, progress: Progress = SILENT
) -> Added:
    """Score a run and store it; see `add_runs`."""
    handover = replace(handover, submitted=handover.submitted or datetime.now(UTC))
    assert handover.submitted is not None
    refused = board.competition.leaderboard.refusal(handover.submitted)
    if refused is not None:
        return Added(run, refused=refused)
    try:
        return _Taking(run, board, standard, handover).taken(progress=progress)
    except GlckitError as error:
        return Added(run, error=error)


def teams_alike(team: str, submissions: Iterable[Submission]) -> list[str]:
    """Return the other teams whose names differ from one in capitals or outer blanks alone, sorted."""
    teams = {each.team for each in submissions} - {team}
    return sorted(each for each in teams if _bare(each) == _bare(team))


def _bare(team: str) -> str:
    return team.strip().casefold()


def check_name(what: str, name: str) -> None:
    """Refuse the name of a team or run that cannot be shown as it is.

    Raises
    ------
    UsageError
        If it is empty, too long, or has characters that do not print.
    """
    wrong = (
        "is empty"
        if not name.strip()
        else f"has {len(name):,} characters, more than {MAX_NAME}"
        if len(name) > MAX_NAME
        else f"has characters that do not print: {printable(name)}"
        if not name.isprintable()
        else None
    )
    if wrong is not None:
        hint = "Give the run another with --name." if what == "run" else ""
        raise UsageError(f"The name of the {what} {wrong}.", hint)


def _check_handover(runs: Sequence[str], handover: Handover) -> None:
    check_name("team", handover.team)
    if handover.name is not None and len(runs) > 1:
        raise UsageError(f"--name names one run, not {len(runs)}.")
    for run in runs:
        if run == STDIN:
            raise UsageError("A run that is kept is a file, not standard input.", "Write it to a file first.")
        check_name("run", Path(run).name if handover.name is None else handover.name)


def _refuse_stale(former: Sequence[str], standard: Standard) -> None:
    stale = changes(former, standard.key)
    if stale is not None:
        raise UsageError(f"The board is stale: {stale}.", "Score it again first: glckit leaderboard rescore")


@dataclass(frozen=True)
class _Taking:
    """A run on its way into the store."""

    run: str
    board: Board
    standard: Standard
    handover: Handover

    @property
    def name(self) -> str:
        return Path(self.run).name if self.handover.name is None else self.handover.name

    def taken(self, *, progress: Progress) -> Added:
        digest = file_digest(self.run)
        known = _known(self.board.store.submissions(team=self.handover.team), digest)
        if known is not None and known.status != "failed":
            return Added(self.run, known)
        metadata = metadata_of(self.run, progress=progress)
        assessment = self._assessed(progress)
        assert self.handover.submitted is not None
        made = Submission(
            number=0,
            team=self.handover.team,
            run=self.name,
            submitted=self.handover.submitted,
            digest=digest,
            status=assessment.status,
            yardstick=self.standard.key,
            metadata=metadata,
            version=VERSION,
            kept=self.handover.keep,
        )
        with self._copy(digest) as copy:
            return self._stored(with_assessment(made, assessment), assessment.packed(), copy)

    def _assessed(self, progress: Progress) -> Assessment:
        """Return what the run is worth; where its scoring cannot end, that is what is stored."""
        try:
            return assess(self.run, self.standard, name=self.name, progress=progress)
        except CannotCheckError as error:
            folder = f"{Path(self.run).parent}{os.sep}"
            return Assessment("failed", reason=printable(str(error).replace(folder, "")))

    @contextlib.contextmanager
    def _copy(self, digest: str) -> Iterator[Path | None]:
        if self.handover.keep:
            with compressed(self.run, digest, self.board.kept) as copy:
                yield copy
        else:
            refuse_changed(self.run, digest)
            yield None

    def _stored(self, made: Submission, packed: bytes | None, copy: Path | None) -> Added:
        with self.board.store.writing() as writer:
            _refuse_stale(writer.yardsticks(), self.standard)
            own = writer.submissions(team=made.team)
            known = _known(own, made.digest)
            if known is not None and known.status != "failed":
                return Added(self.run, known)
            if known is not None:  # it is tried again, in its own place
                made = replace(made, number=known.number, submitted=known.submitted)
            refused = _over_quota(made, own, self.board.competition.leaderboard.runs_per_day)
            if refused is not None:
                return Added(self.run, refused=refused)
            if known is not None:
                writer.replace(made, packed)
            else:
                made = replace(made, number=writer.add(made, packed))
            if copy is not None:  # a kept run without an entry does no harm, an entry without its run might
                place(copy, self.board.kept)
        return Added(self.run, made, is_new=True)


def with_assessment(submission: Submission, assessment: Assessment) -> Submission:
    """Return a submission with what its run is worth."""
    names = ("status", "parts", "breakdown", "faults", "warnings", "reason")
    return replace(submission, **{name: getattr(assessment, name) for name in names})


def _known(own: Sequence[Submission], digest: str) -> Submission | None:
    return next((each for each in own if each.digest == digest), None)


def _over_quota(made: Submission, own: Sequence[Submission], runs_per_day: int | None) -> str | None:
    if runs_per_day is None or made.status != "valid":
        return None
    if n_valid_on_day(own, made.team, made.submitted) < runs_per_day:
        return None
    day = made.submitted.date().isoformat()
    return (
        f"{printable(made.team)} has {counted(runs_per_day, 'valid run')} on {day}, which is all it may have"
    )
