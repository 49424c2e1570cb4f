"""Weights are tuned by the adaptive score itself, the same whatever the order of the parts."""

from __future__ import annotations

import numpy as np
import pytest
from telling import Counted

import glckit
from baselines.fusion.options import METHODS, FusionOptions, Method
from baselines.fusion.plan import Weighting, plan_fusion
from baselines.fusion.tuning import Trial, Tuning, Units, search
from scoring.sparse import Pairs
from submissions.errors import BadInputError, UsageError
from submissions.run import Run
from submissions.tables import Truth

K = 2
N_OCCURRENCES, N_SPECIES = 120, 10


@pytest.fixture(scope="module")
def truth() -> Truth:
    rng = np.random.default_rng(5)
    return Truth(np.arange(100, 100 + N_OCCURRENCES), rng.integers(0, N_SPECIES, N_OCCURRENCES))


def informed(truth: Truth, seed: int, strength: float, *, path: str = "") -> Run:
    """Return a run that knows the truth, more or less."""
    scores = np.random.default_rng(seed).random((len(truth), N_SPECIES)) ** 2
    scores[np.arange(len(truth)), truth.species] += strength * np.random.default_rng(seed + 1).random(
        len(truth)
    )
    offsets = np.arange(0, scores.size + 1, N_SPECIES)
    species = np.tile(np.arange(N_SPECIES), len(truth))
    return Run(path or f"{seed}.csv", truth.ids, Pairs(offsets, species, scores.reshape(-1)))


@pytest.fixture(scope="module")
def runs(truth: Truth) -> list[Run]:
    return [informed(truth, 1, 0.5), informed(truth, 20, 0.2), informed(truth, 300, 0.35)]


def tuned(
    runs: list[Run], truth: Truth, method: Method = "mean", *, options: FusionOptions | None = None
) -> Tuning:
    plan = plan_fusion(
        runs, Weighting(truth=truth, k=K), options=options or FusionOptions(method, max_rows=N_SPECIES)
    )
    assert plan.tuning is not None
    assert [part.weight for part in plan.ensemble.parts] == list(plan.tuning.weights)
    return plan.tuning


@pytest.mark.parametrize("method", METHODS)
def test_every_trial_is_what_fusing_and_scoring_give(runs: list[Run], truth: Truth, method: Method) -> None:
    tuning = tuned(runs, truth, method)
    scored = {trial.weights: trial.adaptive_top_k for trial in tuning.trials}
    for trial in tuning.trials[:10]:
        fused = glckit.fuse(runs, weights=trial.weights, method=method, max_rows=N_SPECIES)
        score = glckit.score(fused, truth, k=K)
        assert (trial.adaptive_top_k, trial.top_k) == (score.adaptive_top_k, score.top_k)
    best = max(scored.values())
    assert scored[tuning.weights] == best
    unevenness = {weights: sum(w * w for w in weights) for weights, value in scored.items() if value == best}
    assert unevenness[tuning.weights] == pytest.approx(min(unevenness.values()))
    assert {(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1 / 3,) * 3} <= scored.keys()
    assert all(sum(weights) == pytest.approx(1) for weights in scored)
    assert (tuning.k, tuning.n_occurrences, tuning.n_missing) == (K, N_OCCURRENCES, 0)
    assert tuning.truth_digest == truth.digest


@pytest.mark.parametrize("order", [[1, 0, 2], [2, 1, 0], [1, 2, 0]])
def test_weights_travel_with_their_parts(runs: list[Run], truth: Truth, order: list[int]) -> None:
    tuning, again = tuned(runs, truth), tuned([runs[i] for i in order], truth)
    assert again.weights == tuple(tuning.weights[i] for i in order)
    assert [trial.adaptive_top_k for trial in again.trials] == [t.adaptive_top_k for t in tuning.trials]


def test_somebody_is_told_of_every_trial(runs: list[Run], truth: Truth) -> None:
    told = Counted()
    plan = plan_fusion(runs, Weighting(truth=truth, k=K), progress=told)
    assert plan.tuning is not None
    assert told.done == {"weights": len(plan.tuning.trials)}


def test_equal_parts_share_the_weight(truth: Truth) -> None:
    run = informed(truth, 1, 0.5)
    assert tuned([run, run], truth).weights == (0.5, 0.5)


def test_a_useless_part_loses_its_weight(truth: Truth) -> None:
    wrong = Run(
        "wrong.csv",
        truth.ids,
        Pairs(np.arange(len(truth) + 1), (truth.species + 1) % N_SPECIES, np.ones(len(truth))),
    )
    good, bad = tuned([informed(truth, 1, 3.0), wrong], truth).weights
    assert good > 0.5 > bad


def test_the_search_closes_in_on_an_optimum() -> None:
    target = np.array([0.13, 0.29, 0.58])

    def trial(units: Units) -> Trial:
        weights = np.array(units) / sum(units)
        return Trial(tuple(weights), -float(np.abs(weights - target).sum()), 0.0)

    trials = search(3, trial)
    best = max(trials.values(), key=lambda each: each.adaptive_top_k)
    assert np.abs(np.array(best.weights) - target).max() < 1 / 7 / 8
    assert len({sum(units) for units in trials}) == 1


def test_only_occurrences_of_the_truth_count(runs: list[Run], truth: Truth) -> None:
    some = Truth(truth.ids[::3], truth.species[::3])
    known = [Run(r.path, r.occurrence_ids[::3], r.pairs.select(np.arange(len(truth))[::3])) for r in runs]
    assert [t.adaptive_top_k for t in tuned(runs, some).trials] == pytest.approx(
        [t.adaptive_top_k for t in tuned(known, some).trials], abs=0.1
    )
    wide = glckit.fuse(runs, tune=some)
    assert len(wide.occurrence_ids) == len(truth)  # the others are fused all the same


def test_a_truth_that_does_not_fit(runs: list[Run], truth: Truth) -> None:
    with pytest.raises(BadInputError, match="None of the 120 occurrences of the truth"):
        glckit.fuse(runs, tune=Truth(truth.ids + 1000, truth.species))
    wider = Truth(np.append(truth.ids, 5000), np.append(truth.species, 1))
    with pytest.raises(BadInputError, match="1 of the 121 occurrences of the truth to tune on are in no run"):
        glckit.fuse(runs, tune=wider)
    assert tuned(runs, wider, options=FusionOptions(missing="renormalise")).n_missing == 1
    with pytest.raises(UsageError, match="either given or tuned"):
        glckit.fuse(runs, weights=[1, 1, 1], tune=truth)
