"""Tables of places: what is wrong is named by its line."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from baselines.covariates.rasters.layout import RasterLayout
from baselines.forest.inputs import RasterSource
from baselines.forest.pointfile import read_points
from submissions.errors import CannotCheckError


def _table(folder: Path, *lines: str) -> Path:
    path = folder / "points.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_points_know_their_lines(tmp_path: Path) -> None:
    points = read_points(_table(tmp_path, "lat;lon", "43.6;3.9", "0;0", "48.8;2.3"))
    assert points.lines.tolist() == [2, 3, 4]
    assert points.named(points.latitudes == 0) == "line 3 (lat 0, lon 0)"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ["95;3.9", "43.6;3.9", "91;0"],
            ": line 2 (lat 95, lon 3.9), line 4 (lat 91, lon 0).",
        ),
        (["0;400"] * 7, "line 6 (lat 0, lon 400), and 2 more"),
    ],
)
def test_all_places_off_the_globe_are_named(lines: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(CannotCheckError, match=re.escape(message)):
        read_points(_table(tmp_path, "lat;lon", *lines))


def test_an_id_that_stands_twice_is_named_by_its_later_line(tmp_path: Path) -> None:
    table = _table(tmp_path, "id;lat;lon", "5;43.6;3.9", "6;43.6;3.9", "5;43.7;3.9")
    with pytest.raises(CannotCheckError, match=r"an id stands twice: line 4 \(lat 43\.7, lon 3\.9\)"):
        read_points(table)


def test_points_of_no_region_are_named(tmp_path: Path) -> None:
    source = RasterSource(RasterLayout(tmp_path))
    table = _table(tmp_path, "lat;lon", *np.repeat("0;0", 6))
    with pytest.raises(CannotCheckError, match=r"None of the 6 points of .* is in France.*, and 1 more"):
        source.points(table)
