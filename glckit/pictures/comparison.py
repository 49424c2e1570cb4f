"""Pictures of a comparison: scores with intervals, which runs differ, and how stable their ranks are."""

from __future__ import annotations

from typing import Any

import numpy as np

from glckit.pictures.drawing import BLUE, GREY, ORANGE, Picture, short, shortened
from glckit.reports.intervals import between
from scoring.uncertainty.comparison import Comparison

# Inches a run, and around the runs.
_PER_RUN, _AROUND = 0.32, 1.6
# Inches a character of a name.
_PER_CHARACTER = 0.09
# Runs up to which a cell of a square has room for a sign or a number.
_MOST_SIGNS = 30

_BETTER, _WORSE, _NOT_SURE, _ITSELF = "+", "\N{MINUS SIGN}", "?", ""


def comparison_pictures(comparison: Comparison) -> list[Picture]:
    """Return the pictures of a comparison: ``scores``, ``differences``, ``ranks``."""
    return [_scores(comparison), _differences(comparison), _ranks(comparison)]


def _names(comparison: Comparison) -> list[str]:
    """Return names that have room in a picture; more of each where these would be the same."""
    names = [short(run.run) for run in comparison.runs]
    return names if len(set(names)) == len(names) else [shortened(run.run) for run in comparison.runs]


def _height(comparison: Comparison) -> float:
    return _AROUND + _PER_RUN * len(comparison.runs)


def _scores(comparison: Comparison) -> Picture:
    """Return figure 1 of the overview of 2020, the score of each run, with intervals and tie groups."""
    runs, level = comparison.runs, f"{comparison.level:.0%}"

    def draw(axes: Any) -> None:
        places = range(len(runs))
        for place, run in zip(places, runs, strict=True):
            if run.interval.low is not None:
                axes.plot([run.interval.low, run.interval.high], [place, place], color="black", linewidth=1.2)
        axes.plot([run.score for run in runs], places, "o", color=BLUE)
        axes.set_yticks(places, _names(comparison))
        axes.set(ylim=(len(runs) - 0.5, -0.5))
        axes.set_xlabel(f"{comparison.metric}, intervals of {level}; those that share a letter may be equal")
        axes.grid(axis="x", color="0.9")
        beside = axes.secondary_yaxis("right")
        beside.set_yticks(places, [run.letters for run in runs])

    words = [
        f"{run.rank}. {run.run}: {run.score:.4f}, interval {between(run.interval, 4)}, group {run.letters}"
        for run in runs
    ]
    return Picture("scores", f"Runs by {comparison.metric}", "\n".join(words), (8, _height(comparison)), draw)


def _differences(comparison: Comparison) -> Picture:
    """Return the significance map: for each pair, which run is surely better."""
    signs = _signs(comparison)
    names = _names(comparison)
    side = _AROUND + _PER_RUN * len(signs) + _PER_CHARACTER * max(map(len, names))

    def draw(axes: Any) -> None:
        from matplotlib.colors import ListedColormap

        shades = {_BETTER: 0, _WORSE: 1, _NOT_SURE: 2, _ITSELF: 3}
        cells = np.array([[shades[sign] for sign in row] for row in signs])
        axes.imshow(cells, cmap=ListedColormap([BLUE, ORANGE, "0.92", "white"]), vmin=0, vmax=3)
        if len(signs) <= _MOST_SIGNS:
            for (row, column), shade in np.ndenumerate(cells):
                colour = "white" if shade == 0 else "black"
                axes.text(column, row, signs[row][column], ha="center", va="center", color=colour)
        axes.set_xticks(range(len(names)), names, rotation=90)
        axes.set_yticks(range(len(names)), names)
        axes.set_xlabel(f"the row is surely\n{_BETTER} better, {_WORSE} worse,\n{_NOT_SURE} neither")

    words = [
        f"{pair.a} and {pair.b}: {'different' if pair.different else 'not surely different'}, "
        f"difference {pair.difference:.4f}, adjusted p {pair.p_adjusted:.3f}"
        for pair in comparison.pairs
    ]
    return Picture("differences", "Which runs differ", "\n".join(words), (max(side, 6.0), side + 0.5), draw)


def _signs(comparison: Comparison) -> list[list[str]]:
    """Return a sign for each pair of runs, in the order of rank: what the row is beside the column."""
    places = _places(comparison)
    signs = [[_ITSELF] * len(comparison.runs) for _ in comparison.runs]
    for (a, b), pair in zip(places, comparison.pairs, strict=True):
        signs[a][b], signs[b][a] = (_BETTER, _WORSE) if pair.different else (_NOT_SURE, _NOT_SURE)
    return signs


def _places(comparison: Comparison) -> list[tuple[int, int]]:
    """Return the places of the runs of each pair; names will not do, which may stand twice."""
    n_runs = len(comparison.runs)
    return [(a, b) for a in range(n_runs) for b in range(a + 1, n_runs)]


def _ranks(comparison: Comparison) -> Picture:
    """Return how often each run has each rank in the replicates."""
    runs = comparison.runs
    side = _AROUND + _PER_RUN * len(runs)

    def draw(axes: Any) -> None:
        ranks = range(1, len(runs) + 1)
        for place, run in enumerate(runs):
            areas = 240 * np.array(run.rank_frequencies)
            axes.scatter(ranks, [place] * len(runs), s=areas, color=BLUE, linewidths=0)
            axes.plot(run.rank_set, [place, place], color=GREY, linewidth=1, zorder=0)
        axes.set_yticks(range(len(runs)), _names(comparison))
        axes.set(xlim=(0.5, len(runs) + 0.5), ylim=(len(runs) - 0.5, -0.5))
        axes.set_xlabel(
            f"rank: area is frequency in {comparison.n_replicates:,} replicates, lines are rank sets"
        )

    words = []
    for run in runs:
        often = [f"{rank}: {share:.1%}" for rank, share in enumerate(run.rank_frequencies, 1) if share > 0]
        words.append(f"{run.run}: rank set {run.rank_set[0]} to {run.rank_set[1]}; ranks {', '.join(often)}")
    return Picture(
        "ranks", "How stable the ranks are", "\n".join(words), (side + 3, _height(comparison)), draw
    )
