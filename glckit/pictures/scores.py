"""Pictures of one score: accuracy for every K, hits by place, and the sizes of the sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.regions import REGION_WORDS
from glckit.pictures.drawing import BLUE, GREY, ORANGE, Picture, short
from scoring.curve import Curve
from scoring.places import region_of_id
from scoring.score import Score
from submissions.evaluation import EvaluatedFile
from submissions.places import TruthUnits

# K up to which a curve is drawn, and those that its words tell.
_MOST_K, _TOLD_K = 150, (1, 5, 10, 20, 30, 50, 100, 150)
_SET_SIZE_STARTS = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)
_SET_SIZE_LABELS = (*("0", "1", "2-3", "4-7", "8-15", "16-31", "32-63", "64-127", "128-255"), "256 or more")


def score_pictures(outcomes: Sequence[EvaluatedFile]) -> Iterator[Picture]:
    """Yield the pictures of scored runs: ``curve``, ``map-REGION``, ``sizes``; numbered if of several."""
    for number, outcome in enumerate(outcomes, 1):
        score = None if outcome.evaluation is None else outcome.evaluation.score
        examination = outcome.examination
        if not isinstance(score, Score) or examination is None or examination.units is None:
            continue
        suffix = f"-{number}" if len(outcomes) > 1 else ""
        if examination.curve is not None:
            yield _curve(outcome.run, score, examination.curve, name=f"curve{suffix}")
        yield from _maps(outcome.run, score, examination.units, suffix=suffix)
        yield _sizes(outcome.run, score, name=f"sizes{suffix}")


def _curve(run: str, score: Score, curve: Curve, *, name: str) -> Picture:
    shown = curve.k <= _MOST_K

    def draw(axes: Any) -> None:
        axes.plot(curve.k[shown], curve.adaptive_top_k[shown], color=BLUE)
        axes.axvline(score.k, color=GREY, linewidth=1)
        axes.plot([score.k], [score.top_k], "s", color=ORANGE, label=f"top-{score.k}")
        axes.plot([score.k], [score.adaptive_top_k], "o", color=BLUE, label=f"adaptive top-{score.k}")
        axes.set(xlabel="K, species per occurrence on average", ylabel="adaptive top-K accuracy", ylim=(0, 1))
        axes.legend(loc="lower right")

    told = [f"K = {k}: {curve.adaptive_top_k[k - 1]:.4f}" for k in _TOLD_K if k <= len(curve.k)]
    words = "\n".join([*told, f"area up to K = {len(curve.k)}: {curve.area:.4f}"])
    return Picture(name, f"{short(run)}: accuracy for every K", words, (7, 4.5), draw)


def _maps(run: str, score: Score, of_truth: TruthUnits, *, suffix: str) -> Iterator[Picture]:
    """Yield a map of each region, which oceans part."""
    ids = score.per_occurrence.ids
    if of_truth.units.kind != "quadrat" or ids is None:
        return
    _, first = np.unique(of_truth.units.numbers, return_index=True)
    regions = region_of_id(ids[first])
    for region in np.unique(regions).tolist():
        title = f"{short(run)}: hits by quadrat, {REGION_WORDS.get(region, region)}"
        yield _map(score, of_truth, regions == region, title=title, name=f"map-{region}{suffix}")


def _map(score: Score, of_truth: TruthUnits, inside: NDArray[np.bool_], *, title: str, name: str) -> Picture:
    units = of_truth.units
    sizes, shares = units.sizes[inside], (units.totals(score.adaptive_hits) / units.sizes)[inside]
    rows, columns = (each[inside] for each in of_truth.quadrats)

    def draw(axes: Any) -> None:
        order = np.argsort(-sizes)  # the small ones on top
        areas = 4 + 3 * np.sqrt(sizes[order])
        look = {"c": shares[order], "cmap": "cividis", "vmin": 0, "vmax": 1, "linewidths": 0}
        drawn = axes.scatter(columns[order], rows[order], s=areas, **look)
        axes.set_aspect("equal", adjustable="datalim")
        axes.set(xlabel="quadrats of 5 km east of Greenwich", ylabel="quadrats north of the equator")
        axes.figure.colorbar(drawn, label="share of occurrences that are hit")

    low, middle, high = np.quantile(shares, [0.25, 0.5, 0.75])
    words = (
        f"{len(sizes):,} quadrats. Share of occurrences whose species lies above the threshold: "
        f"up to {low:.2f} in a quarter of the quadrats, {middle:.2f} in half, {high:.2f} in three quarters; "
        f"none is hit in {np.count_nonzero(shares == 0):,}, all are in {np.count_nonzero(shares == 1):,}."
    )
    return Picture(name, title, words, (7.5, 5.5), draw)


def _sizes(run: str, score: Score, *, name: str) -> Picture:
    sizes = score.per_occurrence.set_sizes
    bins = np.searchsorted(_SET_SIZE_STARTS, sizes, side="right") - 1
    some = range(int(bins.min()), int(bins.max()) + 1)
    counts = np.bincount(bins)[some.start :]
    labels = [_SET_SIZE_LABELS[i] for i in some]

    def draw(axes: Any) -> None:
        axes.bar(range(len(counts)), counts, color=BLUE)
        axes.set_xticks(range(len(counts)), labels)
        axes.set(xlabel="species above the threshold", ylabel="occurrences")

    words = "\n".join(f"{label} species: {n:,} occurrences" for label, n in zip(labels, counts, strict=True))
    title = f"{short(run)}: sizes of the sets, {score.mean_set_size:.2f} on average"
    return Picture(name, title, words, (7, 4), draw)
