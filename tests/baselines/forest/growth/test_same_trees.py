"""The compiled grower's trees are scikit-learn's in every field, to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from baselines.forest.growing import StockGrower, grow_tree
from baselines.forest.growth import codes, grower
from baselines.forest.growth.codes import code_table
from baselines.forest.growth.draws import draws_of_forest
from baselines.forest.growth.grower import fast_grower
from baselines.forest.growth.tree import fast_tree, hindrance
from baselines.forest.options import ForestOptions

pytest.importorskip("numba")
# scikit-learn adds up the extremes, and wonders at many classes.
pytestmark = [
    pytest.mark.filterwarnings("ignore:invalid value encountered in reduce:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:overflow encountered in reduce:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:The number of unique classes:UserWarning"),
]

Values = NDArray[np.float32]
Labels = NDArray[np.integer]
Rng = np.random.Generator

OPTIONS: dict[str, dict[str, Any]] = {
    "the paper's": {},
    "any depth": {"max_depth": None},
    "all covariates": {"max_depth": None, "max_features": None},
    "one covariate": {"max_depth": None, "max_features": 1},
    "log2": {"max_features": "log2", "max_depth": 4},
    "half of the covariates": {"max_features": 0.5, "min_samples_split": 9},
    "leaves of three": {"max_depth": None, "min_samples_leaf": 3},
    "shares of samples": {"min_samples_leaf": 0.02, "min_samples_split": 0.1},
    "share of weight": {"max_depth": None, "min_weight_fraction_leaf": 0.03},
    "least gain": {"max_depth": None, "min_impurity_decrease": 0.004},
    "no bootstrap": {"max_depth": None, "bootstrap": False, "max_features": 3},
    "small bootstrap": {"max_depth": None, "max_samples": 0.4},
    "fixed bootstrap": {"max_depth": 7, "max_samples": 37},
}


def _clustered(rng: Rng, n: int, n_classes: int, n_features: int = 6) -> tuple[Values, Labels]:
    labels = np.concatenate([np.arange(n_classes), rng.zipf(1.5, n) % n_classes])[:n]
    values = rng.uniform(0, 1, (n_classes, n_features))[labels] + rng.normal(0, 0.3, (n, n_features))
    return values.astype(np.float32), labels


def _rounded(rng: Rng, n: int, n_classes: int, n_levels: int) -> tuple[Values, Labels]:
    values, labels = _clustered(rng, n, n_classes)
    return np.floor(values * n_levels), labels


def _mirrored(rng: Rng) -> tuple[Values, Labels]:
    half, labels = _rounded(rng, 80, 6, 8)
    return np.concatenate([half, -half]), np.concatenate([labels, labels])


def _neighbours(rng: Rng) -> tuple[Values, Labels]:
    steps = rng.choice(np.array([0, 3e-8, 9e-8, 1e-7, 1.1e-7, 2e-7]), (200, 5))
    return np.cumsum(steps, axis=0).astype(np.float32), rng.integers(0, 5, 200)


def _small_mirrored(seed: int) -> tuple[Values, Labels]:
    rng = np.random.default_rng(seed)
    half, labels = rng.integers(1, 9, (30, 4)), rng.integers(0, 7, 30)
    return np.concatenate([half, -half]).astype(np.float32), np.tile(labels, 2)


def _closest_neighbours(rng: Rng) -> tuple[Values, Labels]:
    limit = np.float32(1e-7)
    steps = np.nextafter(limit, np.array([-1, 1, limit], dtype=np.float32))
    values = rng.integers(0, 2, (90, 3)).astype(np.float32) * steps
    return np.where(rng.random((90, 3)) < 0.2, np.float32(1), values), rng.integers(0, 3, 90)


def _copies(_: Rng) -> tuple[Values, Labels]:
    labels = np.repeat(np.arange(4), 10)
    return labels[:, np.newaxis].astype(np.float32), labels


def _columns(rng: Rng, *makers: Callable[[Values], Values]) -> tuple[Values, Labels]:
    values, labels = _clustered(rng, 250, 12, len(makers))
    return np.stack([make(values[:, i]) for i, make in enumerate(makers)], axis=1), labels


def _same(column: Values) -> Values:
    return column


def _constant(column: Values) -> Values:
    return np.full_like(column, 7)


def _zeros(column: Values) -> Values:
    signs = np.where(column > 0.5, -0.0, 0.0)
    return np.where(column > 0.9, np.float32(1), signs).astype(np.float32)


def _extreme(column: Values) -> Values:
    limits = np.finfo(np.float32)
    chosen = np.array([limits.min, -1, limits.smallest_subnormal, 0, limits.tiny, 1, limits.max])
    return chosen[(column * 100).astype(int) % 7].astype(np.float32)


def _doubled(rng: Rng) -> tuple[Values, Labels]:
    values, labels = _clustered(rng, 120, 9)
    return np.tile(values, (3, 1)), np.tile(labels, 3)


def _copied_columns(rng: Rng) -> tuple[Values, Labels]:
    values, labels = _rounded(rng, 200, 8, 5)
    return np.tile(values[:, :3], (1, 3)), labels


PROBLEMS: dict[str, Callable[[Rng], tuple[Values, Labels]]] = {
    "two classes": lambda rng: _clustered(rng, 300, 2),
    "continuous": lambda rng: _clustered(rng, 500, 20),
    "integers": lambda rng: _rounded(rng, 600, 40, 12),
    "few integers": lambda rng: _rounded(rng, 400, 15, 2),
    "wide integers": lambda rng: _rounded(rng, 500, 30, 70_000),
    "5,000 classes": lambda rng: _rounded(rng, 5_200, 5_000, 3),
    "a class a sample": lambda rng: _rounded(rng, 150, 150, 9),
    "random labels": lambda rng: (_rounded(rng, 300, 5, 4)[0], rng.integers(0, 5, 300)),
    "mirror images": _mirrored,
    # These notice a proxy in another algebraic form, and multiplications fused with additions.
    "mirror images 6": lambda _: _small_mirrored(6),
    "mirror images 19": lambda _: _small_mirrored(19),
    "copies": _copies,
    "neighbours": _neighbours,
    "closest neighbours": _closest_neighbours,
    "distant neighbours": lambda rng: (_neighbours(rng)[0] + np.float32(0.75), rng.integers(0, 4, 200)),
    "constants": lambda rng: _columns(rng, _constant, _same, _constant, _constant, _same, _constant),
    "constants only": lambda rng: _columns(rng, _constant, _constant),
    "zeros of both signs": lambda rng: _columns(rng, _zeros, _zeros, _same, _zeros),
    "extremes": lambda rng: _columns(rng, _extreme, _extreme, _same),
    "doubled rows": _doubled,
    "duplicated columns": _copied_columns,
    "one column": lambda rng: _clustered(rng, 200, 6, 1),
    "27 columns": lambda rng: _clustered(rng, 250, 30, 27),
    "one class but for a sample": lambda rng: (_clustered(rng, 90, 3)[0], np.arange(90) // 89),
    "a rare value": lambda rng: (np.eye(100, 5, dtype=np.float32), rng.integers(0, 4, 100)),
}


def assert_same_trees(values: Values, labels: Labels, options: ForestOptions, *, seed: int) -> None:
    assert hindrance(values, labels, options) is None
    table, draws = code_table(values, labels), draws_of_forest(options, len(labels), seed=seed)
    for number in range(options.n_estimators):
        mine = fast_tree(table, options, draws, number=number)
        theirs = grow_tree(values, labels, options=options, seed=seed, number=number)
        assert mine.difference(theirs) is None


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_trees_are_those_of_scikit_learn(problem: str, options: str) -> None:
    values, labels = PROBLEMS[problem](np.random.default_rng(len(problem)))
    chosen = ForestOptions(n_estimators=2, **OPTIONS[options])
    assert_same_trees(values, labels, chosen, seed=len(options))


@pytest.mark.parametrize("options", OPTIONS)
def test_codes_of_32_bits(options: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "_NARROW", 40)
    values, labels = _rounded(np.random.default_rng(3), 600, 40, 12)
    values[:, ::2] *= np.arange(600)[:, np.newaxis]
    table = code_table(values, labels)
    assert len(table.covariates.narrow) == len(table.covariates.wide) == 3
    assert_same_trees(values, labels, ForestOptions(n_estimators=2, **OPTIONS[options]), seed=4)


def test_more_values_than_16_bits_hold() -> None:
    values = np.random.default_rng(0).permutation(66_000).astype(np.float32)[:, np.newaxis]
    labels = np.arange(66_000) * 2 // 66_000
    assert_same_trees(values, labels, ForestOptions(n_estimators=1, bootstrap=False), seed=0)


def test_the_order_of_the_samples_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values, labels = PROBLEMS["integers"](np.random.default_rng(1))
    stock = StockGrower(values, labels, ForestOptions(n_estimators=3), 5)
    as_it_is = fast_grower(stock)
    monkeypatch.setattr(grower, "_FAR_APART", 0)
    by_leaves = fast_grower(stock)
    assert not np.array_equal(by_leaves.table.order, as_it_is.table.order)
    assert [by_leaves.grow(i).difference(as_it_is.grow(i)) for i in range(3)] == [None] * 3


# How long it takes to draw an example says nothing on a busy machine.
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_small_problem(data: st.DataObject) -> None:
    n, n_features = data.draw(st.integers(2, 40)), data.draw(st.integers(1, 5))
    numbers = st.one_of(
        st.integers(-3, 3).map(float), st.floats(width=32, allow_nan=False, allow_infinity=False)
    )
    column = st.lists(numbers, min_size=n, max_size=n)
    values = np.array([data.draw(column) for _ in range(n_features)], dtype=np.float32).T.copy()
    labels = np.array(data.draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)))
    options = ForestOptions(
        n_estimators=2,
        max_depth=data.draw(st.sampled_from([None, 1, 3])),
        max_features=data.draw(st.sampled_from([None, 1, "sqrt", 0.5])),
        min_samples_leaf=data.draw(st.integers(1, 3)),
        bootstrap=data.draw(st.booleans()),
    )
    assert_same_trees(
        values, np.unique(labels, return_inverse=True)[1], options, seed=data.draw(st.integers(0, 99))
    )
