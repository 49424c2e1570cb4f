"""Reading, checking and scoring one run on a platform, and telling its participant what came of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np

from scoring.score import Scored
from scoring.version import VERSION
from submissions.errors import CannotCheckError
from submissions.faults import Example, Fault, FaultLog
from submissions.platforms.programs.plain import NotReadHere
from submissions.platforms.programs.reference import Reference
from submissions.printable import printable
from submissions.reading.forms import Headerless
from submissions.reading.runs import looks_like_a_run, read_any_text, run_of_table
from submissions.reading.sniff import PARQUET
from submissions.reading.sources import Source, Wanted, opened
from submissions.reading.text import TextTable
from submissions.requirements import Requirements
from submissions.run import Run
from submissions.scores import score_lists
from submissions.tables import Truth, TruthSets
from submissions.validation import check_lists

_AS_TEXT = "Send text: plain, .gz or .zip. This writes it: glckit convert RUN run.csv"


class RunRefused(Exception):  # noqa: N818 (participants see the name)
    """The run cannot be scored; the message names the rows and says what to do."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """What came of a run: all that is wrong with it and, if it is valid, its score."""

    run: Run
    faults: tuple[Fault, ...]
    scored: Scored | None

    def told(self) -> str:
        """Return what came of the run, in lines for its participant."""
        n = sum(fault.severity == "error" for fault in self.faults)
        verdict = (
            f"The run is NOT VALID: {n} kind{'s' if n > 1 else ''} of error." if n else "The run is valid."
        )
        return "\n".join([verdict, *(line for fault in self.faults for line in _lines_of(fault))])


def greeting() -> str:
    """Return what is said at once, so that a wait is never the only sign."""
    return f"glckit {VERSION} (NumPy {np.__version__}, Python {sys.version.split()[0]})"


def announced(reference: Reference, run_digest: str) -> str:
    """Return what is said before a run is read: by what it is scored, and which it is."""
    truth = reference.truth
    return f"truth {truth.digest}: {len(truth):,} occurrences\nrun SHA-256 {run_digest}"


def read_plain_run(path: str, reference: Reference) -> Run:
    """Read a run in text, compressed or not, as glckit does."""
    log = FaultLog(run=os.path.basename(path))  # noqa: PTH119 (a name, not a place)
    said = Headerless(form=reference.form)
    table = TextTable(readable=False)
    try:
        with opened(path, log, wanted=Wanted(partial(looks_like_a_run, said=said))) as source:
            table = _table(source, said, log)
    except NotReadHere as error:
        log.add("not-a-table", message=f"the run is {error}, which is not read here", fix=_AS_TEXT)
    except CannotCheckError:
        log.add("not-a-table", message="the file cannot be opened", fix=_AS_TEXT)
    return run_of_table(os.path.basename(path), table, log)  # noqa: PTH119


def judged(run: Run, reference: Reference) -> Verdict:
    """Check a run, and score it if it is valid."""
    faults = checked(run, reference.requirements)
    if any(fault.severity == "error" for fault in faults):
        return Verdict(run, faults, None)
    return Verdict(run, faults, scored_by(run, reference.truth, reference.requirements))


def checked(run: Run, requirements: Requirements) -> tuple[Fault, ...]:
    """Return all that is wrong with a run."""
    log = FaultLog(run.faults, run=run.path, year=run.year)
    if requirements.allow_missing:
        log.downgrade("missing-occurrence")
    if run.readable:
        check_lists(run, requirements, log)
    return tuple(map(_here, log.faults()))


def scored_by(run: Run, truth: Truth | TruthSets, requirements: Requirements) -> Scored:
    """Score a valid run by the metrics that are asked for."""
    scored = score_lists(run, truth, requirements.k)
    return replace(scored, truth_digest=truth.digest, metrics=requirements.metrics)


def faults_as_data(faults: tuple[Fault, ...]) -> list[object]:
    """Return faults as JSON has them."""
    return [asdict(fault) for fault in faults]


def _table(source: Source, said: Headerless, log: FaultLog) -> TextTable:
    if not log.faults() and source.head().startswith(PARQUET):
        log.add("not-a-table", message="the file is Parquet, which is not read here", fix=_AS_TEXT)
    if log.faults():
        return TextTable(readable=False)
    return read_any_text(source, said, log, None)


def _here(fault: Fault) -> Fault:
    """Leave out of a fix what only the command line has."""
    fix = fault.fix.replace("; --allow-missing makes it a warning", "").replace(", or raise --max-bytes", "")
    return replace(fault, fix=fix)


def _lines_of(fault: Fault) -> Iterator[str]:
    yield f"{fault.severity} {fault.code} ({fault.count:,}): {printable(fault.message)}"
    for example in fault.examples:
        yield f"    {_words_of(example)}"
    yield f"    -> {printable(fault.fix)}"


def _words_of(example: Example) -> str:
    parts = [
        ("line", example.line),
        ("occurrence", example.occurrence_id),
        ("species", example.species_id),
        ("found", None if example.found is None else repr(example.found)),
    ]
    return ", ".join(f"{name} {printable(value)}" for name, value in parts if value is not None)
