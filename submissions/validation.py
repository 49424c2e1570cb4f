"""Finding everything that is wrong with a run, in one go."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scoring.adaptive import budget_of, threshold_of
from scoring.dense import score_dense
from submissions.checks import dense
from submissions.checks.sparse import check as check_pairs
from submissions.checks.sparse import check_whole
from submissions.errors import BadInputError
from submissions.faults import CUT_CODES, DERIVED_CODES, Fault, FaultLog, in_words
from submissions.printable import printable
from submissions.requirements import Requirements
from submissions.run import DenseRun, Run
from submissions.species import with_hints

if TYPE_CHECKING:
    import pandas as pd

# A warning is due when more of the budget than this is lost.
_LOST_SHARE = 0.01


@dataclass(frozen=True)
class Validation:
    """What is wrong with a run.

    Parameters
    ----------
    run : str
        The run, as given.
    faults : tuple of Fault
        Errors first.
    skipped : tuple of str
        Codes of the checks that could not be made; ``training-occurrence`` is telling whether an
        unknown occurrence is one of the training files.
    why_skipped : mapping of str to str
        Why, for those that were not skipped for want of a file.
    missing_ids : ndarray of int, optional
        All test occurrences that the run does not have, ascending; None where nobody knows.
    """

    run: str
    faults: tuple[Fault, ...]
    skipped: tuple[str, ...]
    why_skipped: Mapping[str, str] = field(default_factory=dict)
    missing_ids: NDArray[np.integer] | None = field(default=None, compare=False, repr=False)

    @property
    def valid(self) -> bool:
        """Whether there are no errors."""
        return not self.errors

    @property
    def errors(self) -> tuple[Fault, ...]:
        """Faults that make the run invalid."""
        return tuple(fault for fault in self.faults if fault.severity == "error")

    @property
    def warnings(self) -> tuple[Fault, ...]:
        """Faults that do not."""
        return tuple(fault for fault in self.faults if fault.severity == "warning")

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame with a row for each fault."""
        import pandas as pd

        return pd.DataFrame(list(self.faults), columns=["code", "severity", "count", "message", "fix"])


class InvalidRunError(BadInputError):
    """A run with errors was to be scored; `validation` says what they are."""

    def __init__(self, validation: Validation, hint: str = "") -> None:
        details = "; ".join(f"{fault.code}: {in_words(fault)}" for fault in validation.errors)
        super().__init__(f"{printable(validation.run)} is not a valid run: {details}.", hint)
        self.validation = validation


def validate(run: Run | DenseRun, requirements: Requirements | None = None) -> Validation:
    """Check a run against some requirements; by default against nothing but itself."""
    requirements = requirements or Requirements()
    checked = check(run, requirements)
    # No scores, too few of them, or some that cannot be ordered.
    cannot = not run.readable or "budget-lost" in checked.why_skipped
    if cannot or (isinstance(run, DenseRun) and not checked.valid) or not requirements.compares_scores:
        return checked
    ids = run.occurrence_ids if requirements.test_ids is None else requirements.test_ids
    return with_budget(checked, _unused(run, requirements.k, len(ids)), budget_of(requirements.k, len(ids)))


def check(run: Run | DenseRun, requirements: Requirements) -> Validation:
    """Make all checks but that of the lost budget, which scoring answers on its way."""
    year = run.year if isinstance(run, Run) else None
    log = FaultLog(run.faults, run=run.path, year=year, max_examples=requirements.max_examples)
    if requirements.allow_missing:
        log.downgrade("missing-occurrence")
    missing: NDArray[np.integer] | None = None
    why: Mapping[str, str] = {}
    if isinstance(run, DenseRun):
        missing = dense.check(run, requirements, log)
    elif run.readable:
        missing, why = check_lists(run, requirements, log)
    skipped = dict.fromkeys((*requirements.skipped, *why))
    return Validation(run.path, with_hints(log.faults(), requirements.names), tuple(skipped), why, missing)


def check_lists(
    run: Run, requirements: Requirements, log: FaultLog
) -> tuple[NDArray[np.integer] | None, Mapping[str, str]]:
    """Check pairs; return the missing test occurrences, and by code why something could not be told."""
    check_pairs(run, requirements, log)
    why = _why_not_concluded(run)
    if "missing-occurrence" in why:
        return None, why
    return check_whole(run, requirements, log, without=why), why


def _why_not_concluded(run: Run) -> dict[str, str]:
    """Say why what all pairs of a run together show cannot be told, by code."""
    if CUT_CODES & {fault.code for fault in run.faults}:
        return dict.fromkeys(DERIVED_CODES, "only the beginning of the file could be read")
    reason = f"{run.n_unread:,} of {run.n_unread + run.n_pairs:,} rows could not be read"
    if run.n_unread > run.n_pairs:
        return dict.fromkeys(DERIVED_CODES, reason)
    why = {} if run.is_whole else {"constant-scores": reason}
    if run.n_unplaced and run.pairs.ranks is not None:
        why["rank-order"] = reason
    return why


def with_budget(validation: Validation, unused: int, budget: int) -> Validation:
    """Add the warning `budget-lost` if it is due: `unused` is what the pairs above the threshold leave."""
    if unused <= _LOST_SHARE * budget:
        return validation
    log = FaultLog(validation.faults, max_examples=sys.maxsize)
    share = unused / budget
    log.add(
        "budget-lost", message=f"{unused:,} of {budget:,} places ({share:.1%}) stay unused at the threshold"
    )
    return replace(validation, faults=log.faults())


def _unused(run: Run | DenseRun, k: int, n_occurrences: int) -> int:
    if isinstance(run, DenseRun):
        rows = np.full(n_occurrences, -1)
        rows[: len(run.occurrence_ids)] = np.arange(len(run.occurrence_ids))[:n_occurrences]
        return score_dense(run.scores, np.full(n_occurrences, -1), k=k, rows=rows).unused_budget
    budget = budget_of(k, n_occurrences)
    threshold = threshold_of(run.pairs.scores, budget)
    return budget - int(np.count_nonzero(run.pairs.scores > threshold))
