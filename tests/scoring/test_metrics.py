"""Every metric against an independent oracle, and what holds for all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from scoring.dense import score_dense
from scoring.metrics.f1_micro import F1_MICRO
from scoring.metrics.f1_samples import F1_SAMPLES
from scoring.metrics.mrr import MRR
from scoring.metrics.table import METRICS, metrics_named
from scoring.metrics.top_k import TOP_K, TOP_K_ERROR
from scoring.score import Scored
from scoring.sets import TrueSets, score_sets
from scoring.sparse import Pairs, score_sparse

_N_SPECIES = 6

# For each occurrence: its true species, and the predicted ones with scores (few values, so that many tie).
_SCORES = st.sampled_from([0.0, 0.25, 0.5, 1.0])
_OCCURRENCE = st.tuples(
    st.sets(st.integers(0, _N_SPECIES - 1), min_size=1, max_size=4),
    st.dictionaries(st.integers(0, _N_SPECIES + 1), _SCORES, max_size=_N_SPECIES),
)
_OCCURRENCES = st.lists(_OCCURRENCE, min_size=1, max_size=12)


def _pairs(lists: list[dict[int, float]]) -> tuple[Pairs, NDArray[np.intp]]:
    positions = np.array([i for i, each in enumerate(lists) if each], np.intp)
    offsets = np.cumsum([0, *(len(lists[i]) for i in positions)])
    species = np.array([species for each in lists for species in each], np.int64)
    scores = np.array([score for each in lists for score in each.values()])
    return Pairs(offsets, species, scores), positions


def _sets(given_sets: list[set[int]]) -> TrueSets:
    species = np.array([species for each in given_sets for species in sorted(each)], np.int64)
    return TrueSets(np.cumsum([0, *map(len, given_sets)]), species)


def _scored(occurrences: list[tuple[set[int], dict[int, float]]]) -> Scored:
    pairs, positions = _pairs([lists for _, lists in occurrences])
    outcomes = score_sets(pairs, _sets([true for true, _ in occurrences]), positions)
    return Scored(1, -np.inf, outcomes, metrics=(F1_SAMPLES, F1_MICRO))


@pytest.mark.parametrize(("metric", "average"), [(F1_SAMPLES, "samples"), (F1_MICRO, "micro")])
@given(occurrences=_OCCURRENCES)
def test_f1_is_that_of_scikit_learn(
    metric: Any, average: str, occurrences: list[tuple[set[int], dict[int, float]]]
) -> None:
    f1_score = pytest.importorskip("sklearn.metrics").f1_score
    true, predicted = np.zeros((2, len(occurrences), _N_SPECIES + 2), int)
    for row, (species, lists) in enumerate(occurrences):
        true[row, list(species)] = 1
        predicted[row, list(lists)] = 1
    expected = f1_score(true, predicted, average=average, zero_division=0)
    assert _scored(occurrences).by(metric) == pytest.approx(expected, rel=1e-12, abs=0)


def _single(occurrences: list[tuple[set[int], dict[int, float]]]) -> tuple[list[int], list[dict[int, float]]]:
    return [min(true) for true, _ in occurrences], [lists for _, lists in occurrences]


def _rank(label: int, lists: dict[int, float]) -> int | None:
    ordered = sorted(lists, key=lambda species: -lists[species])  # a stable sort: ties by order
    return ordered.index(label) + 1 if label in ordered else None


@given(occurrences=_OCCURRENCES, k=st.integers(1, 8))
def test_metrics_of_one_species_are_those_of_a_loop(
    occurrences: list[tuple[set[int], dict[int, float]]], k: int
) -> None:
    labels, lists = _single(occurrences)
    pairs, positions = _pairs(lists)
    score = score_sparse(pairs, np.array(labels), positions, k=k)
    ranks = [_rank(label, each) for label, each in zip(labels, lists, strict=True)]
    n = len(labels)
    assert score.by(MRR) == pytest.approx(sum(1 / rank for rank in ranks if rank) / n, rel=1e-12)
    assert score.by(TOP_K) == sum(rank is not None and rank <= k for rank in ranks) / n
    assert score.by(TOP_K_ERROR) == sum(rank is None or rank > k for rank in ranks) / n
    f1 = [2 * (label in each) / (1 + len(each)) for label, each in zip(labels, lists, strict=True)]
    assert score.by(F1_SAMPLES) == pytest.approx(sum(f1) / n, rel=1e-12)
    for metric in METRICS.values():
        bounds = score.bounds_by(metric)
        assert bounds is None or bounds[0] <= score.by(metric) <= bounds[1]


@given(occurrences=_OCCURRENCES, k=st.integers(1, 8))
def test_a_matrix_scores_as_its_lists_do(
    occurrences: list[tuple[set[int], dict[int, float]]], k: int
) -> None:
    labels, lists = _single(occurrences)
    matrix = np.full((len(labels), _N_SPECIES + 2), -np.inf)
    for row, each in enumerate(lists):
        matrix[row, list(each)] = list(each.values())
    ordered = [dict(sorted(each.items())) for each in lists]
    pairs, positions = _pairs(ordered)
    sparse = score_sparse(pairs, np.array(labels), positions, k=k)
    dense = score_dense(matrix, labels, k=k, all_ties=True)
    assert dense.n_pairs == sparse.n_pairs
    for metric in METRICS.values():
        assert dense.by(metric) == sparse.by(metric)
        assert dense.bounds_by(metric) == sparse.bounds_by(metric)


@given(occurrences=_OCCURRENCES)
def test_top_k_is_that_of_scikit_learn_without_ties(
    occurrences: list[tuple[set[int], dict[int, float]]],
) -> None:
    top_k_accuracy_score = pytest.importorskip("sklearn.metrics").top_k_accuracy_score
    labels, _ = _single(occurrences)
    scores = np.random.default_rng(len(labels)).permutation(len(labels) * _N_SPECIES)
    matrix = scores.reshape(len(labels), _N_SPECIES).astype(float)
    expected = top_k_accuracy_score(labels, matrix, k=2, labels=range(_N_SPECIES))
    assert score_dense(matrix, labels, k=2).by(TOP_K) == pytest.approx(expected, rel=1e-12)


@given(occurrences=_OCCURRENCES)
def test_the_order_of_occurrences_changes_nothing(
    occurrences: list[tuple[set[int], dict[int, float]]],
) -> None:
    assert _scored(occurrences).scores == _scored(occurrences[::-1]).scores


def test_species_ids_may_be_any_integers() -> None:
    huge = 2**62
    pairs = Pairs(np.array([0, 2]), np.array([huge, -7]), np.ones(2))
    outcomes = score_sets(pairs, TrueSets(np.array([0, 2]), np.array([-7, huge - 1])), np.array([0]))
    assert outcomes.n_hit.tolist() == [1]


def test_signatures_name_the_metric_and_what_it_depends_on() -> None:
    scored = _scored([({1}, {1: 0.5})])
    samples, micro = (scored.signatures[name] for name in ("f1-samples", "f1-micro"))
    assert samples.startswith("metric:f1-samples|n:1|missing:wrong")
    assert micro != samples
    pairs = Pairs(np.array([0, 1]), np.array([1]), np.ones(1))
    score = score_sparse(pairs, np.array([1]), np.array([0]), k=3)
    assert list(score.signatures) == ["adaptive-top-k", "top-k"]
    assert "|k:3|" in score.signatures["top-k"]
    assert "compare" not in score.signatures["top-k"]


def test_misspelt_metrics_are_named_together() -> None:
    with pytest.raises(ValueError, match=r"topk \(top-k\?\) or nonsense: there are adaptive-top-k, top-k"):
        metrics_named(["topk", "mrr", "nonsense"])


def test_directions() -> None:
    assert [name for name, metric in METRICS.items() if metric.lower_is_better] == ["top-k-error"]
