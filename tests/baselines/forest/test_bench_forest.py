"""The forest beside scikit-learn's: time of a tree, memory, size, prediction.

``GLCKIT_BENCH_FULL=1`` takes the real size: 1.88 million occurrences of 31,435 species, and 42,405 places
to predict, which is most of an hour for scikit-learn's one tree on continuous covariates. Of scikit-learn,
four trees are grown together, and the rest is extrapolated.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import processes
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from baselines.forest.description import describe_forest
from baselines.forest.growing import StockGrower
from baselines.forest.growth.grower import fast_grower
from baselines.forest.modelfile import read_model
from baselines.forest.options import ForestOptions
from baselines.forest.prediction import best_pairs
from baselines.forest.ranking import fast_ranker
from baselines.forest.trees import compress_tree

pytestmark = pytest.mark.benchmark

FULL = os.environ.get("GLCKIT_BENCH_FULL") == "1"
N_OCCURRENCES, N_SPECIES, N_PLACES = (1_880_000, 31_435, 42_405) if FULL else (60_000, 3_000, 3_000)
N_TREES, N_REAL_TREES = 4, 100

# Distinct values of the real rasters, about: 19 bioclimatic covariates, then 8 of the soil.
_BIOCLIM = (300, 280, 100, 7000, 320, 350, 380, 400, 420, 380, 390, 2500, 450, 220, 150, 500, 450, 480, 490)
_SOIL = (15_800, 200, 120, 90, 500, 60, 90, 95)
LEVELS = (*_BIOCLIM, *_SOIL)
# Niches overlap: optima lie anywhere from 0 to 1 on five gradients, and a species has this deviation about
# its optimum on each, so that it meets most others somewhere.
_NICHE_WIDTH = 0.35
_N_GRADIENTS = 5

PREPARE = """
import sys, numpy as np
from baselines.covariates.occurrences import place_occurrences
from baselines.covariates.rasters.extraction import EnvironmentalVectors
from baselines.covariates.rasters.layout import RASTER_NAMES
from submissions.tables import OccurrenceTable

def occurrences_and_vectors(folder):
    values, labels = np.load(f"{folder}/values.npy"), np.load(f"{folder}/labels.npy")
    n = len(labels)
    ids = np.arange(10_000_000, 10_000_000 + n)
    occurrences = place_occurrences([OccurrenceTable(ids, np.full(n, 43.6), np.full(n, 3.9), labels)])
    masks = np.zeros(values.shape, dtype=bool), np.zeros(values.shape, dtype=bool)
    return occurrences, EnvironmentalVectors(RASTER_NAMES, values, *masks)
"""
TRAIN = (
    PREPARE
    + """
from baselines.forest.options import ForestOptions, ForestTraining, Workers
from baselines.forest.table import training_table
from baselines.forest.training import train_forest

table = training_table(*occurrences_and_vectors(sys.argv[1]))
options, workers = ForestOptions(n_estimators=int(sys.argv[2])), Workers(int(sys.argv[3]))
plan = ForestTraining(options, workers=workers, grower=sys.argv[4])
train_forest(table, f"{sys.argv[1]}/model", plan=plan)
"""
)
STOCK = """
import sys, numpy as np
from sklearn.ensemble import RandomForestClassifier
values, labels = np.load(f"{sys.argv[1]}/values.npy"), np.load(f"{sys.argv[1]}/labels.npy")
n_trees, n_jobs = int(sys.argv[2]), int(sys.argv[3])
RandomForestClassifier(n_trees, max_depth=10, random_state=0, n_jobs=n_jobs).fit(values, labels)
"""
PREDICT = """
import sys, numpy as np
from baselines.covariates.rasters.extraction import EnvironmentalVectors
from baselines.forest.inputs import PredictedPlaces
from baselines.forest.modelfile import read_model
from baselines.forest.submission import write_forest_run

