"""What both kinds of run are asked about their occurrences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from submissions.faults import MAX_EXAMPLES, Example, FaultLog
from submissions.ordering import distinct, is_among
from submissions.requirements import Requirements


def note_missing(present: NDArray[np.integer], test_ids: NDArray[np.integer], log: FaultLog) -> None:
    """Note the test occurrences that a run does not have."""
    missing = test_ids[~is_among(test_ids, np.sort(present))]
    if len(missing):
        examples = [Example(occurrence_id=int(occurrence)) for occurrence in missing[:MAX_EXAMPLES]]
        message = f"test occurrences without a row, of {len(test_ids):,}"
        log.add("missing-occurrence", *examples, message=message, count=len(missing))


def note_lengths(
    lengths: NDArray[np.integer],
    requirements: Requirements,
    log: FaultLog,
    examples_of: Callable[[NDArray[np.intp], int], list[Example]],
    *,
    what: str = "rows",
) -> None:
    """Note lists that are too long, by the examples of these lists for a limit, and that all are short."""
    limit = requirements.max_rows
    if limit is not None and (lengths > limit).any():
        too_long = np.flatnonzero(lengths > limit)
        message = f"occurrences with more {what} than allowed ({limit})"
        log.add("too-many-rows", *examples_of(too_long, limit), message=message, count=len(too_long))
    if lengths.max() <= requirements.k:
        message = f"the longest list has {lengths.max()} of K = {requirements.k} species"
        log.add("short-lists", message=message)


def why_unknown(unknown: NDArray[np.integer], train_ids: NDArray[np.integer] | None) -> str:
    """Say what occurrences are that are in no test file."""
    n_unknown = len(distinct(unknown))
    message = f"rows of occurrences that are not to be predicted ({n_unknown:,} occurrences)"
    if train_ids is None:
        return message
    n_train = len(distinct(unknown[is_among(unknown, train_ids)]))
    return f"{message}, {n_train:,} of them training occurrences"
