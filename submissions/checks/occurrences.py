"""What both kinds of run are asked about their occurrences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from submissions.faults import Example, FaultLog
from submissions.ordering import distinct, is_among
from submissions.requirements import Requirements
from submissions.staleness import BY_CHANCE, agrees_by_chance
from submissions.wording import counted


def note_missing(
    present: NDArray[np.integer], test_ids: NDArray[np.integer], log: FaultLog
) -> NDArray[np.integer]:
    """Note the test occurrences that a run does not have, and return them."""
    missing = test_ids[~is_among(test_ids, np.sort(present))]
    if len(missing):
        examples = [Example(occurrence_id=int(occurrence)) for occurrence in missing[: log.max_examples]]
        message = f"test occurrences without a row, of {len(test_ids):,}"
        log.add("missing-occurrence", *examples, message=message, count=len(missing))
    return missing


def note_short_lists(lengths: NDArray[np.integer], k: int, log: FaultLog, *, hidden: int = 0) -> None:
    """Note that no list is longer than K, even with the pairs of all rows that could not be read."""
    if lengths.max() + hidden <= k:
        log.add("short-lists", message=f"the longest list has {lengths.max()} of K = {k} species")


def note_equal_scores(lowest: float, highest: float, n_scores: int, log: FaultLog) -> None:
    """Note that all scores are the same."""
    if lowest == highest and n_scores > 1:
        log.add("constant-scores", message=f"every score is {lowest}")


def why_unknown(
    run_ids: NDArray[np.integer], unknown: NDArray[np.integer], requirements: Requirements
) -> str:
    """Say what the occurrences of a run are that are in no test file."""
    test_ids, train_ids = requirements.test_ids, requirements.train_ids
    n_unknown = counted(len(distinct(unknown)), "occurrence")
    message = f"rows of occurrences that are not to be predicted ({n_unknown})"
    if train_ids is not None:
        n_train = len(distinct(unknown[is_among(unknown, train_ids)]))
        message += f", {n_train:,} of them training occurrences"
    if test_ids is not None and agrees_by_chance(run_ids, test_ids):
        message += f"; {BY_CHANCE}"
    return message
