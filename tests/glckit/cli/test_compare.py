"""glckit compare and score --ci: reports, JSON, errors, pictures, and an oracle on files."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import glckit, glckit_json
from scipy import stats

from scoring.places import quadrat_of_place

N, N_SPECIES, K = 240, 12, 2


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A truth of 240 occurrences in some 80 quadrats, a good run, one like it, and a bad one."""
    monkeypatch.chdir(tmp_path)
    for name in ("GLCKIT_COMPETITION", "GLCKIT_TRUTH", "GLCKIT_DATA"):
        monkeypatch.delenv(name, raising=False)
    rng = np.random.default_rng(5)
    species = rng.integers(1, N_SPECIES + 1, N)
    latitudes = 44 + 0.2 * rng.integers(0, 9, N)
    longitudes = 3 + 0.2 * rng.integers(0, 9, N)
    rows = zip(range(1, N + 1), latitudes, longitudes, species, strict=True)
    Path("truth.csv").write_text(
        "id;lat;lon;species_id\n" + "".join(f"{i};{lat:.1f};{lon:.1f};{s}\n" for i, lat, lon, s in rows)
    )
    strong = rng.random((N, N_SPECIES)) + 0.9 * (np.arange(1, N_SPECIES + 1) == species[:, np.newaxis])
    write_run("good.csv", strong)
    write_run("alike.csv", strong + 0.02 * rng.random(strong.shape))
    write_run("bad.csv", rng.random(strong.shape))
    return tmp_path


def write_run(name: str, scores: np.ndarray[Any, Any], first: int = 1) -> None:
    lines = ["occurrence_id;species_id;probability;rank"]
    for i, row in enumerate(scores, first):
        order = np.argsort(-row)[:6]
        lines += [f"{i};{j + 1};{row[j]:.6f};{rank}" for rank, j in enumerate(order, 1)]
    Path(name).write_text("\n".join(lines) + "\n")


def table(path: str, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(Path(path).read_text()), delimiter=delimiter))


RUNS = ("bad.csv", "good.csv", "alike.csv", "--truth", "truth.csv", "-k", K)


def compared(*arguments: object) -> dict[str, Any]:
    status, data = glckit_json("compare", *(arguments or RUNS))
    assert status == 0
    assert isinstance(data, dict)
    return data


def test_json_has_the_keys_of_the_contract_and_runs_in_the_order_of_rank() -> None:
    data = compared()
    wanted = "metric n_occurrences unit n_units effective_units n_replicates seed level signature kendall_tau"
    assert set(wanted.split()) | {"runs", "pairs"} == set(data)
    of_run = "run score interval rank rank_set first_frequency"
    assert all(set(of_run.split()) <= set(run) for run in data["runs"])
    of_pair = "a b difference interval p p_adjusted p_sign_flip wins ties losses"
    assert all(set(of_pair.split()) <= set(pair) for pair in data["pairs"])
    of_interval = "estimate standard_error level low high method percentile unit n_units effective_units"
    assert set(of_interval.split()) | {"n_replicates", "seed"} == set(data["runs"][0]["interval"])
    scores = [run["score"] for run in data["runs"]]
    assert scores == sorted(scores, reverse=True)
    assert (data["unit"], data["n_replicates"], data["seed"], data["level"]) == ("quadrat", 1000, 0, 0.95)


def test_scores_and_wins_are_those_of_score() -> None:
    data = compared()
    tables = {}
    for run in data["runs"]:
        glckit("score", run["run"], *RUNS[3:], "--per-occurrence", "rows.csv")
        hits = [row["adaptive_hit"] == "True" for row in table("rows.csv")]
        tables[run["run"]] = np.array(hits)
        assert run["score"] == np.mean(hits)
    for pair in data["pairs"]:
        a, b = tables[pair["a"]], tables[pair["b"]]
        assert pair["difference"] == a.mean() - b.mean()
        assert (pair["wins"], pair["losses"]) == (np.sum(a & ~b), np.sum(b & ~a))
        assert pair["wins"] + pair["ties"] + pair["losses"] == N


