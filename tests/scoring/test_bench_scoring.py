"""Scoring beside its peers: whole processes on a run of real size, and matrices."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import processes
import pytest
from real_size import make_real_size

from scoring.dense import score_dense
from submissions.conversion.convert import convert
from submissions.reading.runs import read_run
from submissions.scores import evaluate
from submissions.tables import read_truth

pytestmark = pytest.mark.benchmark

GLCKIT = Path(sys.executable).with_name("glckit")
# GLCKIT_BENCH_FULL=1 measures the matrix of real size, 42,405 x 31,435 float32: 5.3 GB of disk.
FULL = os.environ.get("GLCKIT_BENCH_FULL") == "1"
DENSE_ROWS = 42_405 if FULL else 6_000
SMALL_ROWS = 2_000

POLARS = """
import polars, sys
types = [polars.Int32, polars.Int32, polars.Float64, polars.Int32]
names = ["occurrence_id", "species_id", "probability", "rank"]
polars.read_csv(sys.argv[1], separator=";", schema=dict(zip(names, types)))
"""
PANDAS = """
import sys, numpy as np, pandas as pd
run = pd.read_csv(sys.argv[1], sep=";")
truth = pd.read_csv(sys.argv[2], sep=";").set_index("id").species_id
n = len(truth)
t = run.probability.nlargest(30 * n + 1).iloc[-1] if len(run) > 30 * n else -np.inf
true = run[run.species_id == run.occurrence_id.map(truth)]
print((true.probability > t).sum() / n, (run.groupby("occurrence_id").probability.rank(
    ascending=False, method="first")[true.index] <= 30).sum() / n)
"""
LOOP = """
import csv, sys
truth = {r["id"]: r["species_id"] for r in csv.DictReader(open(sys.argv[2]), delimiter=";")}
lists = {}
rows = csv.reader(open(sys.argv[1]), delimiter=";")
next(rows)
for occurrence, species, score, rank in rows:
    lists.setdefault(occurrence, {})[species] = float(score)
scores = sorted((s for each in lists.values() for s in each.values()), reverse=True)
k = 30 * len(truth)
t = scores[k] if len(scores) > k else float("-inf")
print(sum(lists[i].get(j, float("-inf")) > t for i, j in truth.items()) / len(truth))
print(sum(j in sorted(lists[i], key=lists[i].get, reverse=True)[:30] for i, j in truth.items()) / len(truth))
"""
APPLY = """
import sys, pandas as pd
run = pd.read_csv(sys.argv[1], sep=";")
truth = pd.read_csv(sys.argv[2], sep=";").set_index("id").species_id
t = run.probability.nlargest(30 * len(truth) + 1).iloc[-1]
hits = run.groupby("occurrence_id").apply(
    lambda g: (truth[g.name] in set(g.nlargest(30, "probability").species_id),
               ((g.species_id == truth[g.name]) & (g.probability > t)).any()))
