"""Whoever reads, admits, verifies or mends patches finds the same ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from patches_on_disk import PATCH_SIZE, make_ids, path_of, write_archives, write_tree

from baselines.covariates.patches.finding import find_archives, find_patches, find_roots
from baselines.covariates.patches.layout import relative_path
from baselines.covariates.patches.sources import open_patches
from baselines.integrity.extraction.repair import repair_patches
from baselines.integrity.gate import admit
from baselines.integrity.options import VerifyOptions
from baselines.integrity.places import archive_of
from baselines.integrity.verify import verify_patches
from submissions.errors import BadInputError, CannotCheckError

IDS = make_ids(15, 15)
FR, US = [i for i in IDS if i >= 10_000_000], [i for i in IDS if i < 10_000_000]


def bare(root: Path, ids: list[int]) -> Path:
    return write_tree(root, ids, home=lambda _: "")


LAYOUTS = {
    "two regions": lambda root: write_tree(root, IDS),
    "a folder for each archive": lambda root: write_tree(root, IDS, home=archive_of),
    "nested": lambda root: write_tree(root, IDS, home=lambda i: f"{archive_of(i)[:10]}/{archive_of(i)}"),
    "bare": lambda root: bare(root, IDS),
    "bare beside a region": lambda root: write_tree(bare(root, US), FR),
    "archives": lambda root: write_archives(root, IDS),
    "archives in a folder": lambda root: write_archives(root / "archives", IDS),
    "archives here and in a folder": lambda root: (
        write_archives(root / "archives", FR),
        write_archives(root, US),
    ),
    "France extracted, the US in archives": lambda root: (
        write_tree(root, FR),
        write_archives(root / "archives", US),
    ),
    "France extracted, everything in archives": lambda root: (
        write_tree(root, FR),
        write_archives(root / "archives", IDS),
    ),
    "France extracted, an empty folder of the US, its archives": lambda root: (
        write_tree(root, FR),
        (root / "patches_us").mkdir(),
        write_archives(root, US),
    ),
    "some archives extracted": lambda root: (
        write_tree(root, FR),
        write_tree(root, [173, 7], home=lambda i: f"patches_us/{archive_of(i)}"),
        write_archives(root / "archives", US),
    ),
    "the US bare, France in archives": lambda root: (
        bare(root, US),
        write_archives(root / "archives", FR),
    ),
}


@pytest.fixture(params=LAYOUTS)
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    LAYOUTS[request.param](tmp_path / "data")
    return tmp_path / "data"


@pytest.mark.parametrize("level", ["quick", "full"])
def test_reader_verifier_and_gate_find_the_same(root: Path, tmp_path: Path, level: str) -> None:
    assert open_patches(root).ids().tolist() == IDS
    options = VerifyOptions(level, PATCH_SIZE, state=tmp_path / "state")  # type: ignore[arg-type]
    for occurrences in (np.array(IDS), None):
        report = verify_patches([root], occurrences, options=options)
        assert (report.ok, report.findings) == (True, ())
        assert report.checked_ids.tolist() == IDS
        assert report.unchecked_ids.size == 0
    assert admit(IDS, [root], patch_size=PATCH_SIZE, state=tmp_path / "state").ids.tolist() == IDS


def test_what_is_nowhere_is_missing_for_all(root: Path, tmp_path: Path) -> None:
    ids = sorted([*IDS, 99_000_000, 10_899_999, 2_068_000])
    options = VerifyOptions("full", PATCH_SIZE, state=tmp_path / "state")
    report = verify_patches([root], np.array(ids), options=options)
    assert set(report.damaged_ids) >= {10_899_999, 2_068_000} - set(report.unchecked_ids.tolist())
    assert set(report.damaged_ids) | set(report.unchecked_ids.tolist()) == set(ids) - set(IDS)
    assert not report.ok or report.unchecked_ids.size
    with pytest.raises(BadInputError, match="missing 3"):
        admit(ids, [root], patch_size=PATCH_SIZE, state=tmp_path / "state")


@pytest.mark.parametrize("start", ["", "patches_us"])
def test_a_bare_tree_is_mended_in_place(tmp_path: Path, start: str) -> None:
    root = bare(tmp_path / "data" / start, US)
    folder = write_archives(tmp_path / "archives", IDS)
    shutil.rmtree(root / "73")
    options = VerifyOptions(patch_size=PATCH_SIZE)
    damaged = verify_patches([root], np.array(US), options=options).damaged_ids
    assert damaged == tuple(i for i in US if i % 100 == 73)
    repair = repair_patches([root], damaged, archives=tmp_path, patch_size=PATCH_SIZE)  # finds archives/
    assert repair.mended_ids == damaged
    assert (root / relative_path(173, "bands")).is_file()
    assert verify_patches([root], np.array(US), options=options).ok
    assert len(find_archives(tmp_path)) == len(list(folder.iterdir()))


def test_a_stray_in_a_bare_tree_is_told_once(tmp_path: Path) -> None:
    root = bare(tmp_path, IDS)
    (root / "73/1/notes.txt").write_text("x")
    (root / "occurrences.csv").write_text("x")  # a data folder holds other things too
    shutil.move(root / relative_path(173, "bands"), root / "73/173.npy")
    report = verify_patches([root], np.array(IDS), options=VerifyOptions(patch_size=PATCH_SIZE))
    assert [(f.problem.fault, f.occurrence_id) for f in report.findings] == [
        ("unexpected", None),
        ("wrong-place", 173),
    ]


def test_a_part_that_is_nowhere_is_missing_though_others_are_in_archives(tmp_path: Path) -> None:
    root = write_tree(tmp_path, FR)
    write_archives(root / "archives", US)
    gone = root / "archives" / f"{archive_of(173)}.tar.gz"
    gone.unlink()
    options = VerifyOptions(patch_size=PATCH_SIZE)
    report = verify_patches([root], np.array(IDS), options=options)
    assert report.damaged_ids == tuple(i for i in IDS if archive_of(i) == archive_of(173))
    assert report.counts.keys() == {"missing"}


def test_a_sample_of_what_is_extracted_reads_no_archive(tmp_path: Path) -> None:
    root = write_tree(tmp_path, FR)
    write_archives(root / "archives", US)
    report = verify_patches([root], np.array(IDS), options=VerifyOptions(patch_size=PATCH_SIZE, sample=5))
    assert report.ok
    assert len(report.checked_ids) == 5
    assert set(US) < set(report.unchecked_ids.tolist())


def test_patches_of_the_other_region_are_not_those_of_a_root(tmp_path: Path) -> None:
    write_tree(tmp_path, [FR[0]], home=lambda _: "patches_us")
    assert open_patches(tmp_path / "patches_us").ids().tolist() == []
    assert find_roots(tmp_path / "nowhere") == []
    with pytest.raises(CannotCheckError, match="no file or folder"):
        find_patches([tmp_path / "nowhere"])


def test_a_user_without_a_home_reads_and_verifies(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "data", IDS)
    archive = next(iter(sorted(write_archives(tmp_path / "packed", US).iterdir())))
    archive.with_name(f"{archive.name}.glckit-index").mkdir()  # so that the cache is asked
    code = (
        "import os, pwd\n"
        "os.environ.pop('HOME', None); os.environ.pop('XDG_CACHE_HOME', None)\n"
        "def unknown(_): raise KeyError('no such user')\n"
        "pwd.getpwuid = unknown\n"
        "from baselines.covariates.patches.sources import open_patches\n"
        "from baselines.integrity.memory.state import default_state_path, usable_state\n"
        f"open_patches({str(archive)!r}).ids()\n"
        "assert usable_state(default_state_path())[1] == ''\n"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path / "temporary")}
    (tmp_path / "temporary").mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "temporary/glckit").iterdir()} >= {"verified.sqlite"}
    assert path_of(root, IDS[0]).is_file()
