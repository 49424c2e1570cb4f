"""A competition folder of real size, made from a seed, to try the commands on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glckit.config import FILE_NAME
from glckit.initialisation import competition_toml
from scoring.sparse import Pairs
from submissions.errors import UsageError
from submissions.files import written_atomically
from submissions.writing import run_writer

_BATCH = 2000


@dataclass(frozen=True)
class Scale:
    """How large the demo is; the default is the real test set with the lists that are usual.

    Parameters
    ----------
    n_fr, n_us : int
        Test occurrences in each region.
    n_species : int
        Species.
    n_rows : int
        Species predicted for each occurrence.
    """

    n_fr: int = 20_608
    n_us: int = 21_797
    n_species: int = 31_435
    n_rows: int = 150


QUICK = Scale(n_fr=400, n_us=400, n_species=2_000, n_rows=150)


def make_demo(folder: Path, scale: Scale | None = None, *, seed: int = 0) -> Path:
    """Make a competition folder: test occurrences, species, truth, ``competition.toml`` and a run.

    The run is made of noise with the true species put in at a random place of most lists, so its scores
    mean nothing; its size does. Equal seeds make equal files.

    Parameters
    ----------
    folder : Path
        Where; a folder made before is made again.
    scale : Scale, optional
        How large.
    seed : int, default 0
        Of the random numbers.

    Returns
    -------
    Path
        The run.

    Raises
    ------
    UsageError
        If the folder holds something else.
    """
    scale = scale or Scale()
    if folder.is_dir() and any(folder.iterdir()) and not (folder / FILE_NAME).is_file():
        raise UsageError(f"{folder} is not empty and no competition folder.", "Name another folder.")
    rng = np.random.default_rng(seed)
    names = {"fr": "occurrences_fr_test.csv", "us": "occurrences_us_test.csv"}
    ids = {
        "fr": 10_000_000 + rng.choice(1_000_000, scale.n_fr, replace=False),
        "us": 193 + rng.choice(2_000_000, scale.n_us, replace=False),
    }
    places = {region: _places(region, len(ids[region]), rng) for region in names}
    all_ids = np.concatenate(list(ids.values()))
    truth = np.minimum(rng.zipf(1.4, len(all_ids)), scale.n_species) - 1
    for region, name in names.items():
        _write_rows(folder / name, "id;lat;lon", [ids[region], *places[region]])
    all_places = np.concatenate([np.stack(places[region]) for region in names], axis=1)
    _write_rows(folder / "truth.csv", "id;lat;lon;species_id", [all_ids, *all_places, truth])
    _write_rows(folder / "species_metadata.csv", "species_id", [np.arange(scale.n_species)])
    _write_run(folder / "runs" / "demo.csv", all_ids, truth, scale, rng)
    files = {"truth": "truth.csv", "test": list(names.values()), "species": "species_metadata.csv"}
    with written_atomically(folder / FILE_NAME) as temporary:
        temporary.write_text(competition_toml(files, name="glckit demo"), encoding="utf-8")
    return folder / "runs" / "demo.csv"


def _places(region: str, n: int, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    south, north, west, east = (41.0, 51.0, -5.0, 9.0) if region == "fr" else (24.5, 49.0, -124.0, -67.0)
    return [rng.uniform(south, north, n).round(5), rng.uniform(west, east, n).round(5)]


def _write_rows(path: Path, header: str, columns: list[NDArray[np.generic]]) -> None:
    rows = zip(*(column.tolist() for column in columns), strict=True)
    lines = [header, *(";".join(map(str, row)) for row in rows), ""]
    with written_atomically(path) as temporary:
        temporary.write_text("\n".join(lines), encoding="utf-8")


def _write_run(
    path: Path, ids: NDArray[np.integer], truth: NDArray[np.integer], scale: Scale, rng: np.random.Generator
) -> None:
    with run_writer(path) as writer:
        for first in range(0, len(ids), _BATCH):
            batch = slice(first, first + _BATCH)
            writer.add(ids[batch], _lists(truth[batch], scale, rng))


def _lists(truth: NDArray[np.integer], scale: Scale, rng: np.random.Generator) -> Pairs:
    """Return lists of distinct species with falling scores, most with the true one among them."""
    shape = len(truth), scale.n_rows
    steps = rng.integers(1, scale.n_species // scale.n_rows, shape)
    species = (np.cumsum(steps, axis=1) + truth[:, np.newaxis]) % scale.n_species
    known = rng.random(len(truth)) < 0.6
    places = np.minimum(rng.geometric(0.03, len(truth)), scale.n_rows) - 1
    species[known, places[known]] = truth[known]
    scores = rng.random(shape) ** 8
    scores.sort(axis=1)
    offsets = np.arange(0, species.size + 1, scale.n_rows)
    return Pairs(offsets, species.reshape(-1), scores[:, ::-1].reshape(-1))


def steps(folder: Path) -> Iterator[str]:
    """Yield commands to try next in the folder."""
    yield f"cd {folder}"
    yield "glckit validate runs/demo.csv"
    yield "glckit score runs/demo.csv --json"
    yield "glckit score runs/demo.csv --per-occurrence per_occurrence.csv"
    yield "glckit convert runs/demo.csv runs/demo.parquet --max-rows 30"
    yield "glckit validate runs/demo.parquet"
