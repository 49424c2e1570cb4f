"""Late fusion equals a slow dense oracle in exact arithmetic, for parts in any order and of any kind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import baselines.fusion.ensemble
import baselines.fusion.fusing
import glckit
from baselines.fusion.methods import ordered_sum
from baselines.fusion.options import METHODS, Method
from scoring.sparse import Pairs
from submissions.errors import BadInputError, UsageError
from submissions.run import DenseRun, Run
from submissions.validation import InvalidRunError

# Occurrence to species to score; a list is in the order of its dictionary.
Scores = dict[int, dict[int, float]]

SPECIES = range(3, 12)
REL = 1e-12

scores = st.one_of(
    st.sampled_from([0.0, 0.125, 0.25, 0.5, 1.0]), st.floats(1e-6, 1e6), st.integers(0, 5).map(float)
)
lists = st.dictionaries(st.sampled_from(SPECIES), scores, min_size=1, max_size=8).filter(
    lambda each: any(each.values())
)
weights = st.sampled_from([0.5, 1.0, 2.0, 3.0, 0.1])


@st.composite
def ensembles(draw: st.DrawFn, *, whole: bool = False) -> list[Scores]:
    """Draw two to four parts over up to five occurrences, at least one of which two parts have."""
    ids = draw(st.lists(st.integers(1, 10**7), min_size=1, max_size=5, unique=True))
    parts: list[Scores] = []
    for number in range(draw(st.integers(2, 4))):
        own = ids if whole or number < 2 else draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
        kept = own if whole or number != 1 else own[: draw(st.integers(1, len(own)))]
        parts.append({i: draw(lists) for i in draw(st.permutations(kept))})
    return parts


def run_of(part: Scores, path: str = "part.csv", *, with_ranks: Mapping[int, list[int]] | None = None) -> Run:
    offsets = np.cumsum([0, *map(len, part.values())])
    species = [j for each in part.values() for j in each]
    values = [s for each in part.values() for s in each.values()]
    ranks = None if with_ranks is None else np.array([rank for i in part for rank in with_ranks[i]])
    return Run(path, np.array(list(part)), Pairs(offsets, np.array(species), np.array(values), ranks))


def matrix_of(part: Scores, path: str = "part.npy", *, columns: Sequence[int] = SPECIES) -> DenseRun:
    values = [[each.get(j, -math.inf) for j in columns] for each in part.values()]
    return DenseRun(path, np.array(list(part)), np.array(columns), np.array(values))


def oracle(
    parts: Sequence[Scores], weights: Sequence[float], method: Method
) -> dict[int, dict[int, Fraction]]:
    """Fuse one pair at a time, over all species, by the words of docs/fusion.md."""
    fused: dict[int, dict[int, Fraction]] = {}
    for i in sorted({i for part in parts for i in part}):
        having = [(part[i], Fraction(w)) for part, w in zip(parts, weights, strict=True) if i in part]
        species = sorted({j for each, _ in having for j in each})
        total = sum(w for _, w in having)
        fused[i] = {}
        for j in species:
            terms = [(term(each, j, method), w) for each, w in having]
            if method == "geometric":
                logarithm = sum(float(w / total) * math.log(t) if t else -math.inf for t, w in terms)
                fused[i][j] = Fraction(math.exp(logarithm))
            else:
                fused[i][j] = sum((t * w for t, w in terms), Fraction(0)) / total
    return fused


def term(scores: Mapping[int, float], species: int, method: Method) -> Fraction:
    if method == "reciprocal-rank":
        best_first = sorted(scores, key=lambda j: -scores[j])  # stable: ties in the order of the run
        return Fraction(1, 61 + best_first.index(species)) if species in scores else Fraction(0)
    exact = {j: Fraction(s) for j, s in scores.items()}
    absent = min(exact.values()) if method == "geometric" else Fraction(0)
    return exact.get(species, absent) / sum(exact.values())


def lists_of(run: Run) -> dict[int, list[tuple[int, float]]]:
    pairs = list(zip(run.pairs.species.tolist(), run.pairs.scores.tolist(), strict=True))
    bounds = pairwise(run.pairs.offsets.tolist())
    return {
        i: pairs[first:last] for i, (first, last) in zip(run.occurrence_ids.tolist(), bounds, strict=True)
    }


def assert_best(found: list[tuple[int, float]], exact: Mapping[int, Fraction], max_rows: int) -> None:
    """Check that a list holds the best species in order, as far as floats can tell."""
    assert len(found) == min(max_rows, len(exact))
    for species, value in found:
        assert value == pytest.approx(float(exact[species]), rel=REL, abs=1e-300)
    for (j, a), (k, b) in pairwise(found):
        assert a > b or (a == b and j < k)
    worst = min(value for _, value in found)
    left_out = set(exact) - {species for species, _ in found}
    assert all(float(exact[j]) <= worst * (1 + REL) + 1e-300 for j in left_out)


def same(first: Run, second: Run) -> bool:
    """Whether two runs are equal to the last bit."""
    pairs = [(first.occurrence_ids, second.occurrence_ids)]
    pairs += [
        (getattr(first.pairs, name), getattr(second.pairs, name)) for name in ("offsets", "species", "scores")
    ]
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("method", METHODS)
@given(st.data())
def test_fusion_equals_the_oracle(method: Method, data: st.DataObject) -> None:
    parts = data.draw(ensembles())
    own = [data.draw(weights) for _ in parts]
    max_rows = data.draw(st.sampled_from([1, 2, 5, 150]))
    runs = [data.draw(st.sampled_from([run_of, matrix_of]))(part) for part in parts]
    if any(isinstance(run, DenseRun) for run in runs) and method == "reciprocal-rank":
        parts = [
            {i: dict(sorted(each.items())) for i, each in part.items()} if isinstance(run, DenseRun) else part
            for run, part in zip(runs, parts, strict=True)
        ]  # ties of a matrix go by column
    fused = glckit.fuse(runs, weights=own, method=method, missing="renormalise", max_rows=max_rows)
    expected = oracle(parts, own, method)
    found = lists_of(fused)
    assert list(found) == list(expected)
    for i, each in found.items():
        assert_best(each, expected[i], max_rows)


@pytest.mark.parametrize("method", METHODS)
@given(st.data())
def test_the_order_of_parts_and_the_size_of_chunks_change_no_bit(method: Method, data: st.DataObject) -> None:
    parts = data.draw(ensembles())
    own = [data.draw(weights) for _ in parts]
    runs = [run_of(part) for part in parts]
    fused = glckit.fuse(runs, weights=own, method=method, missing="renormalise", max_rows=4)
    order = data.draw(st.permutations(range(len(parts))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(baselines.fusion.ensemble, "_CHUNK_PAIRS", data.draw(st.integers(1, 30)))
        patch.setattr(baselines.fusion.fusing, "_DENSE_SHARE", data.draw(st.sampled_from([0.0, 2.0])))
        patch.setattr(baselines.fusion.fusing, "_MAX_PADDING", data.draw(st.sampled_from([0, 1000])))
        again = glckit.fuse(
            [runs[i] for i in order],
            weights=[own[i] for i in order],
            method=method,
            missing="renormalise",
            max_rows=4,
        )
    assert same(fused, again)


@pytest.mark.parametrize("method", ["mean", "geometric"])
@given(st.data())
def test_lists_matrices_and_the_order_of_lines_change_no_bit(method: Method, data: st.DataObject) -> None:
    parts = data.draw(ensembles())
    columns = data.draw(st.permutations([*SPECIES, 99]))
    shuffled = [
        {
            i: dict(data.draw(st.permutations(list(part[i].items()))))
            for i in data.draw(st.permutations([*part]))
        }
        for part in parts
    ]
    fused = glckit.fuse([run_of(part) for part in parts], method=method, missing="renormalise")
    matrices = [matrix_of(part, columns=columns) for part in parts]
    assert same(fused, glckit.fuse(matrices, method=method, missing="renormalise"))
    mixed = [matrices[0], *(run_of(part) for part in shuffled[1:])]
    assert same(fused, glckit.fuse(mixed, method=method, missing="renormalise"))


@given(ensembles(whole=True), st.sampled_from([2.0, 0.25, 3.0, 10.0]))
def test_only_the_ratios_of_weights_matter(parts: list[Scores], factor: float) -> None:
    runs = [run_of(part) for part in parts]
    own = [float(1 + i) for i in range(len(parts))]
    assert same(glckit.fuse(runs, weights=own), glckit.fuse(runs, weights=[factor * w for w in own]))
    assert same(glckit.fuse(runs), glckit.fuse(runs, weights=[factor] * len(runs)))


@given(ensembles(whole=True))
def test_a_weight_of_0_leaves_a_part_out(parts: list[Scores]) -> None:
    runs = [run_of(part) for part in parts]
    fused = glckit.fuse(runs, weights=[1.0] + [0.0] * (len(runs) - 1))
    for i, each in lists_of(fused).items():
        assert_best(each, oracle(parts[:1], [1.0], "mean")[i], 150)


@given(st.lists(st.lists(st.floats(0, 1e300), min_size=3, max_size=3), min_size=2, max_size=6), st.randoms())
def test_a_sum_that_knows_no_order(terms: list[list[float]], random: object) -> None:
    array = np.array(terms)
    shuffled = array[np.argsort([random.random() for _ in terms])]  # type: ignore[attr-defined]
    assert np.array_equal(ordered_sum(array), ordered_sum(shuffled))
    assert ordered_sum(array) == pytest.approx([math.fsum(column) for column in array.T], rel=1e-14)


def test_the_best_150_ties_by_species() -> None:
    first = {7: dict.fromkeys(range(400, 0, -1), 1.0)}
    second = {7: dict.fromkeys(range(200, 600), 1.0)}
    fused = lists_of(glckit.fuse([run_of(first), run_of(second)]))[7]
    assert [species for species, _ in fused] == list(range(200, 350))  # those in both; each 1/400
    assert {value for _, value in fused} == {1 / 400}


def test_an_absent_pair_counts_0_and_in_the_geometric_mean_the_smallest_score() -> None:
    parts = [run_of({7: {1: 3.0, 2: 1.0}}), run_of({7: {2: 1.0, 3: 1.0}})]
    assert lists_of(glckit.fuse(parts))[7] == [(1, 0.375), (2, 0.375), (3, 0.25)]
    geometric = dict(lists_of(glckit.fuse(parts, method="geometric"))[7])
    assert geometric == pytest.approx({1: (0.75 * 0.5) ** 0.5, 2: 0.125**0.5, 3: 0.125**0.5})
    ranks = dict(lists_of(glckit.fuse(parts, method="reciprocal-rank"))[7])
    assert ranks == pytest.approx({1: 1 / 122, 2: (1 / 62 + 1 / 61) / 2, 3: 1 / 124})


def test_reciprocal_ranks_go_by_score_then_rank_column_then_line() -> None:
    ranked = run_of({7: {5: 0.5, 4: 0.5, 9: 0.75, 3: 0.5}}, with_ranks={7: [3, 2, 9, 2]})
    other = run_of({7: {1: 1.0}})
    fused = lists_of(glckit.fuse([ranked, other], method="reciprocal-rank", weights=[1e9, 1e-9]))[7]
    assert [species for species, _ in fused] == [9, 4, 3, 5, 1]


@pytest.mark.parametrize("ids", [[-5, 2, 2**62], [3, 10**12, 7]])
def test_species_ids_of_any_size(ids: list[int]) -> None:
    parts: list[Scores] = [{1: dict(zip(ids, [0.5, 0.25, 0.25], strict=True))}, {1: {ids[2]: 1.0}}]
    found = lists_of(glckit.fuse([run_of(part) for part in parts]))
    assert_best(found[1], oracle(parts, [1, 1], "mean")[1], 150)


def test_scores_whose_sum_is_beyond_floats() -> None:
    parts: list[Scores] = [{1: {4: 1.5e308, 5: 1.5e308}, 2: {4: 5e-324}}, {1: {4: 1.0}, 2: {4: 1.0}}]
    assert lists_of(glckit.fuse([run_of(part) for part in parts])) == {
        1: [(4, 0.75), (5, 0.25)],
        2: [(4, 1.0)],
    }


def test_half_precision_matrices() -> None:
    run = matrix_of({1: {4: 0.5, 5: 0.25}, 2: {}})
    half = DenseRun("half", run.occurrence_ids, run.species_ids, run.scores.astype(np.float16))
    fused = glckit.fuse([half, run_of({1: {4: 1.0}})])  # the row that predicts nothing is no occurrence
    assert lists_of(fused) == {1: [(4, pytest.approx(5 / 6)), (5, pytest.approx(1 / 6))]}


def test_missing_occurrences_are_an_error_or_averaged_over_the_others() -> None:
    parts = [run_of({1: {4: 1.0}, 2: {4: 1.0}}, "a.csv"), run_of({2: {5: 2.0}, 3: {5: 1.0}}, "b.csv")]
    with pytest.raises(
        BadInputError, match=r"of 3, a.csv lacks 1 \(such as 3\), b.csv lacks 1 \(such as 1\)"
    ):
        glckit.fuse(parts)
    fused = glckit.fuse(parts, missing="renormalise", weights=[1, 3])
    assert lists_of(fused) == {1: [(4, 1.0)], 2: [(5, 0.75), (4, 0.25)], 3: [(5, 1.0)]}
    assert fused.metadata is not None
    assert fused.metadata["n_averaged_over_fewer"] == 2
    assert [part["n_missing"] for part in fused.metadata["parts"]] == [1, 1]
    left = glckit.fuse(parts, missing="renormalise", weights=[1, 0])
    assert list(lists_of(left)) == [1, 2]
    assert left.metadata is not None
    assert left.metadata["left_out"] == {"only in parts of weight 0": 1}


@pytest.mark.parametrize("bad", [{4: -0.5, 5: 1.0}, {4: 0.0, 5: 0.0}, {4: -1.0}])
@pytest.mark.parametrize("make", [run_of, matrix_of])
def test_scores_without_shares_name_the_way_out(bad: dict[int, float], make: object) -> None:
    good: Scores = {1: {4: 1.0}, 2: {4: 1.0}}
    runs = [run_of(good), make({1: {4: 1.0}, 2: bad}, "bad")]  # type: ignore[operator]
    for method in ("mean", "geometric"):
        with pytest.raises(BadInputError, match=r"bad has 1 \(such as 2\).*--method reciprocal-rank"):
            glckit.fuse(runs, method=method)  # type: ignore[arg-type]
    assert len(lists_of(glckit.fuse(runs, method="reciprocal-rank"))) == 2


def test_what_cannot_be_fused_is_refused() -> None:
    good = run_of({1: {4: 1.0}}, "good.csv")
    with pytest.raises(BadInputError, match="No occurrence is in two of the runs"):
        glckit.fuse([good, run_of({2: {4: 1.0}})], missing="renormalise")
    doubled = Run("twice.csv", np.array([1]), Pairs(np.array([0, 2]), np.array([4, 4]), np.array([1.0, 0.5])))
    with pytest.raises(InvalidRunError, match=r"twice.csv is not a valid run: duplicate"):
        glckit.fuse([good, doubled])
    with pytest.raises(BadInputError, match=r"twice.csv is not a valid run.* twice.csv is not"):
        glckit.fuse([doubled, doubled])
    undecided = DenseRun("nan.npy", np.array([1]), np.array([4]), np.array([[math.nan]]))
    with pytest.raises(InvalidRunError, match=r"nan.npy is not a valid run: bad-score"):
        glckit.fuse([good, undecided])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"weights": [1]}, "1 weights were given for 2 runs"),
        ({"weights": [1, -1]}, "a number of at least 0, and -1 is none"),
        ({"weights": [1, math.nan]}, "nan is none"),
        ({"weights": [math.inf, 1]}, "inf is none"),
        ({"weights": [0, 0]}, "All weights are 0"),
        ({"weights": [1e308, 5e-324]}, "Weights from 4.94066e-324 to 1e.308 are too far apart"),
        ({"method": "median"}, "Unknown method 'median'. Choose one of mean, geometric, reciprocal-rank"),
        ({"missing": "ignore"}, "Unknown missing 'ignore'. Choose one of error, renormalise"),
        ({"max_rows": 0}, "at least 1, not 0"),
    ],
)
def test_options_that_cannot_be_meant(wrong: dict[str, object], message: str) -> None:
    runs = [run_of({1: {4: 1.0}}), run_of({1: {5: 1.0}})]
    with pytest.raises(UsageError, match=message):
        glckit.fuse(runs, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("n_runs", [0, 1])
def test_one_run_is_no_fusion(n_runs: int) -> None:
    with pytest.raises(UsageError, match=f"two runs or more, and {n_runs}"):
        glckit.fuse([run_of({1: {4: 1.0}})] * n_runs)


def test_a_negative_zero_does_not_depend_on_the_order_of_the_parts() -> None:
    runs = [run_of({1: {2: 0.5, 3: -0.0}}), run_of({1: {2: 0.5, 3: 0.0}}), run_of({1: {2: 0.5}})]
    for parts in (runs, runs[::-1]):
        assert not np.signbit(glckit.fuse(parts).pairs.scores).any()
