"""glckit baseline rf: a world learned and scored, and everything that stops it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import glckit, glckit_json

from baselines.covariates.occurrences import read_all_occurrences
from baselines.covariates.rasters.cache import environmental_vectors, write_vectors
from baselines.covariates.rasters.layout import RasterLayout
from baselines.forest.modelfile import read_model
from baselines.forest.prediction import predict_proba
from baselines.world.folder import WorldPlan, make_world
from submissions.reading.runs import read_run
from submissions.run import Run

FAST = ("--n-estimators", 6, "--max-depth", 6, "--holdout", 0.05)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of 2,400 occurrences of 150 species with a trained forest of a few trees; not to be changed."""
    plan = WorldPlan(n_occurrences=2400, n_species=150, patch_size=8)
    made = make_world(tmp_path_factory.mktemp("forest") / "world", plan, extract=False).folder
    result = glckit("baseline", "rf", "--data", made, *FAST, "--n-estimators", 30, "--max-depth", 10)
    assert result.exit_code == 0, result.output
    return made


@pytest.fixture
def copy(world: Path, tmp_path: Path) -> Path:
    """Folder of the same world, to be changed."""
    shutil.copytree(world, tmp_path / "world", ignore=shutil.ignore_patterns("archives"))
    return tmp_path / "world"


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture
def nothing_new(copy: Path) -> Iterator[Path]:
    """Folder in which a test must leave no new file."""
    before: set[str] = set()
    shutil.rmtree(copy / "models")
    shutil.rmtree(copy / "runs")
    before |= _files(copy)
    yield copy
    assert _files(copy) - before <= {"covariates.csv", "points.csv", "forest.toml", "vectors.parquet"}


def _fails(status: int, message: str, *arguments: object) -> None:
    result = glckit("baseline", "rf", *arguments)
    assert result.exit_code == status, result.output
    assert message in result.stderr, result.stderr
    assert "Traceback" not in result.stderr
    assert result.stderr.count("glckit:") == 1
    assert not result.stdout


def test_the_forest_beats_the_prior(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world)
    run = world / "runs" / "rf.csv"
    assert glckit("validate", run, "--max-rows", 150).exit_code == 0
    assert glckit("baseline", "prior", "-o", tmp_path / "prior.csv").exit_code == 0
    _, scores = glckit_json("score", run, tmp_path / "prior.csv", world / "runs" / "bayes.csv")
    forest, prior, ceiling = (score["adaptive_top_k"] for score in scores)
    assert prior + 0.05 < forest < ceiling
    metadata = scores[0]["metadata"]
    assert metadata["name"] == "rf"
    assert metadata["model_digest"] == read_model(world / "models" / "rf").digest
    assert {"glckit", "python", "numpy", "scikit-learn"} == metadata["versions"].keys()
    assert (metadata["seed"], metadata["device"]) == (0, "cpu")
    assert metadata["command"].startswith("glckit")
    assert sum(metadata["filled"].values()) == int(np.count_nonzero(~_test_vectors(world)[1].complete))


def _test_vectors(folder: Path) -> Any:
    occurrences = read_all_occurrences(sorted(folder.glob("occurrences_*_test.csv")))
    layout = RasterLayout(folder / "rasters", nodata={"bio_1": 0})
    return occurrences, environmental_vectors(occurrences, layout)


def _lists(path: Path) -> dict[int, list[tuple[int, float]]]:
    run = read_run(path)
    assert isinstance(run, Run)
    pairs, offsets = run.pairs, run.pairs.offsets
    return {
        int(occurrence): list(
            zip(
                pairs.species[offsets[i] : offsets[i + 1]].tolist(),
                pairs.scores[offsets[i] : offsets[i + 1]].tolist(),
                strict=True,
            )
        )
        for i, occurrence in enumerate(run.occurrence_ids)
    }


def test_the_run_holds_what_the_model_says(world: Path) -> None:
    model = read_model(world / "models" / "rf")
    occurrences, vectors = _test_vectors(world)
    found = _lists(world / "runs" / "rf.csv")
    assert set(found) == set(occurrences.ids.tolist())
    complete = vectors.complete
    for row, shares in zip(
        np.flatnonzero(complete)[:40], predict_proba(model, vectors.values[complete][:40]), strict=True
    ):
        ranked = sorted((-share, int(species)) for share, species in zip(shares, model.species, strict=True))
        expected = [(species, -share) for share, species in ranked if share][:150]
        assert found[int(occurrences.ids[row])] == expected
    for row in np.flatnonzero(~complete):
        prior = model.frequencies[str(occurrences.regions[row])]
        assert found[int(occurrences.ids[row])] == list(
            zip(prior.species[:150].tolist(), prior.shares[:150].tolist(), strict=True)
        )
    assert not complete.all()


