"""Scoring a run once and for all: everything that comparisons, breakdowns and pages need of it."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, cast

import numpy as np

from scoring.breakdown import Breakdown, scored_alone
from scoring.curve import curve
from scoring.metrics.metric import Metric
from scoring.score import Score, Scored
from scoring.uncertainty.estimate import Estimate
from scoring.uncertainty.largest import LargestPairs
from submissions.errors import UsageError
from submissions.faults import Fault
from submissions.leaderboard.entries import (
    WHOLE,
    Evidence,
    PartEvidence,
    PartScores,
    Status,
    TruthPart,
)
from submissions.leaderboard.standard import Standard
from submissions.leaderboard.store.packing import packed
from submissions.memory import memory_errors_named
from submissions.naming import conversion_of
from submissions.progress import SILENT, Progress
from submissions.run import DenseRun, Run
from submissions.scores import evaluate, largest_pairs, resampled


@dataclass(frozen=True)
class Assessment:
    """What a run is worth; see `submissions.leaderboard.entries.Submission` for the fields.

    Parameters
    ----------
    evidence : Evidence, optional
        None unless it is valid.
    """

    status: Status
    parts: Mapping[TruthPart, PartScores] = field(default_factory=dict)
    breakdown: Sequence[Mapping[str, Any]] = ()
    faults: Sequence[Mapping[str, Any]] = ()
    warnings: Sequence[Mapping[str, Any]] = ()
    reason: str | None = None
    evidence: Evidence | None = None

    def packed(self) -> bytes | None:
        """Return the evidence, if there is any, as a store keeps it."""
        return None if self.evidence is None else packed(self.evidence)


def assess(
    path: str, standard: Standard, *, name: str | None = None, progress: Progress = SILENT
) -> Assessment:
    """Validate a run file and, if it is valid, score it by all metrics on every part of the truth.

    Each part gets a threshold, units and replicates of its own.

    Parameters
    ----------
    name : str, optional
        What the run is called where faults name it; by default its path.

    Raises
    ------
    UsageError
        If it is a matrix, which is several files.
    CannotCheckError
        If the file cannot be read, or its scores cannot be resampled.
    """
    with memory_errors_named(name or path):
        run = standard.yardstick.read(path, progress=progress)
        if isinstance(run, DenseRun):
            raise UsageError(
                f"{name or path} is a matrix, which is more than one file.",
                "Convert it first: glckit convert MATRIX RUN.csv --max-rows 150",
            )
        evaluation = evaluate(run, standard.truth, standard.yardstick.requirements)
        validation = evaluation.validation
        faults, warnings = (
            [_told(each, path, name or path) for each in found]
            for found in (validation.faults, validation.warnings)
        )
        if evaluation.score is None:
            return Assessment("invalid", faults=faults, warnings=warnings)
        return replace(_scored(run, evaluation.score, standard), faults=faults, warnings=warnings)


def _told(fault: Fault, path: str, name: str) -> Mapping[str, Any]:
    """Return a fault as JSON has it; what is to be done with the run does not tell where it lay."""
    fix = fault.fix.replace(conversion_of(os.fspath(path)), conversion_of(name))
    return asdict(replace(fault, fix=fix))


def _scored(run: Run, scored: Scored, standard: Standard) -> Assessment:
    pairs = largest_pairs(run, standard.truth, scored)
    parts, evidence = {}, {}
    breakdown: list[Mapping[str, Any]] = []
    for part in standard.parts:
        alone, own = (scored, pairs) if part == WHOLE else _alone(scored, pairs, part, standard)
        sure = resampled(alone, standard.ground.sampling(part), own)
        estimates = {metric: sure.estimate(metric) for metric in alone.metrics}
        parts[part] = _scores(alone, estimates)
        evidence[part] = _evidence(alone, estimates[alone.metrics[0]])
        if part == WHOLE:
            divided = Breakdown(alone, sure, own)
            breakdown = [
                each.to_data()
                for partition in standard.partitions_of(alone)
                for each in divided.by(partition)
            ]
    has_curve = isinstance(scored, Score) and pairs is not None and len(pairs) > 0
    found = curve(cast(Score, scored), cast(LargestPairs, pairs)) if has_curve else None
    return Assessment("valid", parts, breakdown, evidence=Evidence(evidence, found))


def _alone(
    scored: Scored, pairs: LargestPairs | None, part: TruthPart, standard: Standard
) -> tuple[Scored, LargestPairs | None]:
    """Return the score of a part as if there were no other, and its pairs."""
    inside = standard.ground.inside(part)
    chosen = np.flatnonzero(inside)
    own = None if pairs is None else pairs.of_occurrences(chosen)
    alone = scored_alone(scored, chosen, own)
    return replace(alone, truth_digest=standard.truth.among(inside).digest), own


def _scores(scored: Scored, estimates: Mapping[Metric, Estimate]) -> PartScores:
    fits = any(metric.fits_threshold for metric in scored.metrics)
    return PartScores(
        n_occurrences=scored.n_occurrences,
        scores=scored.scores,
        intervals={metric.name: asdict(each.interval()) for metric, each in estimates.items()},
        threshold=scored.threshold if fits and scored.threshold > -math.inf else None,
        mean_set_size=float(_set_sizes(scored).mean()),
        signature=scored.signature,
    )


def _evidence(scored: Scored, estimate: Estimate) -> PartEvidence:
    spread = estimate.spread
    return PartEvidence(
        score=spread.score,
        slope=estimate.slope,
        signature=estimate.signature,
        values=estimate.values.astype(np.float32),
        set_sizes=_set_sizes(scored).astype(np.int32),
        influence=spread.influence,
        left_out=spread.left_out,
        replicates=spread.replicates,
    )


def _set_sizes(scored: Scored) -> Any:
    """Return the species above the threshold of each occurrence; where none is fitted, those predicted."""
    outcomes: Any = scored.per_occurrence
    fits = any(metric.fits_threshold for metric in scored.metrics)
    return outcomes.set_sizes if fits else outcomes.n_predicted
