"""A competition folder with a run of real size, made from a seed, for the benchmarks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scoring.sparse import Pairs
from submissions.competition.initialisation import competition_toml
from submissions.competition.settings import FILE_NAME
from submissions.writing import run_writer

N_OCCURRENCES = {"fr": 20_608, "us": 21_797}
N_SPECIES = 31_435
N_ROWS = 150

_BATCH = 2000


def make_real_size(folder: Path, *, seed: int = 0) -> Path:
    """Make test occurrences, species, truth, ``competition.toml`` and a run; return the run.

    The run is noise with the true species put in at a random place of most lists, so its scores mean
    nothing; its size does. Equal seeds make equal files.
    """
    rng = np.random.default_rng(seed)
    ids = {
        "fr": 10_000_000 + rng.choice(1_000_000, N_OCCURRENCES["fr"], replace=False),
        "us": 193 + rng.choice(2_000_000, N_OCCURRENCES["us"], replace=False),
    }
    places = {region: _places(region, len(ids[region]), rng) for region in ids}
    all_ids = np.concatenate(list(ids.values()))
    truth = np.minimum(rng.zipf(1.4, len(all_ids)), N_SPECIES) - 1
    folder.mkdir(parents=True)
    tests = [f"occurrences_{region}_test.csv" for region in ids]
    for region, name in zip(ids, tests, strict=True):
        _write_rows(folder / name, "id;lat;lon", [ids[region], *places[region]])
    all_places = np.concatenate([np.stack(places[region]) for region in ids], axis=1)
    _write_rows(folder / "truth.csv", "id;lat;lon;species_id", [all_ids, *all_places, truth])
    _write_rows(folder / "species_metadata.csv", "species_id", [np.arange(N_SPECIES)])
    files = {"truth": "truth.csv", "test": tests, "species": "species_metadata.csv"}
    (folder / FILE_NAME).write_text(competition_toml(files, name="real size"))
    _write_run(folder / "runs" / "large.csv", all_ids, truth, rng)
    return folder / "runs" / "large.csv"


def _places(region: str, n: int, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    south, north, west, east = (41.0, 51.0, -5.0, 9.0) if region == "fr" else (24.5, 49.0, -124.0, -67.0)
    return [rng.uniform(south, north, n).round(5), rng.uniform(west, east, n).round(5)]


def _write_rows(path: Path, header: str, columns: list[NDArray[np.generic]]) -> None:
    rows = zip(*(column.tolist() for column in columns), strict=True)
    path.write_text("\n".join([header, *(";".join(map(str, row)) for row in rows), ""]))


def _write_run(
    path: Path, ids: NDArray[np.integer], truth: NDArray[np.integer], rng: np.random.Generator
) -> None:
    with run_writer(path) as writer:
        for first in range(0, len(ids), _BATCH):
            batch = slice(first, first + _BATCH)
            writer.add(ids[batch], _lists(truth[batch], rng))


def _lists(truth: NDArray[np.integer], rng: np.random.Generator) -> Pairs:
    """Return lists of distinct species with falling scores, most with the true one among them."""
    shape = len(truth), N_ROWS
    steps = rng.integers(1, N_SPECIES // N_ROWS, shape)
    species = (np.cumsum(steps, axis=1) + truth[:, np.newaxis]) % N_SPECIES
    known = rng.random(len(truth)) < 0.6
    places = np.minimum(rng.geometric(0.03, len(truth)), N_ROWS) - 1
    species[known, places[known]] = truth[known]
    scores = rng.random(shape) ** 8
    scores.sort(axis=1)
    offsets = np.arange(0, species.size + 1, N_ROWS)
    return Pairs(offsets, species.reshape(-1), scores[:, ::-1].reshape(-1))