def test_occurrences_without_covariates_can_be_left_out(world: Path, tmp_path: Path) -> None:
    run = tmp_path / "omit.parquet"
    status, data = glckit_json(
        "baseline", "rf", "--data", world, "--predict", "--outside", "omit", "-o", run, "--max-rows", 40
    )
    assert status == 0
    occurrences, vectors = _test_vectors(world)
    found = _lists(run)
    assert set(found) == set(occurrences.ids[vectors.complete].tolist())
    assert max(map(len, found.values())) == 40
    assert data["run"]["n_occurrences"] == len(found)
    assert sum(data["run"]["left_out"].values()) == len(occurrences) - len(found)
    assert json.loads(Path(f"{run}.meta.json").read_text())["left_out"] == data["run"]["left_out"]


def test_validation_is_told_in_the_words_of_score(copy: Path) -> None:
    result = glckit("baseline", "rf", "--train", "--data", copy, *FAST, "--model", copy / "other")
    assert result.exit_code == 0, result.output
    for words in (
        "adaptive top-30",
        "top-30 ",
        "species per occurrence",
        "signature",
        "metric:adaptive-top-k",
    ):
        assert words in result.stdout
    assert "put aside:" in result.stdout
    status, data = glckit_json("baseline", "rf", "--train", "--data", copy, *FAST, "--model", copy / "other")
    assert (status, data["run"]) == (0, None)
    facts = read_model(copy / "other").facts
    assert data["validation"]["adaptive_top_k"] == facts.validation["adaptive_top_k"]
    assert data["validation"]["n_occurrences"] == facts.n_validation == data["training"]["n_validation"]
    assert data["training"]["n_outside"] == facts.n_outside > 0


def test_the_description_says_what_a_model_is(world: Path) -> None:
    text = glckit("baseline", "rf", "--describe", "--data", world).stdout
    for words in ("30 trees", "importance of the covariates", "scikit-learn's dense leaves", "seed 0"):
        assert words in text.replace("trees        30", "30 trees")
    status, data = glckit_json("baseline", "rf", "--describe", "--data", world)
    assert status == 0
    assert (data["n_trees"], len(data["importances"]), data["options"]["max_depth"]) == (30, 27, 10)
    assert data["n_file_bytes"] == (world / "models" / "rf" / "forest.npz").stat().st_size


def test_points_and_vectors_get_what_the_test_occurrences_get(world: Path, tmp_path: Path) -> None:
    expected = _lists(world / "runs" / "rf.csv")
    occurrences, vectors = _test_vectors(world)
    points = tmp_path / "points.csv"
    rows = zip(occurrences.ids, occurrences.latitudes, occurrences.longitudes, strict=True)
    points.write_text("lat;lon;id\n" + "".join(f"{lat!r};{lon!r};{i}\n" for i, lat, lon in _plain(rows)))
    _predict(world, tmp_path / "points_run.csv", "--points", points)
    assert _lists(tmp_path / "points_run.csv") == expected
    kept = tmp_path / "kept.parquet"
    write_vectors(kept, vectors, ids=occurrences.ids)
    _predict(world, tmp_path / "kept_run.csv", "--covariates", kept)
    assert _lists(tmp_path / "kept_run.csv") == expected
    text = tmp_path / "vectors.csv"
    _write_text(text, occurrences.ids[vectors.complete], vectors.names, vectors.values[vectors.complete])
    _predict(world, tmp_path / "text_run.csv", "--covariates", text)
    complete = occurrences.ids[vectors.complete].tolist()
    assert _lists(tmp_path / "text_run.csv") == {i: expected[i] for i in complete}


def _plain(rows: Any) -> list[tuple[int, float, float]]:
    return [(int(i), float(lat), float(lon)) for i, lat, lon in rows]


def _predict(folder: Path, run: Path, *arguments: object) -> None:
    result = glckit("baseline", "rf", "--predict", "--data", folder, "-o", run, *arguments)
    assert result.exit_code == 0, result.output


def _write_text(path: Path, ids: Any, names: tuple[str, ...], values: Any) -> None:
    # Columns in another order, and one more.
    lines = ["note," + ",".join(reversed(names)) + ",id"]
    lines += [f"x,{','.join(map(repr, row[::-1].tolist()))},{i}" for i, row in zip(ids, values, strict=True)]
    path.write_text("\n".join(lines) + "\n")


