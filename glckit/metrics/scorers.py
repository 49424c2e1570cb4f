"""The metrics for scikit-learn: functions for `make_scorer`, and scorers that know an estimator's classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scoring.adaptive import check_k
from scoring.dense import score_dense
from scoring.metrics.metric import Metric
from scoring.metrics.table import METRICS, metrics_named

_NAMES = tuple(name for name, metric in METRICS.items() if metric.needs != "sets")


def adaptive_top_k_score(
    y_true: ArrayLike, y_score: ArrayLike, *, k: int = 30, labels: ArrayLike | None = None
) -> float:
    """Return the adaptive top-K accuracy of what an estimator predicts.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True classes, of any type.
    y_score : array-like of float of shape (n_samples, n_classes)
        Scores, such as those of `predict_proba`.
    k : int, default 30
        Classes per sample, on average.
    labels : array-like of shape (n_classes,), optional
        The class of each column, an estimator's `classes_`; by default the classes of `y_true`, ascending.

    Returns
    -------
    float
        Between 0 and 1; what `glckit.adaptive_top_k` gives for the columns of the classes.

    Raises
    ------
    ValueError
        If `labels` are not as many as there are columns, or doubled; if a score is NaN.

    Notes
    -----
    A true class that has no column is wrong, and widens the budget as any other: in a fold, a species may be
    seen in the test part alone. `make_scorer` knows nothing of an estimator's classes, so name them, as in
    ``make_scorer(adaptive_top_k_score, response_method="predict_proba", labels=np.unique(y))``, which suits
    where the training part of every fold has all of them; `Scorer` asks the estimator itself.

    Examples
    --------
    >>> adaptive_top_k_score([7, 4], [[0.2, 0.8], [0.1, 0.9]], k=1, labels=[4, 7])
    0.5
    """
    return _scored(METRICS["adaptive-top-k"], y_true, y_score, k=k, labels=labels)


def top_k_score(
    y_true: ArrayLike, y_score: ArrayLike, *, k: int = 30, labels: ArrayLike | None = None
) -> float:
    """Return the top-K accuracy of what an estimator predicts.

    Parameters
    ----------
    y_true, y_score, k, labels
        As for `adaptive_top_k_score`.

    Returns
    -------
    float
        Between 0 and 1; what `glckit.top_k` gives for the columns of the classes.

    Raises
    ------
    ValueError
        As for `adaptive_top_k_score`.

    Examples
    --------
    >>> top_k_score([7, 4], [[0.2, 0.8], [0.1, 0.9]], k=1, labels=[4, 7])
    0.5
    """
    return _scored(METRICS["top-k"], y_true, y_score, k=k, labels=labels)


@dataclass(frozen=True)
class Scorer:
    """A metric as scikit-learn's `scoring`, for `cross_val_score`, `GridSearchCV` and the like.

    Parameters
    ----------
    metric : {"adaptive-top-k", "top-k", "top-k-error", "mrr"}
        What to score by. Greater is better for scikit-learn, so an error is negative.
    k : int, default 30
        Classes per sample.

    Raises
    ------
    ValueError
        If there is no such metric, it is one of sets, or k is no positive integer; when it is called, if the
        estimator gives no score for each class.

    Notes
    -----
    Scores are those of `predict_proba`, or else of `decision_function`. Classes are the estimator's own
    (`classes_`): those that the training part of a fold lacks are wrong.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.model_selection import cross_val_score
    >>> features, species = np.zeros((8, 1)), np.array([4, 4, 4, 7] * 2)
    >>> cross_val_score(DummyClassifier(), features, species, cv=2, scoring=Scorer("top-k", k=1)).tolist()
    [0.75, 0.75]
    """

    metric: str = "adaptive-top-k"
    k: int = 30

    def __post_init__(self) -> None:
        metrics_named([self.metric])
        if self.metric not in _NAMES:
            raise ValueError(f"{self.metric} is a metric of sets; scorers are {', '.join(_NAMES)}")
        check_k(self.k)

    def __call__(self, estimator: Any, X: Any, y: ArrayLike) -> float:  # noqa: N803 - scikit-learn's name
        """Return the score of an estimator."""
        metric = METRICS[self.metric]
        score = _scored(metric, y, _scores_of(estimator, X), k=self.k, labels=estimator.classes_)
        return -score if metric.lower_is_better else score


def _scores_of(estimator: Any, features: Any) -> NDArray[Any]:
    # Asked first, since some estimators only say when they are fitted whether they have it.
    method = getattr(estimator, "predict_proba", None) or getattr(estimator, "decision_function", None)
    if method is None:
        raise ValueError(f"{type(estimator).__name__} has neither predict_proba nor decision_function")
    scores = np.asarray(method(features))
    if scores.ndim == 1 and len(estimator.classes_) == 2:  # how far on the side of the second class
        return np.stack([-scores, scores], axis=1)
    return scores


def _scored(
    metric: Metric, y_true: ArrayLike, y_score: ArrayLike, *, k: int, labels: ArrayLike | None
) -> float:
    scores, true = np.asarray(y_score), np.asarray(y_true)
    if scores.ndim != 2 or true.shape != scores.shape[:1]:
        raise ValueError(f"y_score of shape {scores.shape} for y_true of shape {true.shape}")
    columns = _columns_of(true, np.unique(true) if labels is None else np.asarray(labels), scores.shape[1])
    block = scores.astype(np.float64) if scores.dtype.kind in "iub" else scores
    scored = score_dense(block, columns, k=k, rows=np.arange(len(columns)), all_ties=metric.name == "mrr")
    return scored.by(metric)


def _columns_of(true: NDArray[Any], labels: NDArray[Any], n_columns: int) -> NDArray[np.intp]:
    """Return the column of each true class, -1 where it has none."""
    if labels.shape != (n_columns,):
        raise ValueError(f"{n_columns} columns of scores, but {labels.size} labels; name the class of each")
    order = np.argsort(labels)
    ascending = labels[order]
    if (ascending[1:] == ascending[:-1]).any():
        raise ValueError("a class is named twice among the labels")
    places = np.minimum(np.searchsorted(ascending, true), len(labels) - 1)
    return np.where(ascending[places] == true, order[places], -1)
