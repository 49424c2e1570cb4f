"""What is known of a score beyond its number: how sure it is, how it comes about, what it could be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scoring.breakdown import Breakdown, Partition, ScoredPart
from scoring.curve import Curve, curve
from scoring.metrics.adaptive_top_k import ADAPTIVE_TOP_K
from scoring.recalibration import Recalibration, recalibration
from scoring.score import Score, Scored
from scoring.uncertainty.estimate import Resampled
from scoring.uncertainty.largest import LargestPairs
from submissions.parts import partition
from submissions.places import TruthUnits
from submissions.run import DenseRun, Run
from submissions.scores import largest_pairs, resampled, with_intervals
from submissions.yardstick import Yardstick

# What the same score may mean different things in.
_RECALIBRATED_BY = "region"


@dataclass(frozen=True)
class Examination:
    """What was asked of a score beyond its number.

    Parameters
    ----------
    parts : tuple of ScoredPart, optional
        In the order of what they are parts by.
    recalibrations : tuple of Recalibration
        What adaptive top-K loses to scores that mean different things in different parts.
    curve : Curve, optional
        Adaptive top-K for every K, for pictures.
    units : TruthUnits, optional
        Where the occurrences are, for pictures.
    """

    parts: tuple[ScoredPart, ...] | None = None
    recalibrations: tuple[Recalibration, ...] = ()
    curve: Curve | None = None
    units: TruthUnits | None = None


def examined(run: Run | DenseRun, scored: Scored, yardstick: Yardstick) -> tuple[Scored, Examination]:
    """Return a score with its intervals, and what else the inputs ask of it.

    Errors are those of `submissions.parts.partition`.
    """
    inputs, truth = yardstick.inputs, yardstick.truth
    draws = inputs.plot is not None
    assert truth is not None
    pairs = largest_pairs(run, truth, scored)
    sure = resampled(scored, yardstick.sampling, pairs) if inputs.ci else None
    partitions = [partition(by, yardstick, scored) for by in inputs.by]
    examination = Examination(
        tuple(_parts(scored, partitions, pairs, sure=sure, refit=inputs.refit)) if inputs.by else None,
        tuple(_recalibrations(scored, partitions, pairs, yardstick)),
        curve(scored, pairs) if draws and isinstance(scored, Score) and pairs is not None else None,
        yardstick.units if draws else None,
    )
    return (scored if sure is None else with_intervals(scored, sure)), examination


def _parts(
    scored: Scored,
    partitions: list[Partition],
    pairs: LargestPairs | None,
    *,
    sure: Resampled | None,
    refit: bool,
) -> Iterator[ScoredPart]:
    for each in partitions:
        # One quadrat has no interval, and there are thousands.
        run = Breakdown(scored, None if each.by == "quadrat" else sure, pairs)
        yield from run.by(each, refit=refit)


def _recalibrations(
    scored: Scored, partitions: list[Partition], pairs: LargestPairs | None, yardstick: Yardstick
) -> Iterator[Recalibration]:
    if pairs is None or not isinstance(scored, Score) or ADAPTIVE_TOP_K not in scored.metrics:
        return
    for each in partitions:
        if each.by == _RECALIBRATED_BY and len(pairs):
            yield recalibration(scored, pairs, each, yardstick.units.units, seed=yardstick.inputs.seed)
