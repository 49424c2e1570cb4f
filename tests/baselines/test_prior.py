"""The prior: regional frequencies, counted by a slow oracle, and the command that writes them."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from commands import glckit
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from baselines.covariates.occurrences import place_occurrences, read_all_occurrences
from baselines.prior import PriorOptions, regional_frequencies, write_prior_run
from baselines.provenance import Provenance, digest_of
from glckit.cli import app
from submissions.competition.files import competition_of
from submissions.errors import BadInputError, UsageError
from submissions.tables import OccurrenceTable

FR, US = (43.6, 3.9), (27.1, -81.5)

# Region and species of some occurrences.
labels = st.lists(st.tuples(st.sampled_from(["fr", "us"]), st.integers(0, 6)), min_size=1, max_size=60)


def _expected(pairs: list[tuple[str, int]]) -> dict[str, list[tuple[int, float]]]:
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    for region, species in pairs:
        counts[region][species] += 1
    return {
        region: [
            (species, count / sum(counter.values()))
            for species, count in sorted(counter.items(), key=lambda item: (-item[1], item[0]))
        ]
        for region, counter in counts.items()
    }


def _table(pairs: list[tuple[str, int]]) -> OccurrenceTable:
    ids = np.array([(10_000_000 if region == "fr" else 100) + row for row, (region, _) in enumerate(pairs)])
    places = np.array([FR if region == "fr" else US for region, _ in pairs])
    species = np.array([species for _, species in pairs])
    return OccurrenceTable(ids, places[:, 0], places[:, 1], species)


def _write(path: Path, rows: list[tuple[int, tuple[float, float], int | None]]) -> Path:
    header = "id;lat;lon" if all(row[2] is None for row in rows) else "id;lat;lon;species_id"
    lines = [
        ";".join(map(str, (i, *place, *([] if species is None else [species])))) for i, place, species in rows
    ]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def _rows(path: Path) -> dict[int, list[tuple[int, float]]]:
    found = defaultdict(list)
    with path.open() as file:
        for row in csv.DictReader(file, delimiter=";"):
            found[int(row["occurrence_id"])].append((int(row["species_id"]), float(row["probability"])))
            assert int(row["rank"]) == len(found[int(row["occurrence_id"])])
    return dict(found)


@given(labels)
def test_frequencies_equal_a_count_and_ties_go_by_species(pairs: list[tuple[str, int]]) -> None:
    found = regional_frequencies(place_occurrences([_table(pairs)]))
    listed = {
        region: list(zip(each.species.tolist(), each.shares.tolist(), strict=True))
        for region, each in found.items()
    }
    assert listed == _expected(pairs)


@given(labels, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(pairs: list[tuple[str, int]], random: object) -> None:
    before = regional_frequencies(place_occurrences([_table(pairs)]))
    random.shuffle(pairs)  # type: ignore[attr-defined]
    after = regional_frequencies(place_occurrences([_table(pairs)]))
    assert all((after[region].species == before[region].species).all() for region in before)


def test_each_test_occurrence_gets_the_best_of_its_region(tmp_path: Path) -> None:
    fr_train = _write(
        tmp_path / "occurrences_fr_train.csv", [(10_000_000 + i, FR, i // 3 % 4) for i in range(20)]
    )
    us_train = _write(tmp_path / "occurrences_us_train.csv", [(100 + i, US, 9 - i % 5) for i in range(20)])
    test = _write(tmp_path / "test.csv", [(i, US, None) for i in (7, 205, 1999)] + [(10_000_777, FR, None)])
    made = write_prior_run([fr_train, us_train], [test], path=tmp_path / "run.csv", options=PriorOptions(3))
    expected = _expected([("fr", i // 3 % 4) for i in range(20)] + [("us", 9 - i % 5) for i in range(20)])
    found = _rows(tmp_path / "run.csv")
    assert found == {10_000_777: expected["fr"][:3], **dict.fromkeys((7, 205, 1999), expected["us"][:3])}
    assert expected["us"][0] == (5, 0.2)  # all five are equally frequent
    assert (made.n_occurrences, made.n_species) == ({"fr": 1, "us": 3}, {"fr": 4, "us": 5})


def test_a_region_without_training_occurrences_is_an_error(tmp_path: Path) -> None:
    train = _write(tmp_path / "occurrences_fr_train.csv", [(10_000_000, FR, 1)])
    test = _write(tmp_path / "occurrences_us_test.csv", [(100, US, None), (101, US, None)])
    with pytest.raises(BadInputError, match="2 test occurrences are in us, where no training occurrence"):
        write_prior_run([train], [test], path=tmp_path / "run.csv")
    assert not (tmp_path / "run.csv").exists()


def test_the_command_works_in_a_competition_folder(tiny_world: Path, tmp_path: Path) -> None:
    runs = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for run in runs:
        result = CliRunner().invoke(app, ["baseline", "prior", "--data", str(tiny_world), "-o", str(run)])
        assert result.exit_code == 0, result.output
    assert runs[0].read_bytes() == runs[1].read_bytes()
    train = read_all_occurrences(sorted(tiny_world.glob("occurrences_*_train.csv")))
    expected = _expected(list(zip(train.regions.tolist(), train.species.tolist(), strict=True)))
    test = read_all_occurrences(sorted(tiny_world.glob("occurrences_*_test.csv")))
    regions = dict(zip(test.ids.tolist(), test.regions.tolist(), strict=True))
    found = _rows(runs[0])
    assert found == {i: expected[region] for i, region in regions.items()}
    metadata = json.loads((tmp_path / "a.csv.meta.json").read_text())
    assert (metadata["name"], metadata["seed"], metadata["device"]) == ("prior", 0, "cpu")
    assert {"glckit", "python", "numpy"} <= metadata["versions"].keys()
    checked = CliRunner().invoke(app, ["validate", str(runs[0]), *_tests(tiny_world), "--json"])
    assert checked.exit_code == 0, checked.output
    assert json.loads(checked.stdout)["n_errors"] == 0


def _tests(folder: Path) -> list[str]:
    return [word for path in sorted(folder.glob("*_test.csv")) for word in ("--test", str(path))]


def test_the_run_goes_beside_the_configuration(
    tiny_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in [*tiny_world.glob("*.csv"), tiny_world / "competition.toml"]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    result = CliRunner().invoke(app, ["baseline", "prior", "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert Path(report["run"]).samefile(tmp_path / "runs" / "prior.csv")
    assert {each["region"] for each in report["regions"]} == {"fr", "us"}


def test_official_names_do_without_a_configuration(
    tiny_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in tiny_world.glob("occurrences_us_*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setenv("GLCKIT_DATA", str(tmp_path))
    competition = competition_of(None)
    assert [
        path.name for path in competition.occurrence_files("train") + competition.occurrence_files("test")
    ] == [
        "occurrences_us_train.csv",
        "occurrences_us_test.csv",
    ]
    assert competition.run("prior") == Path("runs/prior.csv")
    assert competition.model("rf") == Path("models/rf")


def test_a_folder_without_occurrences_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no train occurrences"):
        competition_of(tmp_path).occurrence_files("train")
    result = CliRunner().invoke(app, ["baseline", "prior", "--data", str(tmp_path)])
    assert result.exit_code == 2
    assert "--data" in result.stderr
    assert not result.stdout


def test_a_digest_tells_types_and_shapes_but_not_byte_orders() -> None:
    numbers = np.arange(6)
    assert digest_of(numbers) == digest_of(numbers.astype(">i8"))
    assert len({digest_of(numbers), digest_of(numbers.reshape(2, 3)), digest_of(numbers.astype("i4"))}) == 3


def test_metadata_say_what_applies() -> None:
    metadata = Provenance("rf", "glckit baseline rf", packages=("rasterio", "absent")).metadata()
    assert "participant" not in metadata
    assert metadata["versions"]["absent"] is None
    assert metadata["versions"]["rasterio"]


def test_the_competition_limits_the_rows(tiny_world: Path, tmp_path: Path) -> None:
    folder = tmp_path / "world"
    shutil.copytree(tiny_world, folder, ignore=shutil.ignore_patterns("patches_*", "archives", "rasters"))
    text = (folder / "competition.toml").read_text()
    (folder / "competition.toml").write_text(re.sub(r"max_rows = \d+", "max_rows = 5", text))
    assert glckit("baseline", "prior", "--data", folder).exit_code == 0
    assert glckit("validate", folder / "runs" / "prior.csv", "--max-rows", 5).exit_code == 0


def test_a_stale_test_file_is_found(tiny_world: Path, tmp_path: Path) -> None:
    folder = tmp_path / "world"
    shutil.copytree(tiny_world, folder, ignore=shutil.ignore_patterns("patches_*", "archives", "rasters"))
    shutil.copy(folder / "occurrences_us_train.csv", folder / "occurrences_us_test.csv")
    result = glckit("baseline", "prior", "--data", folder)
    assert result.exit_code == 1
    assert "share" in result.stderr
