"""Writing what a forest predicts as a run."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines.forest.inputs import PredictedPlaces
from baselines.forest.model import ForestModel
from baselines.forest.options import ForestPrediction
from baselines.forest.ranking import BATCH, ranked
from baselines.provenance import Provenance
from submissions.errors import CannotCheckError, UsageError
from submissions.ownruns import own_run_writer
from submissions.printable import printable
from submissions.progress import SILENT, Progress


@dataclass(frozen=True)
class ForestRun:
    """A run of a forest that was written.

    Parameters
    ----------
    filled, left_out : dict of str to int
        Occurrences that got their region's frequencies, and that got nothing, by reason: ``outside``
        (the rasters) or ``nodata``.
    """

    path: str
    n_occurrences: int
    filled: dict[str, int]
    left_out: dict[str, int]


def write_forest_run(
    model: ForestModel,
    places: PredictedPlaces,
    *,
    path: str | os.PathLike[str],
    plan: ForestPrediction | None = None,
    progress: Progress = SILENT,
) -> ForestRun:
    """Predict some places and write that as a run, with its metadata.

    Lists of the forest stand first, in the order of `places`; see `submissions.writing.run_writer` for the
    formats.

    Raises
    ------
    UsageError
        If the forest was trained on other covariates.
    CannotCheckError
        If nothing can be predicted, or frequencies are wanted of a region that the forest does not know.
    """
    plan = plan or ForestPrediction()
    refuse_other_covariates(model, places.vectors.names)
    complete = places.vectors.complete
    fills = plan.outside == "prior"
    if fills:
        _refuse_unknown_regions(model, places)
    elif not complete.any():
        raise CannotCheckError(
            f"None of {len(places)} occurrences has covariates.",
            "Check latitudes and longitudes, or fill those inside the regions with --outside prior.",
        )
    summary = _summary(places, os.fspath(path), fills=fills)
    with (
        own_run_writer(path, max_rows=plan.max_rows, force=plan.force, progress=progress) as run,
        progress.bar("predicting", len(places)) as advance,
    ):
        known = np.flatnonzero(complete)
        lists = ranked(model, places.vectors.values[known], max_rows=plan.max_rows, progress=progress)
        for rows, pairs in zip(_batches(known), lists, strict=True):
            run.writer.add(places.ids[rows], pairs)
            advance(len(rows))
        for region, frequencies in sorted(model.frequencies.items()) if fills else ():
            for rows in _batches(np.flatnonzero(~complete & (places.regions == region))):
                run.writer.add(places.ids[rows], frequencies.lists(len(rows), plan.max_rows))
        run.metadata = _provenance(model, summary, plan).metadata()
    return summary


def refuse_other_covariates(model: ForestModel, names: tuple[str, ...]) -> None:
    """Raise a UsageError if a forest was trained on other covariates than these, or in another order."""
    if model.names == names:
        return
    trained, given = set(model.names), set(names)
    differing = {"on": sorted(trained - given), "without": sorted(given - trained)}
    parts = [f"{word} {printable(', '.join(found))}" for word, found in differing.items() if found]
    how = " and ".join(parts) or "in another order"
    raise UsageError(
        f"The forest was trained on other covariates: {len(model.names)} of them, {how}.",
        "Train one on the covariates that there are: glckit baseline rf --train",
    )


def _batches(rows: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    return [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]


def _refuse_unknown_regions(model: ForestModel, places: PredictedPlaces) -> None:
    unknown = ~places.vectors.complete & ~np.isin(places.regions, sorted(model.frequencies))
    if not unknown.any():
        return
    what, some = "occurrences", f"such as {places.ids[unknown][0]}"
    if places.points is not None:
        what, some = "points", places.points.named(unknown)
    raise CannotCheckError(
        f"There are no covariates for {np.count_nonzero(unknown):,} of {len(places):,} {what}, and the "
        f"forest knows no class frequencies where they lie: {some}.",
        "Leave them out with --outside omit." if places.vectors.complete.any() else "Check their places.",
    )


def _provenance(model: ForestModel, run: ForestRun, plan: ForestPrediction) -> Provenance:
    return Provenance(
        "rf",
        plan.command,
        model.facts.seed,
        model_digest=model.digest,
        data_digest=model.facts.data_digest,
        filled=run.filled,
        left_out=run.left_out,
        model=model.provenance,
        packages=("scikit-learn",),
    )


def _summary(places: PredictedPlaces, path: str, *, fills: bool) -> ForestRun:
    n_nodata = int(np.count_nonzero(~places.vectors.complete)) - places.vectors.n_outside
    counts = {"outside": places.vectors.n_outside, "nodata": n_nodata}
    without = {reason: count for reason, count in counts.items() if count}
    n_left_out = 0 if fills else sum(without.values())
    return ForestRun(path, len(places) - n_left_out, without if fills else {}, {} if fills else without)
