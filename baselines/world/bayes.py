"""The Bayes run: the probabilities by which the species of the test occurrences were drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from baselines.world.occurrences import RegionOccurrences, weights_at
from baselines.world.species import SpeciesPool
from scoring.sparse import Pairs
from submissions.limits import MAX_ROWS
from submissions.metadata import write_metadata
from submissions.writing import run_writer


def write_bayes_run(path: Path, regions: Sequence[RegionOccurrences], *, pool: SpeciesPool) -> None:
    """Write the true probabilities of the test occurrences as a run, the `MAX_ROWS` best of each.

    No run scores higher in expectation on the adaptive metric, so it is the ceiling of all others.
    """
    with run_writer(path, max_rows=MAX_ROWS) as writer:
        for occurrences in regions:
            test = occurrences.select(occurrences.is_test)
            for start, weights in weights_at(test.climate, test.places, pool=pool):
                # Whole numbers add up exactly, so these quotients are the same on every machine.
                shares = weights / weights.sum(axis=1, keepdims=True)
                lists, species = np.nonzero(weights)
                offsets = np.concatenate([[0], np.cumsum(np.bincount(lists, minlength=len(weights)))])
                batch = test.ids[start : start + len(weights)]
                writer.add(batch, Pairs(offsets, species, shares[lists, species]))
    write_metadata(path, {"name": "bayes", "seed": regions[0].climate.seed, "model": "true niches"})
