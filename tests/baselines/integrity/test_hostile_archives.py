"""Archives that somebody made odd on purpose: named, bounded in time and memory, and never waited for."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import resource
import socket
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import glckit, glckit_json
from patches_on_disk import PATCH_SIZE, make_patch, write_archive, write_archives, write_tree
from processes import run

from baselines.covariates.patches.errors import DamagedArchiveError
from baselines.covariates.patches.layout import relative_path
from baselines.covariates.patches.scanning import scan_archive
from baselines.integrity.archives.check import check_archive, published_sums
from baselines.integrity.archives.checksums import manifest_of_archives
from baselines.integrity.archives.verification import verify_archives
from baselines.integrity.extraction.extract import extract_archives
from baselines.integrity.manifests.manifest import read_manifest
from baselines.integrity.options import VerifyOptions
from baselines.integrity.verify import extract
from submissions.competition.settings import Competition
from submissions.errors import BadInputError, CannotCheckError

IDS = [10500, 20500, 30500]  # all in 00/05, so in patches_us_01
ROOT = "patches_us_01"
NAMES = [f"{ROOT}{suffix}" for suffix in (".tar.gz", ".tar", ".zip")]


def members(ids: list[int] = IDS, root: str = ROOT) -> list[tuple[str, bytes]]:
    return [
        (f"{root}/{relative_path(i, kind)}", content)
        for i in ids
        for kind, content in zip(("bands", "altitude"), make_patch(i), strict=True)
    ]


def check(path: Path) -> dict[str, int]:
    options = VerifyOptions(patch_size=PATCH_SIZE)
    return verify_archives([path], np.array(IDS), options=options).counts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "competition.toml").write_text(
        f'[competition]\nname = "t"\n[data]\npatch_size = {PATCH_SIZE}\n'
    )
    (tmp_path / "archives").mkdir()
    return tmp_path


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("root", [ROOT, f"./{ROOT}", "patches_us", f"patches_us/{ROOT}"])
@pytest.mark.parametrize("name", NAMES)
def test_members_that_contradict_each_other(tmp_path: Path, name: str, root: str) -> None:
    other = (f"{root}/{relative_path(IDS[1], 'bands')}", make_patch(IDS[1], seed=1)[0])
    archive = write_archive(tmp_path / name, [*members(), other])
    assert check(archive) == {"checksum": 1}
    extraction = extract_archives([archive], tmp_path / "out", patch_size=PATCH_SIZE)
    assert not extraction.ok
    assert extraction.n_written == 5
    assert not [p for p in (tmp_path / "out").rglob("*.npy") if p.name == f"{IDS[1]}.npy"]
    with pytest.raises(BadInputError, match="unlike content"):
        manifest_of_archives([archive], patch_size=PATCH_SIZE)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", NAMES)
def test_members_that_repeat_each_other(tmp_path: Path, name: str) -> None:
    archive = write_archive(tmp_path / name, [*members(), *members(IDS[:1], f"./{ROOT}")])
    report = check_archive(archive, patch_size=PATCH_SIZE)
    assert {f.problem.fault for f in report.findings} == {"unexpected"}
    assert report.ok
    assert extract_archives([archive], tmp_path / "out", patch_size=PATCH_SIZE).n_written == 6


def test_repeated_file_does_not_hide_that_the_other_is_absent(tmp_path: Path) -> None:
    only = members(IDS[:1])[0]
    archive = write_archive(tmp_path / NAMES[0], [only, only, *members(IDS[1:])])
    assert check(archive) == {"half-pair": 1, "unexpected": 1}


def append_members_of_zeros(path: Path) -> None:
    with path.open("ab") as file, gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1) as member:
        for _ in range(96):
            member.write(bytes(1 << 20))


def pad_inside(path: Path) -> None:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    padded = content + bytes(96 << 20)
    path.write_bytes(gzip.compress(padded, 1) if path.suffix == ".gz" else padded)


def append(content: bytes) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        with path.open("ab") as file:
            file.write(content)

    return damage


def prepend(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1000] + path.read_bytes())


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        (NAMES[0], append_members_of_zeros),
        (NAMES[0], pad_inside),
        (NAMES[0], append(b"\0" * 100_000)),
        (NAMES[0], append(b"junk")),
        (NAMES[1], pad_inside),
        (NAMES[1], append(b"\0" * (2 << 20))),
        (NAMES[2], append(b"\0" * 1000)),
        (NAMES[2], append(b"\0" * 200_000)),
        (NAMES[2], append(b"junk")),
        (NAMES[2], prepend),
    ],
)
def test_bytes_beside_an_archive_are_a_wrong_size(
    tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    archive = write_archive(tmp_path / name, members())
    damage(archive)
    assert check(archive).keys() == {"wrong-size"}
    with pytest.raises(DamagedArchiveError):
        scan_archive(archive)


def test_padding_of_a_tar_is_none_of_that(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / NAMES[1], members())
    append(bytes(512 << 10))(archive)
    assert check(archive) == {}
    append(b"\0" * 1000 + b"x")(archive)
    assert check(archive).keys() == {"zero-filled"}


def test_zeros_without_end_take_little_memory(folder: Path) -> None:
    archive = write_archive(folder / NAMES[0], members())
    zeros = gzip.compress(bytes(1 << 28), 1)
    with archive.open("ab") as file:
        for _ in range(40):  # 10 GiB
            file.write(zeros)
    code = "import sys; from glckit.cli import main; sys.argv[1:] = sys.argv[1:]; main()"
    launched = [sys.executable, "-c", f"try:\n {code}\nexcept SystemExit as end:\n assert end.code == 1"]
    cost = run(*launched, "verify-patches", archive, "--no-cache")
    assert cost.peak_mb is not None
    assert cost.peak_mb < 1200


OBSTACLES: dict[str, Callable[[Path], object]] = {
    "a FIFO": os.mkfifo,
    "a folder": Path.mkdir,
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a loop of links": lambda path: path.symlink_to(path.name),
    "a character device": lambda path: path.symlink_to("/dev/zero"),
    "a socket": lambda path: bind(path),
}


def bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made, contextlib.chdir(path.parent):
        made.bind(path.name)


@pytest.mark.parametrize("kind", OBSTACLES)
@pytest.mark.parametrize("is_named", [True, False])
def test_no_file_under_the_name_of_an_archive(folder: Path, kind: str, is_named: bool) -> None:
    path = folder / "archives" / NAMES[0]
    OBSTACLES[kind](path)
    write_archive(path.with_name("patches_us_02.tar.gz"), members([505 + 10_000], "patches_us_02"))
    status, data = glckit_json("verify-patches", path if is_named else path.parent, "--no-cache")
    assert (status, data["counts"]) == (1, {"wrong-type": 1} | ({} if is_named else data["counts"]))
    out = folder / "out"
    found = glckit("extract", *sorted(path.parent.iterdir()), "-o", out)
    assert found.exit_code == 1
    assert f"it is {kind}, not a file" in found.stdout
    assert glckit("extract", path, "--as-tar").exit_code == 1
    with pytest.raises(DamagedArchiveError, match=kind):
        scan_archive(path)


@pytest.mark.parametrize("kind", OBSTACLES)
def test_no_file_under_the_name_of_a_list(folder: Path, kind: str) -> None:
    (folder / "archives").rmdir()
    write_tree(folder, IDS)
    for name in ("m.parquet", "hashes.md5"):
        OBSTACLES[kind](folder / name)
    with pytest.raises(CannotCheckError, match=kind):
        read_manifest(folder / "m.parquet")
    with pytest.raises(CannotCheckError, match=kind):
        published_sums(folder)
    asked = glckit("verify-patches", folder, "--manifest", folder / "m.parquet")
    assert asked.exit_code == 3
    assert kind in asked.stderr


def test_archives_that_cannot_be_read_leave_the_others_be(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (
        write_archive(folder / "archives" / f"patches_us_0{n}.tar.gz", members([i], f"patches_us_0{n}"))
        for n, i in ((1, IDS[0]), (2, 10_505))
    )
    real_open = os.open

    def refusing(path: object, *arguments: int, **more: object) -> int:
        if os.fspath(path).endswith("01.tar.gz"):  # type: ignore[call-overload]
            raise PermissionError(13, "Permission denied")
        return real_open(path, *arguments, **more)  # type: ignore[arg-type, call-overload, no-any-return]

    monkeypatch.setattr(os, "open", refusing)
    status, data = glckit_json("verify-patches", folder / "archives", "--no-cache")
    assert (status, data["counts"]) == (3, {"unreadable": 1})
    assert data["checked"] == 1
    done = glckit("extract", first, second, "-o", folder / "out")
    assert done.exit_code == 3
    assert "1 error" not in done.stdout
    assert "Permission denied" in done.stdout
    assert len(list((folder / "out").rglob("*.npy"))) == 2


@contextlib.contextmanager
def no_descriptors_left() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("name", NAMES)
def test_want_of_descriptors_is_no_damage(tmp_path: Path, name: str) -> None:
    archive = write_archive(tmp_path / name, members())
    check_archive(archive, patch_size=PATCH_SIZE)  # whatever is imported late
    with no_descriptors_left():
        found = check_archive(archive, patch_size=PATCH_SIZE).findings
    assert {finding.problem.fault for finding in found} == {"unreadable"}
    assert "Too many open files" in found[0].problem.found


def test_reader_without_descriptors_says_so(tmp_path: Path) -> None:
    from baselines.covariates.patches.reading import PatchReader
    from baselines.covariates.patches.sources import open_patches

    archive = write_archive(tmp_path / NAMES[0], members())
    reader = PatchReader(open_patches(archive), patch_size=PATCH_SIZE)
    with no_descriptors_left(), pytest.raises(CannotCheckError, match="Too many open files"):
        reader.read(IDS[0])
    assert reader.read(IDS[0]).shape[-1] == PATCH_SIZE


@pytest.mark.parametrize("n_kib", [600_000, 1_200_000, 2_000_000])
def test_want_of_address_space_is_no_crash(folder: Path, n_kib: int) -> None:
    archive = write_archive(folder / NAMES[0], members())
    command = f"ulimit -v {n_kib}; exec {sys.executable} -m glckit verify-patches {archive} --no-cache"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode in (0, 3), done.stderr[-2000:]
    assert done.returncode == 0 or "ulimit" in done.stdout + done.stderr


NASTY = [b"patches_us_01/caf\xe9.txt", b"patches_us_01/\x1b[31mred", b"x\nerror missing: fake"]


@pytest.mark.parametrize("name", NASTY)
def test_names_that_do_not_print_are_escaped(folder: Path, name: bytes) -> None:
    archive = folder / NAMES[0]
    with tarfile.open(archive, "w:gz") as tar:
        for path, content in [*members(), (os.fsdecode(name), b"x")]:
            info = tarfile.TarInfo(path)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    tree = write_tree(folder / "tree", IDS)
    os.close(os.open(bytes(tree / "patches_us") + b"/" + name.rpartition(b"/")[2], os.O_CREAT))
    jsonl, html = folder / "f.jsonl", folder / "f.html"
    for place in (archive, tree):
        for form in ("text", "json", "csv"):
            command = ("verify-patches", place, "--no-cache", "--format", form)
            environment = os.environ | {"PYTHONIOENCODING": "utf-8:strict"}
            launched = [sys.executable, "-m", "glckit", *map(str, command), "--jsonl", str(jsonl)]
            done = subprocess.run(
                [*launched, "--html", str(html)], capture_output=True, env=environment, check=False
            )
            text = done.stdout.decode("utf-8", "strict")
            assert done.returncode in (0, 1), done.stderr
            assert "\x1b" not in text
            assert "\nerror missing" not in text
            jsonl.read_text("utf-8", "strict")
            html.read_text("utf-8", "strict")
    assert "\\x" in done.stdout.decode() or form != "text"


def test_a_damaged_archive_is_one_line(folder: Path) -> None:
    archive = write_archive(folder / NAMES[0], members())
    os.truncate(archive, archive.stat().st_size // 2)
    (folder / "occurrences_us_test.csv").write_text("id;lat;lon\n" + "".join(f"{i};45;3\n" for i in IDS))
    (folder / "competition.toml").write_text(
        f'[competition]\ntest = ["occurrences_us_test.csv"]\n[data]\npatch_size = {PATCH_SIZE}\n'
    )
    done = glckit("extract", archive, "-o", folder / "out")
    assert done.exit_code == 1
    assert done.stdout.count("error wrong-size") == 1
    assert "jsonl" not in done.stdout
    status, data = glckit_json("extract", archive, "-o", folder / "out")
    assert (status, len(data["findings"])) == (1, 4)


def test_absent_archives_could_not_be_checked(folder: Path) -> None:
    for more in (["--as-tar"], ["-o", folder / "out"]):
        done = glckit("extract", folder / "nofile", *more)
        assert done.exit_code == 3, more
        assert "nofile" in done.stdout + done.stderr
    os.truncate(next(write_tree(folder, IDS).rglob("*.npy")), 10)
    for more in ([], ["--repair"]):
        done = glckit("verify-patches", folder, "--archives", folder / "nodir", *more)
        assert (done.exit_code, "nodir" in done.stderr) == (3, True), more


def test_our_own_index_files_are_no_archives_to_extract(tmp_path: Path) -> None:
    archives = tmp_path / "archives"
    write_archives(archives, [10_000_001])
    (archive,) = archives.iterdir()
    archive.with_name(f"{archive.name}.glckit-index").write_bytes(b"an index")
    found = Competition.without_settings(tmp_path)
    settings = replace(found, data=replace(found.data, patch_size=PATCH_SIZE))
    done = extract(sorted(archives.iterdir()), tmp_path / "out", competition=settings)
    assert [Path(path).name for path in done.archives] == [archive.name]
    assert done.ok