def test_points_without_ids_are_numbered(world: Path, tmp_path: Path) -> None:
    occurrences, vectors = _test_vectors(world)
    rows = np.flatnonzero(vectors.complete)[:3]
    points = tmp_path / "points.csv"
    places = zip(rows, occurrences.latitudes[rows], occurrences.longitudes[rows], strict=True)
    points.write_text("lat;lon\n" + "".join(f"{lat!r};{lon!r}\n" for _, lat, lon in _plain(places)))
    _predict(world, tmp_path / "run.csv", "--points", points)
    expected = _lists(world / "runs" / "rf.csv")
    assert _lists(tmp_path / "run.csv") == {
        number: expected[int(occurrences.ids[row])] for number, row in enumerate(rows, start=1)
    }


def test_vectors_can_be_trained_on(world: Path, tmp_path: Path) -> None:
    occurrences = read_all_occurrences(sorted(world.glob("occurrences_*_train.csv")))
    vectors = environmental_vectors(occurrences, RasterLayout(world / "rasters", nodata={"bio_1": 0}))
    write_vectors(tmp_path / "train.parquet", vectors, ids=occurrences.ids)
    train = ("baseline", "rf", "--train", "--data", world, *FAST, "--model")
    assert glckit(*train, tmp_path / "a", "--covariates", tmp_path / "train.parquet").exit_code == 0
    assert glckit(*train, tmp_path / "b", "--cache", tmp_path / "cache").exit_code == 0
    assert (tmp_path / "a/forest.npz").read_bytes() == (tmp_path / "b/forest.npz").read_bytes()
    assert len(list((tmp_path / "cache").iterdir())) == 1
    write_vectors(tmp_path / "less.parquet", _first(vectors, 100), ids=occurrences.ids[:100])
    less = (*train, tmp_path / "c", "--covariates", tmp_path / "less.parquet")
    _fails(3, f"lacks {len(occurrences) - 100} of {len(occurrences)} occurrences", *less[2:])


def _first(vectors: Any, n: int) -> Any:
    return type(vectors)(vectors.names, vectors.values[:n], vectors.outside[:n], vectors.nodata[:n])


def test_hyper_parameters_come_from_flags_and_a_file(nothing_new: Path, tmp_path: Path) -> None:
    (nothing_new / "forest.toml").write_text("n_estimators = 2\nmax_depth = 3\nbootstrap = false\n")
    result = glckit(
        *("baseline", "rf", "--train", "--data", nothing_new, "--model", tmp_path / "model.npz"),
        *("--options", nothing_new / "forest.toml", "--max-depth", 4, "--max-features", "none", "--seed", 9),
    )
    assert result.exit_code == 0, result.output
    model = read_model(tmp_path / "model.npz")
    assert (len(model.trees), model.options.max_depth, model.options.bootstrap) == (2, 4, False)
    assert (model.options.max_features, model.facts.seed) == (None, 9)
    _fails(2, "max_depth must be", "--data", nothing_new, "--max-depth", "deep")


def test_bad_rasters_stop_before_anything_is_written(nothing_new: Path) -> None:
    shutil.rmtree(nothing_new / "rasters" / "clyppt")
    _fails(3, "clyppt", "--data", nothing_new, *FAST)
    shutil.rmtree(nothing_new / "rasters")
    _fails(3, "54 of 54 rasters cannot be used", "--data", nothing_new, *FAST)


def test_occurrences_that_no_forest_can_learn_from_stop_it(nothing_new: Path) -> None:
    for path in nothing_new.glob("occurrences_*_train.csv"):
        rows = [line.split(";") for line in path.read_text().splitlines()]
        same = [[*row[:3], "7", *row[4:]] for row in rows[1:]]
        path.write_text("\n".join(";".join(row) for row in [rows[0], *same]) + "\n")
    _fails(3, "training occurrences with covariates have the species 7", "--data", nothing_new, *FAST)
    sea = {"fr": "45.0;-9.5", "us": "26.0;-129.5"}
    for region, place in sea.items():
        path = nothing_new / f"occurrences_{region}_train.csv"
        ids = [line.split(";")[0] for line in path.read_text().splitlines()[1:]]
        path.write_text(
            "id;lat;lon;species_id\n" + "".join(f"{i};{place};{n % 3}\n" for n, i in enumerate(ids))
        )
    _fails(3, "training occurrences has covariates", "--data", nothing_new, *FAST)


