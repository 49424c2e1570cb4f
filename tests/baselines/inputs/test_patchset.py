"""Patches as a data set: whole, in their order, with labels, from files and archives, through workers."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from commands import glckit as run

import glckit
from baselines.covariates.patches.reading import PatchReader
from baselines.covariates.patches.sources import open_patches
from submissions.errors import BadInputError, CannotCheckError, UsageError
from submissions.tables import read_occurrences

torch = pytest.importorskip("torch")
from torch.utils.data import DataLoader  # noqa: E402

from baselines.inputs.patchset import PatchDataset  # noqa: E402


@pytest.fixture(autouse=True)
def _checks_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def world(tiny_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world to verify: a copy, that shares files with nobody."""
    return Path(shutil.copytree(tiny_world, tmp_path_factory.mktemp("patchset") / "world"))


def tables(world: Path, part: str = "train") -> list[Path]:
    return sorted(world.glob(f"occurrences_??_{part}.csv"))


def place_of(world: Path, occurrence_id: int) -> Path:
    (found,) = world.glob(f"patches_*/**/{occurrence_id}.npy")
    return found


def doubled(planes: Any) -> Any:
    return planes * 2


def test_items_are_what_files_and_tables_hold(world: Path) -> None:
    dataset = PatchDataset(tables(world))
    table = read_occurrences(tables(world))
    reader = PatchReader(open_patches(world), patch_size=16)
    assert dataset.ids.tolist() == table.ids.tolist()
    assert table.species is not None
    for row in range(0, len(dataset), 17):
        planes, label = dataset[row]
        assert planes.dtype == torch.float32
        assert np.array_equal(planes.numpy(), reader.read(int(table.ids[row])))
        assert dataset.species[label] == table.species[row]
    assert dataset.species.tolist() == np.unique(table.species).tolist()
    assert (dataset.patch_size, len(dataset.plane_names)) == (16, 6)
    shown = f"n_occurrences={len(table)}, n_species={len(dataset.species)}, shape=(6, 16, 16)"
    assert repr(dataset) == f"PatchDataset({shown})"
    assert dataset.verification["level"] == "quick"
    assert dataset.left_out == {}


def test_it_is_handed_on() -> None:
    assert glckit.PatchDataset is PatchDataset


def test_an_item_is_a_tensor_of_its_own(world: Path) -> None:
    dataset = PatchDataset(tables(world))
    first, _ = dataset[0]
    kept = first.clone()
    _ = dataset[1]
    assert torch.equal(first, kept)


def test_without_species_an_item_is_planes_alone(world: Path) -> None:
    dataset = PatchDataset(tables(world, "test"), land_cover="unstacked", transform=doubled)
    assert dataset.labels is None
    assert dataset[0].shape == (39, 16, 16)
    plain = PatchDataset(tables(world, "test"), land_cover="unstacked")
    assert torch.equal(dataset[3], plain[3] * 2)


def test_ids_alone(world: Path) -> None:
    ids = read_occurrences(tables(world)).ids[[5, 2, 9]]
    dataset = PatchDataset(ids, world)
    assert dataset.ids.tolist() == ids.tolist()
    assert torch.equal(dataset[0], PatchDataset(tables(world))[5][0])


def test_labels_are_positions_in_the_species_given(world: Path) -> None:
    both = PatchDataset(tables(world))
    one = PatchDataset(tables(world)[:1], species=both.species)
    assert one.species.tolist() == both.species.tolist()
    assert one.labels.tolist() == both.labels[: len(one)].tolist()
    unknown = f"such as {both.species[0]}"
    with pytest.raises(UsageError, match=unknown):
        PatchDataset(tables(world), species=both.species[1:])


@pytest.mark.parametrize("start", [None, "spawn"])
def test_workers_read_the_same(world: Path, start: str | None) -> None:
    context = None if start is None else multiprocessing.get_context(start)
    dataset = PatchDataset(tables(world), land_cover="unstacked", transform=doubled)
    n_workers = 1 if start == "spawn" else 2
    loader = DataLoader(dataset, batch_size=32, num_workers=n_workers, multiprocessing_context=context)
    found = [(planes, labels) for planes, labels in loader]
    assert torch.cat([labels for _, labels in found]).tolist() == dataset.labels.tolist()
    expected = torch.stack([dataset[row][0] for row in range(len(dataset))])
    assert torch.equal(torch.cat([planes for planes, _ in found]), expected)


def test_it_can_be_pickled(world: Path) -> None:
    dataset = PatchDataset(tables(world))
    again = pickle.loads(pickle.dumps(dataset))  # noqa: S301 - our own
    assert torch.equal(again[4][0], dataset[4][0])


