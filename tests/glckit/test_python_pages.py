"""The Python of the README and of docs/python.md runs as it stands."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from floors import ROOT

import glckit

torch = pytest.importorskip("torch")
pytest.importorskip("torchmetrics")
pytest.importorskip("rasterio")


def blocks_of(page: str) -> list[str]:
    """Return the Python of a page but for the whole network, which has a test of its own."""
    text = (ROOT / page).read_text().split("<!-- own network -->")[0]
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def given(tiny_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A folder as the pages have it, and what they take for granted."""
    from sklearn.tree import DecisionTreeClassifier

    world = Path(shutil.copytree(tiny_world, tmp_path / "world"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(world)
    for name in ("preds.csv", "other.csv"):
        shutil.copy("runs/bayes.csv", name)
    shutil.copy("occurrences_fr_train.csv", "occurrences_validation.csv")
    ids, rng = glckit.read_truth("truth.csv").ids, np.random.default_rng(0)
    scores, labels = rng.random((len(ids), 20)), rng.integers(0, 20, len(ids))
    return {
        "glckit": glckit,
        "scores": scores,
        "matrix": scores,
        "labels": labels,
        "occurrence_ids": ids,
        "species_ids": np.arange(20),
        "network": lambda planes: planes,
        "validation": [(torch.from_numpy(scores), torch.from_numpy(labels))],
        "forest": DecisionTreeClassifier(),
        "covariates": rng.random((30, 3)),
        "species": np.repeat([4, 7, 9], 10),
        "scaled": lambda planes: planes / 255,
    }


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_the_python_of_a_page_runs(page: str, given: dict[str, Any]) -> None:
    blocks = blocks_of(page)
    assert len(blocks) == {"README.md": 1, "docs/python.md": 6}[page]
    for block in blocks:
        exec(compile(block, page, "exec"), dict(given))  # noqa: S102 - our own
    assert glckit.validate("runs/own.csv").valid


def test_the_metrics_are_there_by_either_name() -> None:
    assert glckit.metrics.Scorer(k=2).k == 2