def test_vectors_with_gaps_are_refused(copy: Path) -> None:
    occurrences, vectors = _test_vectors(copy)
    rows = np.flatnonzero(vectors.complete)[:9]
    for value in (np.nan, np.inf):
        values = vectors.values[rows].copy()
        values[4, 19] = value
        _write_text(copy / "vectors.csv", occurrences.ids[rows], vectors.names, values)
        message = f"bdticm of occurrence {occurrences.ids[rows[4]]}"
        _predict_fails(copy, 3, message, "--covariates", copy / "vectors.csv")
    table = pa.table({"occurrence_id": [1], **{name: [None] for name in vectors.names}})
    pq.write_table(table, copy / "vectors.parquet")
    _predict_fails(copy, 3, "no finite number", "--covariates", copy / "vectors.parquet")
    _write_text(copy / "vectors.csv", [5, 5], vectors.names, vectors.values[rows[:2]])
    _predict_fails(copy, 3, "repeat an occurrence, such as 5", "--covariates", copy / "vectors.csv")
    _write_text(copy / "vectors.csv", [5], vectors.names[1:], vectors.values[rows[:1], 1:])
    _predict_fails(copy, 2, "lacks bio_1; the forest needs 27", "--covariates", copy / "vectors.csv")


def _predict_fails(folder: Path, status: int, message: str, *arguments: object) -> None:
    run = folder / "refused.csv"
    _fails(status, message, "--predict", "--data", folder, "-o", run, *arguments)
    assert not list(folder.glob("*refused*"))


def test_points_that_cannot_be_used_are_refused(copy: Path) -> None:
    points = copy / "points.csv"
    for text, message in (
        ("lat;lon\n43.6;far\n", "line 2"),
        ("lat\n43.6\n", "lon"),
        ("lat;lon\n", "there are no rows"),
        ("lat;lon\n95;3.9\n", "no place on the globe"),
        ("id;lat;lon\n5;43.6;3.9\n5;43.7;3.9\n", "an id stands twice"),
        ("lat;lon\n0;0\n", "None of the 1 points"),
    ):
        points.write_text(text)
        _predict_fails(copy, 3, message, "--points", points)
    occurrences, vectors = _test_vectors(copy)
    row = int(np.flatnonzero(vectors.complete)[0])
    place = f"{occurrences.latitudes[row]};{occurrences.longitudes[row]}"
    points.write_text(f"lat;lon\n{place}\n0;0\n")
    lost = "knows no class frequencies where they lie: line 3 (lat 0, lon 0)"
    _predict_fails(copy, 3, lost, "--points", points)
    _predict_fails(copy, 3, "Leave them out with --outside omit", "--points", points)
    _predict(copy, copy / "omit.csv", "--points", points, "--outside", "omit")
    assert set(_lists(copy / "omit.csv")) == {1}


def test_models_of_other_covariates_or_species_are_refused(copy: Path) -> None:
    table = copy / "species_metadata.csv"
    lines = table.read_text().splitlines(keepends=True)
    table.write_text("".join(lines[:100]))
    _predict_fails(copy, 2, "species of the model")
    _fails(2, "species of the training occurrences", "--train", "--data", copy, *FAST)
    table.write_text("".join(lines))
    path = copy / "models" / "rf" / "forest.npz"
    content = path.read_bytes()
    path.write_bytes(content[:-50])
    _predict_fails(copy, 3, "is damaged")
    path.unlink()
    _predict_fails(copy, 2, "Make one with: glckit baseline rf --train")
    _fails(2, "Make one with", "--describe", "--data", copy)


def test_requests_that_contradict_themselves_are_refused(nothing_new: Path) -> None:
    (nothing_new / "points.csv").write_text("lat;lon\n43.6;3.9\n")
    points, data = ("--points", nothing_new / "points.csv"), ("--data", nothing_new)
    _fails(2, "cannot both be predicted", *points, "--covariates", "x.csv", *data)
    _fails(2, "Points have no species", "--train", *points, *data)
    _fails(2, "cannot be both trained on and predicted", "--covariates", "x.csv", *data)
    _fails(2, "--describe does not go with", "--describe", "--train", *data)
    _fails(2, "The seed must be from 0", "--seed", -1, *data, *FAST)
    _fails(2, "must be above 0 and below 1", "--holdout", 2, *data)
    _fails(2, "joblib cannot use the backend", "--backend", "abacus", *data, *FAST)