def test_good_and_bad_differ_and_those_alike_do_not() -> None:
    differ = {frozenset((pair["a"], pair["b"])): pair["different"] for pair in compared()["pairs"]}
    assert differ[frozenset(("good.csv", "bad.csv"))]
    assert not differ[frozenset(("good.csv", "alike.csv"))]
    sets = {run["run"]: run["rank_set"] for run in compared()["runs"]}
    assert sets == {"good.csv": [1, 2], "alike.csv": [1, 2], "bad.csv": [3, 3]}


def test_a_run_compared_with_itself_is_equal() -> None:
    (pair,) = compared("good.csv", "good.csv", *RUNS[3:])["pairs"]
    assert (pair["difference"], pair["p"], pair["p_adjusted"], pair["p_sign_flip"]) == (0, 1, 1, 1)
    assert (pair["wins"], pair["ties"], pair["losses"]) == (0, N, 0)


def test_interval_of_mrr_is_the_jackknife_of_quadrats_by_hand() -> None:
    data = json.loads(glckit("score", "good.csv", *RUNS[3:5], "--metric", "mrr", "--ci", "--json").stdout)
    glckit("score", "good.csv", *RUNS[3:5], "--metric", "mrr", "--per-occurrence", "rows.csv")
    values = np.array([float(row["mrr"]) for row in table("rows.csv")])
    places = table("truth.csv", ";")
    quadrats = quadrat_of_place([float(r["lat"]) for r in places], [float(r["lon"]) for r in places])
    _, units, sizes = np.unique(quadrats, axis=0, return_inverse=True, return_counts=True)
    without = np.array([values[units != unit].mean() for unit in range(len(sizes))])
    error = math.sqrt((len(sizes) - 1) / len(sizes) * ((without - without.mean()) ** 2).sum())
    effective = N**2 / (sizes**2).sum()
    reach = error * stats.t.ppf(0.975, effective - 1)
    interval = data["intervals"]["mrr"]
    assert interval["n_units"] == len(sizes)
    assert [interval["low"], interval["high"]] == pytest.approx(
        [values.mean() - reach, values.mean() + reach]
    )
    assert "interval:jackknife-t|level:0.95|unit:quadrat|replicates:1000|seed:0" in data["signature"]
    assert data["signature"] == data["signatures"]["mrr"]


def test_without_ci_nothing_is_said_of_intervals() -> None:
    plain = glckit("score", "good.csv", *RUNS[3:])
    assert "interval" not in plain.stdout
    assert "intervals" not in glckit_json("score", "good.csv", *RUNS[3:])[1]
    assert "[" in glckit("score", "good.csv", *RUNS[3:], "--ci").stdout


def test_places_come_from_test_files_where_the_truth_has_none() -> None:
    with_places = compared()
    rows = [line.split(";") for line in Path("truth.csv").read_text().split()]
    Path("test.csv").write_text("".join(";".join(row[:3]) + "\n" for row in rows))
    Path("truth.csv").write_text("".join(f"{row[0]};{row[3]}\n" for row in rows))
    from_tests = compared(*RUNS, "--test", "test.csv")
    assert from_tests["runs"] == with_places["runs"]
    nowhere = glckit("compare", *RUNS)
    assert "warning: neither the truth nor the test files have coordinates" in nowhere.stdout
    assert "unit:occurrence" in nowhere.stdout


def test_replicates_and_seed_are_taken_and_signed() -> None:
    data = compared(*RUNS, "--replicates", 50, "--seed", 7)
    assert (data["n_replicates"], data["seed"]) == (50, 7)
    assert "replicates:50|seed:7" in data["signature"]
    assert min(pair["p"] for pair in data["pairs"]) == 1 / 51


def test_tables_are_of_runs_or_of_pairs() -> None:
    runs = glckit("compare", *RUNS, "--format", "csv").stdout
    assert [row["run"] for row in csv.DictReader(io.StringIO(runs))][-1] == "bad.csv"
    pairs = glckit("compare", *RUNS, "--format", "csv", "--pairs").stdout
    assert len(list(csv.DictReader(io.StringIO(pairs)))) == 3
    for form in ("markdown", "latex"):
        assert "good.csv" in glckit("compare", *RUNS, "--format", form).stdout


