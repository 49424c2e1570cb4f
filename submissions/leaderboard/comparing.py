"""Comparing submissions by what a store keeps of them: no run is read again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from scoring.metrics.metric import Metric
from scoring.uncertainty.comparison import Comparison, compare, compared_ranks
from scoring.uncertainty.estimate import Estimate
from scoring.uncertainty.interval import Spread
from scoring.uncertainty.sampling import Sampling
from submissions.errors import UsageError
from submissions.leaderboard.entries import WHOLE, PartEvidence, Submission, TruthPart, part_in_words
from submissions.leaderboard.ranking import RankSets
from submissions.leaderboard.season import Season

_RESCORE = "Score them again: glckit leaderboard rescore"


def compared(season: Season, submissions: Sequence[Submission], part: TruthPart = WHOLE) -> Comparison:
    """Compare submissions by the metric that ranks on a part of the truth.

    A run of the comparison is called by the number of its submission, as text.

    Raises
    ------
    UsageError
        If there are fewer than two, one has no scores on the part, or they were not scored alike.
    """
    with _scored_alike():
        return compare(*_estimates(season, submissions, part))


def compared_rank_sets(
    season: Season, submissions: Sequence[Submission], part: TruthPart = WHOLE
) -> RankSets:
    """Return the rank sets that `compared` gives, sooner; errors are the same."""
    with _scored_alike():
        ranks = compared_ranks(*_estimates(season, submissions, part))
    return {int(number): rank_set for number, rank_set in ranks.items()}


def _estimates(
    season: Season, submissions: Sequence[Submission], part: TruthPart
) -> tuple[list[str], list[Estimate]]:
    if len(submissions) < 2:
        raise UsageError("A comparison takes two submissions or more.")
    lacking = [str(each.number) for each in submissions if part not in each.parts]
    if lacking:
        raise UsageError(f"Submissions without scores on the {part_in_words(part)}: {', '.join(lacking)}.")
    if season.stale is not None:
        raise UsageError(f"What was scored cannot be compared: {season.stale}.", _RESCORE)
    sampling, metric = season.ground.sampling(part), season.metrics[0]
    numbers = [each.number for each in submissions]
    evidence = (season.evidence(number).parts[part] for number in numbers)
    return [str(number) for number in numbers], [estimate_of(each, metric, sampling) for each in evidence]


@contextlib.contextmanager
def _scored_alike() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise UsageError(f"What was scored cannot be compared: {error}.", _RESCORE) from error


def estimate_of(evidence: PartEvidence, metric: Metric, sampling: Sampling) -> Estimate:
    """Return the estimate that evidence was taken from.

    Parameters
    ----------
    sampling : Sampling
        The replicates of the same part; see `submissions.leaderboard.season.Ground.sampling`.
    """
    spread = Spread(
        evidence.score, evidence.replicates, evidence.left_out, evidence.influence, sampling.units.sizes
    )
    return Estimate(metric, spread, evidence.slope, evidence.values, evidence.signature, sampling)