print(len(hits))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a competition folder with a run of 42,405 x 150 rows, grouped, shuffled, and in Parquet."""
    folder = tmp_path_factory.mktemp("bench") / "competition"
    run = make_real_size(folder)
    convert(run, folder / "run.parquet")
    lines = run.read_bytes().splitlines(keepends=True)
    order = np.random.default_rng(0).permutation(np.arange(1, len(lines)))
    (folder / "shuffled.csv").write_bytes(b"".join([lines[0], *(lines[i] for i in order.tolist())]))
    return folder


def score(folder: Path, run: str) -> processes.Cost:
    files = ("--truth", folder / "truth.csv", "--species", folder / "species_metadata.csv")
    return processes.run(GLCKIT, "score", folder / run, *files)


def test_text_of_real_size(benchmark: Any, folder: Path) -> None:
    peers = {"polars.read_csv, parsing alone": partial(processes.python, POLARS, folder / "runs/large.csv")}
    processes.compare(benchmark, partial(score, folder, "runs/large.csv"), peers, rounds=7)


def test_text_of_real_size_shuffled(benchmark: Any, folder: Path) -> None:
    peers = {"polars.read_csv, parsing alone": partial(processes.python, POLARS, folder / "shuffled.csv")}
    processes.compare(benchmark, partial(score, folder, "shuffled.csv"), peers)


def test_text_of_real_size_beside_scripts(benchmark: Any, folder: Path) -> None:
    files = folder / "runs/large.csv", folder / "truth.csv"
    peers = {
        "pandas, map and groupby.rank": partial(processes.python, PANDAS, *files),
        "a loop over dictionaries": partial(processes.python, LOOP, *files),
        "pandas, groupby.apply": partial(processes.python, APPLY, *files),
    }
    processes.compare(benchmark, partial(score, folder, "runs/large.csv"), peers, rounds=2)


def test_parquet_of_real_size_warm(benchmark: Any, folder: Path) -> None:
    import polars

    truth, path = read_truth(folder / "truth.csv"), folder / "run.parquet"
    peers = {"polars.read_parquet, reading alone": processes.timed(lambda: polars.read_parquet(path))}
    processes.compare(benchmark, processes.timed(lambda: evaluate(read_run(path), truth)), peers)


def test_start_up(benchmark: Any) -> None:
    peers = {"import typer, rich": partial(processes.python, "import typer, rich")}
    processes.compare(benchmark, partial(processes.run, GLCKIT, "--help"), peers, rounds=9)


def test_ten_rows(benchmark: Any, folder: Path) -> None:
    run, truth = folder / "ten.csv", folder / "ten_truth.csv"
    with (folder / "runs/large.csv").open() as lines:
        run.write_text("".join(next(lines) for _ in range(11)))
    truth.write_text(f"id;species_id\n{run.read_text().splitlines()[1].split(';')[0]};1\n")
    peers = {"import pyarrow.csv": partial(processes.python, "import pyarrow.csv")}
    ours = partial(processes.run, GLCKIT, "score", run, "--truth", truth)
    processes.compare(benchmark, ours, peers, rounds=9)


def matrix(path: Path, n_rows: int, slope: float) -> Path:
    """Write a matrix of noise whose rows rise by `slope`."""
    rng = np.random.default_rng(0)
    scores = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(n_rows, 31_435))
    for i in range(n_rows):
        scores[i] = rng.random(31_435, dtype=np.float32) + np.float32(slope * i)
    scores.flush()
    return path


READ_AND_MAX = """
import sys, numpy as np
m = np.load(sys.argv[1], mmap_mode="r")
print(max(float(m[i : i + 16].max()) for i in range(0, len(m), 16)))
"""
DENSE = """
import sys, numpy as np
from scoring.dense import score_dense
m = np.load(sys.argv[1], mmap_mode="r")
labels = np.random.default_rng(1).integers(0, m.shape[1], len(m))
score = score_dense(m, labels, n_threads=int(sys.argv[2]))
print(score.adaptive_top_k, score.top_k)
anonymous = [line for line in open("/proc/self/status") if line.startswith("RssAnon")]
print(anonymous, file=sys.stderr)
"""


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("order", ["random", "rising"])
def test_matrix_beside_one_pass(benchmark: Any, tmp_path: Path, order: str, n_threads: int) -> None:
    path = matrix(tmp_path / "m.npy", DENSE_ROWS, slope=1.0 if order == "rising" else 0.0)
    peers = {"read and max(), one thread": partial(processes.python, READ_AND_MAX, path)}
    processes.compare(benchmark, partial(processes.python, DENSE, path, n_threads), peers)


def test_matrix_beside_libraries(benchmark: Any, tmp_path: Path) -> None:
    from sklearn.metrics import top_k_accuracy_score

    scores = np.load(matrix(tmp_path / "m.npy", SMALL_ROWS, slope=0.0))
    labels, classes = np.random.default_rng(1).integers(0, scores.shape[1], len(scores)), np.arange(31_435)
    share = 1 - 30 / scores.shape[1]
    position = scores.size - 30 * len(scores) - 1
    peers = {
        "np.partition, threshold alone": processes.timed(lambda: np.partition(scores, position, axis=None)),
        "np.quantile, threshold alone": processes.timed(lambda: np.quantile(scores, share)),
        "sklearn top_k_accuracy_score, top-K alone": processes.timed(
            lambda: top_k_accuracy_score(labels, scores, k=30, labels=classes)
        ),
    }
    processes.compare(benchmark, processes.timed(lambda: score_dense(scores, labels)), peers, rounds=3)
