"""Scorers of scikit-learn say what a loop over the folds says."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import glckit

pytest.importorskip("sklearn")
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.tree import DecisionTreeClassifier

from glckit.metrics import Scorer, adaptive_top_k_score, top_k_score
from scoring.dense import score_dense
from scoring.metrics.table import METRICS

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 4))
Y = (RNG.integers(0, 12, 300) + 2 * (X[:, 0] > 0)) * 7 + 3  # ids of species, not columns
TREE = DecisionTreeClassifier(max_depth=4, random_state=0)
FOLDS = StratifiedKFold(4, shuffle=True, random_state=0)


def by_loop(metric: str, k: int, labels: Any = Y) -> list[float]:
    """Fit and score fold by fold, with columns looked up one by one."""
    found = []
    for train, test in FOLDS.split(X, labels):
        tree = clone(TREE).fit(X[train], labels[train])
        columns = [list(tree.classes_).index(y) if y in tree.classes_ else -1 for y in labels[test]]
        rows = np.arange(len(test))
        scored = score_dense(tree.predict_proba(X[test]), columns, k=k, rows=rows, all_ties=True)
        found.append(scored.by(METRICS[metric]))
    return found


@pytest.mark.parametrize("metric", ["adaptive-top-k", "top-k", "top-k-error", "mrr"])
@pytest.mark.parametrize("k", [1, 3])
def test_cross_val_score_equals_a_loop(metric: str, k: int) -> None:
    scores = cross_val_score(TREE, X, Y, cv=FOLDS, scoring=Scorer(metric, k))
    sign = -1 if metric == "top-k-error" else 1
    assert (sign * scores).tolist() == by_loop(metric, k)


@pytest.mark.parametrize(
    ("function", "metric"), [(adaptive_top_k_score, "adaptive-top-k"), (top_k_score, "top-k")]
)
def test_functions_suit_make_scorer(function: Any, metric: str) -> None:
    scorer = make_scorer(function, response_method="predict_proba", k=2, labels=np.unique(Y))
    assert cross_val_score(TREE, X, Y, cv=FOLDS, scoring=scorer).tolist() == by_loop(metric, 2)


@pytest.mark.filterwarnings("ignore:The least populated class:UserWarning")
def test_a_class_that_a_fold_lacks_is_wrong() -> None:
    rare = Y.copy()
    rare[:3] = 1000
    scores = cross_val_score(TREE, X, rare, cv=FOLDS, scoring=Scorer("adaptive-top-k", 2))
    assert scores.tolist() == by_loop("adaptive-top-k", 2, rare)
    assert adaptive_top_k_score([9, 9], [[0.9, 0.1], [0.8, 0.2]], k=1, labels=[3, 4]) == 0.0


def test_columns_of_sorted_classes_are_those_of_arrays() -> None:
    scores = RNG.random((60, 14))
    true = np.concatenate([np.arange(14), RNG.integers(0, 14, 46)])
    names = np.array([f"species {i:02}" for i in range(14)])
    for k in (1, 4):
        assert adaptive_top_k_score(names[true], scores, k=k) == glckit.adaptive_top_k(scores, true, k=k)
        assert top_k_score(names[true], scores, k=k) == glckit.top_k(scores, true, k=k)
    order = RNG.permutation(14)
    shuffled = adaptive_top_k_score(names[true], scores[:, order], k=4, labels=names[order])
    assert shuffled == glckit.adaptive_top_k(scores, true, k=4)


def test_a_search_takes_it() -> None:
    search = GridSearchCV(TREE, {"max_depth": [1, 4]}, scoring=Scorer(k=2), cv=FOLDS).fit(X, Y)
    assert search.best_score_ == max(search.cv_results_["mean_test_score"])
    assert pickle.loads(pickle.dumps(Scorer(k=2))) == Scorer(k=2)  # noqa: S301 - our own


def test_decision_functions() -> None:
    model = RidgeClassifier().fit(X, Y)
    columns = np.searchsorted(model.classes_, Y)
    expected = glckit.adaptive_top_k(model.decision_function(X), columns, k=2)
    assert Scorer(k=2)(model, X, Y) == expected
    two = RidgeClassifier().fit(X, X[:, 1] > 0)
    assert Scorer("top-k", 1)(two, X, X[:, 1] > 0) == two.score(X, X[:, 1] > 0)


@pytest.mark.parametrize(
    ("metric", "k", "message"),
    [
        ("f1-micro", 3, "a metric of sets; scorers are adaptive-top-k"),
        ("top", 3, "no metric is named top"),
        ("top-k", 0, "k must be a positive integer"),
    ],
)
def test_scorers_that_cannot_be_are_refused(metric: str, k: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Scorer(metric, k)


@pytest.mark.parametrize(
    ("true", "scores", "labels", "message"),
    [
        ([1, 2], [[0.5, 0.5]] * 2, [1, 2, 3], "2 columns of scores, but 3 labels"),
        ([1, 2], [[0.5, 0.5]] * 2, [1, 1], "named twice"),
        ([1], [[0.5, 0.5]], None, "2 columns of scores, but 1 labels"),
        ([1, 2], [0.5, 0.5], None, "y_score of shape"),
        ([1, 2], [[0.5, np.nan]] * 2, None, "NaN"),
        ([1, 2], [[0.5, 0.5]], None, "y_score of shape .1, 2. for y_true of shape .2,"),
    ],
)
def test_what_cannot_be_scored_is_refused(true: Any, scores: Any, labels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        adaptive_top_k_score(true, scores, labels=labels)


def test_an_estimator_without_scores_is_refused() -> None:
    class Silent:
        classes_ = np.array([1, 2])

    with pytest.raises(ValueError, match="neither predict_proba nor decision_function"):
        Scorer()(Silent(), X, Y)


def test_scores_that_are_all_the_same_are_left_out_together() -> None:
    dummy = DummyClassifier(strategy="uniform").fit(X, Y)
    assert Scorer(k=1)(dummy, X, Y) == 0.0
    assert Scorer("top-k", k=1)(dummy, X, Y) == np.mean(dummy.classes_[0] == Y)
