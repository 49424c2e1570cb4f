"""What the bytes of a patch's altitude tell: fill values, impossible ground, swapped or shifted bytes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.npyheader import HEADER_BYTES, form_of
from baselines.integrity.findings import Problem
from baselines.integrity.patches.bands import is_torn, zero_runs
from baselines.integrity.thresholds import Thresholds

# What terrain models write where they know nothing. 0 is none of them: it is the sea.
_FILL_VALUES = (-32768, 32767, -9999)


def altitude_problems(raw: bytes, region: str, *, thresholds: Thresholds, patch_size: int) -> list[Problem]:
    """Check the content of a file of altitude whose size and header are right.

    Impossible ground is a warning, since the data as published have artefacts, unless the same
    bytes swapped are plausible: then the file is damaged. So is one that holds a fill value only, or
    zeros that break off as no shore does. Constant ground is plausible.
    """
    metres = np.frombuffer(raw, form_of("altitude", patch_size).dtype, offset=HEADER_BYTES)
    low, high = int(metres.min()), int(metres.max())
    if low == high and low in _FILL_VALUES:
        return [Problem("implausible", "error", "altitudes in metres", f"the fill value {low} everywhere")]
    if problems := altitude_hole_problems(raw, thresholds):
        return problems  # a step at the hole's edge follows from it
    metres = metres.reshape(patch_size, patch_size)
    if (why := _why_implausible(metres, region, thresholds=thresholds)) is None:
        return []
    least, most = thresholds.altitudes_of(region)
    steps = f"steps of at most {thresholds.max_altitude_step} m"
    expected = f"ground of {region}, {least} to {most} m, {steps}"
    if _why_implausible(metres.byteswap(), region, thresholds=thresholds) is None:
        return [Problem("implausible", "error", expected, f"{why}; with swapped bytes it is plausible")]
    return [Problem("implausible", "warning", expected, why)]


def altitude_hole_problems(raw: bytes, thresholds: Thresholds) -> list[Problem]:
    """Report zeros that break off as no shore does: the sea is 0 as well, but the ground slopes to it."""
    metres = np.frombuffer(raw, "<i2", offset=HEADER_BYTES)
    for start, end in zero_runs(raw, thresholds.zero_run_bytes):
        if not is_torn(start, end, size=len(raw)):
            continue
        rows = (start - HEADER_BYTES - 1) // 2, (end - HEADER_BYTES) // 2
        step = max((abs(int(metres[row])) for row in rows if 0 <= row < len(metres)), default=0)
        if step > thresholds.max_smooth_step:
            expected = f"no {thresholds.zero_run_bytes} zero bytes beside ground that is not at sea level"
            found = f"{end - start} zero bytes from byte {start}, beside ground at {step} m"
            return [Problem("zero-filled", "error", expected, found)]
    return []


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
