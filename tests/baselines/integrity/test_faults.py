"""Every fault that the check of a tree claims to find is injected, on small and on real patches."""

from __future__ import annotations

import dataclasses
import os
import shutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from patches_on_disk import PATCH_SIZE, make_ids, make_table, path_of, write_tree

from baselines.covariates.patches.npyheader import HEADER_BYTES
from baselines.integrity.findings import CLASSES
from baselines.integrity.manifests.digests import ALGORITHM, digester
from baselines.integrity.manifests.manifest import Entry, manifest_of, write_manifest
from baselines.integrity.options import VerifyOptions
from baselines.integrity.patches.file import check_file, problem_of_error
from baselines.integrity.places import archive_of, region_of
from baselines.integrity.report import PatchReport
from baselines.integrity.trees.survey import survey
from baselines.integrity.trees.verification import verify_tree
from baselines.integrity.verify import verify_patches
from baselines.world.folder import WorldPlan, make_world
from submissions.tables import OccurrenceTable, read_occurrences


@dataclass(frozen=True)
class Case:
    """A clean tree, and the occurrences that are damaged in it."""

    root: Path
    ids: list[int]
    victim: int  # of France
    twin: int  # of France too
    foreign: int  # of the US
    size: int
    table: OccurrenceTable

    def file(self, occurrence_id: int, kind: str = "bands") -> Path:
        return path_of(self.root, occurrence_id, kind)

    def verify(self, level: str = "full", **options: object) -> PatchReport:
        chosen = VerifyOptions(level=level, patch_size=self.size)  # type: ignore[arg-type]
        return verify_patches([self.root], self.table, options=dataclasses.replace(chosen, **options))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = WorldPlan(n_occurrences=60, n_species=20, patch_size=PATCH_SIZE)
    return make_world(tmp_path_factory.mktemp("faults") / "world", plan).folder


def case_of_world(world: Path, folder: Path) -> Case:
    table = read_occurrences(sorted(world.glob("occurrences_*.csv")))
    for region in ("fr", "us"):
        shutil.copytree(world / f"patches_{region}", folder / f"patches_{region}")
    own, first, last = sorted(table.ids.tolist()), table.ids.max(), table.ids.min()
    # Of two occurrences at one place, equal patches are right.
    far = np.abs(table.latitudes - table.latitudes[table.ids == first]) > 0.1
    twin = int(table.ids[far & (table.ids >= 10_000_000)][0])
    return Case(folder, own, int(first), twin, int(last), PATCH_SIZE, table)


