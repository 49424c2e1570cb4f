"""What cannot be read is left out and counted by the gate, and is unreadable for the verifier; no more."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from patches_on_disk import PATCH_SIZE, make_ids, path_of, write_archives, write_tree
from privileges import python_without_privileges
from settling import let_settle

from baselines.covariates.patches.errors import DamagedPatchError
from baselines.covariates.patches.reading import PatchReader
from baselines.covariates.patches.sources import open_patches
from baselines.integrity.gate import admit
from baselines.integrity.options import VerifyOptions
from baselines.integrity.verify import verify_patches
from baselines.request import OnDamaged
from submissions.errors import BadInputError

IDS = make_ids(6, 6)
# Read what is admitted, as the networks do; say who was, and what the metadata tell.
_ADMIT_AND_READ = """
import json, sys
import numpy as np
from baselines.cnn.admission import Admissible, admitted
from baselines.covariates.patches.reading import PatchReader
root, state, on_damaged, size, *ids = sys.argv[1:]
files = Admissible([], json.loads(root), on_damaged=on_damaged, checks=state)
usable = admitted(np.array(ids, dtype=np.int64), files, patch_size=int(size))
reader = PatchReader(files.open(usable.ids), patch_size=int(size))
for i in usable.ids:
    reader.read(i)
