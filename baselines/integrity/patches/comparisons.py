"""What only comparisons between patches show: copies, unlike neighbours, an archive of other colours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.layout import Kind
from baselines.integrity.findings import Finding, Problem
from baselines.integrity.patches.altitude import is_lost
from baselines.integrity.patches.facts import Facts
from baselines.integrity.places import archive_of, at_occurrence, region_of
from baselines.integrity.thresholds import Thresholds
from submissions.tables import OccurrenceTable

_METRES_A_DEGREE = 111_195.0  # of a great circle on a sphere of 6371 km
# The median absolute deviation of normal values is this share of their standard deviation.
_MAD_OF_NORMAL = 0.6745
# Two patches of 256 m whose centres are this near share at least a quarter of their ground.
_OVERLAP_M = 128.0
_BAND_NAMES = ("red", "green", "blue")


def compare_patches(
    facts: Sequence[Facts],
    table: OccurrenceTable,
    *,
    thresholds: Thresholds,
    path_of: Callable[[int, Kind], str],
) -> list[Finding]:
    """Compare patches with one another.

    `path_of` says where a file lies, for the report. Errors for identical bands far apart, and for an
    altitude of 0 throughout near a patch that lies well above the sea; warnings for unlike content at one
    place, altitudes that do not meet those of an overlapping patch, and archives of other colours.
    """
    distances = _Distances(table)
    kept = [fact for fact in facts if fact.occurrence_id in distances.rows]
    of_bands = [*_copies(kept, distances, thresholds=thresholds), *_unlike_at_one_place(kept, distances)]
    of_altitude = [
        *_unlike_neighbours(kept, distances, thresholds=thresholds),
        *_lost_inland(kept, distances, thresholds=thresholds),
    ]
    located = [at_occurrence(problem, i, path=path_of(i, "bands")) for i, problem in of_bands]
    located += [at_occurrence(problem, i, path=path_of(i, "altitude")) for i, problem in of_altitude]
    return located + list(_drifted(kept, thresholds))


class _Distances:
    def __init__(self, table: OccurrenceTable) -> None:
        self.rows = {i: row for row, i in enumerate(table.ids.tolist())}
        self._latitudes, self._longitudes = table.latitudes, table.longitudes

    def of(self, occurrence_id: int) -> tuple[float, float]:
        row = self.rows[occurrence_id]
        return float(self._latitudes[row]), float(self._longitudes[row])

    def metres(self, one: int, other: int) -> float:
        return float(_metres_between(self.of(one), np.array(self.of(other))))


def _metres_between(place: tuple[float, float], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distances of a place, as latitude and longitude, from one or several, of shape (2, ...)."""
    (lat, lon), (other_lat, other_lon) = place, others
    east = (lon - other_lon) * np.cos(np.radians((lat + other_lat) / 2))
    return np.asarray(np.hypot(lat - other_lat, east) * _METRES_A_DEGREE)


def _copies(
    facts: Sequence[Facts], distances: _Distances, *, thresholds: Thresholds
) -> Iterator[tuple[int, Problem]]:
    by_content: dict[str, list[int]] = defaultdict(list)
    for fact in facts:
        if not fact.is_plain:  # calm sea and snow are alike everywhere
            by_content[fact.content].append(fact.occurrence_id)
            # By the bands alone, too: they may have been copied beside the altitude that belongs there. What
            # comes from the other region shows that itself, and leaves the patch that it was copied from be.
            by_content[f"{region_of(fact.occurrence_id)} {fact.bands}"].append(fact.occurrence_id)
    expected = f"bands of its own, or of a place within {thresholds.same_place_m:g} m"
    found: dict[int, Problem] = {}
    for ids in by_content.values():
        # The first of them and the one farthest from it stand for all, of which there may be many.
        farthest = max((distances.metres(ids[0], other), other) for other in ids)[1]
        for one in ids:
            away, other = max((distances.metres(one, other), other) for other in (ids[0], farthest))
            if away > thresholds.same_place_m:
                # Which of them is the copy cannot be told, so each is called damaged.
                words = f"the bands of occurrence {other}, {away:.0f} m away"
                found.setdefault(one, Problem("duplicate-content", "error", expected, words))
    yield from found.items()


def _unlike_at_one_place(facts: Sequence[Facts], distances: _Distances) -> Iterator[tuple[int, Problem]]:
    by_place: dict[tuple[float, float], list[Facts]] = defaultdict(list)
    for fact in facts:
        by_place[distances.of(fact.occurrence_id)].append(fact)
    for group in by_place.values():
        first = group[0]
        for fact in group[1:]:
            if fact.content != first.content:
                expected = f"the content of occurrence {first.occurrence_id}, at the same coordinates"
                yield fact.occurrence_id, Problem("implausible", "warning", expected, "other content")


