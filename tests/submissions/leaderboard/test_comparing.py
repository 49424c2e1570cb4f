"""Comparing submissions by their evidence is comparing their estimates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_runs import DrawnRun, run_of
from seasons import submission

from scoring.metrics.adaptive_top_k import ADAPTIVE_TOP_K
from scoring.uncertainty.comparison import compare
from scoring.uncertainty.estimate import Estimate
from submissions.competition.settings import Competition
from submissions.errors import UsageError
from submissions.leaderboard.comparing import compared, compared_rank_sets
from submissions.leaderboard.entries import Evidence, PartEvidence, Submission
from submissions.leaderboard.season import Ground, Season
from submissions.places import TruthUnits

N_OCCURRENCES, N_SPECIES = 90, 6


def drawn(seed: int, gain: float) -> DrawnRun:
    rng, truth = np.random.default_rng(seed), np.random.default_rng(7)
    labels = truth.integers(0, N_SPECIES, N_OCCURRENCES)
    quadrats = truth.permutation(np.resize(np.arange(30), N_OCCURRENCES))
    scores = rng.random((N_OCCURRENCES, N_SPECIES))
    scores += gain * (np.arange(N_SPECIES) == labels[:, np.newaxis])
    lists = [dict(enumerate(row)) for row in scores.tolist()]
    return run_of(lists, labels.tolist(), quadrats.tolist())


def evidence_of(estimate: Estimate) -> Evidence:
    spread = estimate.spread
    part = PartEvidence(
        estimate.score,
        estimate.slope,
        estimate.signature,
        estimate.values.astype(np.float32),
        np.zeros(N_OCCURRENCES, np.int32),
        spread.influence,
        spread.left_out,
        spread.replicates,
    )
    return Evidence({"whole": part})


def season_of(
    submissions: Sequence[Submission],
    evidence: Mapping[int, Evidence],
    ground: Ground,
    stale: str | None = None,
) -> Season:
    competition = Competition.without_settings(Path())
    return Season(competition, (ADAPTIVE_TOP_K,), tuple(submissions), evidence.__getitem__, ground, stale)


@pytest.fixture(scope="module")
def season() -> Season:
    runs = [drawn(seed, gain) for seed, gain in ((1, 0.1), (2, 0.9), (3, 0.5))]
    units = TruthUnits(runs[0].units, runs[0].quadrats.astype(np.int64))
    ground = Ground(np.arange(N_OCCURRENCES), units, None, seed=3)
    estimates = [run.estimate(ADAPTIVE_TOP_K, ground.sampling("whole")) for run in runs]
    numbered = list(enumerate(estimates, 1))
    kept = {number: evidence_of(each) for number, each in numbered}
    return season_of([submission(number, each.score) for number, each in numbered], kept, ground)


def test_a_comparison_of_evidence_is_that_of_the_runs(season: Season) -> None:
    runs = [drawn(seed, gain) for seed, gain in ((1, 0.1), (2, 0.9), (3, 0.5))]
    sampling = season.ground.sampling("whole")
    wanted = compare(["1", "2", "3"], [run.estimate(ADAPTIVE_TOP_K, sampling) for run in runs])
    assert compared(season, season.submissions) == wanted
    assert [run.run for run in wanted.runs] == ["2", "3", "1"]
    assert compared(season, season.submissions[:2]).n_units == 30
    ranks = {int(run.run): run.rank_set for run in wanted.runs}
    assert compared_rank_sets(season, season.submissions) == ranks


def test_what_cannot_be_compared_is_refused(season: Season) -> None:
    one, two, _ = season.submissions
    with pytest.raises(UsageError, match="takes two submissions"):
        compared(season, [one])
    with pytest.raises(UsageError, match=r"Submissions without scores on the private part: 1, 2\."):
        compared(season, [one, two], "private")
    with pytest.raises(UsageError, match=r"Submissions without scores on the whole truth: 2\."):
        compared(season, [one, replace(two, parts={})])
    with pytest.raises(UsageError, match=r"K was 30 and is 20.*rescore"):
        compared(replace(season, stale="K was 30 and is 20"), [one, two])
    part = season.evidence(2).parts["whole"]
    other = Evidence({"whole": replace(part, signature=part.signature.replace("k:2", "k:3"))})
    mixed = season_of(season.submissions, {1: season.evidence(1), 2: other}, season.ground)
    with pytest.raises(UsageError, match=r"not scored alike: k 2 and 3.*rescore"):
        compared(mixed, [one, two])
