"""What a check has found counts until the files change, or evidence as good finds nothing any more."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from patches_on_disk import PATCH_SIZE, make_ids, make_table, path_of, write_archives, write_tree
from settling import let_settle
from telling import Counted

from baselines.covariates.patches.npyheader import HEADER_BYTES
from baselines.integrity.archives.memory import opened_memory, recall_archive
from baselines.integrity.findings import Finding, Level, Problem
from baselines.integrity.gate import admit
from baselines.integrity.memory.records import Record, from_text, joined, to_text
from baselines.integrity.memory.state import State
from baselines.integrity.options import VerifyOptions
from baselines.integrity.patches.patch import CheckedPatch, ListedPatch
from baselines.integrity.report import PatchReport
from baselines.integrity.verify import verify_patches
from submissions.errors import BadInputError

IDS = make_ids(6, 8)
VICTIM = IDS[2]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = write_tree(tmp_path / "data", IDS)
    let_settle()
    return root


@pytest.fixture
def rots(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Flip bytes of a file and leave its size and times as they were, as a failing disk does."""

    def status(patch: ListedPatch) -> str:
        known = [each for each in patch.statuses if isinstance(each, os.stat_result)]
        return repr([(each.st_size, each.st_mtime_ns, each.st_ino) for each in known])

    def rot(path: Path) -> None:
        before = path.stat()
        raw = bytearray(path.read_bytes())
        raw[4096:8192] = bytes(4096)
        path.write_bytes(raw)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        let_settle()

    monkeypatch.setattr(ListedPatch, "status", status)
    return rot


def flip(path: Path) -> None:
    """Flip one bit in the red of a pixel, which only a checksum shows."""
    raw = bytearray(path.read_bytes())
    raw[HEADER_BYTES + 50] ^= 1
    path.write_bytes(raw)
    let_settle()


def verify(tree: Path, level: Level = "full", **options: object) -> PatchReport:
    given = {"state": tree.parent / "state"} | options
    return verify_patches([tree], make_table(IDS), options=VerifyOptions(level, PATCH_SIZE, **given))  # type: ignore[arg-type]


def ask(tree: Path) -> str:
    return admit(IDS, [tree], patch_size=PATCH_SIZE, state=tree.parent / "state").level


def made_manifest(tree: Path, name: str = "manifest") -> Path:
    path = tree.parent / name
    verify(tree, make_manifest=path, state=None)
    return path


@pytest.mark.parametrize("later", ["quick", "full", "deep"])
def test_what_a_manifest_found_outlives_checks_without_one(tree: Path, later: Level) -> None:
    manifest = made_manifest(tree)
    flip(path_of(tree, VICTIM))
    assert verify(tree, manifest=manifest).damaged_ids == (VICTIM,)
    for level in (later, "deep", "full", "quick"):
        assert verify(tree, level).counts == {"checksum": 1}  # type: ignore[arg-type]
    with pytest.raises(BadInputError, match="checksum 1"):
        ask(tree)


@pytest.mark.parametrize("level", ["quick", "full", "deep"])
def test_a_fresh_look_does_not_refute_a_manifest(tree: Path, level: Level) -> None:
    manifest = made_manifest(tree)
    flip(path_of(tree, VICTIM))
    assert verify(tree, manifest=manifest).damaged_ids == (VICTIM,)
    for _ in range(2):
        report = verify(tree, level, no_cache=True)
        assert report.counts == {"checksum": 1}
        assert report.n_remembered == 0
    assert verify(tree, no_cache=True, manifest=made_manifest(tree, "other")).ok
    assert verify(tree, level, no_cache=True).ok


def test_what_a_manifest_found_ends_with_the_file_or_with_other_checksums(tree: Path) -> None:
    manifest, path = made_manifest(tree), path_of(tree, VICTIM)
    whole = path.read_bytes()
    flip(path)
    verify(tree, manifest=manifest)
    verify(tree, manifest=made_manifest(tree, "other"))  # of the files as they are now
    assert verify(tree).ok
    flip(path)
    assert path.read_bytes() == whole
    assert verify(tree, manifest=manifest).ok
    assert ask(tree) == "full"


def test_no_manifest_is_made_of_what_another_found_damaged(tree: Path) -> None:
    manifest = made_manifest(tree)
    flip(path_of(tree, VICTIM))
    verify(tree, manifest=manifest)
    with pytest.raises(BadInputError, match="No manifest is made"):
        verify(tree, make_manifest=tree.parent / "of damage")


