"""A picture of a patch and of its place, for people to look at."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.channels import N_LAND_COVER_CODES
from baselines.covariates.patches.reading import Patch, PatchReader
from baselines.covariates.patches.sources import Paths, open_patches
from baselines.covariates.regions import REGION_WORDS
from scoring.places import region_of_id
from submissions.errors import BadInputError, require
from submissions.files import written_atomically
from submissions.progress import SILENT, Progress
from submissions.tables import OccurrenceTable, read_occurrences

_MARK = "#d7191c"
_MAX_CODES = 17  # as many as a region uses
# Contour lines of altitude: the widest of these steps that still gives some five lines.
_CONTOUR_STEPS_M = (500, 200, 100, 50, 20, 10, 5, 2, 1)


@dataclass(frozen=True)
class Place:
    """Where an occurrence is, among all known ones of its region; degrees, WGS84."""

    latitude: float
    longitude: float
    latitudes: NDArray[np.float64]
    longitudes: NDArray[np.float64]


def draw_occurrence(
    occurrence_id: int,
    patches: Paths,
    out: str | os.PathLike[str],
    *,
    tables: Sequence[str | os.PathLike[str]] = (),
    patch_size: int | None = None,
    progress: Progress = SILENT,
) -> None:
    """Read the patch of an occurrence and draw it with its place.

    Of archives only the one that should hold it is opened. The place is looked for in `tables`; without
    any, no map is drawn. Raises BadInputError if the patch is missing or damaged, an archive is damaged, or
    the id is of no known edition; CannotCheckError if something cannot be read, there are no patches, or
    the picture cannot be written; UsageError if matplotlib is not installed.
    """
    if region_of_id(occurrence_id) not in REGION_WORDS:
        raise BadInputError(f"{occurrence_id} is not the id of an occurrence of any edition.")
    require("matplotlib", "plot")
    source = open_patches(patches, ids=[occurrence_id], progress=progress)
    patch = PatchReader(source, patch_size=patch_size).read_patch(occurrence_id)
    source.close()
    place = find_place(read_occurrences(tables), occurrence_id) if tables else None
    with written_atomically(out) as temporary:
        picture_of(patch, occurrence_id, place).savefig(temporary, format="png", dpi=120)


def find_place(table: OccurrenceTable, occurrence_id: int) -> Place | None:
    """Return where an occurrence is, or None if the table does not have it."""
    row = np.flatnonzero(table.ids == occurrence_id)
    if not len(row):
        return None
    nearby = region_of_id(table.ids) == region_of_id(occurrence_id)
    latitude, longitude = float(table.latitudes[row[0]]), float(table.longitudes[row[0]])
    return Place(latitude, longitude, table.latitudes[nearby], table.longitudes[nearby])


def picture_of(patch: Patch, occurrence_id: int, place: Place | None = None) -> Any:
    """Draw a patch on a matplotlib Figure: imagery, near-infrared, land cover, altitude, and its place."""
    figure = require("matplotlib.figure", "plot").Figure(figsize=(12, 8.4), layout="constrained")
    (visible, infrared, cover), (altitude, location, codes) = figure.subplots(2, 3)
    visible.imshow(patch.bands[:, :, :3], interpolation="nearest")
    visible.set_title("Red, green, blue")
    infrared.imshow(patch.bands[:, :, 3], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    infrared.set_title("Near-infrared")
    _draw_land_cover(cover, codes, patch.bands[:, :, 4].copy())
    _draw_altitude(figure, altitude, patch.altitude)
    region = str(region_of_id(occurrence_id))
    _draw_place(location, place, region)
    for axes in (visible, infrared, cover, altitude):
        axes.set(xticks=[], yticks=[])
    title = f"Occurrence {occurrence_id}, {REGION_WORDS[region]}"
    if place is not None:
        title += f", {_degrees(place.latitude, 'NS')}, {_degrees(place.longitude, 'EW')}"
    figure.suptitle(title, fontsize=14)
    return figure


def _degrees(value: float, signs: str) -> str:
    return f"{abs(value):.4f}° {signs[int(value < 0)]}"


def _draw_land_cover(axes: Any, legend: Any, codes: NDArray[np.uint8]) -> None:
    colours = _land_cover_colours()
    axes.imshow(colours[np.minimum(codes, N_LAND_COVER_CODES)], interpolation="nearest")
    axes.set_title("Land cover")
    counts = np.bincount(codes.ravel(), minlength=256)
    present = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)][:_MAX_CODES]
    shares = 100 * counts[present] / codes.size
    bars = legend.barh(
        [f"{code}" if code < N_LAND_COVER_CODES else f"{code} (no such code)" for code in present],
        shares,
        color=colours[np.minimum(present, N_LAND_COVER_CODES)],
        edgecolor="0.3",
        linewidth=0.5,
    )
    percents = ["< 0.1 %" if share < 0.1 else f"{share:.1f} %" for share in shares]
    legend.bar_label(bars, percents, padding=3)
    legend.set(ylim=(max(len(present), 6) - 0.4, -0.6), xlim=(0, 1.25 * shares.max()), xticks=[])
    legend.set_title("Land cover codes by area")
    legend.tick_params(left=False)
    legend.spines[:].set_visible(False)


def _land_cover_colours() -> NDArray[np.float64]:
    """Return a colour for each code, of shape (35, 3), the last one for codes that do not exist."""
    maps = require("matplotlib", "plot").colormaps
    # The two regions use codes 1-17 and 18-33; consecutive codes get unlike colours within each.
    strong = np.vstack([maps["tab20"].colors[::2], maps["tab20b"].colors[::3], maps["tab20"].colors[1::2]])
    colours = np.array(strong[(np.arange(N_LAND_COVER_CODES + 1) - 1) % 17])
    colours[0] = 1.0
    colours[N_LAND_COVER_CODES] = 0.0
    return colours


def _draw_altitude(figure: Any, axes: Any, altitude: NDArray[np.int16]) -> None:
    low, high = int(altitude.min()), int(altitude.max())
    # A flat patch gets a scale all the same, so that its one colour is that of the plain.
    image = axes.imshow(altitude, cmap="gist_earth", vmin=low - 1, vmax=max(high, low + 1) + 1)
    step = next((s for s in _CONTOUR_STEPS_M if (high - low) / s >= 4), None)
    if step is not None:
        levels = np.arange(low // step * step, high + step, step)
        lines = axes.contour(altitude, levels=levels, colors="black", linewidths=0.5, alpha=0.6)
        axes.clabel(lines, fontsize=7, fmt="%d")
    ticks = require("matplotlib.ticker", "plot").MaxNLocator(5, integer=True)
    figure.colorbar(image, ax=axes, location="bottom", shrink=0.9, pad=0.02, ticks=ticks, label="metres")
    axes.set_title(f"Altitude, {low} to {high} m" if low < high else f"Altitude, {low} m throughout")


def _draw_place(axes: Any, place: Place | None, region: str) -> None:
    axes.set_title(f"Place in {REGION_WORDS[region]}")
    if place is None:
        axes.text(0.5, 0.5, "not in an occurrence table", ha="center", va="center", color="0.4")
        axes.set(xticks=[], yticks=[])
        return
    bins = 150 if len(place.latitudes) > 5000 else 60  # few dots are seen only if they are large
    counts, south_north, west_east = np.histogram2d(place.latitudes, place.longitudes, bins=bins)
    extent = (west_east[0], west_east[-1], south_north[0], south_north[-1])
    axes.imshow(
        np.where(counts > 0, np.log1p(counts), np.nan),
        extent=extent,
        origin="lower",
        cmap="Greys",
        vmin=-2,  # so that a cell of one occurrence is seen
        interpolation="nearest",
    )
    # A degree of longitude is drawn as long, beside one of latitude, as it is on the ground.
    axes.set_aspect(1 / np.cos(np.radians(place.latitudes.mean())), anchor="N")
    axes.plot(place.longitude, place.latitude, "o", ms=11, mfc="none", mec=_MARK, mew=2)
    axes.plot(place.longitude, place.latitude, "+", ms=7, color=_MARK)
    axes.locator_params(nbins=5)
    axes.set_title(f"Place among {len(place.latitudes):,} occurrences")