def _unlike_neighbours(
    facts: Sequence[Facts], distances: _Distances, *, thresholds: Thresholds
) -> Iterator[tuple[int, Problem]]:
    expected = f"altitudes within {thresholds.max_neighbour_gap_m} m of an overlapping patch's"
    for one, other, gap in _gaps(facts, distances, limit=thresholds.max_neighbour_gap_m):
        if distances.metres(one, other) > _OVERLAP_M:
            continue
        for i, twin in ((one, other), (other, one)):
            found = f"{gap} m between its altitudes and those of occurrence {twin}"
            yield i, Problem("implausible", "warning", expected, found)


def _gaps(facts: Sequence[Facts], distances: _Distances, *, limit: int) -> Iterator[tuple[int, int, int]]:
    # Ordered by latitude, neighbours are a few ranks apart: one pass over all for each distance in rank.
    ids = np.array([fact.occurrence_id for fact in facts], dtype=np.int64)
    latitudes = np.array([distances.of(i)[0] for i in ids.tolist()])
    order = np.argsort(latitudes, kind="stable")
    ids, latitudes = ids[order], latitudes[order]
    lowest = np.array([fact.lowest for fact in facts])[order]
    highest = np.array([fact.highest for fact in facts])[order]
    for step in range(1, len(ids)):
        is_near = latitudes[step:] - latitudes[:-step] <= _OVERLAP_M / _METRES_A_DEGREE
        if not is_near.any():
            return
        gaps = np.maximum(lowest[:-step] - highest[step:], lowest[step:] - highest[:-step])
        for row in np.flatnonzero(is_near & (gaps > limit)).tolist():
            yield int(ids[row]), int(ids[row + step]), int(gaps[row])


def _lost_inland(
    facts: Sequence[Facts], distances: _Distances, *, thresholds: Thresholds
) -> Iterator[tuple[int, Problem]]:
    lost = [fact for fact in facts if is_lost(fact.lowest, fact.highest)]
    inland = [fact for fact in facts if fact.lowest >= thresholds.min_inland_m] if lost else []
    inland.sort(key=lambda fact: distances.of(fact.occurrence_id))
    places = np.array([distances.of(fact.occurrence_id) for fact in inland]).reshape(-1, 2)
    reach = thresholds.inland_within_m / _METRES_A_DEGREE
    for fact in lost:
        place = distances.of(fact.occurrence_id)
        first, end = np.searchsorted(places[:, 0], [place[0] - reach, place[0] + reach]).tolist()
        away = _metres_between(place, places[first:end].T)
        if len(away) and away.min() <= thresholds.inland_within_m:
            yield fact.occurrence_id, _lost_beside(inland[first + int(away.argmin())], away.min())


def _lost_beside(other: Facts, metres: float) -> Problem:
    expected = f"ground like that of occurrence {other.occurrence_id}, {metres:.0f} m away, "
    expected += f"which lies at {other.lowest} to {other.highest} m"
    return Problem("implausible", "error", expected, "an altitude of 0 m throughout")


def _drifted(facts: Sequence[Facts], thresholds: Thresholds) -> Iterator[Finding]:
    groups: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for fact in facts:
        groups[archive_of(fact.occurrence_id)].append((fact.red, fact.green, fact.blue))
    means = {
        name: np.mean(colours, axis=0)
        for name, colours in groups.items()
        if len(colours) >= thresholds.drift_min_patches
    }
    for name, mean in sorted(means.items()):
        region = name.split("_")[1]
        others = np.array([m for other, m in means.items() if other != name and f"_{region}_" in other])
        if len(others) >= 2 and (why := _why_drifted(mean, others, limit=thresholds.max_drift)) is not None:
            expected = f"mean colours like those of the other archives of {region}"
            yield Finding(Problem("implausible", "warning", expected, why), name, archive=name)


def _why_drifted(mean: NDArray[np.float64], others: NDArray[np.float64], *, limit: float) -> str | None:
    # Differences of bands show swapped planes better than the bands, which vary with the season.
    own = np.array([*mean, mean[0] - mean[2]])
    rest = np.column_stack([others, others[:, 0] - others[:, 2]])
    middle = np.median(rest, axis=0)
    # A deviation of less than one grey level between archives is chance; so is none at all.
    spread = np.maximum(np.median(np.abs(rest - middle), axis=0) / _MAD_OF_NORMAL, 1.0)
    if (np.abs(own - middle) <= limit * spread).all():
        return None
    said = ", ".join(f"{name} {value:.0f}" for name, value in zip(_BAND_NAMES, mean, strict=True))
    return f"means of {said}, against {', '.join(f'{value:.0f}' for value in middle[:3])}"
