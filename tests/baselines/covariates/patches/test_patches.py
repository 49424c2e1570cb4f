"""Reading patches from extracted files."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from baselines.covariates.patches.errors import DamagedArchiveError, DamagedPatchError, UnreadablePatchError
from baselines.covariates.patches.layout import parse_path, relative_path
from baselines.covariates.patches.planes import PLANES, empty_planes
from baselines.covariates.patches.reading import PatchReader
from baselines.covariates.patches.tree import TreeSource
from submissions.errors import BadInputError, CannotCheckError

SIZE = 16
REAL_IDS = (173, 10297014, 10561900, 10561949)


def write_patch(root: Path, occurrence_id: int, *, size: int = SIZE) -> tuple[Path, Path]:
    """Two files with NumPy's own writer."""
    rng = np.random.default_rng(occurrence_id)
    bands = rng.integers(0, 256, (size, size, 5), dtype=np.uint8)
    bands[:, :, 4] = rng.integers(0, 34, (size, size))
    altitude = rng.integers(-300, 4000, (size, size), dtype=np.int16)
    paths = root / relative_path(occurrence_id, "bands"), root / relative_path(occurrence_id, "altitude")
    paths[0].parent.mkdir(parents=True, exist_ok=True)
    np.save(paths[0], bands)
    np.save(paths[1], altitude)
    return paths


def planes_by_hand(
    bands: NDArray[np.uint8], altitude: NDArray[np.int16], *, unstacked: bool
) -> NDArray[np.float32]:
    """The planes, plane by plane and pixel by pixel."""
    planes = [bands[:, :, band].astype(np.float32) for band in range(4)]
    codes = bands[:, :, 4]
    planes += (
        [(codes == code).astype(np.float32) for code in range(34)]
        if unstacked
        else [codes.astype(np.float32)]
    )
    return np.stack([*planes, altitude.astype(np.float32)])


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for i in (173, 7, 42, 1000, 10173):
        write_patch(tmp_path / "patches_us", i)
    write_patch(tmp_path / "patches_fr", 10561900)
    return tmp_path


@pytest.mark.parametrize("land_cover", ["codes", "unstacked"])
def test_planes_equal_those_made_by_hand(tree: Path, land_cover: str) -> None:
    reader = PatchReader(TreeSource(tree), patch_size=SIZE, land_cover=land_cover)
    for i in (173, 7, 42, 1000, 10173, 10561900):
        root = tree / ("patches_fr" if i > 10_000_000 else "patches_us")
        arrays = np.load(root / relative_path(i, "bands")), np.load(root / relative_path(i, "altitude"))
        planes = reader.read(i)
        assert planes.shape == (len(PLANES[land_cover]), SIZE, SIZE)
        assert planes.dtype == np.float32
        assert np.array_equal(planes, planes_by_hand(*arrays, unstacked=land_cover == "unstacked"))


def test_real_patches(realdata: Path) -> None:
    source = TreeSource(realdata / "patches")
    assert source.ids().tolist() == list(REAL_IDS)
    for unstacked in (False, True):
        reader = PatchReader(source, land_cover="unstacked" if unstacked else "codes")
        for file in (realdata / "patches").rglob("*[0-9].npy"):
            arrays = np.load(file), np.load(file.with_name(f"{file.stem}_alti.npy"))
            planes = reader.read(parse_path(file.name).occurrence_id)
            assert np.array_equal(planes, planes_by_hand(*arrays, unstacked=unstacked))


def test_a_batch_is_filled_in_place(tree: Path) -> None:
    reader = PatchReader(TreeSource(tree), patch_size=SIZE)
    batch = empty_planes(SIZE, n_patches=3)
    batch[:] = np.nan
    for row, i in enumerate((173, 7)):
        reader.read_into(i, batch[row])
    assert np.array_equal(batch[0], reader.read(173))
    assert np.array_equal(batch[1], reader.read(7))
    assert np.isnan(batch[2]).all()


