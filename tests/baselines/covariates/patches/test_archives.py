"""Reading patches straight out of archives."""

from __future__ import annotations

import contextlib
import gzip
import io
import multiprocessing
import os
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from telling import Counted

from baselines.covariates.patches.archive import ArchiveSource
from baselines.covariates.patches.errors import DamagedArchiveError, DamagedPatchError, UnreadablePatchError
from baselines.covariates.patches.index import NO_CRC
from baselines.covariates.patches.layout import KINDS, relative_path
from baselines.covariates.patches.reading import PatchReader
from baselines.covariates.patches.rewriting import rewrite_as_tar
from baselines.covariates.patches.savedindex import INDEX_SUFFIX, load_or_build_index
from baselines.covariates.patches.scanning import scan_archive
from baselines.covariates.patches.sources import ManySources, open_patches
from baselines.covariates.patches.tree import TreeSource
from submissions.errors import CannotCheckError, UsageError

# From Python 3.12 on a fork beside threads, here those of pyarrow, is warned of; surviving it is the point.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

SIZE = 32
# All of the 15th part of the US: the last two digits are 70 to 74.
IDS = (173, 70, 10173, 20371, 1500072, 1999974)
PREFIX = "patches_us_15"


def contents() -> dict[str, bytes]:
    """Member names and bytes, written by NumPy."""
    found = {}
    for i in IDS:
        rng = np.random.default_rng(i)
        # Half noise, half steps: deflate finds something to do, and stores some blocks.
        bands = rng.integers(0, 34, (SIZE, SIZE, 5), dtype=np.uint8)
        bands[: SIZE // 2] //= 16
        for kind, array in zip(KINDS, (bands, rng.integers(0, 900, (SIZE, SIZE), dtype="<i2")), strict=True):
            buffer = io.BytesIO()
            np.save(buffer, array)
            found[f"{PREFIX}/{relative_path(i, kind)}"] = buffer.getvalue()
    return found


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def write_tar(path: Path, members: dict[str, bytes], mode: str = "w", **options: object) -> Path:
    with tarfile.open(path, mode, **options) as tar:
        folder = tarfile.TarInfo(PREFIX)
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, content in members.items():
            add(tar, name, content)
    return path


def write_zip(path: Path, members: dict[str, bytes], method: int) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.mkdir(PREFIX)
        for name, content in members.items():
            archive.writestr(name, content)
    return path


WRITERS: dict[str, Callable[[Path], Path]] = {
    "tar": lambda d: write_tar(d / "patches_us_15.tar", contents()),
    "tar.pax": lambda d: write_tar(
        d / "patches_us_15.tar", contents(), format=tarfile.PAX_FORMAT, pax_headers={"comment": "x"}
    ),
    "tar.gz": lambda d: write_tar(d / "patches_us_15.tar.gz", contents(), "w:gz"),
    "tgz": lambda d: write_tar(d / "patches_us_15.tgz", contents(), "w:gz"),
    "zip stored": lambda d: write_zip(d / "patches_us_15.zip", contents(), zipfile.ZIP_STORED),
    "zip deflated": lambda d: write_zip(d / "patches_us_15.zip", contents(), zipfile.ZIP_DEFLATED),
}


@pytest.fixture(params=list(WRITERS))
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return WRITERS[request.param](tmp_path)


@pytest.fixture
def tar_gz(tmp_path: Path) -> Path:
    return WRITERS["tar.gz"](tmp_path)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, content in contents().items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "tree"


def bytes_of(source: ArchiveSource, occurrence_id: int, kind: str, n_bytes: int) -> bytes:
    """A file read into two buffers, as readers do."""
    buffers = bytearray(128), bytearray(n_bytes - 128)
    assert source.read_into(occurrence_id, kind, [memoryview(buffer) for buffer in buffers]) == n_bytes
    return b"".join(buffers)


def test_archives_equal_their_files_byte_for_byte(archive: Path) -> None:
    source = ArchiveSource(archive)
    assert source.ids().tolist() == sorted(IDS)
    members = contents()
    for i in [*IDS, *reversed(IDS), *IDS[::2]]:
        for kind in KINDS:
            content = members[f"{PREFIX}/{relative_path(i, kind)}"]
            assert bytes_of(source, i, kind, len(content)) == content
    source.close()
    assert len(bytes_of(source, IDS[0], "bands", 128 + SIZE * SIZE * 5)) > 128  # opened again
    source.close()


def test_readers_make_the_same_of_archives_as_of_trees(archive: Path, tree: Path) -> None:
    from_tree, from_archive = (
        PatchReader(source, patch_size=SIZE, land_cover="unstacked")
        for source in (TreeSource(tree), ArchiveSource(archive))
    )
    for i in IDS:
        assert np.array_equal(from_tree.read(i), from_archive.read(i))


def test_what_is_not_there_or_not_right(archive: Path) -> None:
    source = ArchiveSource(archive)
    with pytest.raises(
        DamagedPatchError, match=r"occurrence 373 is missing: .*patches_us_15.*:73/3/373\.npy"
    ) as caught:
        PatchReader(source, patch_size=SIZE).read(373)
    assert caught.value.code == "missing"
    with pytest.raises(DamagedPatchError, match="has 5248 bytes, not 1408") as caught:
        PatchReader(source, patch_size=16).read(173)
    assert caught.value.code == "wrong-size"


def test_an_index_is_made_once(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_or_build_index(archive)
    index_file = archive.with_name(archive.name + INDEX_SUFFIX)
    assert index_file.is_file()
    monkeypatch.setattr("baselines.covariates.patches.savedindex.scan_archive", None)  # would fail if called
    again = load_or_build_index(archive)
    assert again.members.equals(first.members)
    assert (again.form, again.seek_points) == (first.form, first.seek_points)
    assert PatchReader(ArchiveSource(archive), patch_size=SIZE).read(173).shape == (6, SIZE, SIZE)


@pytest.mark.parametrize("spoil", ["touch", "grow", "garble", "empty", "cut", "version"])
def test_an_index_that_does_not_fit_is_made_anew(tmp_path: Path, spoil: str) -> None:
    archive = WRITERS["tar"](tmp_path)
    index_file = archive.with_name(archive.name + INDEX_SUFFIX)
    load_or_build_index(archive)
    if spoil == "touch":
        os.utime(archive, ns=(1, 1))
    elif spoil == "grow":
        status = archive.stat()
        write_tar(archive, contents() | {"another.txt": b"x" * 5000})
        os.utime(archive, ns=(status.st_mtime_ns, status.st_mtime_ns))
    elif spoil == "version":
        with zipfile.ZipFile(index_file) as old:
            kept = {name: old.read(name) for name in old.namelist()}
        kept["about.json"] = kept["about.json"].replace(b'"version": 1', b'"version": 0')
        with zipfile.ZipFile(index_file, "w") as new:
            for name, content in kept.items():
                new.writestr(name, content)
    else:
        content = index_file.read_bytes()
        index_file.write_bytes(
            {"garble": b"x" * 5000, "empty": b"", "cut": content[: len(content) // 2]}[spoil]
        )
    before = index_file.read_bytes()
    index = load_or_build_index(archive)
    assert index.members.equals(scan_archive(archive).members)
    assert index_file.read_bytes() != before


def test_beside_an_archive_that_cannot_be_written_to_the_cache_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = WRITERS["tar"](tmp_path)
    archive.with_name(archive.name + INDEX_SUFFIX).mkdir()  # no file can be put there, also by root
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    load_or_build_index(archive)
    assert len(list((tmp_path / "cache" / "glckit").iterdir())) == 1
    monkeypatch.setenv("XDG_CACHE_HOME", str(archive))  # a file, so no folder can be made in it
    progress = Counted()
    assert load_or_build_index(archive, progress=progress).ids().tolist() == sorted(IDS)
    assert [line.startswith("There is no place for the index of") for line in progress.said] == [True]


def test_checksums_are_known_but_for_a_plain_tar(tmp_path: Path) -> None:
    known = {name: scan_archive(write(tmp_path)).column("crc32") for name, write in WRITERS.items()}
    expected = [zlib_crc(content) for content in contents().values()]
    for name, crcs in known.items():
        assert crcs.tolist() == ([NO_CRC] * len(expected) if name in ("tar", "tar.pax") else expected)


def zlib_crc(content: bytes) -> int:
    return zlib.crc32(content)


def test_of_members_with_one_name_the_last_counts(tmp_path: Path) -> None:
    name, newer = f"{PREFIX}/{relative_path(173, 'bands')}", b"newer content"
    path = tmp_path / "patches_us_15.tar"
    with tarfile.open(path, "w") as tar:
        for content in (b"older content", newer):
            add(tar, name, content)
    index = load_or_build_index(path)
    assert len(index) == 2
    assert index.row_of(173, "bands") == 1
    assert index.row_of(173, "altitude") is None


def test_foreign_and_misplaced_members_are_listed_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "patches_us_15.tar"
    strange = {
        "README": b"x",
        f"{PREFIX}/73/01/173.npy": b"x",
        f"./{PREFIX}/74/1/174.npy": b"y",
        b"caf\xe9.npy".decode("utf-8", "surrogateescape"): b"z",
    }
    with tarfile.open(path, "w") as tar:
        for name, content in strange.items():
            add(tar, name, content)
        link = tarfile.TarInfo(f"{PREFIX}/72/1/172.npy")
        link.type, link.linkname = tarfile.SYMTYPE, "README"
        tar.addfile(link)
    source = ArchiveSource(path)
    assert source.index.paths()[:2] == list(strange)[:2]
    assert source.index.paths()[3] == "caf\\xe9.npy"
    assert source.ids().tolist() == [172, 174]
    assert bytes_of_small(source, 174) == b"y"
    with pytest.raises(DamagedPatchError, match="is a link, encrypted") as caught:
        bytes_of_small(source, 172)
    assert caught.value.code == "wrong-type"


def bytes_of_small(source: ArchiveSource, occurrence_id: int) -> bytes:
    buffer = bytearray(1)
    source.read_into(occurrence_id, "bands", [memoryview(buffer)])
    return bytes(buffer)


def raw_tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in contents().items():
            add(tar, name, content)
    return buffer.getvalue()


def zeroed(content: bytes, start: int, length: int) -> bytes:
    return content[:start] + bytes(length) + content[start + length :]


def flipped(content: bytes, position: int) -> bytes:
    return content[:position] + bytes([content[position] ^ 16]) + content[position + 1 :]


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents().items():
            archive.writestr(name, content)
    return buffer.getvalue()


TAR = raw_tar()
GZ = gzip.compress(TAR, 6, mtime=0)
ZIP = zipped()
END = len(TAR.rstrip(b"\0")) + 512

DAMAGED_ARCHIVES = {
    "tar cut in a member": (TAR[:9000], "the tar ends early"),
    "tar cut between members": (TAR[: 512 + 5632], "the mark that ends a tar is not there"),
    "tar cut in a header": (TAR[: 512 + 5632 + 100], "is not there|truncated"),
    "tar without its end": (TAR[: TAR.index(bytes(1024), END - 1500) // 512 * 512], "cut|ends early"),
    "zeros where members were": (zeroed(TAR, 512 + 5632, 20_480), "members follow after zeros"),
    "one header garbled": (flipped(TAR, 512 + 5632 + 130), "garbled"),
    "first header garbled": (flipped(TAR, 130), "ends early|garbled"),
    "two tars in one file": (TAR + TAR, "members follow after zeros"),
    "gz cut": (GZ[: len(GZ) // 2], "cannot be read|ends early"),
    "gz without its checksum": (GZ[:-6], "cannot be read"),
    "gz with a wrong checksum": (flipped(GZ, len(GZ) - 6), "cannot be read"),
    "gz with a prefix twice": (GZ[:5000] + GZ, "cannot be read"),
    "gz with garbage behind": (GZ + b"garbage" * 99, "cannot be read"),
    "gz of something else": (gzip.compress(b"hello " * 1000), "the tar ends early"),
    "zip cut": (ZIP[:-100], "is no whole zip"),
    "zip cut long before": (ZIP[: len(ZIP) // 2], "is no whole zip"),
    "html": (b"<!DOCTYPE html><title>404</title>", "HTML or XML"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
    "empty": (b"", "it is empty"),
}


@pytest.mark.parametrize("name", DAMAGED_ARCHIVES)
def test_archives_that_are_not_whole_are_refused(tmp_path: Path, name: str) -> None:
    content, words = DAMAGED_ARCHIVES[name]
    path = tmp_path / "patches_us_15.tar.gz"
    path.write_bytes(content)
    with pytest.raises(DamagedArchiveError, match=words):
        ArchiveSource(path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]  # no index of half an archive


@pytest.mark.parametrize("position", range(50, len(GZ) - 8, len(GZ) // 12))
def test_every_flipped_bit_of_a_tar_gz_is_noticed(tmp_path: Path, position: int) -> None:
    path = tmp_path / "patches_us_15.tar.gz"
    path.write_bytes(flipped(GZ, position))
    with pytest.raises(DamagedArchiveError):
        scan_archive(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_member_of_a_zip_is_noticed_when_it_is_read(tmp_path: Path, method: int) -> None:
    path = write_zip(tmp_path / "patches_us_15.zip", contents(), method)
    index = scan_archive(path)
    member = index.member(index.row_of(173, "bands"))
    path.write_bytes(flipped(path.read_bytes(), member.offset + member.n_stored // 2))
    reader = PatchReader(ArchiveSource(path), patch_size=SIZE)
    with pytest.raises(DamagedPatchError, match=r"CRC-32|inflate") as caught:
        reader.read(173)
    assert caught.value.code == "checksum"
    assert reader.read(70).shape == (6, SIZE, SIZE)


@pytest.mark.parametrize("name", ["tar", "tar.gz", "zip stored", "zip deflated"])
def test_an_archive_cut_after_it_was_indexed_is_noticed(tmp_path: Path, name: str) -> None:
    archive = WRITERS[name](tmp_path)
    source = ArchiveSource(archive)
    os.truncate(archive, 3000)
    with pytest.raises((DamagedPatchError, UnreadablePatchError)):
        PatchReader(source, patch_size=SIZE).read(1999974)


def test_an_absent_archive_cannot_be_checked(tmp_path: Path) -> None:
    with pytest.raises(CannotCheckError, match="No such file"):
        ArchiveSource(tmp_path / "patches_us_15.tar")


def test_progress_adds_up(tar_gz: Path) -> None:
    told: list[int] = []

    class Told:
        @contextlib.contextmanager
        def bar(self, work: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
            assert (work, total) == (f"scanning {tar_gz}", None)
            yield told.append

        def say(self, message: str) -> None:
            raise AssertionError(message)

    scan_archive(tar_gz, progress=Told())
    assert len(told) == 13  # twelve members and a folder
    assert sum(told) == 512 + 512 * 12 + sum(-(-len(content) // 512) * 512 for content in contents().values())


def test_a_tar_gz_rewritten_as_tar_reads_the_same(
    tar_gz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "plain" / "patches_us_15.tar"
    rewrite_as_tar(tar_gz, out)
    assert out.read_bytes() == gzip.decompress(tar_gz.read_bytes())
    monkeypatch.setattr(
        "baselines.covariates.patches.savedindex.scan_archive", None
    )  # its index is there already
    from_tar, from_gz = (
        PatchReader(ArchiveSource(path), patch_size=SIZE) for path in (out, tar_gz_indexed(tar_gz))
    )
    for i in IDS:
        assert np.array_equal(from_tar.read(i), from_gz.read(i))


def tar_gz_indexed(path: Path) -> Path:
    from baselines.covariates.patches.savedindex import save_index

    save_index(scan_archive(path), path)
    return path


def test_nothing_is_rewritten_of_a_damaged_archive(tmp_path: Path) -> None:
    path = tmp_path / "patches_us_15.tar.gz"
    path.write_bytes(flipped(GZ, len(GZ) // 2))
    with pytest.raises(DamagedArchiveError):
        rewrite_as_tar(path, tmp_path / "out.tar")
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_only_a_tar_gz_is_rewritten_and_never_over_itself(tar_gz: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written over itself"):
        rewrite_as_tar(tar_gz, tar_gz)
    with pytest.raises(UsageError, match=r"is no tar\.gz"):
        rewrite_as_tar(WRITERS["tar"](tmp_path), tmp_path / "out.tar")


def test_folders_of_archives_are_opened_as_one(tmp_path: Path, tree: Path) -> None:
    folder = tmp_path / "data" / "archives"
    folder.mkdir(parents=True)
    WRITERS["tar.gz"](folder)
    write_zip(folder / "patches_fr_01.zip", {"patches_fr/00/19/10561900.npy": b"fr"}, zipfile.ZIP_STORED)
    (folder / "notes.txt").write_text("not an archive")
    source = open_patches(tmp_path / "data")
    assert isinstance(source, ManySources)
    assert source.ids().tolist() == sorted([*IDS, 10561900])
    reader = PatchReader(source, patch_size=SIZE)
    assert np.array_equal(reader.read(173), PatchReader(TreeSource(tree), patch_size=SIZE).read(173))
    with pytest.raises(DamagedPatchError, match=r"patches_fr_01\.zip:.*has 2 bytes"):
        reader.read(10561900)
    with pytest.raises(DamagedPatchError, match="occurrence 10561901 is missing"):
        reader.read(10561901)
    with pytest.raises(DamagedPatchError, match="occurrence 199 is missing"):
        reader.read(199)  # no archive has it: 99 belongs to part 20


def test_only_archives_of_interest_are_scanned(tmp_path: Path) -> None:
    WRITERS["tar"](tmp_path)
    (tmp_path / "patches_us_03.tar.gz").write_bytes(b"garbage")
    assert open_patches(tmp_path, ids=[173]).ids().tolist() == sorted(IDS)
    with pytest.raises(DamagedArchiveError):
        open_patches(tmp_path)


def test_a_plain_tar_is_preferred_to_its_tar_gz(tmp_path: Path) -> None:
    WRITERS["tar"](tmp_path)
    (tmp_path / "patches_us_15.tar.gz").write_bytes(b"not looked at")
    assert open_patches(tmp_path).path.endswith("patches_us_15.tar")


def test_extracted_files_are_preferred_and_archives_fill_the_gaps(tmp_path: Path, tree: Path) -> None:
    (tree / PREFIX / "70" / "70.npy").unlink()
    changed = tree / PREFIX / "73/1/173.npy"
    np.save(changed, np.zeros((SIZE, SIZE, 5), np.uint8))
    reader = PatchReader(open_patches([WRITERS["tar"](tmp_path), tree]), patch_size=SIZE)
    assert not reader.read(173)[:5].any()
    assert reader.read(70)[:5].any()
    changed.write_bytes(b"")
    with pytest.raises(DamagedPatchError, match="0 bytes"):  # damage is told, not passed over
        reader.read(173)


def test_a_folder_without_patches_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotCheckError, match="There are no patches in"):
        open_patches(tmp_path)
    with pytest.raises(CannotCheckError, match="There is no file or folder"):
        open_patches(tmp_path / "nowhere")


def sums_of(reader: PatchReader, ids: list[int]) -> list[float]:
    return [float(reader.read(i).sum()) for i in ids]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_read_one_archive_at_a_time_of_their_own(tar_gz: Path, tmp_path: Path, method: str) -> None:
    readers = [
        PatchReader(ArchiveSource(path), patch_size=SIZE)
        for path in (tar_gz, WRITERS["zip stored"](tmp_path))
    ]
    orders = [list(IDS), list(IDS[::-1]), list(IDS[::2]) * 3]
    for reader in readers:
        expected = sums_of(reader, list(IDS))  # opened here before the others start
        of_id = dict(zip(IDS, expected, strict=True))
        with multiprocessing.get_context(method).Pool(2) as pool:
            results = pool.starmap(sums_of, [(reader, order) for order in orders], chunksize=1)
        assert results == [[of_id[i] for i in order] for order in orders]
        assert sums_of(reader, list(IDS)) == expected


def test_a_forked_child_reads_through_the_reader_it_inherits(tar_gz: Path) -> None:
    reader = PatchReader(ArchiveSource(tar_gz), patch_size=SIZE)
    expected = sums_of(reader, list(IDS))
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    children = [context.Process(target=lambda: queue.put(sums_of(reader, list(IDS)))) for _ in range(2)]
    for child in children:
        child.start()
    assert sums_of(reader, list(IDS)) == expected  # the parent goes on meanwhile
    assert [queue.get() for _ in children] == [expected, expected]
    for child in children:
        child.join(60)
        assert child.exitcode == 0


def test_a_process_may_end_with_an_archive_open(tar_gz: Path) -> None:
    code = (
        "from baselines.covariates.patches.archive import ArchiveSource\n"
        "from baselines.covariates.patches.reading import PatchReader\n"
        f"reader = PatchReader(ArchiveSource({str(tar_gz)!r}), patch_size={SIZE})\n"
        "print(reader.read(173).shape)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "(6, 32, 32)", "")


def test_a_patch_of_the_other_region_is_not_found(tmp_path: Path) -> None:
    content = io.BytesIO()
    np.save(content, np.zeros((SIZE, SIZE, 5), np.uint8))
    with tarfile.open(tmp_path / "patches_us_15.tar", "w") as archive:
        for occurrence_id in (173, 10_000_173):
            member = tarfile.TarInfo(f"patches_us_15/{relative_path(occurrence_id, 'bands')}")
            member.size = len(content.getvalue())
            archive.addfile(member, io.BytesIO(content.getvalue()))
    assert open_patches(tmp_path).ids().tolist() == [173]