def test_straight_from_archives(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archives = shutil.copytree(world / "archives", tmp_path / "archives")
    with pytest.raises(BadInputError, match="archives have not been verified"):
        PatchDataset(tables(world), archives)
    monkeypatch.chdir(world)  # for its patch size
    assert run("verify-patches", archives).exit_code == 0
    archived, extracted = PatchDataset(tables(world), archives), PatchDataset(tables(world))
    for row in (0, 7, len(archived) - 1):
        assert torch.equal(archived[row][0], extracted[row][0])


def _zeroed(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def _with_code(path: Path) -> None:
    bands = np.load(path)
    bands[3, 3, 4] = 77
    np.save(path, bands)


DAMAGE: dict[str, Callable[[Path], None]] = {
    "missing": Path.unlink,
    "cut": lambda path: os.truncate(path, 500),
    "zeros": _zeroed,
}


@pytest.fixture
def damageable(world: Path, tmp_path: Path) -> Path:
    """A copy of the extracted world, to be damaged."""
    copy = tmp_path / "copy"
    shutil.copytree(world, copy, ignore=shutil.ignore_patterns("archives", "rasters"))
    return copy


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_refused_or_left_out(kind: str, damageable: Path) -> None:
    victim = int(read_occurrences(tables(damageable)).ids[8])
    DAMAGE[kind](place_of(damageable, victim))
    with pytest.raises(BadInputError, match=r"1 of .* occurrences have damaged patches"):
        PatchDataset(tables(damageable))
    dropped = PatchDataset(tables(damageable), on_damaged="drop")
    assert victim not in dropped.ids
    assert dropped.left_out == {"damaged patches": 1}
    assert dropped.verification["on_damaged"] == "drop"
    every = PatchDataset(tables(damageable.parent / "copy"), on_damaged="drop")
    whole = read_occurrences(tables(damageable))
    assert every.ids.tolist() == whole.ids[whole.ids != victim].tolist()
    assert whole.species is not None
    assert every.species[every.labels].tolist() == whole.species[whole.ids != victim].tolist()


def test_what_is_readable_may_be_used_as_it_is(damageable: Path) -> None:
    """A code that no plane has is in none of them."""
    victim = int(read_occurrences(tables(damageable)).ids[8])
    _with_code(place_of(damageable, victim))
    with pytest.raises(BadInputError, match="holds a land cover code 77, above 33"):
        PatchDataset(tables(damageable), land_cover="unstacked")[8]
    assert PatchDataset(tables(damageable))[8][0][4].max() == 77
    dataset = PatchDataset(tables(damageable), on_damaged="ignore", land_cover="unstacked")
    planes, _ = dataset[8]
    present = planes[4:38].sum(dim=0)
    assert present[3, 3] == 0
    assert present.sum() == present.numel() - 1


@pytest.mark.parametrize("n_workers", [0, 1])
def test_damage_after_the_gate_stops_the_loader(n_workers: int, damageable: Path) -> None:
    dataset = PatchDataset(tables(damageable))
    victim = int(dataset.ids[8])
    place_of(damageable, victim).unlink()
    with pytest.raises(BadInputError, match=f"patch of occurrence {victim} is missing"):
        list(DataLoader(dataset, batch_size=4, num_workers=n_workers))


def test_some_without_species_are_refused(world: Path) -> None:
    with pytest.raises(UsageError, match=r"of 200 occurrences have no species"):
        PatchDataset([*tables(world), *tables(world, "test")])


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "land cover": (lambda world: PatchDataset(tables(world), land_cover="x"), "Unknown land_cover"),  # type: ignore[arg-type]
    "damage": (lambda world: PatchDataset(tables(world), on_damaged="x"), "on_damaged"),  # type: ignore[arg-type]
    "frame": (lambda world: PatchDataset(pd.DataFrame({"id": [1]})), "Occurrences are .* DataFrame"),
    "patches": (lambda world: PatchDataset(tables(world), 3), "Patches are paths .* int"),  # type: ignore[arg-type]
    "species": (lambda world: PatchDataset(tables(world), species=["a"]), "Species are ids"),
    "descending": (lambda world: PatchDataset(tables(world), species=[9, 3]), "Species must ascend"),
    "doubled": (lambda world: PatchDataset(tables(world), species=[3, 3, 9]), "Species must ascend"),
    "nothing": (lambda world: PatchDataset([]), "No occurrence tables"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_meant_is_refused(case: str, world: Path) -> None:
    refused, message = REFUSED[case]
    with pytest.raises(UsageError, match=message):
        refused(world)


def test_a_missing_patch_is_looked_for_in_the_folder_of_its_region(damageable: Path) -> None:
    unseen = PatchDataset(damageable / "occurrences_us_test.csv")
    occurrence_id = int(unseen.ids[0])
    for path in (damageable / "patches_us").rglob(f"{occurrence_id}.npy"):
        path.unlink()
    with pytest.raises(BadInputError, match="patches_us"):
        unseen[0]


def test_a_folder_without_patches(world: Path, tmp_path: Path) -> None:
    with pytest.raises(CannotCheckError, match="no patches"):
        PatchDataset(tables(world), tmp_path)
