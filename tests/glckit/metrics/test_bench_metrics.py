"""Metrics of batches beside those of the whole matrix, and beside torchmetrics' own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import processes
import pytest
from numpy.typing import NDArray

import glckit

torch = pytest.importorskip("torch")
torchmetrics = pytest.importorskip("torchmetrics")
from glckit.metrics import AdaptiveTopK, TopK  # noqa: E402

pytestmark = pytest.mark.benchmark

# GLCKIT_BENCH_FULL=1 takes 42,405 x 31,435 float32: 5.3 GB of disk.
FULL = os.environ.get("GLCKIT_BENCH_FULL") == "1"
N_ROWS = 42_405 if FULL else 6_000
SMALL_ROWS = 2_000
N_CLASSES = 31_435
BATCH = 256

# What the process takes for itself while it scores, above what it had with a batch: asked every 5 ms.
MEMORY = f"""
import re, sys, threading, time
import numpy as np, torch
from glckit.metrics import AdaptiveTopK

def anonymous():
    return int(re.search(r"RssAnon:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024

def watch():
    while not done.wait(0.005):
        seen.append(anonymous())

scores = np.load(sys.argv[1], mmap_mode="c")
labels = torch.from_numpy(np.random.default_rng(1).integers(0, scores.shape[1], len(scores)))
n = int(sys.argv[2]) or None
warm = AdaptiveTopK(30)
warm.update(torch.rand(4, 50), torch.zeros(4, dtype=torch.long))
seen, done, before = [], threading.Event(), anonymous()
watcher = threading.Thread(target=watch)
watcher.start()
metric = AdaptiveTopK(30, n_occurrences=n)
for first in range(0, len(scores), {BATCH}):
    part = slice(first, first + {BATCH})
    metric.update(torch.from_numpy(scores[part]), labels[part])
metric.compute()
done.set()
watcher.join()
print(max(seen) - before)
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A matrix of noise."""
    path, rng = tmp_path_factory.mktemp("bench") / "m.npy", np.random.default_rng(0)
    shape = (N_ROWS, N_CLASSES)
    scores = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    for row in scores:
        rng.random(dtype=np.float32, out=row)
    scores.flush()
    return path


def labels_of(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.random.default_rng(1).integers(0, scores.shape[1], len(scores))


def in_batches(metric: object, scores: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    for first in range(0, len(scores), BATCH):
        part = slice(first, first + BATCH)
        metric.update(torch.from_numpy(scores[part]), torch.from_numpy(labels[part]))  # type: ignore[attr-defined]
    return float(metric.compute())  # type: ignore[attr-defined]


def test_batches_beside_the_whole(benchmark: object, path: Path) -> None:
    scores = np.load(path, mmap_mode="c")
    labels = labels_of(scores)
    whole = glckit.adaptive_top_k(scores, labels)
    assert in_batches(AdaptiveTopK(), scores, labels) == whole
    peers = {
        "glckit.adaptive_top_k of the whole": processes.timed(lambda: glckit.adaptive_top_k(scores, labels)),
        "the same, with a number announced": processes.timed(
            lambda: in_batches(AdaptiveTopK(n_occurrences=len(scores)), scores, labels)
        ),
    }
    ours = processes.timed(lambda: in_batches(AdaptiveTopK(), scores, labels))
    processes.compare(benchmark, ours, peers, rounds=3)


@pytest.mark.parametrize("announced", [False, True])
def test_memory_beside_the_batch(announced: bool, path: Path) -> None:
    command = [sys.executable, "-c", MEMORY, path, str(N_ROWS if announced else 0)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print(f"\nanonymous memory beside the batch, announced {announced}: {float(done.stdout):.0f} MB")


def test_batches_beside_torchmetrics(benchmark: object, path: Path) -> None:
    scores = np.load(path, mmap_mode="c")[:SMALL_ROWS].copy()
    labels = labels_of(scores)
    theirs = partial_of_torchmetrics()
    assert in_batches(TopK(), scores, labels) == pytest.approx(in_batches(theirs(), scores, labels))
    peers = {
        "torchmetrics MulticlassAccuracy(top_k=30)": processes.timed(
            lambda: in_batches(theirs(), scores, labels)
        ),
        "glckit.metrics.TopK": processes.timed(lambda: in_batches(TopK(), scores, labels)),
    }
    ours = processes.timed(lambda: in_batches(AdaptiveTopK(), scores, labels))
    processes.compare(benchmark, ours, peers, rounds=3)


def partial_of_torchmetrics() -> type:
    from functools import partial

    accuracy = torchmetrics.classification.MulticlassAccuracy
    return partial(accuracy, num_classes=N_CLASSES, top_k=30, average="micro")  # type: ignore[return-value]
