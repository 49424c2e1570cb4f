"""Scores that stay apart equal a slow walk from the last one up."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from baselines.toldapart import told_apart

scores = st.sampled_from([0.0, 5e-324, 1e-323, 1e-300, 0.5, 0.5000000000000001, 1.0])
pairs = st.tuples(scores, st.integers(0, 4).map(float))


@given(st.lists(st.lists(pairs, min_size=5, max_size=5), min_size=1, max_size=3))
def test_each_is_the_least_that_is_apart_from_those_below(rows: list[list[tuple[float, float]]]) -> None:
    given_scores = -np.sort(-np.array([[score for score, _ in row] for row in rows]))
    keys = -np.sort(-np.array([[key for _, key in row] for row in rows]))
    found = told_apart(given_scores, keys)
    for row in range(len(rows)):
        expected = [max(given_scores[row, -1], 5e-324)]
        for column in range(3, -1, -1):
            rises = keys[row, column] > keys[row, column + 1]
            least = np.nextafter(expected[0], np.inf) if rises else expected[0]
            expected.insert(0, max(given_scores[row, column], least))
        assert found[row].tolist() == expected
        assert np.array_equal(told_apart(given_scores[row], keys[row]), found[row])


def test_what_is_no_number_stays_none() -> None:
    found = told_apart(np.array([np.nan, -np.nan]), np.array([1.0, 0.0]))
    assert np.isnan(found).all()
