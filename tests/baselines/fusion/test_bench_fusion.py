"""Fusing three runs of real size beside reading them and writing the result."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import processes
import pytest
from real_size import N_SPECIES, make_real_size

from baselines.fusion.options import METHODS
from submissions.reading.runs import read_run
from submissions.run import Run
from submissions.writing import write_run

pytestmark = pytest.mark.benchmark

GLCKIT = Path(sys.executable).with_name("glckit")

READ_AND_WRITE = """
import sys
from submissions.reading.runs import read_run
from submissions.writing import write_run
runs = [read_run(path) for path in sys.argv[2:]]
write_run(sys.argv[1], runs[0].occurrence_ids, runs[0].pairs)
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return three runs of 42,405 x 150 rows over the same occurrences, species in different orders."""
    folder = tmp_path_factory.mktemp("bench")
    first = make_real_size(folder / "competition")
    run = read_run(first)
    assert isinstance(run, Run)
    paths = [first]
    for power, factor in ((0.5, 7), (2.0, 1)):  # factors without a common divisor with N_SPECIES
        species = run.pairs.species.astype(np.int64) * factor % N_SPECIES
        # Half of the lists stay near those of the first, so that runs overlap as real ones do.
        species = np.where(np.arange(len(species)) % 300 < 150, run.pairs.species, species)
        pairs = replace(run.pairs, species=species, scores=run.pairs.scores**power, ranks=None)
        paths.append(folder / f"{factor}.csv")
        write_run(paths[-1], run.occurrence_ids, pairs)
    return paths


@pytest.mark.parametrize("method", METHODS)
def test_three_runs_of_real_size(benchmark: Any, runs: list[Path], tmp_path: Path, method: str) -> None:
    out = tmp_path / "fused.csv"
    peers = {
        "reading them and writing a run": partial(processes.python, READ_AND_WRITE, tmp_path / "o.csv", *runs)
    }
    ours = partial(processes.run, GLCKIT, "fuse", *runs, "-o", out, "--method", method)
    processes.compare(benchmark, ours, peers, rounds=3)
