"""The checks of a run given as lists of pairs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from scoring.sparse import Pairs
from submissions.checks.occurrences import note_equal_scores, note_missing, note_short_lists, why_unknown
from submissions.faults import CUT_CODES, Example, FaultLog
from submissions.ordering import is_among, repeats, stable_order
from submissions.reading.mending import REPEATS
from submissions.requirements import Requirements
from submissions.run import Run

_Unsigned = TypeVar("_Unsigned", np.uint32, np.uint64)

# A table with a flag for each species id is faster than a search, unless ids are enormous.
_MAX_FLAGS = 50_000_000


def check(run: Run, requirements: Requirements, log: FaultLog) -> None:
    """Note everything that is wrong with pairs of a run, whatever the others are."""
    if requirements.test_ids is not None:
        _check_occurrences(run, requirements.test_ids, requirements, log)
    if requirements.species_ids is not None:
        unknown = _unknown_species(run, requirements.species_ids)
        _note_pairs(run, log, "unknown-species", unknown, "species in no table")
    _check_repeats(run, log)
    if requirements.max_rows is not None:
        _check_lengths(run, requirements.max_rows, log)
    if run.n_pairs and requirements.compares_scores:
        _check_range(run, log)


def check_whole(
    run: Run, requirements: Requirements, log: FaultLog, without: Collection[str] = ()
) -> NDArray[np.integer] | None:
    """Note what all pairs of a run together show, and return the missing test occurrences."""
    missing = None
    if requirements.test_ids is not None:
        present = np.concatenate([run.occurrence_ids, run.mentioned, run.empty])
        missing = note_missing(present, requirements.test_ids, log)
    if run.n_pairs and requirements.compares_scores:
        hidden = 0 if run.is_whole else run.n_unread
        note_short_lists(np.diff(run.pairs.offsets), requirements.k, log, hidden=hidden)
        if "constant-scores" not in without:
            note_equal_scores(run.pairs.scores.min(), run.pairs.scores.max(), run.n_pairs, log)
    if run.n_pairs and not requirements.of_sets and "rank-order" not in without:
        _check_ranks(run, log, must=requirements.consecutive_ranks and run.rank_decides)
    return missing


def _check_ranks(run: Run, log: FaultLog, *, must: bool) -> None:
    """Note ranks that are not 1..n, as an error if they `must` be, or else contradict the scores."""
    chunks = run.pairs.chunks()
    found = [pair for lists in chunks for pair in _badly_ranked(run, lists, by_score=not must)]
    pairs = np.array(found, np.intp)
    owners = run.occurrence_ids[np.searchsorted(run.pairs.offsets, pairs, side="right") - 1]
    pairs = pairs[~is_among(owners, run.mentioned)]  # a row that could not be read leaves a gap
    if must and len(pairs):
        log.upgrade("rank-order")
    message = "occurrences whose ranks are not 1..n" + ("" if must else " or contradict the scores")
    fix = "Give the species of each occurrence the ranks 1, 2, 3, ..., each once." if must else None
    _note_pairs(run, log, "rank-order", pairs, message, fix)


def _check_occurrences(
    run: Run, test_ids: NDArray[np.integer], requirements: Requirements, log: FaultLog
) -> None:
    known, empty_known = is_among(run.occurrence_ids, test_ids), is_among(run.empty, test_ids)
    if known.all() and empty_known.all():
        return
    ids = np.concatenate([run.occurrence_ids, run.empty])
    message = why_unknown(ids, ids[~np.concatenate([known, empty_known])], requirements)
    pairs = np.flatnonzero(np.repeat(~known, np.diff(run.pairs.offsets)))
    _note_pairs(run, log, "unknown-occurrence", pairs, message)
    strays = np.flatnonzero(~empty_known)
    if len(strays):
        shown = strays[: log.max_examples]
        examples = [Example(int(run.empty_lines[i]), int(run.empty[i]), found="an empty list") for i in shown]
        log.add("unknown-occurrence", *examples, message=message, count=len(strays))


def _check_repeats(run: Run, log: FaultLog) -> None:
    later = duplicates(run)
    message = "repeated pairs of occurrence and species"
    _note_pairs(run, log, "duplicate", later, message)
    is_cut = any(fault.code in CUT_CODES for fault in run.faults)
    if len(later) and not is_cut and len(repeated_pairs(run)):
        log.offer("duplicate", REPEATS)


def _unknown_species(run: Run, known: NDArray[np.integer]) -> NDArray[np.intp]:
    species = run.pairs.species
    if not len(species) or not len(known):
        return np.arange(len(species))
    highest = int(known.max())
    if species.min() < 0 or species.max() > highest or known.min() < 0 or highest > _MAX_FLAGS:
        return np.flatnonzero(~is_among(species, known))
    flags = np.zeros(highest + 1, dtype=bool)
    flags[known] = True
    return np.flatnonzero(~flags[species])


def duplicates(run: Run) -> NDArray[np.intp]:
    """Return the pairs whose species stands earlier in the same list."""
    found = [np.empty(0, np.intp)]
    for lists in run.pairs.chunks():
        chunk = run.pairs.within(lists)
        keys = _keys(np.diff(chunk.offsets), chunk.species)
        found.append(repeats(keys) + run.pairs.offsets[lists.start])
    return np.concatenate(found)


def repeated_pairs(run: Run) -> NDArray[np.intp]:
    """Return the pairs that say again what the first of their occurrence and species says."""
    found = [np.empty(0, np.intp)]
    for lists in run.pairs.chunks():
        chunk = run.pairs.within(lists)
        keys = _keys(np.diff(chunk.offsets), chunk.species)
        if len(repeats(keys)):
            found.append(_repeated(chunk, keys) + run.pairs.offsets[lists.start])
    return np.concatenate(found)


def _repeated(chunk: Pairs, keys: NDArray[np.integer]) -> NDArray[np.intp]:
    order = stable_order(keys)
    is_first = np.concatenate([[True], keys[order[1:]] != keys[order[:-1]]])
    firsts = order[np.maximum.accumulate(np.where(is_first, np.arange(len(order)), 0))]
    same = chunk.scores[order] == chunk.scores[firsts]
    if chunk.ranks is not None:
        same &= chunk.ranks[order] == chunk.ranks[firsts]
    return np.sort(order[same & ~is_first])


def _keys(
    lengths: NDArray[np.int64], species: NDArray[np.integer]
) -> NDArray[np.uint32] | NDArray[np.uint64]:
    """Return one integer for each pair of list and species, 32 bits wide where that is enough."""
    if len(species) and (species.min() < 0 or int(species.max()) * len(lengths) >= 2**62):
        species = np.unique_inverse(species).inverse_indices
    width = int(species.max()) + 1 if len(species) else 1
    if width * len(lengths) < 2**32:
        return _packed(lengths, species.astype(np.uint32), np.uint32(width))
    return _packed(lengths, species.astype(np.uint64), np.uint64(width))


def _packed(lengths: NDArray[np.int64], species: NDArray[_Unsigned], width: _Unsigned) -> NDArray[_Unsigned]:
    firsts: NDArray[_Unsigned] = np.arange(len(lengths)).astype(species.dtype) * width
    return np.repeat(firsts, lengths) + species


def _check_lengths(run: Run, limit: int, log: FaultLog) -> None:
    """Note the lists that are too long, with the first of them in the file and their first rows too many."""
    lengths = np.diff(run.pairs.offsets)
    lists = np.flatnonzero(lengths > limit)
    if not len(lists):
        return
    firsts = run.row_numbers(run.pairs.offsets[lists] + limit)
    shown = lists[np.argsort(firsts, kind="stable")[: log.max_examples]]
    lines = run.lines_of(run.pairs.offsets[shown] + limit)
    examples = [
        Example(line, int(run.occurrence_ids[i]), found=f"{lengths[i]} rows")
        for line, i in zip(lines, shown, strict=True)
    ]
    message = f"occurrences with more rows than allowed ({limit})"
    log.add("too-many-rows", *examples, message=message, count=len(lists))


def _check_range(run: Run, log: FaultLog) -> None:
    scores = run.pairs.scores
    lowest, highest = scores.min(), scores.max()
    if lowest < 0 or highest > 1:
        outside = np.flatnonzero((scores < 0) | (scores > 1))
        _note_pairs(run, log, "score-range", outside, f"scores outside [0, 1], from {lowest} to {highest}")


def _badly_ranked(run: Run, lists: slice, *, by_score: bool) -> Iterator[int]:
    """Yield the first pair of each list whose ranks are not 1..n or, by score, contradict the scores."""
    chunk, first = run.pairs.within(lists), int(run.pairs.offsets[lists.start])
    if chunk.ranks is None:
        return
    lengths = np.diff(chunk.offsets)
    numbers = np.repeat(np.arange(len(lengths)), lengths)
    places = np.arange(1, len(numbers) + 1) - np.repeat(chunk.offsets[:-1], lengths)
    ranks, scores, order = chunk.ranks, chunk.scores, np.arange(len(numbers))
    if not np.array_equal(ranks, places):
        order = stable_order(numbers, ranks)
        ranks, scores = ranks[order], scores[order]
    wrong = ranks != places
    if by_score:
        wrong[1:] |= (scores[1:] > scores[:-1]) & (places[1:] > 1)
    found = np.flatnonzero(wrong)
    _, firsts = np.unique(numbers[found], return_index=True)
    yield from (order[found[firsts]] + first).tolist()


def _note_pairs(
    run: Run, log: FaultLog, code: str, pairs: NDArray[np.intp], message: str, fix: str | None = None
) -> None:
    """Note a fault of some pairs, with the first of them in the file as examples."""
    if not len(pairs):
        return
    shown = pairs[np.argsort(run.row_numbers(pairs), kind="stable")[: log.max_examples]]
    lists = np.searchsorted(run.pairs.offsets, shown, side="right") - 1
    examples = [
        Example(line, int(run.occurrence_ids[i]), int(run.pairs.species[pair]), _found(run, code, pair))
        for line, i, pair in zip(run.lines_of(shown), lists, shown, strict=True)
    ]
    log.add(code, *examples, message=message, count=len(pairs), fix=fix)


def _found(run: Run, code: str, pair: int) -> str | None:
    """Return what stands at a pair, where ids alone do not say what is wrong with it."""
    score = str(run.pairs.scores[pair])
    if code == "rank-order" and run.pairs.ranks is not None:
        return f"rank {run.pairs.ranks[pair]}, score {score}"
    return score if code == "score-range" else None
