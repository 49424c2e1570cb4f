"""The example of the documentation runs as it stands, and beats the prior."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from floors import ROOT

import glckit
from baselines.prior import write_prior_run
from baselines.world.folder import WorldPlan, make_world

EXAMPLE = ROOT / "docs" / "examples" / "own_network.py"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world that the example names, without archives: it reads extracted patches."""
    plan = WorldPlan(n_occurrences=1500, n_species=120, patch_size=16)
    return make_world(tmp_path_factory.mktemp("own") / "w", plan).folder


def test_the_example_beats_the_prior(world: Path, tmp_path: Path) -> None:
    pytest.importorskip("torchmetrics")
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLE, world],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = re.findall(r"^epoch (\d): adaptive top-30 (\d\.\d{4})$", done.stdout, re.MULTILINE)
    assert [int(epoch) for epoch, _ in told] == [1, 2, 3, 4, 5, 6]
    assert float(told[-1][1]) > float(told[0][1])
    tables = {part: sorted(world.glob(f"occurrences_??_{part}.csv")) for part in ("train", "test")}
    write_prior_run(tables["train"], tables["test"], path=tmp_path / "prior.csv")
    ours, prior = (
        glckit.score(run, world / "truth.csv").adaptive_top_k
        for run in (world / "runs" / "own.csv", tmp_path / "prior.csv")
    )
    assert ours > prior + 0.05


def test_the_example_is_short() -> None:
    lines = EXAMPLE.read_text().splitlines()
    assert len(lines) <= 62


def test_the_example_names_the_world_that_is_tested() -> None:
    assert "glckit world w --occurrences 1500 --species 120 --patch-size 16" in EXAMPLE.read_text()
