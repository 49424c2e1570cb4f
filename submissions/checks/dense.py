"""The checks of a run given as a matrix."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from submissions.checks.occurrences import note_missing, why_unknown
from submissions.faults import MAX_EXAMPLES, Example, FaultLog
from submissions.ordering import is_among
from submissions.requirements import Requirements
from submissions.run import DenseRun

_BLOCK_BYTES = 1 << 20


def check(run: DenseRun, requirements: Requirements, log: FaultLog) -> None:
    """Note everything that is wrong with a matrix of scores."""
    lengths = _check_scores(run, requirements, log)
    _check_ids(run, lengths, requirements, log)


def _check_ids(
    run: DenseRun, lengths: NDArray[np.integer], requirements: Requirements, log: FaultLog
) -> None:
    for ids, name in ((run.occurrence_ids, "occurrence_id"), (run.species_ids, "species_id")):
        order = np.argsort(ids, kind="stable")
        later = np.sort(order[1:][ids[order[1:]] == ids[order[:-1]]])
        _note(log, "duplicate", name, ids[later], f"repeated {name} beside the matrix")
    if requirements.test_ids is not None:
        unknown = run.occurrence_ids[~is_among(run.occurrence_ids, requirements.test_ids)]
        message = why_unknown(unknown, requirements.train_ids)
        _note(log, "unknown-occurrence", "occurrence_id", unknown, message)
        note_missing(run.occurrence_ids[lengths > 0], requirements.test_ids, log)
    if requirements.species_ids is not None:
        unknown = run.species_ids[~is_among(run.species_ids, requirements.species_ids)]
        _note(log, "unknown-species", "species_id", unknown, "species that are not in the species table")


def _note(log: FaultLog, code: str, name: str, ids: NDArray[np.integer], message: str) -> None:
    if len(ids):
        shown = [int(each) for each in ids[:MAX_EXAMPLES]]
        of_rows = name == "occurrence_id"
        examples = [Example(occurrence_id=i) if of_rows else Example(species_id=i) for i in shown]
        log.add(code, *examples, message=message, count=len(ids))


@dataclass
class _Seen:
    """What the blocks of a matrix hold, added up."""

    lowest: float = math.inf
    highest: float = -math.inf
    n_outside: int = 0
    lengths: list[NDArray[np.integer]] = field(default_factory=list)


def _check_scores(run: DenseRun, requirements: Requirements, log: FaultLog) -> NDArray[np.integer]:
    """Check the scores and return how many each row has."""
    seen = _Seen()
    step = max(1, _BLOCK_BYTES // max(run.scores.strides[0], 1))
    for first in range(0, len(run.scores), step):
        _see(run, first, run.scores[first : first + step], seen, log)
    if seen.n_outside:
        message = f"scores outside [0, 1], from {seen.lowest} to {seen.highest}"
        log.add("score-range", message=message, count=seen.n_outside)
    lengths = np.concatenate(seen.lengths)
    if not lengths.any():
        log.add("no-rows", message="a matrix without a score")
        return lengths
    if seen.lowest == seen.highest and lengths.sum() > 1:
        log.add("constant-scores", message=f"every score is {seen.lowest}")
    _check_lengths(run, lengths, requirements, log)
    return lengths


def _see(run: DenseRun, first: int, block: NDArray[np.floating], seen: _Seen, log: FaultLog) -> None:
    low, high = float(block.min()), float(block.max())
    lengths = np.full(len(block), block.shape[1])
    if not (math.isfinite(low) and math.isfinite(high)):
        _note_bad_scores(run, first, block, log)
        lengths = np.count_nonzero(~np.isneginf(block), axis=1)
        finite = block[np.isfinite(block)]
        low, high = float(finite.min(initial=np.inf)), float(finite.max(initial=-np.inf))
    seen.lowest, seen.highest = min(seen.lowest, low), max(seen.highest, high)
    seen.lengths.append(lengths)
    if low < 0 or high > 1:
        seen.n_outside += int(np.count_nonzero(np.isfinite(block) & ((block < 0) | (block > 1))))


def _note_bad_scores(run: DenseRun, first: int, block: NDArray[np.floating], log: FaultLog) -> None:
    rows, columns = np.nonzero(np.isnan(block) | np.isposinf(block))
    if len(rows):
        examples = [
            Example(
                occurrence_id=int(run.occurrence_ids[first + row]),
                species_id=int(run.species_ids[column]),
                found=str(block[row, column]),
            )
            for row, column in zip(rows[:MAX_EXAMPLES], columns[:MAX_EXAMPLES], strict=True)
        ]
        log.add("bad-score", *examples, message="probability that is not finite", count=len(rows))


def _check_lengths(
    run: DenseRun, lengths: NDArray[np.integer], requirements: Requirements, log: FaultLog
) -> None:
    limit = requirements.max_rows
    if limit is not None and (lengths > limit).any():
        rows = np.flatnonzero(lengths > limit)
        examples = [
            Example(occurrence_id=int(run.occurrence_ids[row]), found=f"{lengths[row]} scores")
            for row in rows[:MAX_EXAMPLES]
        ]
        message = f"occurrences with more scores than allowed ({limit})"
        log.add("too-many-rows", *examples, message=message, count=len(rows))
    if lengths.max() <= requirements.k:
        message = f"the longest list has {lengths.max()} species, and K is {requirements.k}"
        log.add("short-lists", message=message)
