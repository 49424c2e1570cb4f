"""What the bytes of a patch's altitude tell: fill values, impossible ground, noise, shifted bytes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.npyheader import HEADER_BYTES, form_of
from baselines.integrity.findings import Problem
from baselines.integrity.patches.holes import altitude_hole_problems
from baselines.integrity.thresholds import Thresholds

# What terrain models write where they know nothing. 0 is none of them: it is the sea.
_VOIDS = (-32768, 32767, -9999)
_FILL_VALUES = (*_VOIDS, -1)  # bytes 0xFF, as of erased flash
# Noise goes up and down by hundreds of metres from pixel to pixel; the artefacts of terrain models
# do not, for their cells are 30 m wide and a pixel 1 m. Of a window of 128 pixels (any 512 bytes hold
# one whole), at least 59 % turn so in random bytes and 23 % in text and HTML; 0 % at a void or a spike
# of a terrain model, 13 % in stripes of voids, and 15 % where a twentieth of all pixels is wrong.
_NOISE_STEP_M = 200
_NOISE_WINDOW = 128
_NOISE_SHARE = 0.2
# Pixels at either end that a shift by up to four bytes fills with what was never altitude.
_N_SHIFTED_IN = 2

# The columns where such a shift makes a seam, and from where on a seam is one: neighbours in a row
# differ by 0.05 m in the mean on real patches, the two sides of a patch by 1.9 to 3.7 m.
_EDGES = (0, 1, 2, -3, -2, -1)
_SEAM_M = 1.0
_SEAM_RATIO = 8


def altitude_problems(raw: bytes, region: str, *, thresholds: Thresholds, patch_size: int) -> list[Problem]:
    """Check the content of a file of altitude whose size and header are right.

    Impossible ground is a warning, since the data as published have artefacts, unless it is noise or
    the same bytes swapped are plausible: then the file is damaged. So is one that holds a fill value only,
    or zeros that break off as no shore does. Constant ground is plausible, but 0 throughout is the sea or
    lost, which is a warning.
    """
    metres = np.frombuffer(raw, form_of("altitude", patch_size).dtype, offset=HEADER_BYTES)
    if problems := lost_altitude_problems(raw, thresholds):
        return problems  # a step at the hole's edge follows from it
    metres = metres.reshape(patch_size, patch_size)
    if n_pixels := _shift(metres):
        expected = "ground that goes on from column to column"
        found = f"a seam at an edge, as after a shift of all values by {n_pixels}"
        return [Problem("implausible", "error", expected, found)]
    if (why := _why_implausible(metres, region, thresholds=thresholds)) is None:
        return []
    least, most = thresholds.altitudes_of(region)
    steps = f"steps of at most {thresholds.max_altitude_step} m"
    expected = f"ground of {region}, {least} to {most} m, {steps}"
    if _is_noise(metres):
        return [Problem("implausible", "error", expected, f"{why}; it is noise, not ground")]
    if _why_implausible(_swapped(metres), region, thresholds=thresholds) is None:
        return [Problem("implausible", "error", expected, f"{why}; with swapped bytes it is plausible")]
    return [Problem("implausible", "warning", expected, why)]


def lost_altitude_problems(raw: bytes, thresholds: Thresholds) -> list[Problem]:
    """Report altitudes that are one fill value, or may have been lost, throughout or in part."""
    metres = np.frombuffer(raw, "<i2", offset=HEADER_BYTES)
    low, high = int(metres.min()), int(metres.max())
    if low == high and low in _FILL_VALUES:
        return [Problem("implausible", "error", "altitudes in metres", f"the fill value {low} everywhere")]
    if is_lost(low, high):
        expected = "ground, or the sea: the values cannot tell"
        return [Problem("implausible", "warning", expected, "an altitude of 0 m throughout")]
    return altitude_hole_problems(raw, thresholds)


def is_lost(lowest: int, highest: int) -> bool:
    """Tell whether an altitude is 0 throughout, as lost bytes and the sea are."""
    return lowest == highest == 0


def max_step(metres: NDArray[np.int16]) -> int:
    """Return the greatest difference between neighbours in a row or a column, in metres."""
    # int16 differences wrap around only where the whole range exceeds it.
    wide = int(metres.max()) - int(metres.min()) > np.iinfo(np.int16).max
    values = metres.astype(np.int32) if wide else metres
    steps = [np.subtract(values[:, 1:], values[:, :-1]), np.subtract(values[1:], values[:-1])]
    return max((max(int(step.max()), -int(step.min())) for step in steps if step.size), default=0)


def _why_implausible(metres: NDArray[np.int16], region: str, *, thresholds: Thresholds) -> str | None:
    low, high = int(metres.min()), int(metres.max())
    lowest, highest = thresholds.altitudes_of(region)
    if low < lowest or high > highest:
        return f"altitudes from {low} to {high} m"
    limit = thresholds.max_altitude_step
    # No step is greater than the whole range, which is known already: most patches end here.
    if high - low > limit and (step := max_step(metres)) > limit:
        return f"a step of {step} m between neighbours"
    return None


def _is_noise(metres: NDArray[np.int16]) -> bool:
    along = metres.ravel().astype(np.int32)
    steps = np.diff(along)
    is_big = np.abs(steps) > _NOISE_STEP_M
    turns = is_big[1:] & is_big[:-1] & ((steps[1:] > 0) != (steps[:-1] > 0))
    turns &= ~np.isin(along[1:-1], _VOIDS)  # the terrain model's own voids
    length = min(_NOISE_WINDOW, len(turns))
    if not length:
        return False
    windows = turns[: len(turns) // length * length].reshape(-1, length)
    return bool(windows.mean(axis=1).max() > _NOISE_SHARE)


def _shift(metres: NDArray[np.int16]) -> int:
    """Return by how many pixels, two at most, all values were shifted in file order; 0 if none shows.

    What leaves a row at one side comes in at the other. There it makes a seam, while it goes on smoothly
    from where it came from.
    """
    if len(metres) < len(_EDGES):
        return 0
    columns = metres.T[_EDGES, :].astype(np.int32)
    west, east = (np.abs(side[1:] - side[:-1]).mean(axis=1) for side in (columns[:3], columns[3:]))
    if max(west.max(), east.max()) < _SEAM_M:
        return 0
    across = np.abs(columns[0, 1:] - columns[-1, :-1]).mean()
    for n_pixels, seam, opposite in (
        (1, west[0], east),
        (2, west[1], east),
        (-1, east[1], west),
        (-2, east[0], west),
    ):
        if seam >= max(_SEAM_M, _SEAM_RATIO * across, _SEAM_RATIO * opposite.max()):
            return n_pixels
    return 0


def _swapped(metres: NDArray[np.int16]) -> NDArray[np.int16]:
    """Swap the bytes of all values, and mend what a shift by some bytes left at the ends."""
    swapped = metres.byteswap()
    along = swapped.ravel()
    if len(along) > 2 * _N_SHIFTED_IN:
        along[:_N_SHIFTED_IN] = along[_N_SHIFTED_IN]
        along[-_N_SHIFTED_IN:] = along[-_N_SHIFTED_IN - 1]
    return swapped
