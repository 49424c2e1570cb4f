"""The two metrics of plain arrays and tensors."""

from __future__ import annotations

import sys
from typing import Any

from numpy.typing import ArrayLike

from glckit.face.rows import array_of, is_tensor, rows_of
from scoring.dense import score_dense
from scoring.score import Score


def adaptive_top_k(scores: Any, labels: Any, k: int = 30) -> float:
    """Return the adaptive top-K accuracy of a matrix of scores.

    One threshold is fitted for all occurrences, such that at most k per occurrence score above it on
    average; the accuracy is the share of occurrences whose true class does.

    Parameters
    ----------
    scores : array-like, data frame or torch tensor of shape (n_occurrences, n_classes)
        Scores of float16, float32 or float64; a tensor may be on any device, and is moved in blocks. Rows
        are read in the order in which they stand, whatever the index of a data frame says.
    labels : array-like, series or torch tensor of int of shape (n_occurrences,)
        The true class of each occurrence, as the position of its column from 0, not by a column's name; in
        the order of the rows of `scores`, whatever the index of a series says.
    k : int, default 30
        Classes per occurrence, on average.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If a score is NaN, a label is outside the classes, or shapes do not fit; or if both arguments have
        an index and these contradict each other: the same labels in another order or, where neither is
        pandas' default of 0 to n - 1, other labels.

    Notes
    -----
    The comparison is strict: classes tied at the threshold are left out together. With no more than k
    classes the threshold is -inf and every occurrence is right.

    Examples
    --------
    >>> adaptive_top_k([[0.9, 0.1, 0.0], [0.4, 0.3, 0.3]], [0, 0], k=1)
    1.0
    """
    return score_arrays(scores, labels, k).adaptive_top_k


def top_k(scores: Any, labels: Any, k: int = 30) -> float:
    """Return the share of occurrences whose true class is among their k best.

    Parameters
    ----------
    scores, labels : array-like, data frame or series, or torch tensor
        As for `adaptive_top_k`.
    k : int, default 30
        Classes per occurrence.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        As for `adaptive_top_k`.

    Notes
    -----
    Of classes with equal scores, those with the lower index come first.

    Examples
    --------
    >>> top_k([[0.9, 0.1, 0.0], [0.4, 0.3, 0.3]], [0, 2], k=2)
    0.5
    """
    return score_arrays(scores, labels, k).top_k


def score_arrays(scores: Any, labels: Any, k: int = 30) -> Score:
    """Return both metrics of a matrix of scores, and what they are made of, in one pass.

    Parameters
    ----------
    scores, labels, k
        As for `adaptive_top_k`.

    Returns
    -------
    Score
        Aggregates and values for each occurrence.
    """
    _refuse_unlike_indexes(scores, labels)
    return score_dense(rows_of(scores), _labels(labels), k=k)


def _refuse_unlike_indexes(scores: Any, labels: Any) -> None:
    """Refuse a data frame and a series that do not speak of the same rows.

    A default index says nothing: predictions have one beside labels with the index of a part of a table.
    """
    pandas = sys.modules.get("pandas")  # no index comes from where pandas was not imported
    one, other = (getattr(values, "index", None) for values in (scores, labels))
    if pandas is None or not (isinstance(one, pandas.Index) and isinstance(other, pandas.Index)):
        return
    if one.equals(other) or len(one) != len(other):  # of lengths that differ, the scoring says so
        return
    is_default = any(index.equals(pandas.RangeIndex(len(index))) for index in (one, other))
    if not is_default or not len(one.symmetric_difference(other)):
        raise ValueError(
            "scores and labels have different indexes, and rows are read by position; "
            "bring them into one order, as with labels.loc[scores.index], or give labels.to_numpy()"
        )


def _labels(labels: Any) -> ArrayLike:
    return (
        labels.detach().cpu().numpy() if is_tensor(labels) else array_of(labels, "labels must not be masked")
    )