def test_bit_rot_that_a_fresh_look_finds_is_remembered(tree: Path, rots: Callable[[Path], None]) -> None:
    assert verify(tree).ok
    rots(path_of(tree, VICTIM))
    assert verify(tree).ok  # nothing about the file tells
    assert verify(tree, no_cache=True).damaged_ids == (VICTIM,)
    for level in ("quick", "full"):
        assert verify(tree, level).damaged_ids == (VICTIM,)  # type: ignore[arg-type]
    with pytest.raises(BadInputError, match="1 of 14"):
        ask(tree)
    write_archives(tree / "archives", IDS)
    assert verify(tree, repair=True, archives=tree / "archives").ok
    assert verify(tree, no_cache=True).ok


def test_fresh_look_is_remembered_without_older_records(tree: Path, rots: Callable[[Path], None]) -> None:
    rots(path_of(tree, VICTIM))
    verify(tree, no_cache=True)
    with pytest.raises(BadInputError, match="1 of 14"):
        ask(tree)


def test_fresh_look_as_deep_clears_what_an_earlier_one_found(
    tree: Path, rots: Callable[[Path], None]
) -> None:
    rots(path_of(tree, VICTIM))
    verify(tree)
    path_of(tree, VICTIM).write_bytes(
        path_of(write_tree(tree.parent / "fresh", [VICTIM]), VICTIM).read_bytes()
    )
    os.utime(path_of(tree, VICTIM), ns=(0, 10**18))
    verify(tree, no_cache=True)
    assert verify(tree).ok


def test_copies_that_a_deep_check_found_are_remembered(tree: Path) -> None:
    first, second = [i for i in IDS if i >= 10_000_000][:2]
    for kind in ("bands", "altitude"):
        shutil.copy(path_of(tree, first, kind), path_of(tree, second, kind))
    let_settle()
    assert verify(tree, "deep").damaged_ids == (first, second)
    assert verify(tree).damaged_ids == (first, second)
    with pytest.raises(BadInputError, match="duplicate-content 2"):
        ask(tree)
    assert verify(tree, "deep").counts == {"duplicate-content": 2}  # not said twice
    write_archives(tree / "archives", IDS)
    assert verify(tree, repair=True, archives=tree / "archives").ok
    let_settle()
    assert verify(tree, "deep").ok
    assert ask(tree) == "deep"


def test_damage_to_files_of_the_future_is_remembered_and_the_rest_named(tree: Path) -> None:
    os.truncate(path_of(tree, VICTIM), 999)
    path = path_of(tree, IDS[5])
    path.write_bytes(path.read_bytes()[:HEADER_BYTES] + bytes(path.stat().st_size - HEADER_BYTES))
    for each in tree.rglob("*.npy"):
        os.utime(each, (time.time(), 1_924_000_000))
    report = verify(tree)
    assert report.damaged_ids == (VICTIM, IDS[5])
    reason = "their files are dated in the future, and will be read again."
    assert f"Nothing is remembered of {len(IDS) - 2} occurrences: {reason}" in report.notes
    with pytest.raises(BadInputError, match="wrong-size 1, zero-filled 1"):
        ask(tree)
    assert verify(tree).n_remembered == 2


# Joining what two checks showed.


def checked(*faults: str, level: Level = "full", manifest: str = "") -> CheckedPatch:
    findings = [Finding(Problem(fault, "error", "", ""), "a", 173) for fault in faults]
    return CheckedPatch(173, findings, "status", level=level, manifest=manifest)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (checked("zero-filled"), checked(), ()),
        (checked("zero-filled"), checked(level="deep"), ()),
        (checked("zero-filled"), checked(level="quick"), ("zero-filled",)),
        (checked("checksum", manifest="m"), checked(level="deep"), ("checksum",)),
        (checked("checksum", manifest="m"), checked(manifest="n"), ()),
        (checked("checksum"), checked("checksum", manifest="n"), ("checksum",)),
        (checked("duplicate-content", level="deep"), checked(level="deep"), ("duplicate-content",)),
        (checked("duplicate-content", level="deep"), checked(manifest="n"), ()),
        (checked(manifest="m"), checked("zero-filled"), ("zero-filled",)),
        (checked(level="deep"), checked("bad-header", level="quick"), ("bad-header",)),
        (checked("checksum"), checked()._replace(status="changed"), ()),
    ],
)
def test_errors_end_with_evidence_as_good(
    old: CheckedPatch, new: CheckedPatch, expected: tuple[str, ...]
) -> None:
    both = joined(old, new)
    assert tuple(finding.problem.fault for finding in both.findings) == expected
    assert joined(old, both) == both


def test_joined_check_is_as_deep_as_the_deeper_until_damage_shows() -> None:
    assert joined(checked(level="deep"), checked(level="quick")).level == "deep"
    assert joined(checked(level="deep", manifest="m"), checked("wrong-size", level="quick"))[5:] == (
        "quick",
        "",
    )


