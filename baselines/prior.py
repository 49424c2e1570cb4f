"""The prior: how frequent each species is in its region. The floor under every other baseline."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.occurrences import Occurrences, read_all_occurrences
from baselines.provenance import Provenance, digest_of
from scoring.sparse import Pairs
from submissions.competition.settings import Competition
from submissions.errors import BadInputError
from submissions.limits import MAX_ROWS
from submissions.ownruns import own_run_writer, refuse_foreign
from submissions.progress import SILENT, Progress

_BATCH = 8192

Path = str | os.PathLike[str]


@dataclass(frozen=True)
class Frequencies:
    """The species of one region, the most frequent first, equally frequent ones by ascending id.

    `shares` are those of the region's training occurrences.
    """

    species: NDArray[np.int64]
    shares: NDArray[np.float64]

    def lists(self, n: int, max_rows: int) -> Pairs:
        """Return `n` times the same list, of the most frequent species."""
        species, shares = self.species[:max_rows], self.shares[:max_rows]
        return Pairs(np.arange(n + 1) * len(species), np.tile(species, n), np.tile(shares, n))


@dataclass(frozen=True)
class PriorOptions:
    """What may be chosen of a run of the prior.

    Parameters
    ----------
    max_rows : int, default 150
        Species per occurrence.
    seed : int, default 0
        Only noted in the metadata: the prior draws nothing.
    command : str
        What to note as the command.
    force : bool, default False
        Whether a run that is not ours may be replaced.
    """

    max_rows: int = MAX_ROWS
    seed: int = 0
    command: str = ""
    force: bool = False


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
    species, regions = train.species[train.labelled], train.regions[train.labelled]
    return {str(region): _frequencies(species[regions == region]) for region in np.unique(regions)}


def prior_of(competition: Competition, *, max_rows: int) -> Callable[[Path], PriorRun] | None:
    """Return what writes a run of the prior for a competition to a file; None without training files."""
    if not competition.test or not any(path.is_file() for path in competition.train):
        return None
    options = PriorOptions(max_rows=max_rows)
    return lambda path: write_prior_run(competition.train, competition.test, path=path, options=options)


def write_prior_run(
    train: Sequence[Path],
    test: Sequence[Path],
    *,
    path: Path,
    options: PriorOptions | None = None,
    progress: Progress = SILENT,
) -> PriorRun:
    """Give every test occurrence the most frequent species of its region, and write that as a run.

    See `submissions.writing.run_writer` for the formats.

    Raises
    ------
    CannotCheckError
        If a file is absent or unusable.
    BadInputError
        If no training occurrence has a species in a region of the test.
    UsageError
        If the name of the run has no suffix that tells a format, or a run that is not ours is there.
    """
    options = options or PriorOptions()
    refuse_foreign(path, force=options.force)
    # Read together, so that a stale table among them is found.
    together = read_all_occurrences([*train, *test])
    is_test = np.isin(together.ids, read_all_occurrences(test).ids)
    learned_from, predicted = together.select(~is_test), together.select(is_test)
    frequencies = regional_frequencies(learned_from)
    _refuse_unknown_regions(predicted, frequencies)
    regions, counts = np.unique(predicted.regions, return_counts=True)
    n_occurrences = dict(zip(regions.tolist(), counts.tolist(), strict=True))
    with own_run_writer(path, max_rows=options.max_rows, force=options.force, progress=progress) as run:
        for region in n_occurrences:
            ids = predicted.ids[predicted.regions == region]
            for batch in np.split(ids, range(_BATCH, len(ids), _BATCH)):
                run.writer.add(batch, frequencies[region].lists(len(batch), options.max_rows))
        run.metadata = _provenance(learned_from, frequencies, options).metadata()
    n_species = {region: len(frequencies[region].species) for region in n_occurrences}
    return PriorRun(os.fspath(path), n_occurrences, n_species)


def _provenance(
    learned_from: Occurrences, frequencies: Mapping[str, Frequencies], options: PriorOptions
) -> Provenance:
    # By ascending id, so that the order of rows and files does not matter.
    data = learned_from.select(np.argsort(learned_from.ids))
    return Provenance(
        "prior",
        options.command,
        options.seed,
        model_digest=digest_of(*frequency_arrays(frequencies).values()),
        data_digest=digest_of(data.ids, data.latitudes, data.longitudes, data.species),
    )


def frequency_arrays(frequencies: Mapping[str, Frequencies]) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of each region by name, such as ``fr/species``, regions in the order of theirs."""
    return {
        f"{region}/{name}": array
        for region in sorted(frequencies)
        for name, array in vars(frequencies[region]).items()
    }


def _frequencies(species: NDArray[np.int64]) -> Frequencies:
    values, counts = np.unique(species, return_counts=True)
    order = np.argsort(-counts, kind="stable")  # values ascend, so ties do too
    return Frequencies(values[order], counts[order] / len(species))


def _refuse_unknown_regions(test: Occurrences, frequencies: Mapping[str, Frequencies]) -> None:
    unknown = sorted(set(test.regions.tolist()) - set(frequencies))
    if unknown:
        count = int(np.isin(test.regions, unknown).sum())
        raise BadInputError(
            f"{count} test occurrences are in {' and '.join(unknown)}, "
            "where no training occurrence has a species.",
            "Give the training files of every region of the test.",
        )
