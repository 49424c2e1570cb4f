"""Archives: every fault is injected, extraction is verified, repair mends, and kills leave nothing half."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from patches_on_disk import PATCH_SIZE, make_ids, make_patch, write_archive, write_archives, write_tree

from baselines.covariates.patches.layout import relative_path
from baselines.integrity.archives.check import check_archive, published_sums
from baselines.integrity.archives.verification import verify_archives
from baselines.integrity.extraction.extract import extract_archives
from baselines.integrity.extraction.placing import place
from baselines.integrity.extraction.repair import repair_patches
from baselines.integrity.extraction.staging import Staging
from baselines.integrity.options import VerifyOptions
from baselines.integrity.places import archive_of
from baselines.integrity.report import PatchReport
from baselines.integrity.verify import verify_patches
from submissions.errors import CannotCheckError, UsageError

IDS = make_ids(30, 60)
# The archives with the most patches.
US, FR = (
    Counter(archive_of(i) for i in IDS if (i >= 10_000_000) == is_fr).most_common(1)[0][0]
    for is_fr in (False, True)
)
NAMES = {US: f"{US}.tar.gz", FR: f"{FR}.zip"}


def ids_in(archive: str) -> list[int]:
    return [i for i in IDS if archive_of(i) == archive]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_archives(tmp_path_factory.mktemp("good"), IDS)
    write_hashes(folder)
    return folder


@pytest.fixture
def archives(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good, tmp_path / "archives"))


def write_hashes(folder: Path) -> None:
    sums = [f"{hashlib.md5(p.read_bytes()).hexdigest()}  {p.name}\n" for p in sorted(folder.iterdir())]  # noqa: S324
    (folder / "hashes.md5").write_text("".join(sums))


def check(path: Path, *, with_sum: bool = True) -> PatchReport:
    if not with_sum:
        (path.parent / "hashes.md5").unlink(missing_ok=True)
    return verify_archives([path], np.array(IDS), options=VerifyOptions(patch_size=PATCH_SIZE))


def flip(path: Path, at: float) -> None:
    raw = bytearray(path.read_bytes())
    raw[int(len(raw) * at)] ^= 16
    path.write_bytes(raw)


def members(ids: list[int], archive: str) -> list[tuple[str, bytes]]:
    kinds = ("bands", "altitude")
    return [
        (f"{archive}/{relative_path(i, kind)}", content)  # type: ignore[arg-type]
        for i in ids
        for kind, content in zip(kinds, make_patch(i), strict=True)
    ]


def zero_in_tar(path: Path) -> None:
    plain = path.with_name(f"{US}.tar")
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    path.unlink()
    raw = bytearray(plain.read_bytes())
    start = len(raw) // 2 // 512 * 512
    header = next(at for at in range(start, len(raw), 512) if raw[at + 257 : at + 262] == b"ustar")
    raw[header : header + 5120] = bytes(5120)
    plain.write_bytes(raw)


@pytest.mark.parametrize("form", [US, FR])
def test_good_archives_are_silent(archives: Path, form: str) -> None:
    report = check(archives / NAMES[form])
    assert report.findings == ()
    assert report.checked_ids.tolist() == ids_in(form)
    assert report.ok
    assert set(report.unchecked_ids) == set(IDS) - set(ids_in(form))


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "1 truncated": (lambda p: os.truncate(p, p.stat().st_size * 2 // 3), "wrong-size"),
    "1 last byte lost": (lambda p: os.truncate(p, p.stat().st_size - 1), "wrong-size"),
    "3 HTML": (lambda p: p.write_text("<!DOCTYPE html><h1>404</h1>"), "wrong-type"),
    "3 LFS pointer": (
        lambda p: p.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
        "wrong-type",
    ),
    "3 XML": (
        lambda p: p.write_text("<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>"),
        "wrong-type",
    ),
    "3 empty": (lambda p: p.write_bytes(b""), "wrong-type"),
}


@pytest.mark.parametrize("with_sum", [True, False])
@pytest.mark.parametrize("form", [US, FR])
@pytest.mark.parametrize("name", FAULTS)
def test_damaged_archive_is_found(archives: Path, name: str, form: str, with_sum: bool) -> None:
    damage, fault = FAULTS[name]
    damage(archives / NAMES[form])
    report = check(archives / NAMES[form], with_sum=with_sum)
    assert set(report.counts) == {fault}
    assert list(report.damaged_ids) == ids_in(form)
    assert report.archives_to_fetch == (form,)
    assert report.verdict == "damaged"


@pytest.mark.parametrize("at", [0.2, 0.5, 0.8])
def test_flipped_bit_in_a_tar_gz(archives: Path, at: float) -> None:
    flip(archives / NAMES[US], at)
    report = check(archives / NAMES[US], with_sum=False)
    assert set(report.counts) <= {"checksum", "wrong-size"}
    assert list(report.damaged_ids) == ids_in(US)
    assert report.archives_to_fetch == (US,)


def test_flipped_bit_in_a_zip_spoils_one_patch(archives: Path) -> None:
    flip(archives / NAMES[FR], 0.5)
    checked = check_archive(archives / NAMES[FR], np.array(IDS), patch_size=PATCH_SIZE)
    assert [f.problem.fault for f in checked.findings] == ["checksum"]
    spoilt = {f.occurrence_id for f in checked.findings}
    assert len(spoilt) == 1
    assert spoilt < set(ids_in(FR))
    assert len(checked.proven) == 2 * len(ids_in(FR)) - 1


def test_resumed_download_with_the_whole_file(archives: Path) -> None:
    path = archives / NAMES[US]
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 3] + raw)
    report = check(path, with_sum=False)
    assert report.counts.keys() == {"wrong-size"}
    assert f"its first {len(raw) // 3} bytes" in report.errors[0].problem.found


def test_zero_block_in_a_plain_tar_is_no_end(archives: Path) -> None:
    zero_in_tar(archives / NAMES[US])
    report = check(archives / f"{US}.tar", with_sum=False)
    assert report.counts.keys() == {"zero-filled"}
    assert list(report.damaged_ids) == ids_in(US)
    with tarfile.open(archives / f"{US}.tar") as tar:  # what others see of it
        assert 0 < len(tar.getnames()) < 2 * len(ids_in(US))


def test_plain_tar_is_held_against_its_sum_or_its_content(archives: Path) -> None:
    plain = write_archive(archives / f"{US}.tar", members(ids_in(US), US))
    write_hashes_again(archives)
    assert check(plain).ok
    raw = bytearray(plain.read_bytes())
    raw[1024] ^= 1
    plain.write_bytes(raw)
    assert check(plain).counts.keys() == {"checksum"}
    raw[1024] ^= 1
    raw[4096:8192] = b"\xff" * 4096
    plain.write_bytes(raw)
    report = check(plain, with_sum=False)
    assert report.counts == {"implausible": 1}
    assert any("plain tar" in words for words in report.cannot_see)


def write_hashes_again(folder: Path) -> None:
    (folder / "hashes.md5").unlink()
    write_hashes(folder)


def test_regenerated_archive_is_told_apart(archives: Path) -> None:
    path = archives / NAMES[US]
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), 9))
    report = check(path)
    assert [(f.problem.fault, f.problem.severity) for f in report.findings] == [("checksum", "warning")]
    assert report.ok


def test_lost_and_foreign_members(archives: Path) -> None:
    path = archives / NAMES[US]
    kept = members(ids_in(US), US)[3:]
    write_archive(path, [*kept, ("README", b"hello")])
    report = check(path, with_sum=False)
    first, second = ids_in(US)[:2]
    assert {(f.problem.fault, f.occurrence_id) for f in report.errors} == {
        ("missing", first),
        ("half-pair", second),
    }
    assert [(f.problem.fault, f.occurrence_id) for f in report.warnings] == [("unexpected", None)]


@pytest.mark.parametrize("name", ["/etc/passwd", "../../x.npy", f"{US}/../../173.npy", "a\\..\\b"])
def test_unsafe_names_are_errors_and_never_written(archives: Path, tmp_path: Path, name: str) -> None:
    path = write_archive(archives / NAMES[US], [*members(ids_in(US), US), (name, b"x")])
    report = check(path, with_sum=False)
    assert [(f.problem.fault, f.problem.severity) for f in report.findings] == [("wrong-place", "error")]
    out = tmp_path / "deep/er/out"
    extraction = extract_archives([path], out, patch_size=PATCH_SIZE)
    assert not extraction.ok
    written = {p for p in tmp_path.rglob("*") if p.is_file() and archives not in p.parents}
    assert all(out / US in p.parents for p in written)
    assert len(written) == 2 * len(ids_in(US))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(archives: Path, tmp_path: Path, kind: bytes) -> None:
    path = archives / NAMES[US]
    victim = ids_in(US)[0]
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members(ids_in(US), US):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if name.endswith(f"/{victim}.npy"):
                info.type, info.linkname, info.size = kind, "/etc/passwd", 0
            tar.addfile(info, io.BytesIO(content) if info.size else None)
    report = check(path, with_sum=False)
    assert report.counts == {"wrong-type": 1}
    assert report.damaged_ids == (victim,)
    extract_archives([path], tmp_path / "out", patch_size=PATCH_SIZE)
    assert not any(p.name == f"{victim}.npy" for p in (tmp_path / "out").rglob("*"))


def test_bombs_are_not_inflated(tmp_path: Path) -> None:
    bomb = tmp_path / NAMES[US]
    with gzip.open(bomb, "wb", compresslevel=9) as file:
        info = tarfile.TarInfo(f"{US}/{relative_path(ids_in(US)[0], 'bands')}")
        info.size = 1 << 33  # 8 GiB are said to follow
        file.write(info.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 20))
    assert check(bomb).counts.keys() == {"wrong-size"}
    zipped = tmp_path / NAMES[FR]
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for i in ids_in(FR)[:4]:
            archive.writestr(f"{FR}/{relative_path(i, 'bands')}", bytes(20 << 20))
    assert check(zipped).counts.keys() == {"wrong-size"}


def test_archive_under_the_name_of_another(archives: Path) -> None:
    shutil.copyfile(archives / NAMES[US], archives / "patches_us_03.tar.gz")
    report = check(archives / "patches_us_03.tar.gz", with_sum=False)
    assert report.counts["wrong-place"] == len(ids_in(US))


def test_sums_are_read_strictly(archives: Path) -> None:
    path = archives / "hashes.md5"
    whole = path.read_bytes()
    assert len(published_sums(archives)) == len(whole.splitlines())
    for damaged, words in [
        (whole[:-1], "does not end"),
        (whole.upper(), "upper-case"),
        (whole.replace(b"\n", b"\r\n"), "CR LF"),
        (whole.replace(b"  patches", b"  ../patches"), "leaves the folder"),
        (whole.replace(b"  patches", b"  /patches"), "leaves the folder"),
        (whole + whole, "a second time"),
        (whole[3:], "digits"),
        (b"", "no lines"),
        (b"<html>\n", "is not 'digits  path'"),
    ]:
        path.write_bytes(damaged)
        with pytest.raises(CannotCheckError, match=words):
            published_sums(archives)


def content_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_extraction_gives_what_was_packed(archives: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    paths = sorted(archives.glob("patches_*"))
    first = extract_archives(paths, out, occurrences=np.array(IDS), patch_size=PATCH_SIZE)
    assert first.ok
    assert first.n_written == 2 * len(IDS)
    tree = write_tree(
        tmp_path / "tree", IDS, home=lambda i: "patches_fr" if i >= 10_000_000 else archive_of(i)
    )
    assert content_of(out) == content_of(tree)
    assert verify_patches([out], np.array(IDS), options=VerifyOptions(patch_size=PATCH_SIZE)).ok
    again = extract_archives(paths, out, patch_size=PATCH_SIZE)
    assert (again.n_written, again.n_present) == (0, 2 * len(IDS))


def test_extraction_mends_what_it_finds_damaged(archives: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    extract_archives([archives / NAMES[US]], out, patch_size=PATCH_SIZE)
    before = content_of(out)
    victim = next(p for p in out.rglob("*.npy"))
    os.truncate(victim, 100)
    again = extract_archives([archives / NAMES[US]], out, patch_size=PATCH_SIZE)
    assert (again.n_written, content_of(out)) == (1, before)


def test_nothing_of_a_damaged_tar_gz_is_extracted(archives: Path, tmp_path: Path) -> None:
    flip(archives / NAMES[US], 0.6)
    extraction = extract_archives([archives / NAMES[US]], tmp_path / "out", patch_size=PATCH_SIZE)
    assert not extraction.ok
    assert content_of(tmp_path / "out") == {}


def test_full_disk_leaves_nothing_half(
    archives: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_write = Path.write_bytes
    n_left = [7]

    def failing(path: Path, content: bytes) -> int:
        n_left[0] -= 1
        if n_left[0] < 0:
            real_write(path, content[: len(content) // 2])
            raise OSError(28, "No space left on device")
        return real_write(path, content)

    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", failing)
        with pytest.raises(CannotCheckError, match="No space left"):
            extract_archives([archives / NAMES[US]], out, patch_size=PATCH_SIZE)
    good = dict(members(ids_in(US), US))
    written = content_of(out)
    assert len(written) == 7
    assert all(good[name] == content for name, content in written.items())
    assert extract_archives([archives / NAMES[US]], out, patch_size=PATCH_SIZE).n_written == len(good) - 7


def test_old_file_stays_if_the_new_one_cannot_be_placed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.npy"
    target.write_bytes(b"old")

    def failing(_: Path, __: Path) -> Path:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", failing)
        with Staging(tmp_path) as staging, pytest.raises(CannotCheckError, match="Input/output"):
            place(b"new", target, staging=staging)
    assert target.read_bytes() == b"old"


def half_of_the_us(tree: Path, archives: Path) -> None:
    """The paper's accident: archives were damaged, and plain tar left what it could."""
    for path in sorted(archives.glob("patches_us_*")):
        number = int(path.name[11:13])
        if number % 4 == 1:
            flip(path, 0.3)
        elif number % 4 == 3:
            os.truncate(path, path.stat().st_size // 2)
        subprocess.run(["tar", "xzf", path, "-C", tree], capture_output=True, check=False)


def test_the_accident_of_the_paper(good: Path, archives: Path, tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "data", [i for i in IDS if i >= 10_000_000])
    half_of_the_us(tree, archives)
    alone = verify_patches([tree], np.array(IDS), options=VerifyOptions(patch_size=PATCH_SIZE))
    options = VerifyOptions(patch_size=PATCH_SIZE, archives=good)
    report = verify_patches([tree], np.array(IDS), options=options)
    assert (alone.verdict, report.verdict) == ("damaged", "damaged")
    assert report.by_region["fr"].n_damaged == 0
    assert 0.2 < report.by_region["us"].rate < 0.8
    struck = {archive_of(i) for i in IDS if i < 10_000_000 and (i % 100 // 5 + 1) % 2}
    assert set(report.archives_to_fetch) <= struck
    truth = {i for i in IDS if not is_as_packed(tree, i)}
    assert set(report.damaged_ids) == truth
    # Without checksums, a file in which the flip altered a few bytes may pass, and no more than that.
    assert set(alone.damaged_ids) <= truth
    assert len(alone.damaged_ids) >= len(truth) - 2
    bad_first = repair_patches([tree], report.damaged_ids, archives=archives, patch_size=PATCH_SIZE)
    assert bad_first.mended_ids == ()  # those archives are damaged themselves
    repair = repair_patches([tree], report.damaged_ids, archives=good, patch_size=PATCH_SIZE)
    assert repair.mended_ids == report.damaged_ids
    assert repair.findings == ()
    after = verify_patches([tree], np.array(IDS), options=options)
    assert after.verdict == "whole", after.findings
    assert all(is_as_packed(tree, i) for i in IDS)


def is_as_packed(tree: Path, occurrence_id: int) -> bool:
    home = tree / ("patches_fr" if occurrence_id >= 10_000_000 else archive_of(occurrence_id))
    paths = [home / relative_path(occurrence_id, kind) for kind in ("bands", "altitude")]  # type: ignore[arg-type]
    wanted = make_patch(occurrence_id)
    return all(p.is_file() and p.read_bytes() == content for p, content in zip(paths, wanted, strict=True))


def test_repair_touches_nothing_else_and_tells_what_is_left(good: Path, tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "data", IDS)
    victim, other = ids_in(US)[0], ids_in(FR)[0]
    target = tree / "patches_us" / relative_path(victim, "bands")
    target.unlink()
    target.mkdir()
    (target / "junk").write_text("x")
    before = {p: p.stat().st_mtime_ns for p in tree.rglob("*.npy") if p.is_file()}
    some = tmp_path / "some"
    some.mkdir()
    shutil.copy(good / NAMES[US], some)
    repair = repair_patches([tree / "patches_us"], [victim, other], archives=some, patch_size=PATCH_SIZE)
    assert (repair.mended_ids, repair.left_ids) == ((victim,), (other,))
    assert target.read_bytes() == make_patch(victim)[0]
    assert all(p.stat().st_mtime_ns == mtime for p, mtime in before.items())
    assert {p.name for p in tree.iterdir()} == {"patches_fr", "patches_us"}


def test_repair_wants_archives(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "data", IDS[:3])
    (tmp_path / "none").mkdir()
    with pytest.raises(CannotCheckError, match="no archives"):
        repair_patches([tree], [173], archives=tmp_path / "none")
    with pytest.raises(CannotCheckError, match="There is no file or folder"):
        repair_patches([tree], [173], archives=tmp_path / "absent")


def test_verification_mends_and_verifies_again(good: Path, tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "data", IDS)
    victim = ids_in(US)[0]
    (tree / "patches_us" / relative_path(victim, "bands")).write_bytes(b"")
    options = VerifyOptions(patch_size=PATCH_SIZE, repair=True, archives=good)
    report = verify_patches([tree], np.array(IDS), options=options)
    assert report.ok
    assert report.repair is not None
    assert report.repair.mended_ids == (victim,)
    assert verify_patches([tree], np.array(IDS), options=options).repair is None
    with pytest.raises(UsageError, match="what to mend from"):
        verify_patches([tree], options=VerifyOptions(repair=True))
