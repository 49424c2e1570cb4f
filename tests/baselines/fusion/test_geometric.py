"""The geometric mean of scores that lie farther apart than floats reach."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from commands import glckit
from hypothesis import given
from hypothesis import strategies as st
from run_files import pairs_of

import glckit as public
from scoring.sparse import Pairs
from submissions.run import Run

HEADER = "occurrence_id;species_id;probability\n"
# Also such as no share of a list can be told from 0, and sums beyond all floats.
scores = st.one_of(st.floats(5e-324, 1.7e308), st.sampled_from([0.0, 5e-324, 1e-300, 1.0, 1e308]))
lists = st.lists(scores, min_size=6, max_size=6).filter(any)


def _run(*rows: list[float]) -> Run:
    n = len(rows[0])
    species = np.tile(np.arange(n), len(rows))
    return Run("a", np.arange(len(rows)), Pairs(np.arange(len(rows) + 1) * n, species, np.concatenate(rows)))


def _logarithm(value: Fraction) -> float:
    return math.log(value.numerator) - math.log(value.denominator) if value else -math.inf


def test_shares_below_all_floats_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.csv").write_text(HEADER + "7;1;1e150\n7;2;1e-200\n")
    Path("d.csv").write_text(HEADER + "7;2;1\n7;1;1\n")
    assert glckit("fuse", "c.csv", "d.csv", "--method", "geometric", "-o", "o.csv").exit_code == 0
    found = {species: score for _, species, score, _ in pairs_of(Path("o.csv"))}
    assert found[1] == pytest.approx(math.sqrt(0.5))
    assert found[2] == pytest.approx(1e-175 * math.sqrt(0.5), rel=1e-12)


@given(st.lists(st.tuples(lists, lists), min_size=1, max_size=3))
def test_it_is_the_exact_mean_as_far_as_floats_reach_and_in_its_order_beyond(
    rows: list[tuple[list[float], list[float]]],
) -> None:
    fused = public.fuse([_run(*side) for side in zip(*rows, strict=True)], method="geometric")
    for row, (a, b) in enumerate(rows):
        inside = slice(fused.pairs.offsets[row], fused.pairs.offsets[row + 1])
        species, found = fused.pairs.species[inside], fused.pairs.scores[inside]
        sums = [sum(map(Fraction, each)) for each in (a, b)]
        exact = [
            (_logarithm(Fraction(a[j]) / sums[0]) + _logarithm(Fraction(b[j]) / sums[1])) / 2 for j in species
        ]
        for logarithm, score in zip(exact, found, strict=True):
            assert (score == 0) == (logarithm == -math.inf)
            assert score == pytest.approx(math.exp(logarithm), rel=1e-11, abs=1e-321)
        for i in range(len(exact) - 1):
            assert exact[i] >= exact[i + 1] - 1e-9
            assert found[i] > found[i + 1] or exact[i] == pytest.approx(exact[i + 1], rel=1e-12)


def test_the_order_is_kept_where_the_mean_itself_underflows() -> None:
    row = [1e150, 1e-200, 1e-210, 0.0, 1e-200]
    fused = public.fuse([_run(row), _run(row)], method="geometric")
    assert fused.pairs.species.tolist() == [0, 1, 4, 2, 3]
    assert fused.pairs.scores.tolist() == [1.0, 1e-323, 1e-323, 5e-324, 0.0]
