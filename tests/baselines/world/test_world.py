"""Worlds: equal from equal seeds, laid out and distributed as the real files are, and solvable."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import shutil
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from told import Told
from typer.testing import CliRunner

from baselines.covariates.occurrences import Occurrences, read_all_occurrences
from baselines.covariates.patches.layout import parse_path, relative_path
from baselines.covariates.rasters.extraction import EnvironmentalVectors, extract_vectors
from baselines.covariates.rasters.layout import RASTER_NAMES, RasterLayout
from baselines.integrity.options import VerifyOptions
from baselines.integrity.verify import verify_patches
from baselines.world import folder as world_folder
from baselines.world.draws import below, key_of, shuffled, uniform
from baselines.world.fields import Grids, noise
from baselines.world.folder import WorldPlan, make_world
from baselines.world.ground import HABITATS, WorldGround
from baselines.world.occurrences import RegionOccurrences, occurrences_of, weights_at
from baselines.world.patches import PatchBatch, cut_patches
from baselines.world.regions import WORLD_REGIONS, Places, places_at
from baselines.world.species import draw_species, species_of
from glckit.cli import app
from scoring.sparse import Pairs
from submissions.errors import CannotCheckError, UsageError
from submissions.tables import read_occurrences, read_species, read_truth
from submissions.writing import write_run

TINY = WorldPlan(n_occurrences=200, n_species=20, patch_size=16)


@pytest.fixture(scope="module")
def tiny_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a world that no other test has read: readers keep indexes beside archives."""
    return make_world(tmp_path_factory.mktemp("own") / "world", TINY).folder


FR, US = WORLD_REGIONS


def _hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _decoded(folder: Path) -> str:
    """Return one hash over what a reader gets from a world, whatever the encoders made of it."""
    sha = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        sha.update(path.relative_to(folder).as_posix().encode())
        if path.suffix == ".tif":
            with rasterio.open(path) as raster:
                sha.update(raster.read(1).tobytes())
        elif path.parent.name == "runs" and path.suffix == ".csv":
            sha.update(np.loadtxt(path, delimiter=";", skiprows=1).tobytes())
        elif path.suffix in {".csv", ".npy", ".toml"}:
            sha.update(path.read_bytes())
    return sha.hexdigest()[:16]


@pytest.fixture(scope="module")
def full_size() -> list[RegionOccurrences]:
    """Return the occurrences of the default world, without its files."""
    return [occurrences_of(region, species_of(0, 300), seed=0, n=3000) for region in WORLD_REGIONS]


# ---------------------------------------------------------------- the same again


def test_equal_seeds_give_equal_bytes(tiny_world: Path, tmp_path: Path) -> None:
    again = make_world(tmp_path / "again", TINY)
    assert _hashes(again.folder) == _hashes(tiny_world)


def test_a_world_decodes_to_the_same_values_on_every_machine(tiny_world: Path) -> None:
    # A golden: when a change of the generator is meant, raise its generation and write the new one.
    assert _decoded(tiny_world) == "64c93adad52266e3"


def test_another_seed_gives_another_world(tiny_world: Path, tmp_path: Path) -> None:
    other = make_world(tmp_path / "other", WorldPlan(1, 200, 20, 16)).folder
    for name in (
        "truth.csv",
        "rasters/bio_12/bio_12_FR.tif",
        "occurrences_us_train.csv",
        "species_metadata.csv",
    ):
        assert (other / name).read_bytes() != (tiny_world / name).read_bytes()


