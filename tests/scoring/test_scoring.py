"""Fast scoring equals the oracle, and keeps the promises of the metric."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scoring.dense
import scoring.sparse
from scoring.dense import score_dense
from scoring.score import Score
from scoring.sparse import Pairs, score_sparse
from submissions.run import group_by_occurrence

# Few distinct scores make ties; the others are neighbours that only exact comparison tells apart.
SCORES = [0.0, 0.25, 0.5, 0.5000000000000001, 1.0, -1.0, 5e-324, 1e308]


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[oracle.Pair], dict[int, int], int]:
    """Pairs in any order, a truth that covers some of the occurrences and others, and K."""
    n_species = draw(st.integers(1, 6))
    occurrences = draw(st.lists(st.integers(0, 9), min_size=1, max_size=6, unique=True))
    keys = [(i, j) for i in occurrences for j in range(n_species)]
    chosen = draw(st.lists(st.sampled_from(keys), unique=True, max_size=len(keys)))
    ranked = draw(st.booleans())
    pairs: list[oracle.Pair] = [
        (i, j, draw(st.sampled_from(SCORES)), draw(st.integers(1, 4)) if ranked else None) for i, j in chosen
    ]
    known = draw(st.lists(st.sampled_from([*occurrences, 77]), min_size=1, unique=True))
    truth = {i: draw(st.integers(0, n_species)) for i in known}
    return pairs, truth, draw(st.integers(1, 4))


def fast(pairs: list[oracle.Pair], truth: dict[int, int], k: int) -> Score:
    kept = [pair for pair in pairs if pair[0] in truth]
    ids = np.array([pair[0] for pair in kept], np.int64)
    grouping = group_by_occurrence(ids)
    order = np.arange(len(kept)) if grouping.order is None else grouping.order
    ranks = np.array([pair[3] or 0 for pair in kept], np.int64)[order]
    lists = Pairs(
        grouping.offsets,
        np.array([pair[1] for pair in kept], np.int64)[order],
        np.array([pair[2] for pair in kept], np.float64)[order],
        None if not kept or kept[0][3] is None else ranks,
    )
    labels = np.array(list(truth.values()))
    positions = np.array([list(truth).index(i) for i in grouping.ids], np.intp)
    return score_sparse(lists, labels, positions, k=k)


def assert_equal(score: Score, expected: oracle.OracleScore) -> None:
    assert score.threshold == expected.threshold
    assert score.adaptive_top_k == float(expected.adaptive)
    assert score.top_k == float(expected.top_k)
    assert score.adaptive_top_k_bounds == (float(expected.adaptive), float(expected.adaptive_high))
    assert score.top_k_bounds == (float(expected.top_k_low), float(expected.top_k_high))
    assert score.unused_budget == expected.unused
    assert score.n_pairs == expected.n_pairs
    assert score.per_occurrence.set_sizes.tolist() == list(expected.set_sizes.values())


@given(problems())
def test_sparse_equals_the_oracle(problem: tuple[list[oracle.Pair], dict[int, int], int]) -> None:
    pairs, truth, k = problem
    assert_equal(fast(pairs, truth, k), oracle.score(pairs, truth, k))


@pytest.mark.parametrize("chunk", [1, 2, 5])
@given(problem=problems())
def test_the_size_of_chunks_changes_nothing(
    chunk: int, problem: tuple[list[oracle.Pair], dict[int, int], int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring.sparse, "_CHUNK_PAIRS", chunk)
        pairs, truth, k = problem
        assert_equal(fast(pairs, truth, k), oracle.score(pairs, truth, k))


@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_only_the_ties_of_top_k(
    problem: tuple[list[oracle.Pair], dict[int, int], int], shuffler: random.Random
) -> None:
    pairs, truth, k = problem
    before = fast(pairs, truth, k)
    shuffled = list(pairs)
    shuffler.shuffle(shuffled)
    after = fast(shuffled, truth, k)
    assert after.threshold == before.threshold
    assert after.adaptive_top_k == before.adaptive_top_k
    assert after.top_k_bounds == before.top_k_bounds
    low, high = after.top_k_bounds
    assert low <= after.top_k <= high


@pytest.mark.parametrize("transform", [lambda s: 2 * s, lambda s: s / 4, lambda s: -1 / (s + 2)])
@given(problem=problems())
def test_one_monotone_transform_of_all_scores_changes_nothing(
    transform: Callable[[float], float], problem: tuple[list[oracle.Pair], dict[int, int], int]
) -> None:
    pairs, truth, k = problem
    scores = {s for _, _, s, _ in pairs}
    if len({transform(s) for s in scores}) < len(scores):
        return  # distinct floats did not stay distinct: the invariance does not hold for these
    moved = [(i, j, transform(s), r) for i, j, s, r in pairs]
    if not all(math.isfinite(s) for _, _, s, _ in moved):
        return
    before, after = fast(pairs, truth, k), fast(moved, truth, k)
    assert after.adaptive_top_k == before.adaptive_top_k
    assert after.top_k == before.top_k
    assert after.per_occurrence.set_sizes.tolist() == before.per_occurrence.set_sizes.tolist()


def test_a_transform_for_each_occurrence_does_change_the_adaptive_score() -> None:
    pairs: list[oracle.Pair] = [(1, 1, 0.9, None), (1, 2, 0.8, None), (2, 1, 0.5, None), (2, 2, 0.4, None)]
    truth = {1: 2, 2: 7}
    halved = [(i, j, s / 8 if i == 1 else s, r) for i, j, s, r in pairs]
    assert fast(pairs, truth, 1).adaptive_top_k == 0.5
    assert fast(halved, truth, 1).adaptive_top_k == 0.0


@given(problems())
def test_lists_of_at_most_k_score_the_same_on_both(
    problem: tuple[list[oracle.Pair], dict[int, int], int],
) -> None:
    pairs, truth, _ = problem
    score = fast(pairs, truth, 6)
    assert score.threshold == -math.inf
    assert score.adaptive_top_k == score.top_k


@st.composite
def matrices(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    n, c = draw(st.integers(1, 7)), draw(st.integers(1, 9))
    dtype = draw(st.sampled_from([np.float16, np.float32, np.float64]))
    values = [-math.inf, 0.0, 0.25, 0.5, 0.75, 1.0, -3.0]
    rows = draw(st.lists(st.lists(st.sampled_from(values), min_size=c, max_size=c), min_size=n, max_size=n))
    labels = draw(st.lists(st.integers(0, c - 1), min_size=n, max_size=n))
    return np.array(rows, dtype), np.array(labels), draw(st.integers(1, 10))


def pairs_of(matrix: np.ndarray) -> list[oracle.Pair]:
    return [
        (i, j, float(s), None) for i, row in enumerate(matrix) for j, s in enumerate(row) if s > -math.inf
    ]


@pytest.mark.parametrize(("n_threads", "block_bytes"), [(1, 1), (1, 1 << 20), (3, 40)])
@pytest.mark.parametrize("sampled", [20, 1 << 22])  # 20: guesses from two rows, often too high
@given(problem=matrices())
def test_dense_equals_the_oracle(
    n_threads: int, block_bytes: int, sampled: int, problem: tuple[np.ndarray, np.ndarray, int]
) -> None:
    matrix, labels, k = problem
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring.dense, "_BLOCK_BYTES", block_bytes)
        patch.setattr(scoring.dense, "_SAMPLED_SCORES", sampled)
        score = score_dense(matrix, labels, k=k, n_threads=n_threads)
    assert_equal(score, oracle.score(pairs_of(matrix), dict(enumerate(labels.tolist())), k))


@pytest.mark.parametrize("order", ["random", "rising", "falling", "equal"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("sampled", [800, 8000, 1 << 22])
def test_the_pool_survives_every_order_of_rows(
    order: str, dtype: type, sampled: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring.dense, "_SAMPLED_SCORES", sampled)
    rng = np.random.default_rng(5)
    matrix = rng.random((600, 400))
    matrix += (
        {"random": 0, "rising": 1, "falling": -1, "equal": 0}[order] * np.arange(600)[:, np.newaxis] / 64
    )
    matrix = (matrix * 0 + 0.5 if order == "equal" else matrix).astype(dtype)
    labels = rng.integers(0, 400, 600)
    score = score_dense(matrix, labels, k=3)
    flat = np.sort(matrix.ravel().astype(np.float64))
    threshold = flat[-(3 * 600) - 1]
    true = matrix[np.arange(600), labels]
    assert score.threshold == threshold
    assert score.adaptive_top_k == np.count_nonzero(true > threshold) / 600
    assert score.per_occurrence.set_sizes.tolist() == (matrix > threshold).sum(axis=1).tolist()


def test_rows_and_columns_may_be_absent() -> None:
    matrix = np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)
    score = score_dense(matrix, [1, -1, 0], k=1, rows=np.array([1, 0, -1]))
    assert score.n_occurrences == 3
    assert score.adaptive_hits.tolist() == [True, False, False]
    assert score.n_pairs == 4


@pytest.mark.parametrize("bad", [np.nan])
def test_nan_is_refused(bad: float) -> None:
    matrix = np.full((3, 4), 0.5)
    matrix[1, 2] = bad
    with pytest.raises(ValueError, match="NaN"):
        score_dense(matrix, [0, 1, 2])


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        (np.zeros((2, 3)), [0, 3], "label 3 is outside the 3 classes"),
        (np.zeros((2, 3)), [0, -1], "label -1 is outside"),
        (np.zeros((2, 3)), [0], "2 rows of scores but 1 labels"),
        (np.zeros(3), [0], "two dimensions"),
        (np.zeros((0, 3)), np.zeros(0, int), "at least one"),
        (np.zeros((2, 3)), [0.0, 1.0], "must be integers"),
        (np.zeros((2, 3), complex), [0, 1], "float16, float32 or float64"),
    ],
)
def test_bad_arrays_are_refused(scores: np.ndarray, labels: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        score_dense(scores, labels)


@pytest.mark.parametrize("k", [0, -1, 1.5, True])
def test_k_must_be_a_positive_integer(k: object) -> None:
    with pytest.raises(ValueError, match="k must be a positive integer"):
        score_dense(np.zeros((2, 3)), [0, 1], k=k)  # type: ignore[arg-type]


def test_a_score_without_occurrences_is_refused() -> None:
    nothing = np.zeros(0, np.int64)
    with pytest.raises(ValueError, match="no occurrences"):
        score_sparse(Pairs(np.zeros(1, np.int64), nothing, np.zeros(0)), nothing, nothing)


def test_infinities_in_arrays_are_scores() -> None:
    matrix = np.array([[np.inf, 0.5, -np.inf], [0.1, np.inf, 0.2]])
    score = score_dense(matrix, [0, 0], k=1)
    assert score.n_pairs == 5
    assert score.threshold == 0.5
    assert score.adaptive_hits.tolist() == [True, False]
