"""Runs of one byte where a file lost its content, told from black imagery and from the sea."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.npyheader import HEADER_BYTES, N_BANDS
from baselines.integrity.findings import Problem
from baselines.integrity.thresholds import Thresholds

_BLOCK = 512  # bytes; what disks, tar and file systems lose is a multiple of it
_SLACK = 4  # bytes beside a hole that may be zero by chance
# No pixel has one or two colours this bright and the next ones at zero. Beside black that went
# through JPEG, qualities 70 to 95, the brightest of 98,000 edges had 19.
_BRIGHT = 32
# The rest of the ground may have a cliff steeper than this share of it.
_USUAL_SHARE = 0.99
# What a lost block holds in place of altitudes: zero bytes, or those of erased flash.
_LOST_ALTITUDES = (0, -1)


def fill_runs(raw: bytes, n_bytes: int, *, fill: bytes = b"\0") -> Iterator[tuple[int, int]]:
    r"""Yield where runs of at least `n_bytes` bytes of one value, zero by default, begin and end.

    Examples
    --------
    >>> list(fill_runs(b"ab" + bytes(5) + b"c" + bytes(2), 3))
    [(2, 7)]
    """
    if n_bytes > len(raw):
        return
    pattern = fill * n_bytes
    start = raw.find(pattern)
    while start >= 0:
        rest = raw[start:]
        end = start + len(rest) - len(rest.lstrip(fill))
        yield start, end
        start = raw.find(pattern, end)


def hole_problems(raw: bytes, thresholds: Thresholds) -> list[Problem]:
    """Report runs of zero bytes in a file of bands: an error where they lie as holes do, else a warning."""
    expected = f"fewer than {thresholds.zero_run_bytes} zero bytes in a row"
    runs = list(fill_runs(raw, thresholds.zero_run_bytes))
    torn = [run for run in runs if _is_torn(raw, *run)]
    start, end = max(torn or runs or [(0, 0)], key=lambda run: run[1] - run[0])
    if not end:
        return []
    found = f"{end - start} zero bytes from byte {start}"
    return [Problem("zero-filled", "error" if torn else "warning", expected, found)]


def altitude_hole_problems(raw: bytes, thresholds: Thresholds) -> list[Problem]:
    """Report runs of 0x00 or 0xFF in a file of altitude that break off as no shore does.

    The sea is 0 as well, and some ground lies at -1 m, but the land slopes to them.
    """
    metres = np.frombuffer(raw, "<i2", offset=HEADER_BYTES)
    for value, fill in zip(_LOST_ALTITUDES, (b"\0", b"\xff"), strict=True):
        for start, end in fill_runs(raw, thresholds.zero_run_bytes, fill=fill):
            # Ground of -1 m is no terrain model's void, which zeros off the border of a block may be.
            if fill == b"\0" and end < len(raw) and not (_begins_block(start) or _ends_block(end)):
                continue
            rows = (start - HEADER_BYTES - 1) // 2, (end - HEADER_BYTES) // 2
            beside = [int(metres[row]) for row in rows if 0 <= row < len(metres)]
            height = max(beside, key=lambda metres: abs(metres - value), default=value)
            if abs(height - value) > _most_at_a_shore(metres, value, thresholds=thresholds):
                return [_broken_off(fill, start, end, height=height)]
    return []


def _is_torn(raw: bytes, start: int, end: int) -> bool:
    """Tell whether a run of zeros in the bands lies as a hole would.

    It fills whole blocks of a disk, up to the end of the file perhaps, or cuts a pixel in two. Black
    pixels at the edge of the imagery do neither: rows of 256 pixels begin and end on no border of a block.
    """
    fills_blocks = _begins_block(start) and (end == len(raw) or _ends_block(end))
    return _cuts_a_pixel(raw, start, end) or (fills_blocks and not _is_black_beside(raw, start, end))


def _begins_block(start: int) -> bool:
    return start <= HEADER_BYTES or -start % _BLOCK <= _SLACK


def _ends_block(end: int) -> bool:
    return end % _BLOCK <= _SLACK


def _is_black_beside(raw: bytes, start: int, end: int) -> bool:
    # An edge of the imagery within a row can meet a border of a block, as that in column 128 does, but
    # then goes on in the next row.
    row = math.isqrt((len(raw) - HEADER_BYTES) // N_BANDS) * N_BANDS
    length = end - start
    above, below = (
        raw[max(start - row, HEADER_BYTES) : max(end - row, HEADER_BYTES)],
        raw[start + row : end + row],
    )
    return length < row and max(above.count(0), below.count(0)) > length // 2


def _cuts_a_pixel(raw: bytes, start: int, end: int) -> bool:
    # Within red, green and blue alone: of near-infrared and land cover 0 is a value like any other.
    before, after = (start - HEADER_BYTES) % N_BANDS, (end - HEADER_BYTES) % N_BANDS
    kept = raw[start - before : start] if before in (1, 2) else b""
    kept += raw[end : end + 3 - after] if after in (1, 2) else b""
    return max(kept, default=0) >= _BRIGHT


def _most_at_a_shore(metres: NDArray[np.int16], value: int, *, thresholds: Thresholds) -> float:
    # Steep ground may meet the sea steeply: twice as steeply as nearly all of it is.
    square = metres.reshape(math.isqrt(len(metres)), -1).astype(np.int32)
    is_ground = square != value
    steps = np.concatenate(
        [
            np.abs(np.diff(square, axis=0))[is_ground[1:] & is_ground[:-1]],
            np.abs(np.diff(square, axis=1))[is_ground[:, 1:] & is_ground[:, :-1]],
        ]
    )
    usual = float(np.quantile(steps, _USUAL_SHARE)) if len(steps) else 0.0
    return max(thresholds.max_smooth_step, 2 * usual)


def _broken_off(fill: bytes, start: int, end: int, *, height: int) -> Problem:
    fault, named = ("zero-filled", "zero bytes") if fill == b"\0" else ("implausible", "bytes 0xFF")
    found = f"{end - start} {named} from byte {start}, beside ground at {height} m"
    return Problem(fault, "error", f"no run of {named} that breaks off from the ground", found)
