"""Where patches lie and what form their files have."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from baselines.covariates.patches.layout import (
    KINDS,
    archive_name,
    archive_numbers,
    file_name,
    folder_of_id,
    folders_of_ids,
    parse_name,
    parse_names,
    parse_path,
    relative_path,
    roots,
    scope_of_archive,
)
from baselines.covariates.patches.npyheader import form_of, parse_header, why_bad_header

ids = st.integers(min_value=0, max_value=30_000_000) | st.integers(min_value=0, max_value=2000)


def folder_by_hand(occurrence_id: int) -> str:
    """The rule as the organizers' page puts it, digit by digit."""
    reversed_digits = str(occurrence_id)[::-1]
    last_two = reversed_digits[:2][::-1]
    two_before = reversed_digits[2:4][::-1]
    return f"{last_two}/{two_before}" if two_before else last_two


@pytest.mark.parametrize(
    ("occurrence_id", "folder"),
    [
        (10561900, "00/19"),
        (173, "73/1"),
        (10173, "73/01"),
        (1000, "00/10"),
        (100, "00/1"),
        (99, "99"),
        (7, "7"),
        (0, "0"),
    ],
)
def test_folders_of_long_and_short_ids(occurrence_id: int, folder: str) -> None:
    assert folder_of_id(occurrence_id) == folder


@given(st.lists(ids))
def test_path_rule_agrees_with_the_rule_by_hand(listed: list[int]) -> None:
    expected = [folder_by_hand(i) for i in listed]
    assert [folder_of_id(i) for i in listed] == expected
    assert folders_of_ids(np.array(listed, dtype=np.int64)).tolist() == expected
    paths = [relative_path(i, "altitude") for i in listed]
    assert paths == [f"{folder}/{i}_alti.npy" for folder, i in zip(expected, listed, strict=True)]


@given(ids, st.sampled_from(KINDS), st.sampled_from(["fr", "us"]), st.integers(0, 2))
@example(7, "bands", "us", 2)
@example(42, "altitude", "us", 1)
def test_paths_can_be_read_back(occurrence_id: int, kind: str, region: str, nesting: int) -> None:
    number = int(archive_numbers(occurrence_id))
    root = roots(region, number)[nesting]
    parsed = parse_path(f"{root}/{relative_path(occurrence_id, kind)}")
    assert parsed is not None
    assert (parsed.occurrence_id, parsed.kind, parsed.region, parsed.in_place) == (
        occurrence_id,
        kind,
        region,
        True,
    )
    assert parse_path("./" + relative_path(occurrence_id, kind)).in_place


@given(ids, ids)
def test_a_file_is_in_place_in_its_own_folder_alone(occurrence_id: int, other: int) -> None:
    parsed = parse_path(f"patches_us/{folder_of_id(other)}/{file_name(occurrence_id, 'bands')}")
    assert parsed.in_place == (folder_by_hand(other) == folder_by_hand(occurrence_id))


@pytest.mark.parametrize(
    "path",
    [
        "173.npy",
        "patches_us/173.npy",
        "patches_us/73/173.npy",
        "patches_us/73/01/173.npy",
        "patches_us_14/73/1/173.npy",  # 173 belongs to part 15
        "patches_us_21/73/1/173.npy",
        "patches_us/patches_us_14/73/1/173.npy",
        "patches_us/patches_fr_15/73/1/173.npy",
        "patches_us_15/patches_us_15/73/1/173.npy",
        "patches_us/73/1/73/1/173.npy",
        "elsewhere/73/1/173.npy",
        "/73/1/173.npy",
        "/patches_us/73/1/173.npy",
        "/patches_us_15/73/1/173.npy",
    ],
)
def test_misplaced_files_are_known_and_not_in_place(path: str) -> None:
    parsed = parse_path(path)
    assert parsed is not None
    assert parsed.occurrence_id == 173
    assert not parsed.in_place


FOREIGN = [
    "0173.npy",
    "173.NPY",
    "173.npy.part",
    "-173.npy",
    "173_alt.npy",
    "",
    "readme.txt",
    "1" * 19 + ".npy",
    "１７３.npy",
]


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_names_are_no_patches(name: str) -> None:
    assert parse_name(name) is None
    assert parse_path(f"patches_us/73/1/{name}") is None


@given(st.lists(st.sampled_from(FOREIGN) | st.builds(file_name, ids, st.sampled_from(KINDS))))
def test_many_names_are_parsed_as_single_ones(names: list[str]) -> None:
    expected = [parse_name(name) for name in names]
    assert parse_names(names).tolist() == [-1 if each is None else each[0] for each in expected]