model = read_model(f"{sys.argv[1]}/model")
values = np.load(f"{sys.argv[1]}/places.npy")
masks = np.zeros(values.shape, dtype=bool), np.zeros(values.shape, dtype=bool)
ids = np.arange(10_000_000, 10_000_000 + len(values))
places = PredictedPlaces(ids, np.full(len(ids), "fr"), EnvironmentalVectors(model.names, values, *masks))
write_forest_run(model, places, path=f"{sys.argv[1]}/run.csv")
"""


def _synthetic(n: int, n_species: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return covariates in whole numbers, and species with a long tail."""
    generator = np.random.default_rng(0)
    niches = generator.uniform(0, 1, (n_species, _N_GRADIENTS))
    abundances = 1 / (np.arange(n_species) + 50.0) ** 1.1
    labels = generator.choice(n_species, size=n, p=abundances / abundances.sum())
    labels[: min(n, n_species)] = np.arange(n_species)[:n]
    gradients = niches[labels] + generator.normal(0, _NICHE_WIDTH, (n, _N_GRADIENTS))
    mixtures = generator.normal(0, 1, (_N_GRADIENTS, len(LEVELS)))
    values = np.empty((n, len(LEVELS)), dtype=np.float32)
    for column, n_levels in enumerate(LEVELS):
        covariate = gradients @ mixtures[:, column] + generator.normal(0, 0.05, n)
        low, high = np.quantile(covariate, (0.0005, 0.9995))
        values[:, column] = np.round(np.clip((covariate - low) / (high - low), 0, 1) * (n_levels - 1))
    return values, labels


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("forest")
    values, labels = _synthetic(N_OCCURRENCES + N_PLACES, N_SPECIES)
    np.save(made / "places.npy", values[N_OCCURRENCES:])
    values, labels = values[:N_OCCURRENCES], labels[:N_OCCURRENCES]
    np.save(made / "values.npy", values)
    np.save(made / "labels.npy", labels)
    distinct = [len(np.unique(column)) for column in values.T]
    print(f"\n{N_OCCURRENCES:,} occurrences, {N_SPECIES:,} species, distinct values {distinct}")
    return made


@pytest.mark.parametrize("covariates", ["in whole numbers", "continuous"])
def test_time_of_a_tree(folder: Path, covariates: str, benchmark: Any) -> None:
    """Compilation, and the codes of the covariates, are made once a forest, and printed apart."""
    values, labels = np.load(folder / "values.npy"), np.load(folder / "labels.npy")
    if covariates == "continuous":
        values += np.random.default_rng(1).random(values.shape, dtype=np.float32)
    options = ForestOptions(n_estimators=1)
    fast_grower(StockGrower(values[:99], labels[:99] % 9, options, 0)).grow(0)
    start = time.process_time()
    fast = fast_grower(StockGrower(values, labels, options, 0))
    print(f"\n{covariates}: codes of the covariates in {time.process_time() - start:.1f} s of processor time")
    peer = RandomForestClassifier(1, max_depth=10, random_state=0)
    processes.compare(
        benchmark,
        _processor_time(lambda: fast.grow(0)),
        {"RandomForestClassifier, one tree": _processor_time(lambda: peer.fit(values, labels))},
        rounds=1 if FULL else 3,
    )
    assert fast.grow(0).difference(compress_tree(peer.estimators_[0], peer.classes_)) is None


def _processor_time(function: Callable[[], object]) -> Callable[[], processes.Cost]:
    """Return a function that tells the processor time of a call: both sides run on one thread."""

    def call() -> processes.Cost:
        start = time.process_time()
        function()
        return processes.Cost(time.process_time() - start)

    return call


def test_training(folder: Path) -> None:
    stock = processes.python(STOCK, folder, N_TREES, 2)
    ours = processes.python(TRAIN, folder, N_REAL_TREES, 2, "fast")
    described = describe_forest(folder / "model")
    of, whole = described.model, N_REAL_TREES / N_TREES
    print(f"\nwhole processes, 2 trees at a time, compilation included; in brackets for {N_REAL_TREES} trees")
    print(
        f"  scikit-learn, {N_TREES} trees {stock.seconds:8.1f} s ({stock.seconds * whole:.0f} s) "
        f"{stock.peak_mb:8.0f} MB peak"
    )
    print(f"  ours, {N_REAL_TREES} trees       {ours.seconds:8.1f} s {ours.peak_mb:8.0f} MB peak")
    n_pairs = of.n_pairs / N_REAL_TREES
    print(f"  pairs         {n_pairs:,.0f} a tree, {of.n_pair_bytes / of.n_pairs:.2f} bytes each")
    for name, size in (
        ("dense leaves", of.n_dense_bytes),
        ("in memory", of.n_bytes),
        ("on disk", described.path.stat().st_size),
    ):
        print(f"  {name:<13} {size / 1e6:8.1f} MB")


def test_prediction(folder: Path, benchmark: Any) -> None:
    if not (folder / "model").exists():
        processes.python(TRAIN, folder, N_REAL_TREES, 2, "fast")
    model, places = read_model(folder / "model"), np.load(folder / "places.npy")
    some = places[:: len(places) // 300]
    fast = fast_ranker(model)
    processes.compare(
        benchmark,
        _processor_time(lambda: fast.best_pairs(some, max_rows=150)),
        {f"NumPy, {len(some)} places": _processor_time(lambda: best_pairs(model, some, max_rows=150))},
        rounds=3,
    )
    cost = processes.python(PREDICT, folder)
    print(
        f"{N_PLACES:,} places by {N_REAL_TREES} trees, 150 species each, written, on {os.cpu_count()} cores"
    )
    print(f"  ours          {cost.seconds:8.1f} s {cost.peak_mb:8.0f} MB peak")