def test_lower_is_better_ranks_the_smallest_error_first() -> None:
    data = compared(*RUNS, "--metric", "top-k-error")
    scores = [run["score"] for run in data["runs"]]
    assert scores == sorted(scores)
    assert data["runs"][-1]["run"] == "bad.csv"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("good.csv", "--truth", "truth.csv"), 2, "two runs or more"),
        (("good.csv", "bad.csv"), 2, "No truth"),
        (("good.csv", "gone.csv", "--truth", "truth.csv"), 3, "gone.csv"),
        (
            ("good.csv", "half.csv", "--truth", "truth.csv"),
            1,
            "half.csv is not a valid run: missing-occurrence",
        ),
    ],
)
def test_errors_name_what_is_wrong(arguments: tuple[str, ...], status: int, words: str) -> None:
    write_run("half.csv", np.random.default_rng(0).random((N // 2, N_SPECIES)))
    result = glckit("compare", *arguments)
    assert result.exit_code == status
    assert words in result.stderr
    assert result.stdout == ""


def test_few_quadrats_give_no_interval_and_no_difference() -> None:
    rows = [line.split(";") for line in Path("truth.csv").read_text().split()]
    moved = [[row[0], "44.0", f"{3 + int(row[0]) % 5}", row[3]] for row in rows[1:]]
    Path("truth.csv").write_text("\n".join(";".join(row) for row in [rows[0], *moved]) + "\n")
    data = compared()
    assert all(run["interval"]["low"] is None for run in data["runs"])
    assert all(pair["p"] == 1 and not pair["different"] for pair in data["pairs"])
    assert "there is no interval" in glckit("compare", *RUNS).stdout
    assert "there is no interval" in glckit("score", "good.csv", *RUNS[3:], "--ci").stdout


def test_pictures_are_drawn_in_two_formats_and_in_words(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    result = glckit("compare", *RUNS, "--plot", "pictures")
    assert result.exit_code == 0
    for name in ("scores", "differences", "ranks"):
        assert Path(f"pictures/{name}.png").read_bytes().startswith(b"\x89PNG")
        assert "<svg" in Path(f"pictures/{name}.svg").read_text()
        words = Path(f"pictures/{name}.txt").read_text()
        assert all(run in words for run in RUNS[:3])
    again = Path("pictures/scores.svg").read_bytes()
    glckit("compare", *RUNS, "--plot", "pictures")
    assert Path("pictures/scores.svg").read_bytes() == again


def test_pictures_bear_any_name_of_a_run() -> None:
    pytest.importorskip("matplotlib")
    hostile = "$x_{<b>&\u202e.csv"
    Path("good.csv").rename(hostile)
    result = glckit("compare", hostile, "bad.csv", "--truth", "truth.csv", "-k", K, "--plot", "pictures")
    assert result.exit_code == 0
    assert "\u202e" not in Path("pictures/scores.svg").read_text()
    assert "\u202e" not in Path("pictures/scores.txt").read_text()
    assert glckit("compare", *RUNS, "--plot", "truth.csv").exit_code == 2


def test_python_says_the_same() -> None:
    import glckit as face

    data = compared()
    comparison = face.compare(RUNS[:3], "truth.csv", k=K)
    assert [run.run for run in comparison.runs] == [run["run"] for run in data["runs"]]
    assert [pair.p_adjusted for pair in comparison.pairs] == [pair["p_adjusted"] for pair in data["pairs"]]
    assert comparison.signature == data["signature"]
    assert list(comparison.to_frame()["run"]) == [run["run"] for run in data["runs"]]
    score = face.score("good.csv", "truth.csv", k=K, ci=True)
    said = glckit_json("score", "good.csv", *RUNS[3:], "--ci")[1]
    assert score.intervals is not None
    assert score.intervals["adaptive-top-k"].low == said["intervals"]["adaptive-top-k"]["low"]
    assert score.signature == said["signature"]
    truth = face.read_truth("truth.csv")
    assert face.score("good.csv", truth, k=K, ci=True, places="truth.csv").intervals == score.intervals
    alone = face.score("good.csv", truth, k=K, ci=True).intervals
    assert alone is not None
    assert alone["top-k"].unit == "occurrence"
    with pytest.raises(face.GlckitError, match="two runs"):
        face.compare(["good.csv"], "truth.csv")
