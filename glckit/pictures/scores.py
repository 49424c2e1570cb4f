"""Pictures of one score: accuracy for every K, hits by place, and the sizes of the sets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from glckit.pictures.drawing import BLUE, GREY, ORANGE, Picture, short
from scoring.curve import Curve
from scoring.score import Score
from submissions.evaluation import EvaluatedFile
from submissions.places import TruthUnits

# K up to which a curve is drawn, and those that its words tell.
_MOST_K, _TOLD_K = 150, (1, 5, 10, 20, 30, 50, 100, 150)
_SET_SIZE_EDGES = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)


def score_pictures(outcomes: Sequence[EvaluatedFile]) -> Iterator[Picture]:
    """Yield the pictures of scored runs: ``curve``, ``map`` and ``sizes``, numbered if there are several."""
    for number, outcome in enumerate(outcomes, 1):
        score = None if outcome.evaluation is None else outcome.evaluation.score
        units = outcome.examination.units
        if not isinstance(score, Score) or units is None:
            continue
        suffix = f"-{number}" if len(outcomes) > 1 else ""
        if outcome.examination.curve is not None:
            yield _curve(outcome.run, score, outcome.examination.curve, name=f"curve{suffix}")
        if units.units.kind == "quadrat":
            yield _map(outcome.run, score, units, name=f"map{suffix}")
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


def _map(run: str, score: Score, of_truth: TruthUnits, *, name: str) -> Picture:
    units = of_truth.units
    shares = units.totals(score.adaptive_hits) / units.sizes
    rows, columns = of_truth.quadrats

    def draw(axes: Any) -> None:
        areas = 6 + 3 * np.sqrt(units.sizes)
        order = np.argsort(units.sizes)
        drawn = axes.scatter(
            columns[order], rows[order], s=areas[order], c=shares[order], cmap="cividis", vmin=0, vmax=1
        )
        axes.set(xlabel="quadrats of 5 km east of Greenwich", ylabel="quadrats north of the equator")
        axes.figure.colorbar(drawn, label="share of occurrences that are hit")

    quarters = np.quantile(shares, [0.25, 0.5, 0.75])
    words = (
        f"{len(units):,} quadrats. Share of occurrences whose species lies above the threshold: a quarter of "
        f"the quadrats up to {quarters[0]:.2f}, half up to {quarters[1]:.2f}, three quarters up to "
        f"{quarters[2]:.2f}; in {np.count_nonzero(shares == 0):,} none is hit, in "
        f"{np.count_nonzero(shares == 1):,} all are."
    )
    return Picture(name, f"{short(run)}: hits by quadrat", words, (9, 4.5), draw)


def _sizes(run: str, score: Score, *, name: str) -> Picture:
    sizes = score.per_occurrence.set_sizes
    edges = [*_SET_SIZE_EDGES, max(_SET_SIZE_EDGES[-1], int(sizes.max())) + 1]
    counts, _ = np.histogram(sizes, edges)
    labels = [str(low) if high == low + 1 else f"{low}-{high - 1}" for low, high in itertools.pairwise(edges)]

    def draw(axes: Any) -> None:
        axes.bar(range(len(counts)), counts, color=BLUE)
        axes.set_xticks(range(len(counts)), labels)
        axes.set(xlabel="species above the threshold", ylabel="occurrences")

    words = "\n".join(f"{label} species: {n:,} occurrences" for label, n in zip(labels, counts, strict=True))
    title = f"{short(run)}: sizes of the sets, {score.mean_set_size:.2f} on average"
    return Picture(name, title, words, (7, 4), draw)
