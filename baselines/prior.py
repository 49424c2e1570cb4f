"""The prior: how frequent each species is in its region. The floor under every other baseline."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.occurrences import Occurrences, read_all_occurrences
from baselines.provenance import Provenance, digest_of
from scoring.sparse import Pairs
from submissions.errors import BadInputError
from submissions.limits import MAX_ROWS
from submissions.metadata import write_metadata
from submissions.writing import RunWriter, run_writer

_BATCH = 8192

Path = str | os.PathLike[str]


@dataclass(frozen=True)
class Frequencies:
    """The species of one region, the most frequent first, equally frequent ones by ascending id.

    `shares` are those of the region's training occurrences.
    """

    species: NDArray[np.int64]
    shares: NDArray[np.float64]


@dataclass(frozen=True)
class PriorRun:
    """A run of the prior that was written: its file, and by region its occurrences and its species."""

    path: str
    n_occurrences: dict[str, int]
    n_species: dict[str, int]


def regional_frequencies(train: Occurrences) -> dict[str, Frequencies]:
    """Count the species of the training occurrences, region by region; rows without a species do not count.

    Examples
    --------
    >>> from baselines.covariates.occurrences import place_occurrences
    >>> from submissions.tables import OccurrenceTable
    >>> places = np.full(3, 43.6), np.full(3, 3.9)
    >>> table = OccurrenceTable(np.arange(10_000_000, 10_000_003), *places, np.array([4, 7, 7]))
    >>> regional_frequencies(place_occurrences([table]))["fr"].species.tolist()
    [7, 4]
    """
    labelled = train.select(np.flatnonzero(train.labelled))
    return {
        str(region): _frequencies(labelled.species[labelled.regions == region])
        for region in np.unique(labelled.regions)
    }


def write_prior_run(
    train: Sequence[Path],
    test: Sequence[Path],
    *,
    path: Path,
    max_rows: int = MAX_ROWS,
    seed: int = 0,
    command: str = "",
) -> PriorRun:
    """Give every test occurrence the most frequent species of its region, and write that as a run.

    See `submissions.writing.run_writer` for the formats. The prior draws nothing: the seed is only noted in
    the metadata.

    Raises
    ------
    CannotCheckError
        If a file is absent or unusable.
    BadInputError
        If no training occurrence has a species in a region of the test.
    UsageError
        If the name of the run has no suffix that tells a format.
    """
    # Read together, so that a stale table among them is found.
    together = read_all_occurrences([*train, *test])
    is_test = np.isin(together.ids, read_all_occurrences(test).ids)
    learned_from, predicted = together.select(~is_test), together.select(is_test)
    frequencies = regional_frequencies(learned_from)
    _refuse_unknown_regions(predicted, frequencies)
    with run_writer(path, max_rows=max_rows) as writer:
        for region in np.unique(predicted.regions):
            _write_region(
                writer, frequencies[region], ids=predicted.ids[predicted.regions == region], max_rows=max_rows
            )
    provenance = Provenance(
        "prior", command, seed, model_digest=_digest(frequencies), data_digest=_digest_of_table(learned_from)
    )
    write_metadata(path, provenance.metadata())
    regions, counts = np.unique(predicted.regions, return_counts=True)
    n_species = {region: len(frequencies[region].species) for region in regions.tolist()}
    return PriorRun(os.fspath(path), dict(zip(regions.tolist(), counts.tolist(), strict=True)), n_species)


def _frequencies(species: NDArray[np.int64]) -> Frequencies:
    values, counts = np.unique(species, return_counts=True)
    order = np.argsort(-counts, kind="stable")  # values ascend, so ties do too
    return Frequencies(values[order], counts[order] / len(species))


def _write_region(
    writer: RunWriter, frequencies: Frequencies, *, ids: NDArray[np.int64], max_rows: int
) -> None:
    species, shares = frequencies.species[:max_rows], frequencies.shares[:max_rows]
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        offsets = np.arange(len(batch) + 1) * len(species)
        writer.add(batch, Pairs(offsets, np.tile(species, len(batch)), np.tile(shares, len(batch))))


def _refuse_unknown_regions(test: Occurrences, frequencies: Mapping[str, Frequencies]) -> None:
    unknown = sorted(set(test.regions.tolist()) - set(frequencies))
    if unknown:
        count = int(np.isin(test.regions, unknown).sum())
        raise BadInputError(
            f"{count} test occurrences are in {' and '.join(unknown)}, "
            "where no training occurrence has a species.",
            "Give the training files of every region of the test.",
        )


def _digest(frequencies: Mapping[str, Frequencies]) -> str:
    tables = [frequencies[region] for region in sorted(frequencies)]
    return digest_of(*(array for table in tables for array in (table.species, table.shares)))


def _digest_of_table(occurrences: Occurrences) -> str:
    # By ascending id, so that the order of rows and files does not matter.
    order = np.argsort(occurrences.ids)
    columns = (occurrences.ids, occurrences.latitudes, occurrences.longitudes, occurrences.species)
    return digest_of(*(column[order] for column in columns))
