"""What stands in the way of an extraction or a repair stops one patch, loses nothing, and is named."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from patches_on_disk import PATCH_SIZE, make_ids, make_patch, path_of, write_archives, write_tree
from telling import Counted

from baselines.covariates.patches.layout import archive_name, archive_numbers
from baselines.integrity.extraction.extract import extract_archives
from baselines.integrity.extraction.repair import repair_patches
from baselines.integrity.extraction.staging import Staging
from baselines.integrity.report import Repair
from submissions.locks import folder_locked

IDS = make_ids(0, 60)
VICTIM, OTHER = IDS[20], IDS[40]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_archives(tmp_path_factory.mktemp("packed"), IDS)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a data folder with two patches cut."""
    root = write_tree(tmp_path / "data", IDS)
    for i in (VICTIM, OTHER):
        os.truncate(path_of(root, i), 100)
    return root


def mend(tree: Path, archives: Path, ids: tuple[int, ...] = (VICTIM, OTHER)) -> tuple[Repair, list[str]]:
    told = Counted()
    repair = repair_patches([tree], ids, archives=archives, patch_size=PATCH_SIZE, progress=told)
    return repair, told.said


def is_whole(tree: Path, occurrence_id: int) -> bool:
    kinds = zip(("bands", "altitude"), make_patch(occurrence_id), strict=True)
    return all(path_of(tree, occurrence_id, kind).read_bytes() == content for kind, content in kinds)


def archive_for(folder: Path, occurrence_id: int) -> Path:
    return folder / archive_name("us", int(archive_numbers(occurrence_id)))


def file_for_folder(tree: Path) -> None:
    shutil.rmtree(path_of(tree, VICTIM).parent)
    path_of(tree, VICTIM).parent.write_text("a file")


def link_for_folder(tree: Path) -> None:
    shutil.rmtree(path_of(tree, VICTIM).parent)
    path_of(tree, VICTIM).parent.symlink_to("nowhere")


@pytest.mark.parametrize("damage", [file_for_folder, link_for_folder])
def test_obstacle_in_the_tree_stops_one_patch(
    tree: Path, packed: Path, damage: Callable[[Path], None]
) -> None:
    damage(tree)
    repair, said = mend(tree, packed)
    assert (repair.mended_ids, repair.left_ids) == ((OTHER,), (VICTIM,))
    assert is_whole(tree, OTHER)
    assert repair.obstacles
    assert all(str(path_of(tree, VICTIM).parent) in line for line in (*repair.obstacles, *said))


