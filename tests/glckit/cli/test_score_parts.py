"""glckit score --by and --plot: parts, what they average to, what they lack, and pictures."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import glckit, glckit_json

from scoring.places import quadrat_of_place

N, N_SPECIES, K = 120, 10, 2
FR, US = 10_000_000, 1


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A competition of 120 occurrences in both regions, with training files, kingdoms and one run."""
    monkeypatch.chdir(tmp_path)
    for name in ("GLCKIT_COMPETITION", "GLCKIT_TRUTH", "GLCKIT_DATA"):
        monkeypatch.delenv(name, raising=False)
    rng = np.random.default_rng(11)
    ids = [*range(US, US + N // 2), *range(FR, FR + N // 2)]
    species = rng.integers(1, N_SPECIES + 1, N)
    places = [(44 + 0.1 * rng.integers(0, 9), (-90 if i < FR else 3) + 0.1 * rng.integers(0, 9)) for i in ids]
    rows = [f"{i};{lat:.1f};{lon:.1f};{s}" for i, (lat, lon), s in zip(ids, places, species, strict=True)]
    Path("truth.csv").write_text("id;lat;lon;species_id\n" + "\n".join(rows) + "\n")
    train = [f"{9_000_000 + i};44;-90;{1 + i % 3}" for i in range(25)]
    Path("train.csv").write_text("id;lat;lon;species_id\n" + "\n".join(train) + "\n")
    kingdoms = [f"{s};{'Plantae' if s % 2 else 'Animalia'}" for s in range(1, N_SPECIES)]  # the last has none
    Path("species.csv").write_text("species_id;Kingdom\n" + "\n".join([*kingdoms, f"{N_SPECIES};"]) + "\n")
    Path("plain.csv").write_text("species_id;name\n1;a\n")
    scores = rng.random((N, N_SPECIES)) + 0.4 * (np.arange(1, N_SPECIES + 1) == species[:, np.newaxis])
    lines = ["occurrence_id;species_id;probability;rank"]
    for i, row in zip(ids, scores, strict=True):
        order = np.argsort(-row)[:6]
        lines += [f"{i};{j + 1};{row[j]:.6f};{rank}" for rank, j in enumerate(order, 1)]
    Path("run.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


SCORE = ("score", "run.csv", "--truth", "truth.csv", "-k", K)


def parts(*arguments: object) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    status, data = glckit_json(*SCORE, *arguments)
    assert status == 0
    return data, data["parts"]


def truth() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(Path("truth.csv").read_text()), delimiter=";"))


@pytest.mark.parametrize("by", ["region", "quadrat", "rarity", "set-size", "kingdom"])
def test_parts_under_one_threshold_average_to_the_whole(by: str) -> None:
    data, found = parts("--by", by, "--train", "train.csv", "--species", "species.csv")
    assert sum(part["n_occurrences"] for part in found) == N
    for name in ("adaptive-top-k", "top-k"):
        mean = sum(part["n_occurrences"] * part["scores"][name] for part in found) / N
        assert mean == pytest.approx(data[name.replace("-", "_")], abs=1e-12)
    assert {part["threshold"] for part in found} == {data["threshold"]}
    assert not any(part["refitted"] for part in found)
    assert all(part["intervals"] is None and part["by"] == by for part in found)


def test_parts_are_what_the_tables_say() -> None:
    _, found = parts(
        "--by", "region,quadrat,rarity,kingdom", "--train", "train.csv", "--species", "species.csv"
    )
    sizes = {(part["by"], part["part"]): part["n_occurrences"] for part in found}
    assert (sizes["region", "fr"], sizes["region", "us"]) == (N // 2, N // 2)
    rows = truth()
    quadrats = quadrat_of_place([float(r["lat"]) for r in rows], [float(r["lon"]) for r in rows])
    counted = Counter(f"{row}/{column}" for row, column in quadrats.tolist())
    assert {part: n for (by, part), n in sizes.items() if by == "quadrat"} == counted
    species = [int(row["species_id"]) for row in rows]
    assert sizes["rarity", "0"] == sum(each > 3 for each in species)
    assert sizes["rarity", "1-9"] == sum(each <= 3 for each in species)
    assert sizes["kingdom", "unknown"] == species.count(N_SPECIES)


def test_refitted_parts_are_scores_of_their_occurrences_alone() -> None:
    _, found = parts("--by", "region", "--refit")
    rows = truth()
    for part in found:
        own = [row for row in rows if (int(row["id"]) >= FR) == (part["part"] == "fr")]
        Path("own.csv").write_text(
            "id;species_id\n" + "".join(f"{row['id']};{row['species_id']}\n" for row in own)
        )
        Path("test.csv").write_text(
            "id;lat;lon\n" + "".join(f"{r['id']};{r['lat']};{r['lon']}\n" for r in rows)
        )
        alone = glckit_json("score", "run.csv", "--truth", "own.csv", "--test", "test.csv", "-k", K)[1]
        assert part["refitted"]
        assert part["scores"]["adaptive-top-k"] == alone["adaptive_top_k"]
        assert part["threshold"] == alone["threshold"]


def test_intervals_of_parts_come_with_ci() -> None:
    data, found = parts("--by", "region", "--ci")
    for part in found:
        interval = part["intervals"]["adaptive-top-k"]
        assert interval["estimate"] == part["scores"]["adaptive-top-k"]
        assert interval["effective_units"] < data["intervals"]["adaptive-top-k"]["effective_units"]
    refitted = parts("--by", "region", "--ci", "--refit")[1]
    assert all(part["intervals"]["adaptive-top-k"]["low"] is not None for part in refitted)


def test_tables_have_a_row_for_each_part() -> None:
    rows = list(csv.DictReader(io.StringIO(glckit(*SCORE, "--by", "region", "--format", "csv").stdout)))
    assert [(row["run"], row["part"]) for row in rows] == [("run.csv", "fr"), ("run.csv", "us")]
    text = glckit(*SCORE, "--by", "region,set-size", "--ci").stdout
    assert "by region, under the threshold of all" in text
    assert "by set-size" in text
    assert "what a recalibration by region would win" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--by", "colour"), "'colour'"),
        (("--by", "rarity"), "--train"),
        (("--by", "kingdom"), "--species"),
        (("--by", "kingdom", "--species", "plain.csv"), "no column kingdom"),
        (("--refit",), "--by"),
        (("--plot", "truth.csv"), "no folder"),
    ],
)
def test_what_parts_lack_is_named(arguments: tuple[str, ...], words: str) -> None:
    if "plain.csv" in arguments:  # the run has species that the table lacks
        Path("plain.csv").write_text(
            "species_id;name\n" + "".join(f"{i};n{i}\n" for i in range(1, N_SPECIES + 1))
        )
    result = glckit(*SCORE, *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_quadrats_need_places() -> None:
    Path("truth.csv").write_text(
        "id;species_id\n" + "".join(f"{row['id']};{row['species_id']}\n" for row in truth())
    )
    result = glckit(*SCORE, "--by", "quadrat")
    assert (result.exit_code, "coordinates" in result.stderr) == (2, True)


def test_places_that_cannot_be_used_are_said_once_and_of_no_run() -> None:
    rows = [f"{row['id']};999;3;{row['species_id']}" for row in truth()]
    Path("truth.csv").write_text("id;lat;lon;species_id\n" + "\n".join(rows) + "\n")
    result = glckit("score", "run.csv", *SCORE[1:], "--ci")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.count("The places of the truth cannot be used") == 1
    assert glckit(*SCORE).exit_code == 0


def test_pictures_of_each_run_are_drawn() -> None:
    pytest.importorskip("matplotlib")
    result = glckit(*SCORE, "--plot", "pictures")
    assert result.exit_code == 0
    names = {path.stem for path in Path("pictures").glob("*.png")}
    assert names == {"curve", "map-fr", "map-us", "sizes"}
    curve = Path("pictures/curve.txt").read_text()
    for k in (1, 5):
        score = glckit_json("score", "run.csv", "--truth", "truth.csv", "-k", k)[1]["adaptive_top_k"]
        assert f"K = {k}: {score:.4f}" in curve
    glckit("score", "run.csv", *SCORE[1:], "--plot", "both")
    assert {path.stem for path in Path("both").glob("curve*.png")} == {"curve-1", "curve-2"}