def test_archive_numbers_by_the_last_two_digits() -> None:
    all_ids = np.arange(30_000)
    assert archive_numbers(all_ids).tolist() == [int(str(i)[-2:]) // 5 + 1 for i in all_ids.tolist()]
    assert set(archive_numbers(all_ids).tolist()) == set(range(1, 21))


def test_archive_names_can_be_read_back() -> None:
    for suffix in (".tar.gz", ".tgz", ".tar", ".zip"):
        assert scope_of_archive(archive_name("fr", 7, suffix)) == ("fr", 7)
    assert scope_of_archive("patches_us.zip") == ("us", None)


@pytest.mark.parametrize(
    "name",
    ["patches_us_00.zip", "patches_us_21.zip", "patches_us_1.zip", "patches_de_01.zip", "patches_us_01.rar"],
)
def test_other_files_are_no_archives(name: str) -> None:
    assert scope_of_archive(name) is None


def test_negative_ids_are_refused() -> None:
    with pytest.raises(ValueError, match="not negative: -5"):
        folder_of_id(-5)
    with pytest.raises(ValueError, match="not negative: -5"):
        archive_numbers([3, -5])


def saved(array: np.ndarray, version: tuple[int, int] = (1, 0)) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=version)
    return buffer.getvalue()


@pytest.mark.parametrize("size", [1, 8, 64, 256, 1024])
def test_the_form_is_that_of_numpy_save(size: int) -> None:
    bands, altitude = np.zeros((size, size, 5), np.uint8), np.zeros((size, size), "<i2")
    for kind, array in (("bands", bands), ("altitude", altitude)):
        form, content = form_of(kind, size), saved(array)
        assert content.startswith(form.header)
        assert len(form.header) == 128
        assert form.n_bytes == len(content)
        assert why_bad_header(content, form) is None


def test_real_files_have_the_form(realdata: Path) -> None:
    files = sorted((realdata / "patches").rglob("*.npy"))
    assert len(files) == 8
    for file in files:
        parsed = parse_path(file.relative_to(realdata / "patches").as_posix())
        assert parsed.in_place
        form = form_of(parsed.kind)
        assert file.stat().st_size == form.n_bytes
        assert file.read_bytes()[:128] == form.header


BANDS = np.zeros((8, 8, 5), np.uint8)


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (saved(BANDS.astype(np.int8)), r"its values are \|i1, not \|u1"),
        (saved(BANDS.astype("<u2")), r"its values are <u2, not \|u1"),
        (saved(np.zeros((5, 8, 8), np.uint8)), r"its shape is \(5, 8, 8\), not \(8, 8, 5\)"),
        (saved(np.zeros((8, 8, 4), np.uint8)), r"its shape is \(8, 8, 4\)"),
        (saved(np.asfortranarray(BANDS)), "Fortran order"),
        (saved(BANDS, (2, 0)), r"format version is 2\.0, not 1\.0"),
        (saved(BANDS, (3, 0)), r"format version is 3\.0"),
        (saved(np.zeros(3, [("a", "u1")])), "describes no plain array"),
        (saved(BANDS).replace(b"'descr'", b"'descX'"), "garbled"),
        (saved(BANDS).replace(b"{", b"[", 1), "garbled"),
        (saved(BANDS).replace(b"(8, 8, 5)", b"(8,8,5)  "), "not laid out as the organizers' files"),
        (saved(BANDS).replace(b"(8, 8, 5)", b"(8,-8, 5)"), r"gives the shape \(8, -8, 5\)"),
        (saved(BANDS)[:100], "header is cut after 100 of 128 bytes"),
        (b"", "it is empty"),
        (bytes(128), "it is zero bytes"),
        (b"<!DOCTYPE html><html>", "HTML or XML"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"\x1f\x8b\x08", "a gzip file"),
        (b"PK\x03\x04", "a zip file"),
        (b"\xff\xd8\xff", "something else"),
    ],
)
def test_wrong_headers_are_told_in_words(head: bytes, why: str) -> None:
    form = form_of("bands", 8)
    found = why_bad_header(head[:128], form)
    assert found is not None
    assert re.search(why, found)


@given(st.binary(max_size=200) | st.binary(max_size=120).map(lambda tail: b"\x93NUMPY\x01\x00v\x00" + tail))
def test_no_bytes_break_the_header_parser(head: bytes) -> None:
    with contextlib.suppress(ValueError):
        parse_header(head)


def test_patch_size_must_be_positive() -> None:
    with pytest.raises(ValueError, match="must be positive, not 0"):
        form_of("bands", 0)
