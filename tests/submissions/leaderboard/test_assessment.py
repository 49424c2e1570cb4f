"""What is kept of a run is what scoring its files from scratch gives, on every part of the truth."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from commands import glckit_json
from seasons import K, make_season, truth, write_run

from submissions.competition.settings import read_competition
from submissions.errors import UsageError
from submissions.leaderboard.assessment import Assessment, assess
from submissions.leaderboard.entries import TruthPart
from submissions.leaderboard.standard import Standard, changes, standard_of


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_season(tmp_path_factory.mktemp("season"), {"private_share": "0.4", "seed": "5"})


@pytest.fixture(scope="module")
def standard(season: Path) -> Standard:
    return standard_of(read_competition(season / "competition.toml"))


@pytest.fixture(scope="module")
def assessed(season: Path, standard: Standard) -> Assessment:
    return assess(str(write_run(season / "in" / "a.csv", 1)), standard, name="a.csv")


@pytest.mark.parametrize("part", ["whole", "public", "private"])
def test_each_part_is_scored_as_if_there_were_no_other(
    part: TruthPart, assessed: Assessment, standard: Standard, tmp_path: Path, season: Path
) -> None:
    """The oracle: a truth file with the occurrences of the part alone, scored by the command."""
    ids, latitudes, longitudes, species = truth()
    chosen = set(standard.ground.ids[standard.ground.inside(part)].tolist())
    rows = zip(ids.tolist(), latitudes, longitudes, species, strict=True)
    lines = [f"{i};{lat:.1f};{lon:.1f};{s}" for i, lat, lon, s in rows if i in chosen]
    (tmp_path / "part.csv").write_text("\n".join(["id;lat;lon;species_id", *lines, ""]))
    given = ("--test", season / "truth.csv", "-k", K, "--ci", "--seed", 5)
    command = ["score", season / "in" / "a.csv", "--truth", tmp_path / "part.csv", *given[:-2]]
    status, told = glckit_json(*command, "--metric", "adaptive-top-k", "--metric", "top-k")
    assert status == 0
    kept = assessed.parts[part]
    assert kept.scores == told["scores"]
    assert (kept.n_occurrences, kept.threshold) == (len(chosen), told["threshold"])
    assert kept.mean_set_size == told["mean_set_size"]
    for name, interval in kept.intervals.items():
        wanted = told["intervals"][name]
        assert {key: interval[key] for key in ("low", "high", "n_units")} == {
            key: wanted[key] for key in ("low", "high", "n_units")
        }
        assert interval["seed"] == 5
    dropped = f"dropped:{told['n_dropped']}"
    assert kept.signature.replace("dropped:0", dropped) == told["signature"].replace(
        "|interval:jackknife-t|level:0.95|unit:quadrat|replicates:1000|seed:0", ""
    )


def test_evidence_is_that_of_the_parts(assessed: Assessment, standard: Standard) -> None:
    assert assessed.evidence is not None
    for part, kept in assessed.evidence.parts.items():
        inside = standard.ground.inside(part)
        assert len(kept.values) == len(kept.set_sizes) == np.count_nonzero(inside)
        assert kept.values.mean() == pytest.approx(assessed.parts[part].scores["adaptive-top-k"])
        assert kept.set_sizes.mean() == assessed.parts[part].mean_set_size
        assert len(kept.influence) == len(kept.left_out) == len(standard.ground.sampling(part).units)
        assert len(kept.replicates) == 1000
    assert assessed.evidence.curve is not None
    assert assessed.evidence.curve.adaptive_top_k[K - 1] == assessed.parts["whole"].scores["adaptive-top-k"]


def test_public_and_private_quadrats_divide_the_truth(standard: Standard) -> None:
    public, private = (standard.ground.inside(part) for part in ("public", "private"))
    assert (public ^ private).all()
    numbers = standard.ground.units.units.numbers
    assert not set(numbers[public]) & set(numbers[private])
    n_private = len(set(numbers[private]))
    assert n_private == round(0.4 * len(standard.ground.units.units))


def test_a_breakdown_is_by_all_that_the_files_allow(
    assessed: Assessment, season: Path, tmp_path: Path
) -> None:
    assert {each["by"] for each in assessed.breakdown} == {"region", "set-size"}
    folder = shutil.copytree(season, tmp_path / "more")
    (folder / "species.csv").write_text(
        "species_id;kingdom\n" + "".join(f"{i};Plantae\n" for i in range(1, 9))
    )
    (folder / "train.csv").write_text(
        "id;lat;lon;species_id\n" + "".join(f"{9000 + i};44;3;1\n" for i in range(12))
    )
    toml = folder / "competition.toml"
    named = '[competition]\nspecies = "species.csv"\ntrain = "train.csv"\n'
    toml.write_text(toml.read_text().replace("[competition]\n", named))
    again = assess(str(folder / "in" / "a.csv"), standard_of(read_competition(toml)))
    assert {each["by"] for each in again.breakdown} == {"region", "set-size", "kingdom", "rarity"}
    assert again.parts["whole"].scores == assessed.parts["whole"].scores


def test_an_invalid_run_has_faults_that_tell_no_path(
    season: Path, standard: Standard, tmp_path: Path
) -> None:
    run = write_run(tmp_path / "secret" / "b.csv", 2)
    run.write_text(run.read_text() + "1;1;0.5;6\n")
    found = assess(str(run), standard, name="b.csv")
    assert (found.status, found.parts, found.evidence) == ("invalid", {}, None)
    assert [each["code"] for each in found.faults if each["severity"] == "error"] == ["duplicate"]
    assert "secret" not in str(found)
    assert "glckit convert" not in str(found) or "b.csv" in str(found)


def test_a_matrix_is_refused(standard: Standard, tmp_path: Path) -> None:
    ids = truth()[0]
    np.save(tmp_path / "X.npy", np.zeros((len(ids), 8), np.float32))
    np.save(tmp_path / "X.occurrence_ids.npy", ids)
    np.save(tmp_path / "X.species_ids.npy", np.arange(1, 9))
    with pytest.raises(UsageError, match=r"X\.npy is a matrix.*Convert it first"):
        assess(str(tmp_path / "X.npy"), standard, name="X.npy")


@pytest.mark.parametrize(
    ("rules", "change"),
    [
        ({"seed": "6"}, "the seed was 5 and is 6"),
        ({"private_share": "0.5"}, "private_share was 0.4 and is 0.5"),
        ({}, "private_share was 0.4 and is 0.0; the seed was 5 and is 0"),
        ({"counts": '"last"', "private_share": "0.4", "seed": "5"}, None),
    ],
)
def test_the_key_tells_what_changed(
    rules: dict[str, str], change: str | None, standard: Standard, tmp_path: Path
) -> None:
    given = rules if len(rules) != 1 else {"private_share": "0.4", "seed": "5"} | rules
    other = standard_of(read_competition(make_season(tmp_path, given) / "competition.toml"))
    assert changes([standard.key], other.key) == change


def test_a_changed_truth_k_metric_or_limit_changes_the_key(
    standard: Standard, season: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(season, tmp_path / "other")
    toml, table = folder / "competition.toml", folder / "truth.csv"
    toml.write_text(toml.read_text().replace("k = 2", 'k = 3\nmetric = "top-k"\nmax_rows = 7'))
    lines = table.read_text().splitlines()
    table.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    told = "the metrics were adaptive-top-k+top-k and are top-k; K was 2 and is 3; max_rows was none and is 7"
    assert changes([standard.key], standard_of(read_competition(toml)).key) == told
    first = lines[1].rpartition(";")
    table.write_text("\n".join([lines[0], f"{first[0]};9", *lines[2:]]) + "\n")
    assert "the truth has changed" in str(changes([standard.key], standard_of(read_competition(toml)).key))


def test_a_share_that_leaves_a_part_empty_is_refused(tmp_path: Path) -> None:
    folder = make_season(tmp_path, {"private_share": "0.001"})
    with pytest.raises(UsageError, match=r"private_share = 0\.001 leaves a part"):
        standard_of(read_competition(folder / "competition.toml"))
