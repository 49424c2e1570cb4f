"""Runs of other editions beside polars: whole processes on runs of real size."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import processes
import pytest
from real_size import make_real_size

from submissions.conversion import ConversionOptions, convert

pytestmark = pytest.mark.benchmark

GLCKIT = Path(sys.executable).with_name("glckit")

PARSING = """
import polars, sys
types = [polars.Int32, polars.Int32, polars.Int32, polars.Float64]
names = ["glc19TestOccId", "glc19SpId", "Rank", "Probability"]
polars.read_csv(sys.argv[1], separator=";", schema=dict(zip(names, types)))
"""
SPLITTING = """
import polars, sys
lists = polars.read_csv(sys.argv[1])
lists.with_columns(polars.col("predictions").str.split(" ").cast(polars.List(polars.Int32)))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a competition folder with 42,405 x 150 pairs as in 2019, which allowed 50, and in 2024."""
    folder = tmp_path_factory.mktemp("bench") / "competition"
    run = make_real_size(folder)
    lines = [line.split(b";") for line in run.read_bytes().splitlines()[1:]]
    rows = [b";".join((line[0], line[1], line[3], line[2])) for line in lines]
    header = b"glc19TestOccId;glc19SpId;Rank;Probability"
    (folder / "2019.csv").write_bytes(b"\n".join([header, *rows, b""]))
    convert(run, folder / "2024.csv", ConversionOptions(to=2024))
    return folder


def score(folder: Path, run: str, metric: str) -> processes.Cost:
    truth = folder / "truth.csv"
    return processes.run(GLCKIT, "score", folder / run, "--truth", truth, "--metric", metric)


def test_rows_of_2019(benchmark: Any, folder: Path) -> None:
    peers = {"polars.read_csv, parsing alone": partial(processes.python, PARSING, folder / "2019.csv")}
    processes.compare(benchmark, partial(score, folder, "2019.csv", "top-k"), peers, rounds=7)


def test_lists_of_2024(benchmark: Any, folder: Path) -> None:
    peers = {"polars, reading, splitting, casting": partial(processes.python, SPLITTING, folder / "2024.csv")}
    processes.compare(benchmark, partial(score, folder, "2024.csv", "f1-samples"), peers, rounds=7)


def test_lists_with_empty_ones(benchmark: Any, folder: Path) -> None:
    lines = (folder / "2024.csv").read_text().splitlines()
    lines[1::10] = [f"{line.split(',')[0]}," for line in lines[1::10]]
    assert np.char.endswith(lines, ",").sum() > 4000
    (folder / "empty.csv").write_text("\n".join([*lines, ""]))
    peers = {"polars, reading, splitting, casting": partial(processes.python, SPLITTING, folder / "2024.csv")}
    processes.compare(benchmark, partial(score, folder, "empty.csv", "f1-samples"), peers)
