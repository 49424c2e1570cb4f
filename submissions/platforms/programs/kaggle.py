"""The metric of Kaggle: two tables of rows that belong together, and one number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from scoring.metrics.table import metrics_named
from submissions.platforms.programs.judging import RunRefused, Verdict, checked, scored_by
from submissions.platforms.programs.pairs import run_of_cells, truth_of_cells
from submissions.requirements import Requirements


def score_of_cells(
    ids: Sequence[object],
    true_cells: Sequence[object],
    cells: Sequence[object],
    *,
    metric: str,
    k: int,
    max_rows: int,
    threshold: float,
) -> float:
    """Score lists of ``species:score`` against lists of species.

    The threshold is fitted to these rows unless one is given; no limit of rows is 0.
    """
    (chosen,) = metrics_named([metric])
    truth = truth_of_cells(ids, true_cells, chosen)
    requirements = Requirements(test_ids=truth.ids, k=k, max_rows=max_rows or None, metrics=(chosen,))
    run = run_of_cells(ids, cells, chosen)
    # Rows belong together already: what names a line is not that of the participant's file.
    nowhere = tuple(
        replace(fault, examples=tuple(replace(example, line=None) for example in fault.examples))
        for fault in checked(run, requirements)
    )
    if any(fault.severity == "error" for fault in nowhere):
        raise RunRefused(Verdict(run, nowhere, None).told())
    scored = scored_by(run, truth, requirements)
    if math.isnan(threshold):
        return float(scored.by(chosen))
    return float(chosen.score(scored.per_occurrence, k, threshold))
