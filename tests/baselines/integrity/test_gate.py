"""No baseline uses damaged patches unless it was told to, and then it says so."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
from patches_on_disk import PATCH_SIZE, make_ids, path_of, write_archives, write_tree
from settling import let_settle

from baselines.covariates.patches.npyheader import HEADER_BYTES
from baselines.integrity.archives.verification import verify_archives
from baselines.integrity.gate import Admission, OnDamaged, admit
from baselines.integrity.options import VerifyOptions
from baselines.integrity.verify import verify_patches
from submissions.errors import BadInputError, CannotCheckError

IDS = make_ids(10, 10)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "data", IDS)


def ask(tree: Path, state: Path, on_damaged: OnDamaged = "refuse", ids: list[int] = IDS) -> Admission:
    return admit(ids, [tree], on_damaged=on_damaged, patch_size=PATCH_SIZE, state=state)


def blacken(path: Path) -> None:
    raw = path.read_bytes()
    path.write_bytes(raw[:HEADER_BYTES] + bytes(len(raw) - HEADER_BYTES))


def test_whole_patches_pass_on_a_quick_check(tree: Path, state: Path) -> None:
    order = IDS[::-1]
    admission = ask(tree, state, ids=order)
    assert admission.ids.tolist() == order
    assert admission.left_out.size == 0
    assert admission.to_metadata() == {
        "level": "quick",
        "share_damaged": 0.0,
        "damaged": {},
        "on_damaged": "refuse",
        "n_left_out": 0,
    }


def test_earlier_verification_vouches_while_nothing_changes(tree: Path, state: Path) -> None:
    let_settle()
    verify_patches([tree], np.array(IDS), options=VerifyOptions("full", PATCH_SIZE, state=state))
    assert ask(tree, state).level == "full"
    assert ask(tree, state, ids=IDS[3:7]).level == "full"
    os.utime(path_of(tree, IDS[4]))
    assert ask(tree, state).level == "quick"


def test_damage_that_only_a_full_check_sees_is_remembered(tree: Path, state: Path) -> None:
    blacken(path_of(tree, IDS[2]))
    let_settle()
    assert ask(tree, state).n_damaged == 0  # the quick check cannot see it
    verify_patches([tree], np.array(IDS), options=VerifyOptions("full", PATCH_SIZE, state=state))
    with pytest.raises(BadInputError, match=r"1 of 20 .* zero-filled 1\..*verify-patches"):
        ask(tree, state)
    assert ask(tree, state, "ignore").ids.tolist() == IDS  # readable, though wrong
    dropped = ask(tree, state, "drop")
    assert dropped.left_out.tolist() == [IDS[2]]
    assert dropped.to_metadata()["share_damaged"] == 1 / 20


@pytest.mark.parametrize("on_damaged", ["drop", "ignore"])
def test_what_cannot_be_read_is_left_out_and_counted(tree: Path, state: Path, on_damaged: OnDamaged) -> None:
    os.truncate(path_of(tree, IDS[1]), 999)
    path_of(tree, IDS[8], "altitude").unlink()
    with pytest.raises(
        BadInputError, match="2 of 20 occurrences have damaged patches: half-pair 1, wrong-size 1"
    ):
        ask(tree, state)
    admission = ask(tree, state, on_damaged)
    assert admission.left_out.tolist() == sorted([IDS[1], IDS[8]])
    assert admission.ids.tolist() == [i for i in IDS if i not in (IDS[1], IDS[8])]
    assert admission.to_metadata()["n_left_out"] == 2
    assert admission.counts == {"half-pair": 1, "wrong-size": 1}


def test_damage_of_occurrences_not_in_use_does_not_matter(tree: Path, state: Path) -> None:
    os.truncate(path_of(tree, IDS[1]), 999)
    assert ask(tree, state, ids=IDS[2:]).ids.tolist() == IDS[2:]


def test_nothing_left_is_refused_whatever_is_ignored(tree: Path, state: Path) -> None:
    os.truncate(path_of(tree, IDS[1]), 999)
    with pytest.raises(BadInputError, match="1 of 1"):
        ask(tree, state, "ignore", ids=[IDS[1]])


def test_archives_must_have_been_verified(tmp_path: Path, state: Path) -> None:
    folder = write_archives(tmp_path / "archives", IDS)
    with pytest.raises(BadInputError, match=r"have not been verified.*Run: glckit verify-patches") as refusal:
        ask(folder, state)
    named = re.findall(r"\S+patches_\S+", refusal.value.hint)
    assert all(Path(name).is_file() for name in named)
    archives = sorted(folder.iterdir())
    verify_archives(archives, np.array(IDS), options=VerifyOptions(patch_size=PATCH_SIZE, state=state))
    admission = ask(folder, state)
    assert (admission.ids.tolist(), admission.level) == (IDS, "full")
    os.utime(archives[0])
    with pytest.raises(BadInputError, match="1 archive has not been verified"):
        ask(folder, state)


def test_damaged_archives_are_known(tmp_path: Path, state: Path) -> None:
    folder = write_archives(tmp_path / "archives", IDS)
    archive = next(folder.glob("patches_us_*"))
    os.truncate(archive, 3000)
    options = VerifyOptions(patch_size=PATCH_SIZE, state=state)
    report = verify_archives(sorted(folder.iterdir()), np.array(IDS), options=options)
    with pytest.raises(BadInputError, match="wrong-size"):
        ask(folder, state)
    assert ask(folder, state, "drop").left_out.tolist() == list(report.damaged_ids)


def test_archives_fill_in_for_trees(tree: Path, tmp_path: Path, state: Path) -> None:
    folder = write_archives(tree / "archives", IDS)
    options = VerifyOptions(patch_size=PATCH_SIZE, state=state)
    verify_archives(sorted(folder.iterdir()), np.array(IDS), options=options)
    for kind in ("bands", "altitude"):
        path_of(tree, IDS[4], kind).unlink()
    assert ask(tree, state).ids.tolist() == IDS
    assert admit(IDS, [tree / "patches_us", folder], patch_size=PATCH_SIZE, state=state).ids.tolist() == IDS


def test_no_patches_at_all(tmp_path: Path, state: Path) -> None:
    with pytest.raises(CannotCheckError, match="no patches"):
        ask(tmp_path, state)


def test_gate_goes_without_a_state_that_cannot_be_kept(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert ask(tree, tmp_path / "file/state").ids.tolist() == IDS
