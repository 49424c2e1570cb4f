"""Compiled code predicts the bits that NumPy predicts, in the same order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from telling import Counted

from baselines.forest import ranking
from baselines.forest.growing import StockGrower, grow_trees
from baselines.forest.model import ForestModel, TrainingFacts
from baselines.forest.options import ForestOptions
from baselines.forest.prediction import best_pairs
from baselines.forest.ranking import BATCH, fast_ranker, joined, ranked
from scoring.sparse import Pairs

pytest.importorskip("numba")

FACTS = TrainingFacts(0, 0, 0, 0, 0, 0.0, "-", "-")


def _model(
    n: int, n_classes: int, *, n_trees: int = 5, max_depth: int | None = 5, seed: int = 0
) -> ForestModel:
    generator = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(n_classes), generator.zipf(1.3, n) % n_classes])
    values = generator.normal(0, 1, (len(labels), 3)).astype(np.float32)
    options = ForestOptions(n_estimators=n_trees, max_depth=max_depth)
    trees = tuple(grow_trees(StockGrower(values, labels, options, seed), n_trees))
    return ForestModel(tuple("abc"), np.arange(n_classes) * 3 + 7, trees, {}, options, FACTS)


def _places(n: int) -> NDArray[np.float32]:
    return np.random.default_rng(9).normal(0, 1, (n, 3)).astype(np.float32)


def _assert_same(mine: Pairs, theirs: Pairs) -> None:
    for name in ("offsets", "species", "scores"):
        one, other = getattr(mine, name), getattr(theirs, name)
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


MODELS: dict[str, Callable[[], ForestModel]] = {
    "few classes": lambda: _model(300, 6),
    "many classes": lambda: _model(9000, 2000, n_trees=9, max_depth=2),
    "one leaf": lambda: _model(40, 30, n_trees=1, max_depth=1),
    "pure leaves": lambda: _model(200, 9, max_depth=None),
}


@pytest.mark.parametrize("max_rows", [1, 2, 150, 5000])
@pytest.mark.parametrize("name", MODELS)
def test_the_bits_are_those_of_numpy(name: str, max_rows: int) -> None:
    model = MODELS[name]()
    places = _places(40)
    found = fast_ranker(model).best_pairs(places, max_rows=max_rows)
    _assert_same(found, best_pairs(model, places, max_rows=max_rows))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 50), max_rows=st.integers(1, 30), n_trees=st.integers(1, 8))
def test_any_forest(seed: int, max_rows: int, n_trees: int) -> None:
    model = _model(60, 25, n_trees=n_trees, max_depth=3, seed=seed)
    _assert_same(
        fast_ranker(model).best_pairs(_places(5), max_rows=max_rows),
        best_pairs(model, _places(5), max_rows=max_rows),
    )


@pytest.mark.parametrize("worth", [0.0, 1e9])
def test_batches_come_in_order(worth: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "_WORTH", worth)
    model, places, told = MODELS["few classes"](), _places(3 * BATCH + 5), Counted()
    parts = list(ranked(model, places, max_rows=4, progress=told))
    assert [part.n_lists for part in parts] == [BATCH, BATCH, BATCH, 5]
    _assert_same(joined(parts), best_pairs(model, places, max_rows=4))
    assert ("compiling and testing the prediction" in told.totals) == (worth == 0)


def test_where_it_differs_numpy_predicts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "_WORTH", 0)
    model, places, told = MODELS["few classes"](), _places(9), Counted()
    other = fast_ranker(_model(300, 6, seed=1))
    monkeypatch.setattr(ranking, "fast_ranker", lambda _: other)
    _assert_same(
        joined(list(ranked(model, places, max_rows=4, progress=told))), best_pairs(model, places, max_rows=4)
    )
    assert told.said == ["NumPy predicts, as compiled code says something else here."]