def test_arrays_as_stored_are_copies(tree: Path) -> None:
    reader = PatchReader(TreeSource(tree), patch_size=SIZE)
    first = reader.read_patch(173)
    before = first.bands.copy()
    reader.read_patch(7)
    assert np.array_equal(first.bands, before)
    assert np.array_equal(first.altitude, np.load(tree / "patches_us" / "73/1/173_alti.npy"))


@pytest.mark.parametrize(
    ("home", "start"),
    [
        ("patches_us", "."),
        ("patches_us_15", "."),
        ("patches_us/patches_us_15", "."),
        ("patches_us", "patches_us"),
        ("patches_us/patches_us_15", "patches_us"),
        ("patches_us_15", "patches_us_15"),
        ("", "."),
    ],
)
def test_every_accepted_root_is_read(tmp_path: Path, home: str, start: str) -> None:
    write_patch(tmp_path / home, 173)
    source = TreeSource(tmp_path / start)
    assert source.ids().tolist() == [173]
    assert PatchReader(source, patch_size=SIZE).read(173).shape == (6, SIZE, SIZE)


@pytest.mark.parametrize("home", ["patches_us_14", "patches_fr", "elsewhere", "patches_us/patches_us_03"])
def test_patches_under_a_wrong_root_are_missing(tmp_path: Path, home: str) -> None:
    write_patch(tmp_path / home, 173)
    source = TreeSource(tmp_path)
    assert source.ids().tolist() == []
    with pytest.raises(
        DamagedPatchError, match=r"occurrence 173 is missing: .*patches_us/73/1/173\.npy is not there"
    ):
        PatchReader(source, patch_size=SIZE).read(173)


def test_a_folder_may_appear_later(tmp_path: Path) -> None:
    reader = PatchReader(TreeSource(tmp_path), patch_size=SIZE)
    with pytest.raises(DamagedPatchError):
        reader.read(173)
    write_patch(tmp_path / "patches_us_15", 173)
    assert reader.read(173).shape == (6, SIZE, SIZE)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def resave(change: Callable[[NDArray[np.generic]], NDArray[np.generic]]) -> Callable[[Path], None]:
    return lambda path: np.save(path, change(np.load(path)))


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def as_dangling_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere.npy")


def as_loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def as_html(path: Path) -> None:
    path.write_bytes(b"<html>".ljust(path.stat().st_size))


FAULTS = [
    (Path.unlink, "missing", "is not there"),
    (cut, "wrong-size", r"bytes, not"),
    (lengthen, "wrong-size", r"bytes, not"),
    (empty, "wrong-size", "has 0 bytes"),
    (resave(lambda a: a.astype(np.float32)), "wrong-size", "bytes, not"),
    (resave(lambda a: a[::2]), "wrong-size", "bytes, not"),
    (
        resave(lambda a: a.view(a.dtype.str.replace("u", "i").replace("<i2", "<u2"))),
        "bad-header",
        "its values are",
    ),
    (
        resave(lambda a: a.byteswap().view(a.dtype.newbyteorder(">")) if a.itemsize > 1 else a.view("i1")),
        "bad-header",
        "its values are",
    ),
    (resave(np.asfortranarray), "bad-header", "Fortran order"),
    (
        resave(lambda a: a.reshape(a.shape[::-1]) if a.ndim == 3 else a.reshape(-1, 1)),
        "bad-header",
        "its shape is",
    ),
    (as_html, "bad-header", "HTML"),
    (lambda path: path.write_bytes(bytes(path.stat().st_size)), "bad-header", "zero bytes"),
    (as_folder, "wrong-type", "is not a file"),
    (as_fifo, "wrong-type", "is not a file"),
    (as_dangling_link, "wrong-type", "is a link to nothing"),
    (as_loop, "wrong-type", "is not a file"),
]