def test_draws_are_uniform_and_orders_are_permutations() -> None:
    numbers = uniform(key_of(3, "test"), 20_000)
    counts = np.histogram(numbers, bins=20, range=(0, 1))[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 43.8  # chi squared, 19 degrees of freedom, p = 0.001
    assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 0.03
    assert sorted(shuffled(key_of(3, "order"), 500).tolist()) == list(range(500))
    assert np.ptp(below(key_of(3, "dice"), 1000, bound=7)) == 6


def test_noise_is_smooth_and_independent_of_the_grid_around() -> None:
    rows, columns = np.arange(-70, 90)[np.newaxis], np.arange(-5, 200)[np.newaxis]
    field = noise(11, Grids(rows, columns), scale=32)
    assert field.min() >= 0
    assert field.max() < 1
    for axis in (1, 2):
        assert np.abs(np.diff(field, axis=axis)).max() < 1.5 / 32
    row, column = np.array([[-70], [40]]), np.array([[150], [-1]])
    assert noise(11, Grids(row, column), scale=32)[:, 0, 0].tolist() == [field[0, 0, 155], field[0, 110, 4]]


# ---------------------------------------------------------------- rasters


def test_every_raster_opens_with_crs_and_nodata(tiny_world: Path) -> None:
    configuration = tomllib.loads((tiny_world / "competition.toml").read_text())
    settings = configuration["data"]["nodata"]
    layout = RasterLayout(tiny_world / "rasters", nodata=settings)
    kinds = set()
    for region in ("fr", "us"):
        for name in RASTER_NAMES:
            with rasterio.open(layout.path(name, region)) as raster:
                cells, tag = raster.read(1), raster.nodata
                assert raster.crs.to_epsg() == 4326
            assert (tag is None) == (name in settings)
            is_sea = cells == cells.dtype.type(settings[name] if tag is None else tag)
            assert 0.08 < is_sea.mean() < 0.16
            land = cells[~is_sea].astype(float)
            assert (land == np.rint(land)).all()
            assert len(np.unique(land)) > 10
            kinds.add((cells.dtype.name, tag is None))
    assert kinds == {
        ("uint16", True),
        *((kind, False) for kind in ("int8", "uint8", "int16", "int32", "float32")),
    }


def test_rasters_are_extracted_but_for_the_few_places_outside_and_at_sea(tiny_world: Path) -> None:
    occurrences, vectors = _vectors(tiny_world)
    assert vectors.outside.any(axis=1).sum() >= 1
    south = occurrences.latitudes < 25.0
    assert (vectors.outside.all(axis=1) == south).all()
    assert 1 <= vectors.n_nodata <= 8
    assert vectors.complete.mean() > 0.95


# ---------------------------------------------------------------- tables


def test_the_tables_are_the_official_ones(tiny_world: Path) -> None:
    tables = {path.name: path.read_text().splitlines() for path in tiny_world.glob("*.csv")}
    assert set(tables) == {
        *(f"occurrences_{region}_{part}.csv" for region in ("fr", "us") for part in ("train", "test")),
        "truth.csv",
        "species_metadata.csv",
    }
    assert tables["occurrences_fr_test.csv"][0] == "id;lat;lon"
    assert tables["occurrences_us_train.csv"][0] == "id;lat;lon;species_id"
    assert tables["species_metadata.csv"][0] == "species_id;GBIF_species_id;GBIF_species_name"
    assert read_species(tiny_world / "species_metadata.csv").tolist() == list(range(20))
    names = [row[2] for row in csv.reader(tables["species_metadata.csv"][1:], delimiter=";")]
    assert len(set(names)) == 20


def test_truth_and_tests_agree_and_no_quadrat_is_cut(tiny_world: Path) -> None:
    train = read_all_occurrences(sorted(tiny_world.glob("occurrences_*_train.csv")))
    test = read_all_occurrences(sorted(tiny_world.glob("occurrences_*_test.csv")))
    assert len(train) + len(test) == 200
    assert sorted(test.ids.tolist()) == read_truth(tiny_world / "truth.csv").ids.tolist()
    assert not set(map(tuple, train.quadrats.tolist())) & set(map(tuple, test.quadrats.tolist()))
    assert set(test.regions.tolist()) == set(train.regions.tolist()) == {"fr", "us"}
    assert read_truth(tiny_world / "truth.csv").species.max() < 20


def test_ids_are_those_of_the_regions(full_size: list[RegionOccurrences]) -> None:
    fr, us = (occurrences.ids for occurrences in full_size)
    assert len(set(fr.tolist()) | set(us.tolist())) == 6000
    assert fr.min() >= 10_000_000
    assert us.min() < 1000  # short ids, whose patches lie in folders of one letter
    assert 100 <= us.min() < us.max() < 10_000_000
    assert {len(str(i)) for i in us.tolist()} == {3, 4, 5, 6, 7}


def test_places_are_shared_and_held_out_as_in_the_challenge(full_size: list[RegionOccurrences]) -> None:
    for occurrences, shared in zip(full_size, (0.24, 0.07), strict=True):
        pairs = np.stack(occurrences.places.degrees(), axis=1)
        _, inverse, counts = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
        assert abs((counts[inverse.reshape(-1)] > 1).mean() - shared) < 0.03
        assert 0.19 < occurrences.is_test.mean() < 0.23
        assert 0.99 < occurrences.climate.on_land(occurrences.places).mean() < 1


def test_frequencies_have_a_long_tail_and_pools_are_partly_shared(full_size: list[RegionOccurrences]) -> None:
    counts = [np.bincount(occurrences.species, minlength=300) for occurrences in full_size]
    for count in counts:
        assert count.max() > 8 * np.median(count[count > 0])
        assert 0.2 < (count[count > 0] <= 5).mean() < 0.5
    present = [count > 0 for count in counts]
    assert 60 < (present[0] & present[1]).sum() < 110
    assert min((present[0] & ~present[1]).sum(), (present[1] & ~present[0]).sum()) > 60


# ---------------------------------------------------------------- patches


def _patches(occurrences: RegionOccurrences, rows: NDArray[np.int64], size: int) -> Iterator[PatchBatch]:
    yield from cut_patches(occurrences.ground, occurrences.places.take(rows), patch_size=size)


def _neighbour_correlation(plane: NDArray[np.float64]) -> float:
    sideways = np.corrcoef(plane[:, :-1].ravel(), plane[:, 1:].ravel())[0, 1]
    return float(sideways + np.corrcoef(plane[:-1].ravel(), plane[1:].ravel())[0, 1]) / 2


def _longest_run(values: bytes) -> int:
    array = np.frombuffer(values, dtype=np.uint8)
    ends = np.flatnonzero(np.concatenate([[True], array[1:] != array[:-1], [True]]))
    return int(np.diff(ends).max())


@pytest.mark.parametrize("region", [0, 1])
def test_patches_of_real_size_look_real(full_size: list[RegionOccurrences], region: int) -> None:
    # What nine real patches showed, and with it every content check that damage is told by.
    occurrences = full_size[region]
    codes = set(range(occurrences.region.land_cover[0], occurrences.region.land_cover[1] + 1))
    green_highest = []
    for batch in _patches(occurrences, np.arange(0, 3000, 150), 256):
        for bands, altitude in zip(batch.bands, batch.altitudes.astype(int), strict=True):
            planes = bands.astype(float)
            correlations = [_neighbour_correlation(planes[..., band]) for band in range(4)]
            assert min(correlations[:3]) >= 0.69
            assert max(correlations) < 0.995
            flat = np.corrcoef(planes[..., :3].reshape(-1, 3).T)
            assert min(flat[0, 1], flat[1, 2]) >= 0.85
            shares = np.bincount(bands[..., 0].ravel()) / bands[..., 0].size
            assert 3.4 <= -(shares[shares > 0] * np.log2(shares[shares > 0])).sum() <= 7.7
            cover = bands[..., 4]
            assert set(np.unique(cover).tolist()) <= codes
            assert len(np.unique(cover)) <= 11
            assert max((cover[1:] != cover[:-1]).mean(), (cover[:, 1:] != cover[:, :-1]).mean()) < 0.032
            assert bands[..., :4].min() > 33
            assert _longest_run(bands.tobytes()) <= 5
            assert max(np.abs(np.diff(altitude, axis=axis)).max() for axis in (0, 1)) <= 1
            assert 10 <= np.ptp(altitude) <= 100
            assert altitude.min() >= 0
            green_highest.append(int(planes[..., :3].mean(axis=(0, 1)).argmax()) == 1)
    assert np.mean(green_highest) > 0.7


def test_small_patches_are_the_middles_of_large_ones(full_size: list[RegionOccurrences]) -> None:
    rows = np.arange(5)
    large, small = (next(_patches(full_size[1], rows[:1], size)) for size in (256, 64))
    assert (large.bands[0, 96:160, 96:160] == small.bands[0]).all()
    assert (large.altitudes[0, 96:160, 96:160] == small.altitudes[0]).all()


def test_patches_depend_on_the_place_alone(full_size: list[RegionOccurrences]) -> None:
    ground = full_size[0].ground
    south, east = np.array([5000, 5000, 5007, 90_000]), np.array([8000, 8000, 8011, 70_000])
    patches = [
        next(cut_patches(ground, places, patch_size=32))
        for places in _each(places_at(FR, south=south, east=east))
    ]
    assert (patches[0].bands == patches[1].bands).all()
    moved_m = [places_at(FR, south=south[[row]], east=east[[row]]).metres() for row in (0, 2)]
    down, right = (int((moved_m[1][axis] - moved_m[0][axis]).item()) for axis in (0, 1))
    assert (patches[0].bands[0, down:, right:] == patches[2].bands[0, : 32 - down, : 32 - right]).all()
    assert (patches[0].bands != patches[3].bands).mean() > 0.5


def _each(places: Places) -> Iterator[Places]:
    for row in range(len(places)):
        yield places.take(np.array([row]))


def test_trees_and_archives_hold_every_patch(tiny_world: Path) -> None:
    occurrences = read_all_occurrences(sorted(tiny_world.glob("occurrences_*.csv")))
    members = dict(_members(tiny_world / "archives"))
    assert len(members) == 2 * len(occurrences)
    for occurrence_id, region in zip(occurrences.ids.tolist(), occurrences.regions.tolist(), strict=True):
        for kind, shape in (("bands", (16, 16, 5)), ("altitude", (16, 16))):
            relative = relative_path(occurrence_id, kind)
            content = (tiny_world / f"patches_{region}" / relative).read_bytes()
            assert members[relative] == content
            assert np.load(io.BytesIO(content)).shape == shape
    files = [path for path in tiny_world.glob("patches_*/**/*") if path.is_file()]
    assert len(files) == len(members)


def _members(archives: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what the archives hold, by the path below the root, each where it belongs."""
    for path in sorted(archives.iterdir()):
        for name, content in _members_of(path):
            where = parse_path(name)
            assert where is not None
            assert where.in_place
            assert where.region == path.name[8:10]
            yield name.split("/", 1)[1], content


def _members_of(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.suffix == ".zip":
        assert path.name.startswith("patches_fr")
        with zipfile.ZipFile(path) as archive:
            yield from ((name, archive.read(name)) for name in archive.namelist())
    elif path.suffix == ".gz":
        assert path.name.startswith("patches_us")
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(path.read_bytes()))) as archive:
            for member in archive:
                file = archive.extractfile(member)
                assert file is not None
                yield member.name, file.read()


def test_the_hashes_are_those_of_the_archives(tiny_world: Path) -> None:
    folder = tiny_world / "archives"
    listed = dict(line.split("  ")[::-1] for line in (folder / "hashes.md5").read_text().splitlines())
    archives = [path for path in folder.iterdir() if path.name != "hashes.md5"]
    assert listed == {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in archives}  # noqa: S324
    assert len(listed) == 40


def test_a_deep_verification_finds_nothing(tiny_world: Path) -> None:
    table = read_occurrences(sorted(tiny_world.glob("occurrences_*.csv")))
    options = VerifyOptions(level="deep", patch_size=16, jobs=1)
    report = verify_patches([tiny_world], table, options=options)
    assert len(report.checked_ids) == 200
    assert not report.findings


# ---------------------------------------------------------------- niches


def test_probabilities_are_the_products_of_the_niches() -> None:
    pool = species_of(5, 40)
    gradients, ground = np.array([[100, 9000, 5000, 2500, 7777]]), np.array([[4, 200, 650]])
    weights = pool.weights(gradients, ground, region="us")[0]
    for species in range(40):
        expected = pool.abundances["us"][species]
        for value, optimum in zip(gradients[0], pool.gradient_optima[species], strict=True):
            expected /= (1 + ((value - optimum) / 3800) ** 2) ** 2
        expected /= (1 + ((200 - pool.fine_optima[species, 0]) / 66) ** 2) ** 2
        expected /= (1 + ((650 - pool.fine_optima[species, 1]) / 430) ** 2) ** 2
        best, second = pool.habitats[species]
        expected *= 1.0 if best == 4 else 0.3 if second == 4 else 0.06
        floor = 1 if pool.abundances["us"][species] > 0 else 0
        assert weights[species] == pytest.approx(max(expected * 2**40, floor), rel=1e-6, abs=1)


def test_species_are_drawn_by_their_weights() -> None:
    weights = np.tile([[10, 0, 30, 60]], (20_000, 1))
    counts = np.bincount(draw_species(weights, key_of(1, "draw")), minlength=4)
    assert counts[1] == 0
    expected = np.array([2000, 6000, 12_000])
    assert ((counts[[0, 2, 3]] - expected) ** 2 / expected).sum() < 13.8  # 2 degrees of freedom, p = 0.001


def test_the_bayes_run_holds_the_probabilities_of_the_draws(tiny_world: Path) -> None:
    with (tiny_world / "runs" / "bayes.csv").open() as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    found = {(int(row["occurrence_id"]), int(row["species_id"])): float(row["probability"]) for row in rows}
    for region in WORLD_REGIONS:
        pool = species_of(0, 20)
        occurrences = occurrences_of(region, pool, seed=0, n=100)
        weights = np.concatenate(
            [each for _, each in weights_at(occurrences.climate, occurrences.places, pool=pool)]
        )
        for row in np.flatnonzero(occurrences.is_test):
            total = sum(weights[row].tolist())
            for species in np.flatnonzero(weights[row]).tolist():
                assert found.pop((int(occurrences.ids[row]), species)) == int(weights[row, species]) / total
    assert not found


def test_habitats_are_told_by_the_land_cover_code_at_the_place(full_size: list[RegionOccurrences]) -> None:
    for occurrences in full_size:
        places = occurrences.places.take(np.arange(300))
        patches = next(cut_patches(occurrences.ground, places, patch_size=8))
        codes = patches.bands[:, 4, 4, 4].astype(int) - occurrences.region.land_cover[0]
        habitats = WorldGround(occurrences.region, 0).at(places)[:, 0]
        assert (np.minimum((codes + 1) // 2, len(HABITATS) - 1) == habitats).all()


# ---------------------------------------------------------------- floor, forest, ceiling


def _vectors(folder: Path) -> tuple[Occurrences, EnvironmentalVectors]:
    occurrences = read_all_occurrences(sorted(folder.glob("occurrences_*.csv")))
    layout = RasterLayout(folder / "rasters", nodata={"bio_1": 0})
    places = occurrences.latitudes, occurrences.longitudes
    return occurrences, extract_vectors(*places, regions=occurrences.regions, layout=layout)


def _of_patches(folder: Path, occurrences: Occurrences) -> NDArray[np.float64]:
    """Return what little a reader makes of each patch: its middle, and the mean near-infrared."""
    rows = []
    for occurrence_id, region in zip(occurrences.ids.tolist(), occurrences.regions.tolist(), strict=True):
        tree = folder / f"patches_{region}"
        bands = np.load(tree / relative_path(occurrence_id, "bands"))
        altitude = np.load(tree / relative_path(occurrence_id, "altitude"))
        middle = len(bands) // 2
        cover = np.arange(34) == bands[middle, middle, 4]
        rows.append([*cover, altitude[middle, middle], *bands[..., :4].mean(axis=(0, 1))])
    return np.array(rows, dtype=float)


def _write_forest_run(
    path: Path, occurrences: Occurrences, features: NDArray[np.floating]
) -> NDArray[np.float64]:
    from sklearn.ensemble import RandomForestClassifier

    train = np.flatnonzero(occurrences.labelled)
    test = np.flatnonzero(~occurrences.labelled)
    forest = RandomForestClassifier(60, max_depth=10, random_state=0)
    forest.fit(features[train], occurrences.species[train])
    scores = forest.predict_proba(features[test])
    _write(path, occurrences.ids[test], forest.classes_, scores)
    return scores


def _write(
    path: Path, ids: NDArray[np.int64], classes: NDArray[np.int64], scores: NDArray[np.float64]
) -> None:
    offsets = np.arange(len(ids) + 1) * len(classes)
    pairs = Pairs(offsets, np.tile(classes, len(ids)), scores.ravel())
    write_run(path, ids, pairs, max_rows=150)


def test_prior_forest_and_bayes_score_in_that_order(tmp_path: Path) -> None:
    world = make_world(tmp_path / "world", WorldPlan(n_occurrences=3000, n_species=200, patch_size=8)).folder
    occurrences, vectors = _vectors(world)
    of_rasters = np.where(np.isnan(vectors.values), -9999, vectors.values)
    runs = {
        name: world / "runs" / f"{name}.csv" for name in ("prior", "rasters", "patches", "fused", "bayes")
    }
    made = CliRunner().invoke(app, ["baseline", "prior", "--data", str(world)])
    assert made.exit_code == 0, made.output
    by_rasters = _write_forest_run(runs["rasters"], occurrences, of_rasters)
    by_patches = _write_forest_run(runs["patches"], occurrences, _of_patches(world, occurrences))
    test = np.flatnonzero(~occurrences.labelled)
    classes = np.unique(occurrences.species[occurrences.labelled])
    _write(runs["fused"], occurrences.ids[test], classes, (by_rasters + by_patches) / 2)
    command = ["score", *map(str, runs.values()), "--truth", str(world / "truth.csv"), "--json"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    scores = dict(zip(runs, (report["adaptive_top_k"] for report in found), strict=True))
    assert scores["prior"] + 0.1 < min(scores["rasters"], scores["patches"])
    # Each of the two knows something that the other does not.
    assert max(scores["rasters"], scores["patches"]) + 0.02 < scores["fused"]
    assert scores["fused"] + 0.08 < scores["bayes"]


# ---------------------------------------------------------------- the folder


def test_a_folder_with_other_content_is_refused(tiny_world: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"notes\.txt, and no world\.json"):
        make_world(tmp_path, TINY)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(UsageError, match=r'world\.json says .*"seed": 0'):
        make_world(tiny_world, WorldPlan(1, 200, 20, 16))
    with pytest.raises(UsageError, match="is a file"):
        make_world(tmp_path / "notes.txt", TINY)


def test_making_it_again_mends_a_world_and_leaves_the_rest_alone(tiny_world: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_world, copy)
    (copy / "truth.csv").write_text("damaged")
    (copy / "rasters" / "bio_1" / "bio_1_FR.tif").unlink()
    (copy / "runs" / "mine.csv").write_text("mine")
    make_world(copy, TINY)
    expected = _hashes(tiny_world) | {"runs/mine.csv": hashlib.sha256(b"mine").hexdigest()}
    assert _hashes(copy) == expected
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_an_empty_folder_is_filled_and_patches_may_stay_packed(tmp_path: Path) -> None:
    told = Told()
    world = make_world(tmp_path, TINY, extract=False, progress=told)
    assert not list(tmp_path.glob("patches_*"))
    assert len(list((tmp_path / "archives").iterdir())) == 41
    assert (tmp_path / "world.json").is_file()
    assert sum(world.n_train.values()) + sum(world.n_test.values()) == 200
    assert told.bars == [("patches", 200, 200)]


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(folder: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(world_folder, "write_hashes", full)
    with pytest.raises(CannotCheckError, match="No space left"):
        make_world(tmp_path / "world", TINY)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "options",
    [["--patch-size", "4"], ["--occurrences", "3"], ["--species", "0"], ["--occurrences", "10000000"]],
)
def test_the_command_refuses_what_no_world_can_be(tmp_path: Path, options: list[str]) -> None:
    result = CliRunner().invoke(app, ["world", str(tmp_path / "world"), *options])
    assert result.exit_code == 2
    assert "Choose" in result.stderr
    assert not list(tmp_path.iterdir())


def test_the_command_makes_a_world_and_reports_it(tiny_world: Path, tmp_path: Path) -> None:
    options = ["--occurrences", "200", "--species", "20", "--patch-size", "16", "--json"]
    result = CliRunner().invoke(app, ["world", str(tmp_path / "world"), *options])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert sum(each["n_train"] + each["n_test"] for each in report["regions"]) == 200
    assert _hashes(tmp_path / "world") == _hashes(tiny_world)
