"""The content checks against slow oracles, their severities, and their look-alikes."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patches_on_disk import PATCH_SIZE, make_ids, make_patch, smooth_field, write_tree

from baselines.covariates.patches.npyheader import HEADER_BYTES, form_of
from baselines.integrity.findings import Problem
from baselines.integrity.manifests.digests import DIGEST_BYTES, digester
from baselines.integrity.manifests.manifest import Entry, manifest_of, read_manifest, write_manifest
from baselines.integrity.options import VerifyOptions
from baselines.integrity.patches.altitude import altitude_problems, max_step
from baselines.integrity.patches.bands import bands_problems, constant_bands, land_cover_problems
from baselines.integrity.patches.comparisons import compare_patches
from baselines.integrity.patches.facts import Facts
from baselines.integrity.patches.holes import fill_runs
from baselines.integrity.places import in_scope, region_of
from baselines.integrity.thresholds import DEFAULT_THRESHOLDS
from baselines.integrity.trees.planning import (
    archives_of_ids,
    detection_probability,
    select,
)
from baselines.integrity.verify import verify_patches
from submissions.errors import CannotCheckError, UsageError
from submissions.tables import OccurrenceTable

FR, US = 10561900, 173
LIMITS = DEFAULT_THRESHOLDS


def bands_of(occurrence_id: int) -> np.ndarray:
    raw = make_patch(occurrence_id)[0]
    return np.frombuffer(raw[HEADER_BYTES:], np.uint8).reshape(PATCH_SIZE, PATCH_SIZE, 5).copy()


def check_bands(values: np.ndarray, region: str = "fr") -> list[tuple[str, str]]:
    raw = form_of("bands", PATCH_SIZE).header + values.tobytes()
    return [(problem.fault, problem.severity) for problem in bands_problems(raw, region, thresholds=LIMITS)]


def check_altitude(metres: np.ndarray, region: str = "fr") -> list[tuple[str, str]]:
    raw = form_of("altitude", PATCH_SIZE).header + metres.astype("<i2").tobytes()
    problems = altitude_problems(raw, region, thresholds=LIMITS, patch_size=PATCH_SIZE)
    return [(problem.fault, problem.severity) for problem in problems]


def ground(height: float = 300, relief: float = 20) -> np.ndarray:
    return height + relief * smooth_field(np.random.default_rng(0), PATCH_SIZE, cell=16)


@given(st.binary(max_size=60), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=4))
def test_fill_runs_are_those_of_a_regular_expression(noise: bytes, holes: list[tuple[int, int]]) -> None:
    raw = bytearray(noise)
    for start, length in holes:
        raw[start:start] = bytes(length)
    expected = [match.span() for match in re.finditer(rb"\x00{5,}", bytes(raw))]
    assert list(fill_runs(bytes(raw), 5)) == expected


@given(st.lists(st.integers(0, 40), min_size=36, max_size=36), st.sampled_from(["fr", "us"]))
def test_land_cover_against_counting(codes: list[int], region: str) -> None:
    found = {(p.fault, p.severity) for p in land_cover_problems(bytes(codes), region, thresholds=LIMITS)}
    own = set(range(1, 18)) if region == "fr" else set(range(18, 34))
    if max(codes) > 33:
        assert found == {("implausible", "error")}
        return
    n_stray = sum(code not in own and code != 0 for code in codes)
    n_changes = sum(a != b for a, b in itertools.pairwise(codes))
    severity = "error" if n_stray > 0.05 * len(codes) else "warning"
    expected = {("wrong-region", severity)} if n_stray else set()
    expected |= {("implausible", "warning")} if 0 in codes else set()
    if len(set(codes)) > 16 or n_changes / (len(codes) - 1) > 0.25:
        expected.add(("implausible", "error"))
    assert found == expected


@given(st.lists(st.integers(-32768, 32767), min_size=9, max_size=9))
def test_greatest_step_against_all_pairs(heights: list[int]) -> None:
    metres = np.array(heights, dtype=np.int16).reshape(3, 3)
    rows = metres.astype(int).tolist()
    steps = [abs(rows[r][c] - rows[r][c + 1]) for r in range(3) for c in range(2)]
    steps += [abs(rows[r][c] - rows[r + 1][c]) for r in range(2) for c in range(3)]
    assert max_step(metres) == max(steps)


@pytest.mark.parametrize("occurrence_id", make_ids(20, 20))
def test_good_patches_are_silent(occurrence_id: int) -> None:
    region = region_of(occurrence_id)
    bands, altitude = make_patch(occurrence_id)
    assert bands_problems(bands, region, thresholds=LIMITS) == []
    assert altitude_problems(altitude, region, thresholds=LIMITS, patch_size=PATCH_SIZE) == []


def test_constant_land_cover_is_legitimate() -> None:
    values = bands_of(FR)
    values[:, :, 4] = 11
    assert check_bands(values) == []


def test_low_contrast_is_legitimate() -> None:
    values = bands_of(FR)
    values[:, :, :4] = values[:, :, :4] // 20 + 190
    assert check_bands(values) == []


def test_constant_bands_warn_and_all_four_are_an_error() -> None:
    values = bands_of(FR)
    values[:, :, 3] = 255
    assert constant_bands(form_of("bands", PATCH_SIZE).header + values.tobytes()) == [3]
    assert check_bands(values) == [("implausible", "warning")]
    values[:, :, :3] = 255
    assert check_bands(values) == [("implausible", "error")]
    values[5, 7, 1] = 254
    assert check_bands(values) == [("implausible", "warning")]


def test_black_edge_that_is_no_hole_warns() -> None:
    values = bands_of(FR)
    values.reshape(-1, 5)[20 * PATCH_SIZE + 3 : 23 * PATCH_SIZE + 1] = 0  # from no block's border to none
    found = check_bands(values)
    assert ("zero-filled", "warning") in found
    assert "error" not in {severity for _, severity in found}


def test_strays_of_the_other_region_warn_and_many_are_an_error() -> None:
    values = bands_of(FR)
    values[0, :30, 4] = 20
    assert check_bands(values) == [("wrong-region", "warning")]
    values[:10, :, 4] = 20
    assert check_bands(values) == [("wrong-region", "error")]
    assert check_bands(values, "other") == []


def test_unclassified_land_cover_warns() -> None:
    values = bands_of(FR)
    values[:, :, 4] = 0
    assert check_bands(values) == [("implausible", "warning")]


def test_unlike_colours_warn() -> None:
    values = bands_of(FR)
    rng = np.random.default_rng(0)
    values[:, :, 1] = 255 * smooth_field(rng, PATCH_SIZE, cell=8)
    assert ("implausible", "warning") in check_bands(values)


@pytest.mark.parametrize(
    ("metres", "expected"),
    [
        (np.zeros((PATCH_SIZE, PATCH_SIZE)), [("implausible", "warning")]),  # the sea, or lost ground
        (np.full((PATCH_SIZE, PATCH_SIZE), -1), [("implausible", "error")]),
        (np.full((PATCH_SIZE, PATCH_SIZE), 37), []),
        (np.full((PATCH_SIZE, PATCH_SIZE), -32768), [("implausible", "error")]),
        (np.full((PATCH_SIZE, PATCH_SIZE), 32767), [("implausible", "error")]),
        (ground(-300), [("implausible", "warning")]),
        (ground(4895), [("implausible", "warning")]),
        (ground(4500, 400), []),
    ],
)
def test_altitudes(metres: np.ndarray, expected: list[tuple[str, str]]) -> None:
    assert check_altitude(metres) == expected


def test_artefacts_as_shipped_warn_and_swapped_bytes_are_an_error() -> None:
    cliff = ground()
    cliff[10:20, 10:20] += 80
    assert check_altitude(cliff) == [("implausible", "warning")]
    swapped = ground(260, 60).astype("<i2").byteswap()
    assert check_altitude(swapped) == [("implausible", "error")]
    assert check_altitude(ground(4460, 0), "us") == []
    assert check_altitude(ground(4600, 0), "us") == [("implausible", "warning")]


def test_shore_is_no_hole_but_ground_that_breaks_off_is() -> None:
    slope = np.maximum(40 - np.arange(PATCH_SIZE), 0)[:, None] + np.zeros(PATCH_SIZE)
    assert check_altitude(slope) == []  # land that runs into the sea
    torn = ground()
    torn[30:] = 0
    assert check_altitude(torn) == [("zero-filled", "error")]


def facts(i: int, **changes: object) -> Facts:
    base = {"content": str(i), "is_plain": False, "red": 90.0, "green": 100.0, "blue": 70.0}
    return Facts(i, **(base | {"lowest": 100, "highest": 120} | changes))  # type: ignore[arg-type]


def compare(
    listed: list[Facts], places: list[tuple[float, float]], **limits: object
) -> list[tuple[object, ...]]:
    ids = [fact.occurrence_id for fact in listed]
    table = OccurrenceTable(np.array(ids), *np.array(places, dtype=float).T)
    thresholds = LIMITS.__class__(**limits)  # type: ignore[arg-type]
    found = compare_patches(listed, table, thresholds=thresholds, path_of=lambda i, kind: f"{kind} of {i}")
    return [(f.problem.fault, f.problem.severity, f.occurrence_id) for f in found]


def test_copies_far_apart_are_errors_and_near_or_plain_ones_are_not() -> None:
    pair = [facts(1, content="x"), facts(2, content="x")]
    far, near = [(45, 3), (45, 3.01)], [(45, 3), (45.001, 3.001)]
    assert compare(pair, far) == [("duplicate-content", "error", 1), ("duplicate-content", "error", 2)]
    assert compare(pair, near) == []
    plain = [facts(1, content="x", is_plain=True), facts(2, content="x", is_plain=True)]
    assert compare(plain, far) == []


def test_unlike_content_at_one_place_warns() -> None:
    assert compare([facts(1), facts(2)], [(45, 3), (45, 3)]) == [("implausible", "warning", 2)]


def test_altitudes_of_overlapping_patches_meet() -> None:
    pair = [facts(1), facts(2, lowest=400, highest=420)]
    assert compare(pair, [(45, 3), (45.0005, 3)]) == [
        ("implausible", "warning", 1),
        ("implausible", "warning", 2),
    ]
    assert compare(pair, [(45, 3), (45.01, 3)]) == []


@pytest.mark.parametrize("swapped", [True, False])
def test_archive_with_swapped_colours_stands_out(swapped: bool) -> None:
    listed = []
    rng = np.random.default_rng(0)
    for archive, k in itertools.product(range(5), range(10)):
        red, green, blue = rng.normal((95, 100, 70), 5)
        if archive == 2 and swapped:
            red, blue = blue, red
        listed.append(facts(10_000_000 + 100 * k + 5 * archive, red=red, green=green, blue=blue))
    places = [(45 + 0.1 * n, 3.0) for n in range(len(listed))]
    found = compare(listed, places, drift_min_patches=10)
    assert found == ([("implausible", "warning", None)] if swapped else [])


def test_deep_check_needs_no_more_than_places(tmp_path: Path) -> None:
    ids = make_ids(5, 5)
    root = write_tree(tmp_path, ids)
    same_place = OccurrenceTable(np.array(ids), np.full(10, 45.0), np.full(10, 3.0))
    report = verify_patches([root], same_place, options=VerifyOptions("deep", PATCH_SIZE))
    assert report.ok
    assert report.counts["implausible"] >= 8


@pytest.mark.parametrize("algorithm", DIGEST_BYTES)
def test_manifests_come_back_as_written(tmp_path: Path, algorithm: str) -> None:
    digest = digester(algorithm)
    entries = [Entry(i, (i + 1, i + 2), (digest(b"a%d" % i), digest(b"b%d" % i))) for i in (9, 3, 200)]
    write_manifest(manifest_of(entries, algorithm), tmp_path / "m")
    back = read_manifest(tmp_path / "m")
    assert (back.algorithm, back.ids.tolist()) == (algorithm, [3, 9, 200])
    assert back.sizes.tolist() == [[4, 5], [10, 11], [201, 202]]
    bands, altitude = back.proofs([9])[9]
    assert bands is not None
    assert altitude is not None
    assert (bands.digest, altitude.digest) == entries[0].digests
    assert back.proofs([4, 5]) == {}
    assert back.digest == manifest_of(entries, algorithm).digest


def test_cut_and_foreign_manifests_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m"
    write_manifest(manifest_of([Entry(1, (1, 1), (b"abcd", b"abcd"))], "crc32"), path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(CannotCheckError, match="cut, damaged or not one"):
        read_manifest(path)
    write_manifest(manifest_of([], "md5"), path)
    assert len(read_manifest(path)) == 0
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(CannotCheckError, match="not one of glckit's"):
        read_manifest(path)


def test_text_manifest_must_name_places_of_patches(tmp_path: Path) -> None:
    good = "d41d8cd98f00b204e9800998ecf8427e  patches_us/73/1/173.npy\n"
    (tmp_path / "m").write_text(good)
    assert read_manifest(tmp_path / "m").algorithm == "md5"
    (tmp_path / "m").write_text(good.replace("73/1/", "99/9/"))
    with pytest.raises(CannotCheckError, match="no place of a patch"):
        read_manifest(tmp_path / "m")
    with pytest.raises(UsageError, match="no checksum 'md4'"):
        digester("md4")


def test_one_half_of_a_pair_may_be_unlisted(tmp_path: Path) -> None:
    root = write_tree(tmp_path, [US])
    sums = digester("sha256")(make_patch(US)[0]).hex()
    (tmp_path / "list").write_text(f"{sums}  patches_us/73/1/173.npy\n")
    options = VerifyOptions(patch_size=PATCH_SIZE, manifest=tmp_path / "list")
    assert verify_patches([root], options=options).ok
    (tmp_path / "list").write_text(f"{'0' * 64}  patches_us/73/1/173.npy\n")
    assert verify_patches([root], options=options).counts == {"checksum": 1}


ids_of_both = st.lists(
    st.integers(0, 2_100_000) | st.integers(10_000_000, 10_999_999), max_size=60, unique=True
)


@given(ids_of_both, st.integers(1, 7))
def test_parts_partition(ids: list[int], n_parts: int) -> None:
    array = np.array(ids, dtype=np.int64)
    parts = [select(array, VerifyOptions(subset=(i + 1, n_parts))).tolist() for i in range(n_parts)]
    assert sorted(itertools.chain(*parts)) == sorted(ids)


@given(ids_of_both, st.integers(1, 80))
def test_samples_spread_over_the_archives(ids: list[int], n_wanted: int) -> None:
    array = np.array(ids, dtype=np.int64)
    drawn = select(array, VerifyOptions(sample=n_wanted))
    assert set(drawn.tolist()) <= set(ids)
    assert len(set(drawn.tolist())) == len(drawn) >= min(n_wanted, len(ids))
    assert drawn.tolist() == select(array[::-1], VerifyOptions(sample=n_wanted)).tolist()
    sizes = dict(zip(*np.unique(archives_of_ids(array), return_counts=True), strict=True))
    counts = dict(zip(*np.unique(archives_of_ids(drawn), return_counts=True), strict=True))
    for name in sizes:
        largest = max(counts.values())
        assert counts.get(name, 0) >= min(sizes[name], largest - 1)


@given(ids_of_both)
def test_scopes_of_both_regions_hold_everything(ids: list[int]) -> None:
    array = np.array(ids, dtype=np.int64)
    assert in_scope(array, frozenset({("fr", None), ("us", None)})).all()
    one = in_scope(array, frozenset({("us", 3)}))
    assert one.tolist() == [i < 10_000_000 and i % 100 // 5 == 2 for i in ids]


def test_probability_of_detection_against_draws() -> None:
    rng = np.random.default_rng(0)
    hits = (rng.random((4000, 100)) < 0.02).any(axis=1).mean()
    assert detection_probability(0.02, 100) == pytest.approx(hits, abs=0.02)
    assert detection_probability(0.03, 100) > 0.95


def test_problems_are_data() -> None:
    assert Problem("missing", "error", "a", "b") == Problem("missing", "error", "a", "b")
