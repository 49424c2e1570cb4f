"""Altitudes that are no ground: every damage is told from the artefacts, cliffs and shores that exist."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from patches_on_disk import PATCH_SIZE, make_ids, make_patch, make_table, path_of, smooth_field, write_tree

from baselines.covariates.patches.npyheader import HEADER_BYTES, form_of
from baselines.integrity.manifests.digests import ALGORITHM, digester
from baselines.integrity.manifests.manifest import Entry, manifest_of, write_manifest
from baselines.integrity.options import VerifyOptions
from baselines.integrity.patches.altitude import altitude_problems
from baselines.integrity.places import region_of
from baselines.integrity.report import PatchReport
from baselines.integrity.thresholds import DEFAULT_THRESHOLDS
from baselines.integrity.verify import verify_patches
from submissions.tables import OccurrenceTable

HTML = b"<!DOCTYPE html>\n<html>\n<body>\n<center><h1>404 Not Found</h1></center>\n</body>\n</html>\n"


def check(body: bytes | np.ndarray, region: str = "fr", *, size: int = PATCH_SIZE) -> list[tuple[str, str]]:
    raw = form_of("altitude", size).header + (
        body if isinstance(body, bytes) else body.astype("<i2").tobytes()
    )
    problems = altitude_problems(raw, region, thresholds=DEFAULT_THRESHOLDS, patch_size=size)
    return [(problem.fault, problem.severity) for problem in problems]


def noise(n: int) -> bytes:
    return np.random.default_rng(n).bytes(n)


def deflated(n: int) -> bytes:
    return zlib.compress(np.random.default_rng(n).integers(0, 40, 2 * n + 99).astype("u1").tobytes(), 9)[50:][
        :n
    ]


FILLINGS: dict[str, Callable[[int], bytes]] = {
    "random": noise,
    "deflate": deflated,
    "HTML": lambda n: (HTML * (n // len(HTML) + 1))[:n],
    "bands": lambda n: (make_patch(173)[0][HEADER_BYTES:] * 8)[:n],
}


@pytest.fixture(params=["small", "10561900", "10297014", "10561949", "173"])
def ground(request: pytest.FixtureRequest) -> tuple[bytes, str, int]:
    """The bytes of a whole altitude, its region and its size: of a small patch, and of the real ones."""
    if request.param == "small":
        return make_patch(10561900)[1][HEADER_BYTES:], "fr", PATCH_SIZE
    patches = request.getfixturevalue("realdata") / "patches"
    path = path_of(patches, int(request.param), "altitude")
    return path.read_bytes()[HEADER_BYTES:], region_of(int(request.param)), 256


@pytest.mark.parametrize("filling", FILLINGS)
@pytest.mark.parametrize("n_bytes", [512, 4096, 65536, None])
def test_noise_is_an_error(ground: tuple[bytes, str, int], filling: str, n_bytes: int | None) -> None:
    body, region, size = ground
    assert check(body, region, size=size) == []
    n = min(n_bytes or len(body), len(body))
    start = (len(body) - n) // 2 | (n < len(body))  # of a part, not on the border of a pixel
    spoilt = body[:start] + FILLINGS[filling](n) + body[start + n :]
    assert check(spoilt[: len(body)], region, size=size) == [("implausible", "error")]


@pytest.mark.parametrize("n_bytes", [-3, -1, 1, 3])
@pytest.mark.parametrize("filling", [b"\0", b"\x5a", b"\xff"])
def test_shift_by_odd_bytes_is_an_error(ground: tuple[bytes, str, int], n_bytes: int, filling: bytes) -> None:
    body, region, size = ground
    foreign = filling * abs(n_bytes)
    shifted = foreign + body[:-n_bytes] if n_bytes > 0 else body[-n_bytes:] + foreign
    assert check(shifted, region, size=size) == [("implausible", "error")]


@pytest.mark.parametrize("n_bytes", [-4, -2, 2, 4])
@pytest.mark.parametrize("filling", [b"\x80", None])
def test_shift_by_one_or_two_pixels_makes_a_seam(
    ground: tuple[bytes, str, int], n_bytes: int, filling: bytes | None
) -> None:
    body, region, size = ground
    if filling is None:  # ground comes in from the other end
        shifted = body[-n_bytes:] + body[:-n_bytes]
    else:
        foreign = filling * abs(n_bytes)
        shifted = foreign + body[:-n_bytes] if n_bytes > 0 else body[-n_bytes:] + foreign
    assert check(shifted, region, size=size) == [("implausible", "error")]


def test_edges_that_are_odd_in_themselves_are_no_seam(ground: tuple[bytes, str, int]) -> None:
    body, region, size = ground
    metres = np.frombuffer(body, "<i2").reshape(size, size)
    for value in (-32768, 0, 500):
        for columns in ([0], [-1], [0, -1], [0, 1], [-1, -2], [0, 1, -1, -2]):
            framed = metres.copy()
            framed[:, columns] = value
            assert ("implausible", "error") not in check(framed, region, size=size), (value, columns)


@pytest.mark.parametrize("slope", [0, 1, 3])
def test_slopes_are_no_seam(slope: int) -> None:
    east = np.arange(256) * slope + np.zeros((256, 1))
    assert check(east, size=256) == ([("implausible", "warning")] if slope == 0 else [])
    assert check(east.T + 40, size=256) == []


@pytest.mark.parametrize("n_bytes", [512, 4096])
@pytest.mark.parametrize("start", [1024 - HEADER_BYTES, 777, 1500])
def test_ground_that_breaks_off_to_0xff_is_an_error(
    ground: tuple[bytes, str, int], n_bytes: int, start: int
) -> None:
    body, region, size = ground
    spoilt = body[:start] + b"\xff" * n_bytes + body[start + n_bytes :]
    assert check(spoilt, region, size=size) == [("implausible", "error")]


@pytest.mark.parametrize("n_bytes", [512, 4096])
@pytest.mark.parametrize(("filling", "fault"), [(b"\xff", "implausible"), (b"\0", "zero-filled")])
def test_block_of_one_byte_is_an_error(
    ground: tuple[bytes, str, int], n_bytes: int, filling: bytes, fault: str
) -> None:
    body, region, size = ground
    start = 1024 - HEADER_BYTES
    spoilt = body[:start] + filling * n_bytes + body[start + n_bytes :]
    assert check(spoilt, region, size=size) == [(fault, "error")]


@pytest.mark.parametrize(
    ("filling", "severity"), [(b"\xff", "error"), (b"\0", "warning"), (b"\x80", "warning")]
)
def test_body_of_one_byte(ground: tuple[bytes, str, int], filling: bytes, severity: str) -> None:
    body, region, size = ground
    assert check(filling * len(body), region, size=size) == [("implausible", severity)]


@pytest.mark.parametrize("share", [0.001, 0.01, 0.05])
@pytest.mark.parametrize("value", [-32768, 9000, None])
def test_scattered_artefacts_warn(ground: tuple[bytes, str, int], share: float, value: int | None) -> None:
    body, region, size = ground
    rng = np.random.default_rng(0)
    metres = np.frombuffer(body, "<i2").copy()
    where = rng.random(len(metres)) < share
    metres[where] = rng.integers(-32768, 32767, int(where.sum())) if value is None else value
    assert check(metres, region, size=size) == [("implausible", "warning")]


def test_voids_and_spikes_of_a_terrain_model_warn(ground: tuple[bytes, str, int]) -> None:
    body, region, size = ground
    metres = np.frombuffer(body, "<i2").reshape(size, size)
    void = metres.copy()
    void[10:40, 12:42] = -32768
    assert check(void, region, size=size) == [("implausible", "warning")]
    half = metres.copy()
    half[: size // 2] = -32768
    assert check(half, region, size=size) == [("implausible", "warning")]
    ramp = metres.astype(float)  # a void that was interpolated over one cell of 30 m
    ramp[:30] -= np.linspace(32000, 0, 30)[:, None]
    assert check(ramp, region, size=size) == [("implausible", "warning")]
    striped = metres.copy()
    striped[:, ::8] = -32768
    assert check(striped, region, size=size) == [("implausible", "warning")]


@pytest.mark.parametrize("steepness", [1, 3, 10])
@pytest.mark.parametrize("turn", range(4))
def test_steep_ground_may_meet_the_sea(steepness: int, turn: int) -> None:
    height = np.maximum(steepness * (150 - np.arange(256)), 0)[:, None] + np.zeros(256)
    assert check(np.rot90(height, turn), size=256) == []


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_ground_that_breaks_off_is_an_error_wherever_it_does(share: float) -> None:
    body = (300 + 20 * smooth_field(np.random.default_rng(0), 256, cell=64)).astype("<i2").tobytes()
    kept = int(len(body) * share)
    assert check(body[:kept] + bytes(len(body) - kept), size=256) == [("zero-filled", "error")]
    if share > 0.5:
        assert check(bytes(len(body) - kept) + body[len(body) - kept :], size=256) == [
            ("zero-filled", "error")
        ]


US, NEIGHBOUR = 173, 273


def deep(folder: Path, *, east_m: float = 0.0, lowest: int = 10, **options: object) -> PatchReport:
    """Verify two patches, of which the first has an altitude of 0 throughout."""
    ids = [US, NEIGHBOUR]
    write_tree(folder, ids)
    heights = np.zeros((PATCH_SIZE, PATCH_SIZE)), np.full((PATCH_SIZE, PATCH_SIZE), lowest + 5)
    heights[1][3, 3] = lowest
    for i, metres in zip(ids, heights, strict=True):
        header = form_of("altitude", PATCH_SIZE).header
        path_of(folder, i, "altitude").write_bytes(header + metres.astype("<i2").tobytes())
    degrees = east_m / 111_195 / np.cos(np.radians(40))
    table = OccurrenceTable(np.array(ids), np.full(2, 40.0), np.array([-100, -100 + degrees]))
    chosen = VerifyOptions("deep", PATCH_SIZE, **options)  # type: ignore[arg-type]
    return verify_patches([folder], table, options=chosen)


def test_zeros_inland_are_an_error_of_a_deep_check(tmp_path: Path) -> None:
    report = deep(tmp_path, east_m=1990)
    assert report.damaged_ids == (US,)
    (error,) = report.errors
    assert (error.problem.fault, error.path) == ("implausible", str(path_of(tmp_path, US, "altitude")))
    assert f"occurrence {NEIGHBOUR}, 1990 m away" in error.problem.expected


@pytest.mark.parametrize(("east_m", "lowest"), [(2010, 10), (1990, 9), (100, -1), (1e6, 500)])
def test_zeros_by_the_sea_are_a_warning_of_a_deep_check(tmp_path: Path, east_m: float, lowest: int) -> None:
    report = deep(tmp_path, east_m=east_m, lowest=lowest)
    assert report.ok
    assert {(f.problem.fault, f.occurrence_id) for f in report.warnings} == {("implausible", US)}
    assert "whether an altitude of 0 m throughout is the sea" in " ".join(report.cannot_see)


def test_what_a_full_check_leaves_open_is_said(tmp_path: Path) -> None:
    root = write_tree(tmp_path, make_ids(2, 2))
    report = verify_patches([root], make_table(make_ids(2, 2)), options=VerifyOptions(patch_size=PATCH_SIZE))
    assert "an altitude of 0 m throughout is the sea or lost ground" in " ".join(report.cannot_see)
    assert "in an altitude, by more than 4 bytes" in " ".join(report.cannot_see)


def test_zeros_that_a_manifest_lists_are_as_published(tmp_path: Path) -> None:
    assert not deep(tmp_path / "data", east_m=1000).ok
    digest_of = digester(ALGORITHM)
    entries = []
    for i in (US, NEIGHBOUR):
        raw = [path_of(tmp_path / "data", i, kind).read_bytes() for kind in ("bands", "altitude")]
        entries.append(Entry(i, (len(raw[0]), len(raw[1])), (digest_of(raw[0]), digest_of(raw[1]))))
    write_manifest(manifest_of(entries, ALGORITHM), tmp_path / "m")
    report = deep(tmp_path / "data", east_m=1000, manifest=tmp_path / "m")
    assert report.ok
    assert len(report.warnings) == 2