@pytest.fixture(params=["small", "world", "real"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    if request.param == "small":
        ids = make_ids(12, 12)
        fr = [i for i in ids if region_of(i) == "fr"]
        return Case(write_tree(tmp_path, ids), ids, fr[3], fr[4], 173, PATCH_SIZE, make_table(ids))
    if request.param == "world":
        return case_of_world(request.getfixturevalue("world"), tmp_path)
    realdata = request.getfixturevalue("realdata")
    shutil.copytree(realdata / "patches", tmp_path, dirs_exist_ok=True, copy_function=shutil.copyfile)
    for folder in (tmp_path, *tmp_path.rglob("*")):
        folder.chmod(0o755 if folder.is_dir() else 0o644)
    ids = [173, 10297014, 10561900, 10561949]
    return Case(tmp_path, ids, 10561949, 10297014, 173, 256, make_table(ids))


def edit(path: Path, change: Callable[[bytearray], object]) -> None:
    raw = bytearray(path.read_bytes())
    change(raw)
    path.write_bytes(raw)


def put(path: Path, start: int, new: bytes) -> None:
    edit(path, lambda raw: raw.__setitem__(slice(start, start + len(new)), new))


def values(path: Path, dtype: str = "u1") -> np.ndarray:
    return np.frombuffer(path.read_bytes()[HEADER_BYTES:], dtype).copy()


def store(path: Path, array: np.ndarray) -> None:
    path.write_bytes(path.read_bytes()[:HEADER_BYTES] + array.tobytes())


def shift(path: Path, n_bytes: int) -> None:
    edit(
        path,
        lambda raw: raw.__setitem__(
            slice(HEADER_BYTES, None), b"\x5a" * n_bytes + raw[HEADER_BYTES:-n_bytes]
        ),
    )


def sparse_tail(path: Path) -> None:
    size = path.stat().st_size
    os.truncate(path, size // 3)
    os.truncate(path, size)


def zero_tail(path: Path) -> None:
    half = path.stat().st_size // 2
    put(path, half, bytes(path.stat().st_size - half))


def noise(path: Path, start: int, n_bytes: int) -> None:
    put(path, start, np.random.default_rng(0).bytes(n_bytes))


def save(path: Path, array: np.ndarray) -> None:
    path.unlink()
    np.save(path, array, allow_pickle=False)


def planes(case: Case) -> np.ndarray:
    return values(case.file(case.victim)).reshape(case.size, case.size, 5)


def first_half_of(case: Case, other: int) -> None:
    own, half = case.file(case.victim), case.file(other).read_bytes()
    put(own, HEADER_BYTES, half[HEADER_BYTES : len(half) // 2])


def reheader(path: Path, old: bytes, new: bytes) -> None:
    raw = path.read_bytes()
    assert old in raw
    header = raw[:HEADER_BYTES].replace(old, new)
    padding = header.rstrip(b" \n")
    path.write_bytes(padding.ljust(HEADER_BYTES - 1) + b"\n" + raw[HEADER_BYTES:])


# Row of the table of faults -> (damage, class expected, least level that sees it).
Damage = Callable[[Case], object]
FAULTS: dict[str, tuple[Damage, str, str]] = {
    "8 both files gone": (
        lambda c: [c.file(c.victim, kind).unlink() for kind in ("bands", "altitude")],
        "missing",
        "quick",
    ),
    "9 altitude gone": (lambda c: c.file(c.victim, "altitude").unlink(), "half-pair", "quick"),
    "9 bands gone": (lambda c: c.file(c.victim).unlink(), "half-pair", "quick"),
    "11 empty": (lambda c: c.file(c.victim).write_bytes(b""), "wrong-size", "quick"),
    "12 truncated": (lambda c: os.truncate(c.file(c.victim), 1000), "wrong-size", "quick"),
    "12 altitude truncated": (
        lambda c: os.truncate(c.file(c.victim, "altitude"), 300),
        "wrong-size",
        "quick",
    ),
    "13 trailing bytes": (
        lambda c: edit(c.file(c.victim), lambda raw: raw.extend(b"abc")),
        "wrong-size",
        "quick",
    ),
    "13 two files joined": (
        lambda c: edit(c.file(c.victim), lambda raw: raw.extend(bytes(raw))),
        "wrong-size",
        "quick",
    ),
    "14 CRLF": (
        lambda c: c.file(c.victim).write_bytes(c.file(c.victim).read_bytes().replace(b"\n", b"\r\n")),
        "wrong-size",
        "quick",
    ),
    "14 CRLF in the header": (
        lambda c: c.file(c.victim).write_bytes(c.file(c.victim).read_bytes().replace(b"\n", b"\r\n")),
        "bad-header",
        "quick",
    ),
    "15 sparse tail": (lambda c: sparse_tail(c.file(c.victim)), "zero-filled", "quick"),
    "15 sparse tail of the altitude": (
        lambda c: sparse_tail(c.file(c.victim, "altitude")),
        "zero-filled",
        "quick",
    ),
    "16 zero tail": (lambda c: zero_tail(c.file(c.victim)), "zero-filled", "full"),
    "16 zero sector": (lambda c: put(c.file(c.victim), 4096, bytes(512)), "zero-filled", "full"),
    "16 zero page": (lambda c: put(c.file(c.victim), 8192, bytes(4096)), "zero-filled", "full"),
    "17 0xFF block": (lambda c: put(c.file(c.victim), 4096, b"\xff" * 512), "implausible", "full"),
    "18 random block": (lambda c: noise(c.file(c.victim), 8192, 4096), "implausible", "full"),
    "18 deflate garbage": (
        lambda c: put(c.file(c.victim), 8192, zlib.compress(c.file(c.twin).read_bytes(), 9)[100:4196]),
        "implausible",
        "full",
    ),
    "20 shift by 1": (lambda c: shift(c.file(c.victim), 1), "implausible", "full"),
    "20 shift by 2": (lambda c: shift(c.file(c.victim), 2), "implausible", "full"),
    "20 shift by 3": (lambda c: shift(c.file(c.victim), 3), "implausible", "full"),
    "20 shift by 4": (lambda c: shift(c.file(c.victim), 4), "implausible", "full"),
    "24 half of another region": (lambda c: first_half_of(c, c.foreign), "wrong-region", "full"),
    "26 patch of another region": (
        lambda c: shutil.copyfile(c.file(c.foreign), c.file(c.victim)),
        "wrong-region",
        "full",
    ),
    "26 in the other region's tree": (
        lambda c: [
            shutil.move(
                c.file(c.victim, kind),
                path_of(c.root, c.foreign, kind).with_name(c.file(c.victim, kind).name),
            )
            for kind in ("bands", "altitude")
        ],
        "wrong-place",
        "quick",
    ),
    "30 land cover plane first": (
        lambda c: store(c.file(c.victim), np.roll(planes(c), 1, axis=2)),
        "implausible",
        "full",
    ),
    "31 planes one after another": (
        lambda c: store(c.file(c.victim), np.moveaxis(planes(c), 2, 0)),
        "implausible",
        "full",
    ),
    "33 dtype i1": (lambda c: reheader(c.file(c.victim), b"|u1", b"|i1"), "bad-header", "quick"),
    "33 dtype u2": (lambda c: save_over(c, "<u2"), "bad-header", "quick"),
    "33 dtype >i2": (lambda c: reheader(c.file(c.victim, "altitude"), b"<i2", b">i2"), "bad-header", "quick"),
    "33 Fortran order": (lambda c: reheader(c.file(c.victim), b"False", b"True"), "bad-header", "quick"),
    "33 bands first": (lambda c: save_shape(c, (5, c.size, c.size)), "bad-header", "quick"),
    "33 four bands": (lambda c: save_shape(c, (c.size, c.size, 4)), "bad-header", "quick"),
    "34 altitude of swapped bytes": (
        lambda c: store(c.file(c.victim, "altitude"), values(c.file(c.victim, "altitude"), "<i2").byteswap()),
        "implausible",
        "full",
    ),
    "34 altitude shifted by a byte": (lambda c: shift_altitude(c), "implausible", "full"),
    "35 altitude is fill": (
        lambda c: store(c.file(c.victim, "altitude"), np.full(c.size * c.size, -32768, "<i2")),
        "implausible",
        "full",
    ),
    "35 altitude zero tail": (
        lambda c: zero_tail(c.file(c.victim, "altitude")),
        "zero-filled",
        "full",
    ),
    "18 altitude of noise": (
        lambda c: noise(c.file(c.victim, "altitude"), HEADER_BYTES, 2 * c.size * c.size),
        "implausible",
        "full",
    ),
    "17 0xFF block in the altitude": (
        lambda c: put(c.file(c.victim, "altitude"), 1024, b"\xff" * 512),
        "implausible",
        "full",
    ),
    "37 altitude holds the bands": (
        lambda c: shutil.copyfile(c.file(c.victim), c.file(c.victim, "altitude")),
        "wrong-size",
        "quick",
    ),
    "37 bands hold the altitude": (
        lambda c: shutil.copyfile(c.file(c.victim, "altitude"), c.file(c.victim)),
        "wrong-size",
        "quick",
    ),
    "38 zeros of a loader": (
        lambda c: store(c.file(c.victim), np.zeros(c.size * c.size * 5, "u1")),
        "zero-filled",
        "full",
    ),
    "39 wrong folder": (lambda c: relocate(c, c.root / "patches_fr/99/98"), "wrong-place", "quick"),
    "39 doubled nesting": (
        lambda c: relocate(c, c.root / "patches_fr/patches_fr_03/patches_fr_03/12/34"),
        "wrong-place",
        "quick",
    ),
    "39 doubled CD/AB": (lambda c: relocate(c, c.file(c.victim).parent / "12/34"), "wrong-place", "quick"),
    "39 name case": (
        lambda c: c.file(c.victim).rename(c.file(c.victim).with_suffix(".NPY")),
        "wrong-place",
        "quick",
    ),
    "41 folder under the name": (lambda c: replace_by(c, Path.mkdir), "wrong-type", "quick"),
    "41 FIFO": (lambda c: replace_by(c, os.mkfifo), "wrong-type", "quick"),
    "41 dangling link": (
        lambda c: replace_by(c, lambda path: path.symlink_to("nowhere.npy")),
        "wrong-type",
        "quick",
    ),
    "41 link loop": (lambda c: replace_by(c, lambda path: path.symlink_to(path.name)), "wrong-type", "quick"),
    "HTML under the name": (
        lambda c: c.file(c.victim).write_bytes(b"<!DOCTYPE html><p>Not found</p>" * 20),
        "bad-header",
        "quick",
    ),
}


def save_over(case: Case, dtype: str) -> None:
    save(case.file(case.victim), planes(case).astype(dtype))


def save_shape(case: Case, shape: tuple[int, ...]) -> None:
    save(case.file(case.victim), planes(case).ravel()[: int(np.prod(shape))].reshape(shape))


def shift_altitude(case: Case) -> None:
    path = case.file(case.victim, "altitude")
    # The byte that comes in at the end is one that the ground could have.
    edit(path, lambda raw: raw.__setitem__(slice(HEADER_BYTES, None), raw[HEADER_BYTES + 1 :] + raw[-2:-1]))


def relocate(case: Case, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for kind in ("bands", "altitude"):
        shutil.move(case.file(case.victim, kind), folder)


def replace_by(case: Case, make: Callable[[Path], object]) -> None:
    case.file(case.victim).unlink()
    make(case.file(case.victim))


@pytest.mark.parametrize("level", ["quick", "full", "deep"])
def test_clean_set_is_silent(case: Case, level: str) -> None:
    report = case.verify(level)
    assert report.findings == ()
    assert (report.ok, report.verdict) == (True, "whole")
    assert report.checked_ids.tolist() == case.ids
    assert report.unchecked_ids.size == 0


@pytest.mark.parametrize("level", ["quick", "full", "deep"])
def test_worlds_are_silent(tiny_world: Path, level: str) -> None:
    table = read_occurrences(sorted(tiny_world.glob("occurrences_*.csv")))
    options = VerifyOptions(level=level, patch_size=16)  # type: ignore[arg-type]
    assert verify_patches([tiny_world], table, options=options).findings == ()


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_found(case: Case, name: str) -> None:
    damage, expected_class, level = FAULTS[name]
    damage(case)
    for seen_from in ("quick", "full", "deep")[("quick", "full", "deep").index(level) :]:
        report = case.verify(seen_from)
        found = [f for f in report.errors if f.problem.fault == expected_class]
        assert [f.occurrence_id for f in found] == [case.victim] * len(found), report.findings
        assert found, report.findings
        assert found[0].archive == archive_of(case.victim)
        assert found[0].region == "fr"
        assert report.damaged_ids == (case.victim,)
        assert report.counts[expected_class] == 1
        assert report.verdict == "damaged"
        assert report.by_archive[archive_of(case.victim)].n_damaged == 1
        assert report.archives_to_fetch == (archive_of(case.victim),)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("10 foreign file", lambda c: c.file(c.victim).with_name("notes.txt").write_text("x")),
        ("10 half-written download", lambda c: c.file(c.victim).with_name("1.npy.part").write_bytes(b"x")),
        ("10 in the root", lambda c: (c.root / "patches_fr/readme.md").write_text("x")),
    ],
)
def test_foreign_files_are_warned_of(case: Case, name: str, damage: Damage) -> None:
    damage(case)
    report = case.verify("quick")
    assert [(f.problem.fault, f.problem.severity, f.occurrence_id) for f in report.findings] == [
        ("unexpected", "warning", None)
    ]
    assert report.counts == {"unexpected": 1}
    assert report.ok


def test_patch_of_no_table_is_warned_of_with_its_id(case: Case) -> None:
    others = case.table.ids != case.victim
    table = OccurrenceTable(
        *(column[others] for column in (case.table.ids, case.table.latitudes, case.table.longitudes))
    )
    report = verify_patches([case.root], table, options=VerifyOptions(patch_size=case.size))
    (warning,) = report.warnings
    assert (warning.problem.fault, warning.occurrence_id) == ("unexpected", case.victim)
    assert warning.archive == archive_of(case.victim)
    assert report.ok
    assert case.victim not in report.checked_ids


def test_copy_beside_a_whole_patch_is_no_damage(case: Case) -> None:
    shutil.copy(case.file(case.victim), case.file(case.victim).with_name("copy"))
    copy = shutil.copytree(case.root / "patches_fr", case.root / "copy")
    (case.root / "patches_fr/99/98").mkdir(parents=True, exist_ok=True)
    copy.rename(case.root / "patches_fr/99/98/again")
    report = case.verify("quick")
    assert report.ok
    assert set(report.counts) == {"unexpected"}


def undetectable(case: Case) -> dict[str, Damage]:
    n_pixels = case.size * case.size
    middle = HEADER_BYTES + 5 * (n_pixels // 2)
    return {
        "19 flipped bit": lambda c: edit(
            c.file(c.victim), lambda raw: raw.__setitem__(middle, raw[middle] ^ 1)
        ),
        "21 shift by a pixel": lambda c: store(
            c.file(c.victim), np.roll(planes(c).reshape(-1, 5), 1, axis=0)
        ),
        "21 altitude shifted by three pixels": lambda c: store(
            c.file(c.victim, "altitude"), np.roll(values(c.file(c.victim, "altitude"), "<i2"), 3)
        ),
        "22 doubled block": lambda c: store(
            c.file(c.victim), np.concatenate([planes(c)[: c.size // 2], planes(c)[: c.size // 2]])
        ),
        "23 half of the same region": lambda c: first_half_of(c, c.twin),
        "25 another patch of the region": lambda c: shutil.copyfile(c.file(c.twin), c.file(c.victim)),
        "28 red and blue swapped": lambda c: store(c.file(c.victim), planes(c)[:, :, [2, 1, 0, 3, 4]]),
        "29 near-infrared first": lambda c: store(c.file(c.victim), planes(c)[:, :, [3, 0, 1, 2, 4]]),
        "32 transposed": lambda c: store(c.file(c.victim), planes(c).transpose(1, 0, 2)),
        "36 altitude of another": lambda c: shutil.copyfile(
            c.file(c.twin, "altitude"), c.file(c.victim, "altitude")
        ),
    }


@pytest.mark.parametrize("row", ["19", "21 shift", "21 altitude", "22", "23", "25", "28", "29", "32", "36"])
def test_what_content_cannot_show_a_manifest_does(
    case: Case, row: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    manifest = tmp_path_factory.mktemp("manifest") / "good"
    case.verify("full", make_manifest=manifest)
    name, damage = next((n, d) for n, d in undetectable(case).items() if n.startswith(row))
    damage(case)
    with_manifest = case.verify("full", manifest=manifest)
    assert "checksum" in {f.problem.fault for f in with_manifest.errors}, name
    assert with_manifest.damaged_ids == (case.victim,)
    without = case.verify("full")
    assert len(without.cannot_see) > len(with_manifest.cannot_see) == 1


def test_cannot_see_names_the_rows_that_need_a_manifest(case: Case) -> None:
    words = " ".join(case.verify("full").cannot_see)
    for word in ("flipped bits", "whole pixels", "repeats another", "half of another", "transposed"):
        assert word in words
    assert "under the name of another" in words
    assert "altitude of another" in words
    assert "128 bytes" in " ".join(case.verify("quick").cannot_see)


def test_whole_file_of_odd_content_is_no_damage_if_the_manifest_has_it(
    case: Case, tmp_path_factory: pytest.TempPathFactory
) -> None:
    put(case.file(case.victim), 4096, b"\xff" * 512)
    options = VerifyOptions(patch_size=case.size, make_manifest="one that is never written")
    checked = verify_tree(survey([case.root]), case.table, options=options)
    assert case.victim not in {entry.occurrence_id for entry in checked.entries}
    raw = [case.file(case.victim, kind).read_bytes() for kind in ("bands", "altitude")]
    digest_of = digester(ALGORITHM)
    as_shipped = Entry(case.victim, (len(raw[0]), len(raw[1])), (digest_of(raw[0]), digest_of(raw[1])))
    manifest = tmp_path_factory.mktemp("manifest") / "as shipped"
    write_manifest(manifest_of([*checked.entries, as_shipped], ALGORITHM), manifest)
    report = case.verify("full", manifest=manifest)
    assert report.ok
    assert [(f.problem.fault, f.problem.severity) for f in report.findings] == [("implausible", "warning")]


def test_wrong_patch_is_found_by_its_twin(case: Case) -> None:
    for kind in ("bands", "altitude"):
        shutil.copyfile(case.file(case.twin, kind), case.file(case.victim, kind))
    report = case.verify("deep")
    assert report.counts == {"duplicate-content": 2}
    assert report.damaged_ids == tuple(sorted((case.victim, case.twin)))
    assert case.verify("full").ok


def test_wrong_bands_beside_the_right_altitude_are_found(case: Case) -> None:
    shutil.copyfile(case.file(case.twin, "bands"), case.file(case.victim, "bands"))
    report = case.verify("deep")
    assert report.counts == {"duplicate-content": 2}
    assert report.damaged_ids == tuple(sorted((case.victim, case.twin)))
    full = case.verify("full")
    assert full.ok
    assert "the bands, or all, of a patch" in " ".join(full.cannot_see)


def test_wrong_bands_of_a_patch_that_is_not_there_are_named(case: Case) -> None:
    shutil.copyfile(case.file(case.twin, "bands"), case.file(case.victim, "bands"))
    keep = case.table.ids != case.twin
    table = OccurrenceTable(case.table.ids[keep], case.table.latitudes[keep], case.table.longitudes[keep])
    for kind in ("bands", "altitude"):
        case.file(case.twin, kind).unlink()
    report = dataclasses.replace(case, table=table).verify("deep")
    assert report.ok
    assert "if its own patch is absent" in " ".join(report.cannot_see)


def test_real_zero_tail_is_found(realdata: Path, tmp_path: Path) -> None:
    folder = tmp_path / "patches_fr/00/19"
    folder.mkdir(parents=True)
    shutil.copyfile(realdata / "faults/10561900_zero_tail.npy", folder / "10561900.npy")
    shutil.copyfile(realdata / "patches/patches_fr/00/19/10561900_alti.npy", folder / "10561900_alti.npy")
    report = verify_patches([tmp_path / "patches_fr"], np.array([10561900]))
    assert [
        (f.problem.fault, f.occurrence_id) for f in report.errors if f.problem.fault == "zero-filled"
    ] == [("zero-filled", 10561900)]


def test_errors_of_the_system_are_their_own_class(monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    real_open = os.open

    def failing(path: str, *arguments: object, **options: object) -> int:
        if str(path) == str(case.file(case.victim)):
            raise PermissionError(13, "Permission denied")
        return real_open(path, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", failing)
    report = case.verify("full")
    assert report.counts == {"unreadable": 1}
    assert report.verdict == "unknown"
    assert not report.ok
    assert problem_of_error(OSError(5, "Input/output error")).fault == "unreadable"
    case.file(case.twin).unlink()
    assert case.verify("full").verdict == "damaged"  # damage was found too


def test_unlistable_folders_are_unreadable(monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    real_scandir = os.scandir

    def failing(path: object) -> object:
        if str(path) in blocked:
            raise PermissionError(13, "Permission denied")
        return real_scandir(path)  # type: ignore[call-overload]

    blocked: list[str] = []
    monkeypatch.setattr(os, "scandir", failing)
    for folder in (case.file(case.victim).parent, case.file(case.victim).parents[1]):
        blocked = [str(folder)]
        report = case.verify("quick")
        assert "missing" not in report.counts
        assert case.victim in report.damaged_ids
        assert report.verdict == "unknown"


def test_file_that_changes_during_the_check_is_unstable(case: Case) -> None:
    path = case.file(case.victim)
    before = path.stat()
    os.utime(path, ns=(0, before.st_mtime_ns - 1))
    result = check_file(
        str(path), before, kind="bands", region="fr", options=VerifyOptions(patch_size=case.size)
    )
    assert [problem.fault for problem in result.problems] == ["unstable"]
    path.unlink()
    result = check_file(
        str(path), before, kind="bands", region="fr", options=VerifyOptions(patch_size=case.size)
    )
    assert [problem.fault for problem in result.problems] == ["unstable"]


def test_every_class_is_one_that_reports_know() -> None:
    assert {expected for _, expected, _ in FAULTS.values()} <= set(CLASSES)