def test_records_read_back(tree: Path) -> None:
    patch = checked("checksum", level="deep", manifest="m")
    (back,) = from_text(to_text(Record({173: patch}))).patches.values()
    assert (back.status, back.level, back.manifest) == ("status", "deep", "m")
    assert back.findings == [dataclasses.replace(patch.findings[0], archive="patches_us_15")]


# State files that cannot be used.


def spoiled(kind: str, state: Path) -> None:
    if kind == "garbage":
        state.write_bytes(b"no database" * 1000)
    elif kind == "folder":
        state.mkdir()
    elif kind == "half":
        with sqlite3.connect(state) as connection:
            connection.execute("pragma user_version = 1")
        connection.close()
    elif kind == "newer":
        with sqlite3.connect(state) as connection:
            connection.execute("pragma user_version = 99")
        connection.close()


@pytest.mark.parametrize("kind", ["garbage", "folder", "half", "newer"])
def test_work_goes_on_without_a_memory_that_cannot_be_used(tree: Path, kind: str) -> None:
    spoiled(kind, tree.parent / "state")
    os.truncate(path_of(tree, VICTIM), 999)
    progress = Counted()
    options = VerifyOptions("full", PATCH_SIZE, state=tree.parent / "state")
    report = verify_patches([tree], np.array(IDS), options=options, progress=progress)
    assert report.damaged_ids == (VICTIM,)
    (line,) = progress.said
    assert line.startswith("Nothing is remembered of this: the state file ")
    admission = admit(IDS, [tree], on_damaged="drop", patch_size=PATCH_SIZE, state=tree.parent / "state")
    assert admission.left_out.tolist() == [VICTIM]
    assert len(admission.troubles) == 1


def test_locked_state_is_waited_for_and_then_done_without(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("baselines.integrity.memory.state._PATIENCE_S", 0.1)
    state = tree.parent / "state"
    verify(tree)
    holder = sqlite3.connect(state, isolation_level=None)
    holder.execute("begin exclusive")
    report = verify(tree)
    holder.close()
    assert report.ok
    assert "locked" in report.troubles[0]
    assert verify(tree).n_remembered == len(IDS)


def test_full_disk_loses_no_report(tree: Path) -> None:
    def refuse(state: State, *arguments: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(State, "_change", refuse)
        report = verify(tree)
    assert report.ok
    assert "disk is full" in report.troubles[0]


def test_state_that_cannot_be_written_is_still_read(tree: Path) -> None:
    verify(tree)
    flip(path_of(tree, VICTIM))
    connection = sqlite3.connect(tree.parent / "state")
    connection.execute("create trigger no before insert on checks begin select raise(abort, 'no'); end")
    connection.commit()
    connection.close()
    report = verify(tree)
    assert report.n_remembered == len(IDS) - 1
    assert "no. Set" in report.troubles[0]


@pytest.mark.parametrize(
    "garbage",
    ["{", "3", '[["x"]]', '[[173,"s",9,"",[],null]]', '[[173,"s",0,"",[[1]],null]]', b"\xff"],
)
def test_garbage_in_a_record_is_unknown_and_mended(tree: Path, garbage: str | bytes) -> None:
    verify(tree)
    with sqlite3.connect(tree.parent / "state") as connection:
        connection.execute("update checks set record = ?", (garbage,))
    connection.close()
    report = verify(tree)
    assert (report.ok, report.n_remembered) == (True, 0)
    assert "damaged in places" in report.troubles[0]
    assert ask(tree) == "full"
    assert verify(tree).n_remembered == len(IDS)


def test_two_at_once_lose_nothing(tree: Path) -> None:
    options = VerifyOptions("full", PATCH_SIZE, state=tree.parent / "state")
    first, second = State(options), State(options)
    assert first.recall(["folder"]) == second.recall(["folder"]) == {}
    for number, state in enumerate((first, second)):
        state.remember([("folder", Record({number: CheckedPatch(number, [], "status")}))])
    first.close()
    second.close()
    third = State(options)
    assert set(third.recall(["folder"])["folder"].patches) == {0, 1}
    third.close()


def test_archive_that_was_replaced_is_not_vouched_for_by_what_was_in_the_old(tmp_path: Path) -> None:
    archives = write_archives(tmp_path / "archives", IDS)
    options = VerifyOptions(patch_size=PATCH_SIZE, state=tmp_path / "state")
    verify_patches([archives], np.array(IDS), options=options)
    archive = next(archives.glob("patches_us_*"))
    archive.touch()
    memory = opened_memory(options)
    assert recall_archive(str(archive), memory) is None
    memory.close()
    verify_patches([archives], np.array(IDS), options=options)
    memory = opened_memory(options)
    assert recall_archive(str(archive), memory) is not None
    memory.close()


def test_lines_of_reports_stay(tree: Path) -> None:
    report = verify(tree)
    assert json.dumps(report.to_json())
    assert report.notes == ()
