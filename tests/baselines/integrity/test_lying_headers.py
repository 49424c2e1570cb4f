"""Archives whose headers lie: refused as damage by all who read them, with little memory and at once."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
from pathlib import Path

import pytest
from patches_on_disk import PATCH_SIZE, make_patch

from baselines.covariates.patches.errors import DamagedArchiveError
from baselines.covariates.patches.layout import relative_path
from baselines.covariates.patches.scanning import scan_archive
from baselines.integrity.archives.check import check_archive

ID = 10500  # in 00/05, so in patches_us_01
NAME = f"patches_us_01/{relative_path(ID, 'bands')}"


def header(kind: bytes, size: int) -> bytes:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def tar_of_patch(**pax_headers: str) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for kind, content in zip(("bands", "altitude"), make_patch(ID), strict=True):
            info = tarfile.TarInfo(f"patches_us_01/{relative_path(ID, kind)}")
            info.size, info.pax_headers = len(content), pax_headers
            tar.addfile(info, io.BytesIO(content))
    return made.getvalue()


def written(path: Path, start: bytes, n_zeros: int = 0) -> Path:
    """Write a tar or tar.gz of a start, zeros, and a whole patch."""
    with path.open("wb") if path.suffix == ".tar" else gzip.open(path, "wb", 1) as file:
        file.write(start)
        for _ in range(n_zeros >> 20):
            file.write(bytes(1 << 20))
        file.write(tar_of_patch())
    return path


def refused(archive: Path) -> str:
    """Return what verifier and reader, of one opinion, find wrong with an archive."""
    fault = check_archive(archive, patch_size=PATCH_SIZE).findings[0].problem
    with pytest.raises(DamagedArchiveError) as caught:
        scan_archive(archive)
    assert (fault.fault, fault.found) == (caught.value.fault, caught.value.what)
    return caught.value.what


FORMS = ["patches_us_01.tar", "patches_us_01.tar.gz"]


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("kind", [b"L", b"K", b"x", b"g"])
def test_long_names_are_not_read(tmp_path: Path, name: str, kind: bytes) -> None:
    archive = written(tmp_path / name, header(kind, 64 << 20), n_zeros=64 << 20)
    tracemalloc.start()
    assert "more than 1 MiB for its name" in refused(archive)
    assert tracemalloc.get_traced_memory()[1] < 32 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("name", FORMS)
def test_headers_before_headers_without_end(tmp_path: Path, name: str) -> None:
    assert refused(written(tmp_path / name, header(b"L", 0) * 1500))


@pytest.mark.parametrize("name", FORMS)
def test_names_of_some_length_are_read(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name, header(b"L", 40_000) + b"a/" * 20_000 + bytes(448))
    assert len(scan_archive(path)) == 2


def test_sparse_headers_that_lie_are_damage(tmp_path: Path) -> None:
    lies = {f"GNU.sparse.{key}": value for key, value in (("major", "1"), ("minor", "0"), ("name", NAME))}
    content = tar_of_patch(**lies, **{"GNU.sparse.realsize": "1408"})
    for name in FORMS:
        path = tmp_path / name
        path.write_bytes(content if path.suffix == ".tar" else gzip.compress(content))
        assert len(refused(path)) < 120


def test_a_member_that_grows_beyond_patches_is_not_scanned(tmp_path: Path) -> None:
    archive = written(tmp_path / FORMS[1], header(b"0", 256 << 20), n_zeros=256 << 20)
    assert "it grows beyond" in refused(archive)
