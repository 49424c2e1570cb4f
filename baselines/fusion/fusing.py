"""Fusing an ensemble, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baselines.fusion.ensemble import Ensemble, Part
from baselines.fusion.methods import Terms, average, exponentials, prepared, terms_of
from baselines.fusion.options import FusionOptions, Method
from scoring.sparse import Pairs
from submissions.ordering import stable_order
from submissions.run import Run
from submissions.writing import best_first

# Flags for all pairs that there could be are faster than sorting those that there are, from this share on.
_DENSE_SHARE = 0.1
# Lists are padded to one length to find their best; where a few are very long that would cost memory.
_MAX_PADDING = 8


def fused_lists(ensemble: Ensemble, options: FusionOptions) -> Iterator[tuple[NDArray[np.int64], Pairs]]:
    """Fuse an ensemble and yield it in batches, occurrences by ascending id, with a list of pairs for each.

    Its parts have positive weights, and `refuse_unfit` lets them pass. Occurrences that no part has are left
    out. Species stand by ascending id: `submissions.writing.best_first` puts them in order, ties by species
    id, and keeps the best; only pairs that it could not keep are left out here.
    """
    for occurrences in ensemble.chunks():
        keys, terms = _fused(ensemble, occurrences, options.method)
        lists, species = np.divmod(keys, len(ensemble.species_ids))
        starts = np.flatnonzero(np.diff(lists, prepend=-1))
        bounds = np.append(starts, len(keys))
        scores = exponentials(terms, bounds) if options.method == "geometric" else terms
        kept = _contenders(scores, np.diff(bounds), options.max_rows)
        offsets = np.concatenate([[0], np.cumsum(kept)])[bounds]
        ids = ensemble.ids[occurrences][lists[starts]]
        yield ids, Pairs(offsets, ensemble.species_ids[species[kept]], scores[kept])


def fused_run(ensemble: Ensemble, options: FusionOptions) -> Run:
    """Fuse an ensemble into a run in memory; see `fused_lists`."""
    memory = RunInMemory()
    for ids, pairs in fused_lists(ensemble, options):
        memory.add(ids, best_first(pairs, max_rows=options.max_rows))
    return memory.run()


class RunInMemory:
    """Takes a run batch by batch, as the writer of a file does, and gives it back whole."""

    def __init__(self) -> None:
        self._batches: list[tuple[NDArray[np.integer], Pairs]] = []

    def add(self, occurrence_ids: NDArray[np.integer], pairs: Pairs) -> None:
        """Keep one list of pairs for each of some occurrences."""
        self._batches.append((occurrence_ids, pairs))

    def run(self, metadata: Mapping[str, Any] | None = None) -> Run:
        """Return what was added, and that at least once."""
        lengths = np.concatenate([np.diff(pairs.offsets) for _, pairs in self._batches])
        pairs = Pairs(
            np.concatenate([[0], np.cumsum(lengths)]),
            np.concatenate([pairs.species for _, pairs in self._batches]),
            np.concatenate([pairs.scores for _, pairs in self._batches]),
        )
        ids = np.concatenate([ids for ids, _ in self._batches])
        return Run("fusion", ids, pairs, metadata=metadata)


@dataclass(frozen=True)
class _Contribution:
    """What a part has in a chunk: its lists, and the keys of its pairs, ascending, with their terms."""

    lists: NDArray[np.intp]
    keys: NDArray[np.int64]
    terms: Terms


def _fused(
    ensemble: Ensemble, occurrences: slice, method: Method
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the keys of all pairs that any part has, ascending, and the averages of their terms.

    The key of a pair is its list within the chunk, times the number of species, plus its species.
    """
    n_lists, n_species = occurrences.stop - occurrences.start, len(ensemble.species_ids)
    parts = [_contribution(part, occurrences, n_species=n_species, method=method) for part in ensemble.parts]
    keys = _union([part.keys for part in parts], n_lists * n_species)
    lists = keys // n_species
    terms = np.empty((len(parts), len(keys)))
    present = np.empty((len(parts), len(keys)), dtype=bool)
    for i, part in enumerate(parts):
        of_absent, has_list = np.zeros(n_lists), np.zeros(n_lists, dtype=bool)
        of_absent[part.lists], has_list[part.lists] = part.terms.of_absent, True
        terms[i], present[i] = of_absent[lists], has_list[lists]
        whole = len(part.keys) == len(keys)  # a full matrix
        terms[i, np.s_[:] if whole else np.searchsorted(keys, part.keys)] = part.terms.of_pairs
    weights = np.array([part.weight for part in ensemble.parts])
    return keys, average(terms, present, weights)


def _contribution(part: Part, occurrences: slice, *, n_species: int, method: Method) -> _Contribution:
    own = part.lists[occurrences]
    lists = np.flatnonzero(own >= 0)
    pairs = prepared(part.take(own[lists]), method)
    keys = np.repeat(lists * n_species, np.diff(pairs.offsets)) + pairs.species
    scores = np.asarray(pairs.scores, np.float64)
    if (keys[1:] < keys[:-1]).any():
        # By species, so that no sum depends on the order of the lines, or on lists and matrices.
        order = stable_order(keys)
        keys, scores = keys[order], scores[order]
    return _Contribution(lists, keys, terms_of(scores, pairs.offsets, method))


def _union(keys: Sequence[NDArray[np.int64]], n_possible: int) -> NDArray[np.int64]:
    together: NDArray[np.int64] = np.concatenate(keys)
    if len(together) > _DENSE_SHARE * n_possible:
        flags = np.zeros(n_possible, dtype=bool)
        flags[together] = True
        return np.flatnonzero(flags)
    together.sort()
    is_first = np.ones(len(together), dtype=bool)
    is_first[1:] = together[1:] != together[:-1]
    return together[is_first]


def _contenders(scores: NDArray[np.float64], lengths: NDArray[np.int64], max_rows: int) -> NDArray[np.bool_]:
    """Return which pairs are among the `max_rows` best of their list, or tied with the last of them."""
    width = int(lengths.max(initial=0))
    if width <= max_rows or width * len(lengths) > _MAX_PADDING * len(scores):
        return np.ones(len(scores), dtype=bool)
    padded = np.full((len(lengths), width), -np.inf)
    padded[np.arange(width) < lengths[:, np.newaxis]] = scores
    last = np.partition(padded, width - max_rows, axis=1)[:, width - max_rows]
    kept: NDArray[np.bool_] = scores >= np.repeat(last, lengths)
    return kept