@pytest.mark.parametrize("kind", ["bands", "altitude"])
@pytest.mark.parametrize(("fault", "code", "words"), FAULTS)
def test_whatever_is_wrong_is_refused(
    tree: Path, kind: str, fault: Callable[[Path], None], code: str, words: str
) -> None:
    path = tree / "patches_us" / relative_path(173, kind)
    reader = PatchReader(TreeSource(tree), patch_size=SIZE)
    reader.read(173)
    fault(path)
    with pytest.raises(DamagedPatchError, match=words) as caught:
        reader.read(173)
    assert caught.value.code == code
    assert caught.value.occurrence_id == 173
    assert caught.value.where == str(path)
    assert isinstance(caught.value, BadInputError)
    assert reader.read(42).shape == (6, SIZE, SIZE)  # the reader goes on


def test_patches_of_another_size_are_refused(tree: Path) -> None:
    with pytest.raises(DamagedPatchError, match=r"has 1408 bytes, not 327808"):
        PatchReader(TreeSource(tree)).read(173)


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")]
)
def test_unreadable_is_not_damaged(tree: Path, monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    def refuse(*_: object) -> int:
        raise error

    monkeypatch.setattr(os, "readv", refuse)
    with pytest.raises(UnreadablePatchError, match=error.strerror) as caught:
        PatchReader(TreeSource(tree), patch_size=SIZE).read(173)
    assert isinstance(caught.value, CannotCheckError)


def test_reads_that_stop_short_are_completed(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = PatchReader(TreeSource(tree), patch_size=SIZE)
    expected = reader.read(173)
    readv, preadv = os.readv, os.preadv
    monkeypatch.setattr(os, "readv", lambda file, buffers: readv(file, [memoryview(buffers[0])[:50]]))
    monkeypatch.setattr(os, "preadv", lambda file, buffers, at: preadv(file, [buffers[0][:50]], at))
    assert np.array_equal(reader.read(173), expected)


def test_a_land_cover_code_without_a_plane_is_refused_where_planes_are_asked_for(tree: Path) -> None:
    path = tree / "patches_us" / "73/1/173.npy"
    bands = np.load(path)
    bands[3, 3, 4] = 34
    np.save(path, bands)
    assert PatchReader(TreeSource(tree), patch_size=SIZE).read(173)[4, 3, 3] == 34
    with pytest.raises(DamagedPatchError, match="land cover code 34, above 33") as caught:
        PatchReader(TreeSource(tree), patch_size=SIZE, land_cover="unstacked").read(173)
    assert caught.value.code == "implausible"


def test_an_absent_folder_cannot_be_checked(tmp_path: Path) -> None:
    with pytest.raises(CannotCheckError, match="There is no folder"):
        TreeSource(tmp_path / "nowhere")


def test_ids_tell_occurrences_with_either_file_in_place(tree: Path) -> None:
    (tree / "patches_us" / "73/1/173.npy").unlink()
    stray = tree / "patches_us" / "73/1/99999.npy"
    stray.write_bytes(b"")
    (tree / "patches_us" / "73/1/notes.txt").write_text("")
    assert TreeSource(tree).ids().tolist() == [7, 42, 173, 1000, 10173, 10561900]


def test_readers_and_errors_can_be_sent_to_workers(tree: Path) -> None:
    reader = copy.copy(
        PatchReader(TreeSource(tree), patch_size=SIZE, land_cover="unstacked")
    )  # as pickle does
    assert reader.read(173).shape == (39, SIZE, SIZE)
    errors = [
        DamagedPatchError("missing", 3, "a.npy", "is not there"),
        UnreadablePatchError(3, "a.npy", "Input/output error"),
        DamagedArchiveError("a.zip", "it is cut"),
    ]
    for error in errors:
        again = copy.copy(error)
        assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_names_of_the_planes() -> None:
    assert len(PLANES["codes"]) == 6
    assert len(PLANES["unstacked"]) == len(set(PLANES["unstacked"])) == 39
    assert PLANES["unstacked"][4 + 33] == "land_cover_33"
