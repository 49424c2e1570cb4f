"""Reading environmental vectors in raster order beside reading them point by point."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray

from baselines.covariates.rasters.extraction import extract_vectors
from baselines.covariates.rasters.layout import RASTER_NAMES, RasterLayout

# Metropolitan France: 19 rasters of 30 arc-seconds, 8 of 7.5 (250 m), int16 in deflated strips.
_WEST, _NORTH, _EAST, _SOUTH = -5.2, 51.2, 9.6, 41.2
_BIOCLIM_CELLS, _SOIL_CELLS = 120, 480

_N_BATCH = 1_900_000


def _write_raster(path: Path, cells_a_degree: int, seed: int) -> None:
    height = round((_NORTH - _SOUTH) * cells_a_degree)
    width = round((_EAST - _WEST) * cells_a_degree)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = np.sin(rows / (60 + seed)) + np.cos(columns / (80 - seed))
    noise = np.random.default_rng(seed).normal(0, 5, (height, width))
    path.parent.mkdir(parents=True)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=1,
        height=height,
        width=width,
        dtype="int16",
        nodata=-32768,
        compress="deflate",
        crs="EPSG:4326",
        transform=Affine(1 / cells_a_degree, 0, _WEST, 0, -1 / cells_a_degree, _NORTH),
    ) as dataset:
        dataset.write((100 * waves + noise).astype(np.int16), 1)


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> RasterLayout:
    made = RasterLayout(tmp_path_factory.mktemp("rasters"))
    for seed, name in enumerate(RASTER_NAMES):
        cells = _BIOCLIM_CELLS if name.startswith("bio_") else _SOIL_CELLS
        _write_raster(made.path(name, "fr"), cells, seed)
    return made


def _places(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    generator = np.random.default_rng(7)
    centres = generator.uniform([_SOUTH + 0.2, _WEST + 0.2], [_NORTH - 0.2, _EAST - 0.2], (2000, 2))
    places = centres[generator.integers(0, len(centres), n)] + generator.normal(0, 0.03, (n, 2))
    return places[:, 0], places[:, 1]


class _OpenFiles:
    """One point a call, each cell read from its file."""

    def __init__(self, layout: RasterLayout) -> None:
        self._datasets = [rasterio.open(layout.path(name, "fr")) for name in layout.names]

    def __call__(self, latitude: float, longitude: float) -> NDArray[np.floating]:
        cells = [next(dataset.sample([(longitude, latitude)])) for dataset in self._datasets]
        return np.concatenate([cell.astype(np.float64) for cell in cells])


class _ArraysInMemory:
    """One point a call on arrays that were read before (not timed), the rule of the reference loader."""

    def __init__(self, layout: RasterLayout) -> None:
        self._rasters = [self._whole(layout.path(name, "fr")) for name in layout.names]

    @staticmethod
    def _whole(path: Path) -> tuple[NDArray[np.int16], float, float, float, float]:
        with rasterio.open(path) as dataset:
            bounds, resolution = dataset.bounds, dataset.res
            return dataset.read(1), bounds.left, bounds.top, resolution[0], resolution[1]

    def __call__(self, latitude: float, longitude: float) -> NDArray[np.floating]:
        cells = []
        for cell_of, left, top, x_size, y_size in self._rasters:
            row, column = int((top - latitude) / y_size), int((longitude - left) / x_size)
            cells.append(np.full(1, cell_of[row, column].astype(np.float64)))
        return np.concatenate(cells)


@pytest.mark.benchmark
def test_batches_beside_single_points(layout: RasterLayout) -> None:
    latitudes, longitudes = _places(_N_BATCH)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        vectors = extract_vectors(latitudes, longitudes, regions="fr", layout=layout)
        times.append((time.perf_counter() - start) / _N_BATCH)
    ours = statistics.median(times)
    print(
        f"\n{_N_BATCH:,} places x 27 rasters, files included: {ours * _N_BATCH:.1f} s "
        f"({min(times) * _N_BATCH:.1f} to {max(times) * _N_BATCH:.1f}), {ours * 1e6:.2f} us a place"
    )
    for peer, n_single in ((_OpenFiles(layout), 300), (_ArraysInMemory(layout), 10_000)):
        start = time.perf_counter()
        rows = [peer(latitudes[i], longitudes[i]) for i in range(n_single)]
        theirs = (time.perf_counter() - start) / n_single
        assert np.array_equal(vectors.values[:n_single], np.array(rows, dtype=np.float32))
        print(
            f"{peer.__doc__} {theirs * 1e6:.0f} us a place, measured on {n_single:,} "
            f"({theirs * _N_BATCH / 60:.1f} min for all, extrapolated): {theirs / ours:.0f} x ours"
        )
