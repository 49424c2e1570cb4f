"""What the bytes of a patch's bands tell: land cover that cannot be, constant bands, unlike colours.

Every plane is copied out of the interleaved pixels before anything is computed on it: NumPy's
statistics on strided planes take 2 ms per patch, the copy and all checks on it less than 0.1 ms.
"""

from __future__ import annotations

import numpy as np

from baselines.covariates.patches.npyheader import HEADER_BYTES, N_BANDS
from baselines.integrity.findings import Problem, Severity
from baselines.integrity.patches.holes import hole_problems
from baselines.integrity.thresholds import Thresholds

_BAND_NAMES = ("red", "green", "blue", "near-infrared")
_LAND_COVER_PLANE = 4
_PIXELS_TO_CORRELATE = 4096


def bands_problems(raw: bytes, region: str, *, thresholds: Thresholds) -> list[Problem]:
    """Check the content of a file of bands whose size and header are right."""
    problems = hole_problems(raw, thresholds)
    if any(problem.severity == "error" for problem in problems):
        return problems  # what else looks odd follows from the hole
    problems += land_cover_problems(
        raw[HEADER_BYTES + _LAND_COVER_PLANE :: N_BANDS], region, thresholds=thresholds
    )
    constant = constant_bands(raw)
    if not constant:
        return problems + _correlation_problems(raw, thresholds)
    severity: Severity = "error" if len(constant) == len(_BAND_NAMES) else "warning"
    found = f"one value only in {', '.join(_BAND_NAMES[band] for band in constant)}"
    return [*problems, Problem("implausible", severity, "imagery that varies", found)]


def land_cover_problems(plane: bytes, region: str, *, thresholds: Thresholds) -> list[Problem]:
    """Report land cover that cannot be: codes out of range or of the other region, or mere noise.

    The plane holds the land cover of every pixel, row by row. A constant one is plausible.
    """
    codes = np.frombuffer(plane, np.uint8)
    # Classes are read off where they change: 25 microseconds, against 35 for a search for foreign
    # codes alone. The pair of a row's last and the next row's first pixel is counted too.
    changes = np.flatnonzero(codes[1:] != codes[:-1])
    change_share = len(changes) / max(len(plane) - 1, 1)
    classes = {plane[-1], *codes[changes].tobytes()}
    if max(classes) > thresholds.max_land_cover:
        beyond = codes[codes > thresholds.max_land_cover]
        expected = f"land cover codes from 0 to {thresholds.max_land_cover}"
        found = f"{len(beyond)} of {len(codes)} pixels with others, such as {beyond[0]}"
        return [Problem("implausible", "error", expected, found)]
    problems = _stray_problems(plane, classes, region=region, thresholds=thresholds)
    if len(classes) > thresholds.max_classes or change_share > thresholds.max_change_share:
        limits = f"at most {thresholds.max_classes} classes and {thresholds.max_change_share:.0%} changes"
        found = f"{len(classes)} land cover classes, changing at {change_share:.0%} of the pixels"
        problems.append(Problem("implausible", "error", limits, found))
    return problems


def constant_bands(raw: bytes) -> list[int]:
    """Return which of the four bands of imagery hold one value only."""
    return [band for band in range(_LAND_COVER_PLANE) if _is_constant(raw, HEADER_BYTES + band)]


def _is_constant(raw: bytes, start: int) -> bool:
    # A few pixels far apart settle it for all but constant bands.
    n_values = (len(raw) - start + N_BANDS - 1) // N_BANDS
    some = raw[start :: N_BANDS * max(n_values // 16, 1)]
    return some.count(some[:1]) == len(some) and not raw[start::N_BANDS].strip(some[:1])


def _stray_problems(plane: bytes, classes: set[int], *, region: str, thresholds: Thresholds) -> list[Problem]:
    own = thresholds.land_cover_of(region)
    if classes <= own:
        return []
    problems = []
    expected = f"land cover codes of {region}, {min(own)} to {max(own)}"
    if n_unclassified := plane.count(0) if 0 not in own else 0:
        found = f"{n_unclassified} of {len(plane)} pixels are unclassified (0)"
        problems.append(Problem("implausible", "warning", expected, found))
    if n_stray := len(plane.translate(None, bytes({0, *own}))):
        is_other = n_stray > thresholds.max_other_region_share * len(plane)
        found = f"{n_stray} of {len(plane)} pixels have codes of another region"
        problems.append(Problem("wrong-region", "error" if is_other else "warning", expected, found))
    return problems


def _correlation_problems(raw: bytes, thresholds: Thresholds) -> list[Problem]:
    n_pixels = (len(raw) - HEADER_BYTES) // N_BANDS
    step = N_BANDS * max(n_pixels // _PIXELS_TO_CORRELATE, 1)
    red, green, blue = (
        np.frombuffer(raw[HEADER_BYTES + band :: step], np.uint8).astype(np.float32) for band in range(3)
    )
    limit = thresholds.min_band_correlation
    if (first := _correlation(red, green)) >= limit or (second := _correlation(green, blue)) >= limit:
        return []
    expected = f"correlation of red and green, or green and blue, of at least {limit:g}"
    return [Problem("implausible", "warning", expected, f"{first:.2f} and {second:.2f}")]


def _correlation(one: np.typing.NDArray[np.float32], other: np.typing.NDArray[np.float32]) -> float:
    one, other = one - one.mean(), other - other.mean()
    norm = float(np.sqrt(np.dot(one, one) * np.dot(other, other)))
    # No variation among the pixels that were drawn says nothing about the order of the bands.
    return float(np.dot(one, other)) / norm if norm else 1.0
