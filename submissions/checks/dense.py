"""The checks of a run given as a matrix."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from submissions.checks.occurrences import note_equal_scores, note_missing, note_short_lists, why_unknown
from submissions.faults import Example, FaultLog
from submissions.ordering import is_among, repeats
from submissions.requirements import Requirements
from submissions.run import DenseRun

_BLOCK_BYTES = 1 << 20


def check(run: DenseRun, requirements: Requirements, log: FaultLog) -> NDArray[np.integer] | None:
    """Note everything that is wrong with a matrix of scores, and return the missing test occurrences.

    A limit of rows is none of a matrix, which has a score for every species.
    """
    lengths = _check_scores(run, requirements, log)
    for ids, name in ((run.occurrence_ids, "occurrence_id"), (run.species_ids, "species_id")):
        fix = f"Give each {name} one {'row' if name == 'occurrence_id' else 'column'} of the matrix."
        _note(log, "duplicate", name, ids[repeats(ids)], f"doubled {name} beside the matrix", fix=fix)
    missing = None
    if requirements.test_ids is not None:
        unknown = run.occurrence_ids[~is_among(run.occurrence_ids, requirements.test_ids)]
        message = why_unknown(run.occurrence_ids, unknown, requirements)
        _note(log, "unknown-occurrence", "occurrence_id", unknown, message)
        missing = note_missing(run.occurrence_ids[lengths > 0], requirements.test_ids, log)
    if requirements.species_ids is not None:
        unknown = run.species_ids[~is_among(run.species_ids, requirements.species_ids)]
        _note(log, "unknown-species", "species_id", unknown, "species in no table")
    return missing


def _note(
    log: FaultLog, code: str, name: str, ids: NDArray[np.integer], message: str, fix: str | None = None
) -> None:
    if len(ids):
        examples = [replace(Example(), **{name: each}) for each in ids[: log.max_examples].tolist()]
        log.add(code, *examples, message=message, count=len(ids), fix=fix)


def _check_scores(run: DenseRun, requirements: Requirements, log: FaultLog) -> NDArray[np.integer]:
    """Check the scores and return how many each row has."""
    n_species = run.scores.shape[1]  # a tensor knows no strides
    step = max(1, _BLOCK_BYTES // max(n_species * run.scores.dtype.itemsize, 1))
    firsts = range(0, len(run.scores), step)
    seen = [_seen(run, first, run.scores[first : first + step], log) for first in firsts]
    lowest, highest = min(block.lowest for block in seen), max(block.highest for block in seen)
    n_outside = sum(block.n_outside for block in seen)
    if n_outside and requirements.compares_scores:
        log.add("score-range", message=f"scores outside [0, 1], from {lowest} to {highest}", count=n_outside)
    lengths = np.concatenate([block.lengths for block in seen])
    if not lengths.any():
        log.add(
            "no-rows", message="a matrix without a score", fix="Write a score for each pair that is meant."
        )
        return lengths
    if requirements.compares_scores:
        note_equal_scores(lowest, highest, int(lengths.sum()), log)
        note_short_lists(lengths, requirements.k, log)
    return lengths


class _Seen(NamedTuple):
    """What a block of a matrix holds."""

    lowest: float
    highest: float
    n_outside: int
    lengths: NDArray[np.integer]


def _seen(run: DenseRun, first: int, block: NDArray[np.floating], log: FaultLog) -> _Seen:
    lowest, highest = float(block.min()), float(block.max())
    lengths = np.full(len(block), block.shape[1])
    if not (math.isfinite(lowest) and math.isfinite(highest)):
        _note_bad_scores(run, first, block, log)
        lengths = np.count_nonzero(~np.isneginf(block), axis=1)
        finite = block[np.isfinite(block)]
        lowest, highest = float(finite.min(initial=np.inf)), float(finite.max(initial=-np.inf))
    outside = np.isfinite(block) & ((block < 0) | (block > 1)) if lowest < 0 or highest > 1 else False
    return _Seen(lowest, highest, int(np.count_nonzero(outside)), lengths)


def _note_bad_scores(run: DenseRun, first: int, block: NDArray[np.floating], log: FaultLog) -> None:
    rows, columns = np.nonzero(np.isnan(block) | np.isposinf(block))
    if len(rows):
        examples = [
            Example(
                occurrence_id=int(run.occurrence_ids[first + row]),
                species_id=int(run.species_ids[column]),
                found=str(block[row, column]),
            )
            for row, column in zip(rows[: log.max_examples], columns[: log.max_examples], strict=True)
        ]
        fix = "Write -inf for pairs that have no score; NaN and +inf say nothing."
        log.add("bad-score", *examples, message="probability that is not finite", count=len(rows), fix=fix)