print(json.dumps({"ids": usable.ids.tolist(), "left_out": usable.left_out, **usable.verification}))
"""


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    root = write_tree(tmp_path / "data", IDS)
    let_settle()
    yield root
    for folder in (root, *root.rglob("*")):
        folder.chmod(0o755)  # a folder comes before what is in it


BLOCKED = {
    "root": ("patches_us", lambda i: i < 10_000_000),
    "CD": (f"patches_us/{173 % 100}", lambda i: i < 10_000_000 and i % 100 == 73),
    "leaf": ("patches_us/73/1", lambda i: i == 173),
}


@pytest.mark.parametrize("place", BLOCKED)
@pytest.mark.parametrize("on_damaged", ["drop", "ignore"])
@pytest.mark.parametrize("by_region", [False, True])
def test_folder_without_permission_is_left_out(
    tree: Path, place: str, on_damaged: OnDamaged, by_region: bool
) -> None:
    folder, is_lost = BLOCKED[place]
    (tree / folder).chmod(0)
    paths = [str(tree / name) for name in ("patches_fr", "patches_us")] if by_region else [str(tree)]
    arguments = (json.dumps(paths), tree.parent / "state", on_damaged, PATCH_SIZE)
    done = python_without_privileges("-c", _ADMIT_AND_READ, *arguments, *IDS)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    lost = [i for i in IDS if is_lost(i)]
    assert outcome["ids"] == [i for i in IDS if not is_lost(i)]
    assert outcome["left_out"] == {"damaged patches": len(lost)}
    assert outcome["damaged"] == {"unreadable": len(lost)}


@pytest.mark.parametrize("place", BLOCKED)
@pytest.mark.parametrize("has_table", [False, True])
def test_folder_without_permission_is_unreadable_and_not_whole(
    tree: Path, place: str, has_table: bool
) -> None:
    (tree / BLOCKED[place][0]).chmod(0)
    (tree / "competition.toml").write_text(f"[data]\npatch_size = {PATCH_SIZE}\n")
    if has_table:
        rows = "".join(f"{i};45;3\n" for i in IDS)
        (tree / "occurrences_fr_test.csv").write_text(f"id;lat;lon\n{rows}")
    done = python_without_privileges("-m", "glckit", "verify-patches", tree, "--no-cache", "--json")
    assert done.returncode == 3, done.stderr
    counts = json.loads(done.stdout)["counts"]
    assert counts == {"unreadable": sum(map(BLOCKED[place][1], IDS)) if has_table else 1}


def spoil(archive: Path, occurrence_id: int) -> None:
    """Alter the stored bytes of a member of a zip, whose checksum then fails."""
    with zipfile.ZipFile(archive) as found:
        entry = next(e for e in found.infolist() if e.filename.endswith(f"/{occurrence_id}.npy"))
    raw = bytearray(archive.read_bytes())
    at = entry.header_offset + 30 + len(entry.filename) + entry.compress_size // 2
    raw[at : at + 8] = bytes(each ^ 255 for each in raw[at : at + 8])
    archive.write_bytes(raw)


@pytest.mark.parametrize("on_damaged", ["drop", "ignore"])
def test_member_that_fails_its_checksum_is_left_out(tmp_path: Path, on_damaged: OnDamaged) -> None:
    folder = write_archives(tmp_path / "archives", IDS)
    victim = IDS[-1]
    spoil(next(a for a in folder.glob("patches_fr_*") if has_member(a, victim)), victim)
    state = tmp_path / "state"
    options = VerifyOptions(patch_size=PATCH_SIZE, state=state)
    assert verify_patches([folder], np.array(IDS), options=options).counts == {"checksum": 1}
    with pytest.raises(DamagedPatchError):
        PatchReader(open_patches(folder), patch_size=PATCH_SIZE).read(victim)
    admission = admit(IDS, [folder], on_damaged=on_damaged, patch_size=PATCH_SIZE, state=state)
    assert admission.left_out.tolist() == [victim]
    assert admission.to_metadata()["n_left_out"] == 1
    reader = PatchReader(open_patches(folder, ids=admission.ids), patch_size=PATCH_SIZE)
    for i in admission.ids:
        reader.read(i)


def has_member(archive: Path, occurrence_id: int) -> bool:
    with zipfile.ZipFile(archive) as found:
        return any(name.endswith(f"/{occurrence_id}.npy") for name in found.namelist())


def test_archive_that_cannot_be_opened_is_left_out_though_damage_is_ignored(tmp_path: Path) -> None:
    folder = write_archives(tmp_path / "archives", IDS)
    archive = next(folder.glob("patches_us_*"))
    raw = bytearray(archive.read_bytes())
    raw[len(raw) // 2] ^= 255
    archive.write_bytes(raw)
    state = tmp_path / "state"
    options = VerifyOptions(patch_size=PATCH_SIZE, state=state)
    damaged = verify_patches([folder], np.array(IDS), options=options).damaged_ids
    admission = admit(IDS, [folder], on_damaged="ignore", patch_size=PATCH_SIZE, state=state)
    assert admission.left_out.tolist() == list(damaged)
    assert open_patches(folder, ids=admission.ids).ids().tolist() == admission.ids.tolist()


def test_file_that_a_manifest_calls_altered_is_used_where_damage_is_ignored(tree: Path) -> None:
    options = VerifyOptions(patch_size=PATCH_SIZE, state=tree.parent / "state")
    archives = write_archives(tree.parent / "archives", IDS)
    raw = bytearray(path_of(tree, IDS[1]).read_bytes())
    raw[5000] ^= 1
    path_of(tree, IDS[1]).write_bytes(raw)
    report = verify_patches([tree], np.array(IDS), options=dataclasses.replace(options, archives=archives))
    assert report.counts == {"checksum": 1}
    state = tree.parent / "state"
    admission = admit(IDS, [tree], on_damaged="ignore", patch_size=PATCH_SIZE, state=state)
    assert (admission.ids.tolist(), admission.n_damaged) == (IDS, 1)


def test_archives_that_nobody_can_remember_name_the_cure(tmp_path: Path) -> None:
    folder = write_archives(tmp_path / "archives", IDS)
    (tmp_path / "state").write_bytes(b"no database" * 1000)
    with pytest.raises(BadInputError) as refusal:
        admit(IDS, [folder], patch_size=PATCH_SIZE, state=tmp_path / "state")
    assert "XDG_CACHE_HOME" in (refusal.value.hint or "")
