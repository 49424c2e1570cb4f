"""The threshold from batches: exact, or known not to be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from scoring import batches
from scoring.adaptive import threshold_of
from scoring.batches import Kept, kept_of, largest, n_kept, together

# Few different scores, so that many are tied; and what has no order of its own in a type.
SCORES = st.sampled_from([-math.inf, -2.5, -0.0, 0.0, 0.1, 0.25, 0.1 + 1e-12, 7.0, 1e300, math.inf])
DTYPES = st.sampled_from([np.float32, np.float64])


@st.composite
def streams(draw: st.DrawFn) -> list[NDArray[np.floating]]:
    """Batches of rows, uneven and perhaps empty, of one type or two."""
    n_classes = draw(st.integers(1, 5))
    made = []
    for n in draw(st.lists(st.integers(0, 4), min_size=1, max_size=6)):
        rows = draw(
            st.lists(st.lists(SCORES, min_size=n_classes, max_size=n_classes), min_size=n, max_size=n)
        )
        with np.errstate(over="ignore"):
            made.append(np.array(rows, np.float64).reshape(n, n_classes).astype(draw(DTYPES)))
    return made


def kept_through(stream: list[NDArray[np.floating]], sizes: list[int]) -> Kept:
    """Take batches one by one, and let the bound rise to so many after each."""
    rest = Kept(np.empty(0, np.float32))
    for batch, size in zip(stream, sizes, strict=True):
        found = kept_of(batch, rest.bound)
        parts = [rest.values, found.values]
        rest = largest(parts, size, bound=rest.bound, n_tied=rest.n_tied + found.n_tied)
    return rest


@given(streams(), st.data(), st.integers(0, 40))
def test_a_threshold_is_exact_or_none(
    stream: list[NDArray[np.floating]], data: st.DataObject, budget: int
) -> None:
    sizes = [data.draw(st.integers(1, 30)) for _ in stream]
    scores = np.concatenate([batch.astype(np.float64).reshape(-1) for batch in stream])
    threshold = kept_through(stream, sizes).threshold(budget)
    assert threshold in (None, threshold_of(scores, budget))
    if min(sizes) > budget:
        assert threshold is not None


@given(streams(), st.data(), st.integers(0, 40))
def test_streams_are_put_together(
    stream: list[NDArray[np.floating]], data: st.DataObject, budget: int
) -> None:
    sizes = [data.draw(st.integers(1, 30)) for _ in stream]
    parts = [kept_through([batch], [size]) for batch, size in zip(stream, sizes, strict=True)]
    whole = together(
        np.concatenate([part.values for part in parts]),
        np.array([part.bound for part in parts]),
        np.array([part.n_tied for part in parts]),
    )
    scores = np.concatenate([batch.astype(np.float64).reshape(-1) for batch in stream])
    threshold = whole.threshold(budget)
    assert threshold in (None, threshold_of(scores, budget))
    if min(sizes) > budget:
        assert threshold is not None


def test_scores_that_are_all_the_same_need_no_room() -> None:
    rest = kept_through([np.full((50, 40), 0.5, np.float32)] * 20, [100] * 20)
    assert (rest.values.size, rest.bound, rest.n_tied) == (0, 0.5, 40_000)
    assert rest.threshold(39_999) == 0.5
    assert rest.threshold(40_000) is None


@pytest.mark.parametrize("n_levels", [2, 100, 10**9])
@pytest.mark.parametrize("size", [1, 40_000, 100_000, 199_999])
def test_a_sample_may_say_where_the_bound_is(
    n_levels: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "_SAMPLED", 1 << 10)
    scores = np.random.default_rng(size).integers(0, n_levels, 200_000).astype(np.float64)
    for order in (scores, np.sort(scores), np.sort(scores)[::-1]):
        kept = largest([order[:1000], order[1000:]], size, bound=-1.0, n_tied=3)
        assert size <= len(kept.values) + kept.n_tied
        assert len(kept.values) <= max(1.3 * size, 1)
        assert sorted(kept.values.tolist()) == sorted(scores[scores > kept.bound].tolist())
        assert kept.n_tied == np.count_nonzero(scores == kept.bound)


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        kept_of(np.array([[0.5, np.nan]]), 1.0)


def test_a_bound_of_another_type_is_compared_as_it_is() -> None:
    bound = 0.1  # between two float32, the upper of which is nearer
    assert kept_of(np.array([[0.1]], np.float32), bound).values.tolist() == [float(np.float32(0.1))]
    assert kept_of(np.array([[0.1]], np.float64), bound).n_tied == 1


def test_how_much_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "FEWEST", 1000)
    assert n_kept(30, 10) == 1000
    assert n_kept(30, 100) == 6001
    assert n_kept(30, 100, 50) == 3001
    assert n_kept(30, 10, 50) == 1501
