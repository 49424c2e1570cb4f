"""A map of a split: which quadrats are held out."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.occurrences import Occurrences
from baselines.covariates.regions import REGION_WORDS
from baselines.covariates.splits.holdout import HELD_OUT, BlockSplit
from submissions.errors import require
from submissions.files import written_atomically

_COLOURS = {"train": "0.75", HELD_OUT: "#c1272d"}


def draw_split(table: Occurrences, split: BlockSplit, path: str | os.PathLike[str]) -> None:
    """Draw the occupied quadrats of each region into a PNG, those held out in red."""
    figure_type = require("matplotlib.figure", "plot").Figure
    regions = [region for region in REGION_WORDS if (table.regions == region).any()]
    figure = figure_type(figsize=(6 * len(regions), 5), layout="constrained")
    for axes, region in zip(figure.subplots(1, len(regions), squeeze=False)[0], regions, strict=True):
        _draw_region(axes, table, split, region=region)
    with written_atomically(path) as temporary:
        figure.savefig(temporary, format="png", dpi=150)


def _draw_region(axes: Any, table: Occurrences, split: BlockSplit, *, region: str) -> None:
    in_region = table.regions == region
    for part in split.parts:
        rows = _one_per_quadrat(split.quadrats, in_region & split.mask(part))
        label = f"{part}: {len(rows)} quadrats"
        axes.scatter(table.longitudes[rows], table.latitudes[rows], s=1, c=_COLOURS[part], label=label)
    # A degree of longitude is drawn as long, beside one of latitude, as it is on the ground.
    middle = np.radians(table.latitudes[in_region].mean())
    axes.set_aspect(1 / np.cos(middle))
    axes.set(title=REGION_WORDS[region], xlabel="longitude (degrees)", ylabel="latitude (degrees)")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, markerscale=4, frameon=False)


def _one_per_quadrat(quadrats: NDArray[np.int64], mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    rows = np.flatnonzero(mask)
    _, first = np.unique(quadrats[rows], axis=0, return_index=True)
    return rows[first]