def test_file_that_cannot_be_replaced_stops_one_patch(
    tree: Path, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_replace = Path.replace

    def refusing(path: Path, target: Path) -> Path:
        if target == path_of(tree, VICTIM):
            raise PermissionError(1, "Operation not permitted")  # as for chattr +i
        return real_replace(path, target)

    monkeypatch.setattr(Path, "replace", refusing)
    repair, said = mend(tree, packed)
    assert (repair.mended_ids, repair.left_ids) == ((OTHER,), (VICTIM,))
    assert path_of(tree, VICTIM).stat().st_size == 100
    assert [f"Not mended: {why}" for why in repair.obstacles] == said
    assert "Operation not permitted" in said[0]


ARCHIVES: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a FIFO": os.mkfifo,
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_obstacle_among_the_archives_stops_its_patches(
    tree: Path, packed: Path, tmp_path: Path, kind: str
) -> None:
    archives = Path(shutil.copytree(packed, tmp_path / "archives"))
    archive_for(archives, VICTIM).unlink()
    ARCHIVES[kind](archive_for(archives, VICTIM))
    repair, said = mend(tree, archives)
    assert (repair.mended_ids, repair.left_ids) == ((OTHER,), (VICTIM,))
    assert said == [f"Not mended: {why}" for why in repair.obstacles]
    assert kind in said[0]


def test_unreadable_archive_stops_its_patches(
    tree: Path, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_open, forbidden = os.open, archive_for(packed, VICTIM)

    def refusing(path: object, *arguments: int, **more: object) -> int:
        if os.fspath(path) == str(forbidden):  # type: ignore[call-overload]
            raise PermissionError(13, "Permission denied")
        return real_open(path, *arguments, **more)  # type: ignore[arg-type, call-overload, no-any-return]

    monkeypatch.setattr(os, "open", refusing)
    repair, said = mend(tree, packed)
    assert (repair.mended_ids, repair.left_ids) == ((OTHER,), (VICTIM,))
    assert "Permission denied" in said[0]


def test_command_ends_with_3_and_mends_the_rest(tree: Path, packed: Path) -> None:
    from commands import glckit

    (tree / "competition.toml").write_text(
        f'[competition]\ntest = ["all.csv"]\n[data]\npatch_size = {PATCH_SIZE}\n'
    )
    (tree / "all.csv").write_text("id;lat;lon\n" + "".join(f"{i};45;3\n" for i in IDS))
    file_for_folder(tree)
    mending = ("verify-patches", tree, "--repair", "--archives", packed, "--no-cache")
    done = glckit(*mending)
    assert done.exit_code == 3
    assert f"Not mended: Cannot write {path_of(tree, VICTIM)}" in done.stderr
    assert is_whole(tree, OTHER)
    path_of(tree, VICTIM).parent.unlink()
    assert glckit(*mending).exit_code == 0


def test_folder_in_the_place_of_a_patch_is_kept(tree: Path, packed: Path) -> None:
    target = path_of(tree, VICTIM)
    target.unlink()
    target.mkdir()
    (target / "notes.txt").write_text("mine")
    target.with_name(f"{target.name}.kept-1").write_text("there already")
    repair, said = mend(tree, packed)
    kept = target.with_name(f"{target.name}.kept-2")
    assert repair.left_ids == ()
    assert (kept / "notes.txt").read_text() == "mine"
    assert said == [f"{target} was no file; it is kept as {kept}."]


def test_mode_and_owner_of_a_file_stay(tree: Path, packed: Path) -> None:
    target = path_of(tree, VICTIM)
    target.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(target, 1234, 5678)
    before = target.stat()
    mend(tree, packed)
    after = target.stat()
    assert is_whole(tree, VICTIM)
    assert (stat.S_IMODE(after.st_mode), after.st_uid, after.st_gid) == (0o640, before.st_uid, before.st_gid)


SHM = Path("/dev/shm")  # noqa: S108 - another file system than that of pytest's folders


@pytest.fixture
def other_disk(tmp_path: Path) -> Path:
    if not SHM.is_dir() or SHM.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system here")
    import tempfile

    return Path(tempfile.mkdtemp(dir=SHM))


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_repair_and_extraction_follow_links_to_another_disk(
    tree: Path, packed: Path, other_disk: Path, depth: int
) -> None:
    target = path_of(tree, VICTIM)
    linked = (target, *target.parents)[4 - depth]
    shutil.move(linked, other_disk / "moved")
    linked.symlink_to(other_disk / "moved")
    try:
        repair, said = mend(tree, packed)
        assert (repair.left_ids, said) == ((), [])
        assert is_whole(tree, VICTIM)
        extracted = tree.parent / "out"
        extracted.mkdir()
        (extracted / archive_for(packed, VICTIM).name.removesuffix(".tar.gz")).symlink_to(other_disk)
        done = extract_archives([archive_for(packed, VICTIM)], extracted, patch_size=PATCH_SIZE)
        assert done.ok
        assert done.n_written > 0
        assert not [*tree.rglob(".glckit-*"), *other_disk.rglob(".glckit-*"), *extracted.rglob(".glckit-*")]
    finally:
        shutil.rmtree(other_disk)


def test_mounts_that_do_not_show_are_found_by_trying(
    tree: Path, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_replace = Path.replace

    def refusing(path: Path, target: Path) -> Path:
        if path.is_relative_to(tree) and len(path.relative_to(tree).parts) == 2:
            raise OSError(18, "Invalid cross-device link")  # as for a bind mount of patches_us
        return real_replace(path, target)

    monkeypatch.setattr(Path, "replace", refusing)
    repair, _ = mend(tree, packed)
    assert repair.left_ids == ()


def test_second_waits_for_the_first_and_says_so(packed: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "competition.toml").write_text(
        f'[competition]\nname = "t"\n[data]\npatch_size = {PATCH_SIZE}\n'
    )
    command = [sys.executable, "-m", "glckit", "extract", *map(str, sorted(packed.iterdir())), "-o", str(out)]
    with folder_locked(out):
        waiting = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
        )
        assert waiting.stderr is not None
        line = waiting.stderr.readline()
        assert line.startswith("Waiting: ")
        assert str(os.getpid()) in line
        assert not list(out.rglob("*.npy"))
    assert waiting.communicate()[0].startswith(
        f"{len(list(packed.iterdir()))} archives: {2 * len(IDS)} files"
    )
    assert waiting.returncode == 0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("work", ["extract", "repair", "make-manifest"])
def test_what_a_kill_leaves_is_cleaned_up(
    tree: Path, packed: Path, tmp_path: Path, work: str, how: signal.Signals
) -> None:
    (tmp_path / "competition.toml").write_text(
        f'[competition]\nname = "t"\n[data]\npatch_size = {PATCH_SIZE}\n'
    )
    commands = {
        "extract": ["extract", *sorted(packed.iterdir()), "-o", tmp_path / "out"],
        "repair": ["verify-patches", tree, "--repair", "--archives", packed, "--jobs", 1],
        "make-manifest": [
            "verify-patches",
            *sorted(packed.iterdir()),
            "--make-manifest",
            tmp_path / "m.parquet",
        ],
    }
    command = [sys.executable, "-c", _STOPPING, *map(str, commands[work])]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.rglob(".glckit-*")) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(how)
    process.communicate()
    assert process.returncode in (-signal.SIGKILL, 143)
    assert bool(list(tmp_path.rglob(".glckit-*"))) == (how == signal.SIGKILL)
    again = [sys.executable, "-m", "glckit", *map(str, commands[work])]
    done = subprocess.run(again, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob(".glckit-*")) == []


# The command line, but slow where a file takes its place.
_STOPPING = """
import time
from pathlib import Path
from glckit.__main__ import main
replace = Path.replace
def slow(path, target):
    time.sleep(30)
    return replace(path, target)
Path.replace = slow
main()
"""


def test_staging_is_not_on_a_disk_that_is_not_written_to(tmp_path: Path) -> None:
    place = tmp_path / "patches_us"
    place.mkdir()
    with Staging(tmp_path) as staging:
        assert next(staging.folders_for(place)).parent == tmp_path
    assert np.array_equal(list(tmp_path.iterdir()), [place])
