"""Zeros in a file of bands: lost content is an error, what a camera did not see is not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from patches_on_disk import PATCH_SIZE, make_patch, path_of

from baselines.covariates.patches.npyheader import HEADER_BYTES
from baselines.integrity.patches.bands import bands_problems
from baselines.integrity.places import region_of
from baselines.integrity.thresholds import DEFAULT_THRESHOLDS, Thresholds

_BLOCK = 512


@pytest.fixture(params=["small", "10561900", "10297014", "10561949", "173"])
def patch(request: pytest.FixtureRequest) -> tuple[np.ndarray, bytes, str]:
    """The bands of a whole patch, its header and its region: of a small one, and of the real ones."""
    if request.param == "small":
        raw, size, region = make_patch(10561900)[0], PATCH_SIZE, "fr"
    else:
        patches = request.getfixturevalue("realdata") / "patches"
        raw, size, region = (
            path_of(patches, int(request.param)).read_bytes(),
            256,
            region_of(int(request.param)),
        )
    bands = np.frombuffer(raw[HEADER_BYTES:], np.uint8).reshape(size, size, 5)
    return bands.copy(), raw[:HEADER_BYTES], region


def severities(raw: bytes, region: str, limits: Thresholds = DEFAULT_THRESHOLDS) -> set[str]:
    problems = bands_problems(raw, region, thresholds=limits)
    return {problem.severity for problem in problems if problem.fault == "zero-filled"}


def unseen(size: int, name: str) -> np.ndarray:
    """Tell which pixels lie outside the imagery."""
    row, column = np.mgrid[:size, :size]
    return {
        "bottom row": row == size - 1,
        "bottom half row": (row == size - 1) & (column >= size // 4),
        "bottom third": row >= size * 2 // 3,
        "top third": row < size // 3,
        "left third": column < size // 3,
        "right half": column >= size // 2,
        "right bottom quarter": (row >= size // 2) & (column >= size // 2),
        "right bottom corner": (row >= size // 2) & (column >= size // 3),
        "slanted south": row + column / 9 > size * 0.7,
        "slanted corner": row + column > size * 1.1,
    }[name]


@pytest.mark.parametrize(
    "name",
    ["bottom row", "bottom half row", "bottom third", "top third", "left third", "right half",
     "right bottom quarter", "right bottom corner", "slanted south", "slanted corner"],
)  # fmt: skip
def test_ground_outside_the_imagery_is_no_error(patch: tuple[np.ndarray, bytes, str], name: str) -> None:
    bands, header, region = patch
    bands[unseen(len(bands), name)] = 0
    assert severities(header + bands.tobytes(), region) <= {"warning"}
    bands[:, :, :3] = compressed(bands[:, :, :3])
    assert severities(header + bands.tobytes(), region) <= {"warning"}


def compressed(colours: np.ndarray) -> np.ndarray:
    """Send colours through JPEG, which leaves pixels that are nearly black."""
    image = pytest.importorskip("PIL.Image")
    buffer = io.BytesIO()
    image.fromarray(np.ascontiguousarray(colours)).save(buffer, "JPEG", quality=85)
    return np.asarray(image.open(buffer))


@pytest.mark.parametrize("angle", range(0, 360, 8))
def test_edges_of_imagery_at_any_angle_are_no_error(angle: int) -> None:
    y, x = np.mgrid[:256, :256] - 127.5
    bands = np.full((256, 256, 5), (90, 100, 70, 120, 3), np.uint8)
    bands[np.cos(np.radians(angle)) * x + np.sin(np.radians(angle)) * y > 20] = 0
    assert severities(b"\1" * HEADER_BYTES + bands.tobytes(), "fr") == {"warning"}


@pytest.mark.parametrize("n_blocks", [1, 8])
@pytest.mark.parametrize("place", [0.1, 0.4, 0.7])
def test_lost_blocks_are_an_error(patch: tuple[np.ndarray, bytes, str], n_blocks: int, place: float) -> None:
    bands, header, region = patch
    raw = bytearray(header + bands.tobytes())
    start = int(len(raw) * place) // _BLOCK * _BLOCK
    raw[start : start + n_blocks * _BLOCK] = bytes(n_blocks * _BLOCK)
    assert severities(bytes(raw), region) == {"error"}


@pytest.mark.parametrize("place", [0.02, 0.3, 0.5, 0.9])
def test_a_lost_end_is_an_error_from_the_border_of_a_block(
    patch: tuple[np.ndarray, bytes, str], place: float
) -> None:
    bands, header, region = patch
    raw = header + bands.tobytes()
    kept = int(len(raw) * place) // _BLOCK * _BLOCK
    assert severities(raw[:kept] + bytes(len(raw) - kept), region) == {"error"}


@pytest.mark.parametrize("n_colours", [1, 2])
def test_a_lost_end_that_cuts_a_pixel_is_an_error(
    patch: tuple[np.ndarray, bytes, str], n_colours: int
) -> None:
    bands, header, region = patch
    raw = header + bands.tobytes()
    half = HEADER_BYTES + (len(raw) - HEADER_BYTES) // 2 // 5 * 5
    bright = next(at for at in range(half, len(raw), 5) if min(raw[at : at + 2]) >= 32)
    kept = bright + n_colours
    assert severities(raw[:kept] + bytes(len(raw) - kept), region) == {"error"}


def test_all_zeros_are_an_error(patch: tuple[np.ndarray, bytes, str]) -> None:
    bands, header, region = patch
    assert severities(header + bytes(bands.size), region) == {"error"}


def test_a_limit_beyond_the_file_finds_nothing(patch: tuple[np.ndarray, bytes, str]) -> None:
    bands, header, region = patch
    assert severities(header + bytes(bands.size), region, Thresholds(zero_run_bytes=10**9)) == set()
