"""glckit fuse: what it writes, says and refuses."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from commands import glckit, glckit_json
from run_files import pairs_of

import glckit as public
from submissions.metadata import metadata_path, write_metadata

HEADER = "occurrence_id;species_id;probability;rank\n"
FIRST = HEADER + "7;1;3;1\n7;2;1;2\n9;2;1;1\n"
SECOND = HEADER + "9;3;0.5;1\n9;2;0.5;2\n7;2;1;1\n"
FUSED = [(7, 2, 0.625, 1), (7, 1, 0.375, 2), (9, 2, 0.75, 1), (9, 3, 0.25, 2)]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text(FIRST)
    Path("b.csv").write_text(SECOND)
    return [Path("a.csv"), Path("b.csv")]


@pytest.mark.parametrize("name", ["o.csv", "o.csv.gz", "o.zip", "o.parquet", "runs/o.csv.zst"])
def test_it_writes_every_format_the_same_for_parts_in_any_order(runs: list[Path], name: str) -> None:
    assert glckit("fuse", *runs, "-o", name).exit_code == 0
    assert pairs_of(Path(name)) == FUSED
    again = Path(name).with_name(f"again-{Path(name).name}")
    assert glckit("fuse", *reversed(runs), "-o", again).exit_code == 0
    assert again.read_bytes() == Path(name).read_bytes()


def test_a_matrix_beside_lists_and_standard_input(runs: list[Path]) -> None:
    assert glckit("convert", "a.csv", "a.npy").exit_code == 0
    assert glckit("fuse", "a.npy", "-", "-o", "o.csv", stdin=SECOND.encode()).exit_code == 0
    assert pairs_of(Path("o.csv")) == FUSED


def test_the_report(runs: list[Path]) -> None:
    status, report = glckit_json("fuse", *runs, "-o", "o.csv", "--weights", "1,3", "--max-rows", 1)
    assert status == 0
    assert pairs_of(Path("o.csv")) == [(7, 2, 0.8125, 1), (9, 2, 0.625, 1)]
    assert report["parts"] == [
        {"run": "a.csv", "weight": 1.0, "n_occurrences": 2, "n_pairs": 3, "n_missing": 0},
        {"run": "b.csv", "weight": 3.0, "n_occurrences": 2, "n_pairs": 3, "n_missing": 0},
    ]
    assert (report["run"], report["n_occurrences"], report["n_pairs"]) == ("o.csv", 2, 2)
    assert (report["method"], report["missing"], report["max_rows"]) == ("mean", "error", 1)
    assert report["tuning"] is None
    text = glckit("fuse", *runs, "-o", "o.csv")
    assert text.stdout.splitlines()[0].split() == ["run", "weight", "n_occurrences", "n_pairs", "n_missing"]
    assert text.stderr == "Wrote o.csv.\n"


def test_metadata_of_parts_are_carried_over_damage_included(runs: list[Path]) -> None:
    whole = {"level": "deep", "share_damaged": 0.0, "damaged": {}, "on_damaged": "refuse"}
    harmed = {"level": "full", "share_damaged": 0.25, "damaged": {"zero-filled": 3}, "on_damaged": "ignore"}
    write_metadata("a.csv", {"name": "cnn", "participant": "us", "seed": 3, "verification": whole})
    second = {"name": "cnn", "participant": "us", "verification": harmed, "left_out": {"x": 2}}
    write_metadata("b.csv", second)
    assert glckit("fuse", *runs, "-o", "o.csv", "--method", "geometric").exit_code == 0
    metadata = json.loads(metadata_path("o.csv").read_text())
    assert metadata["name"] == "fusion"
    assert metadata["participant"] == "us"
    assert metadata["method"] == "geometric"
    worst = {"level": "full", "share_damaged": 0.25, "on_damaged": "ignore", "n_parts": 2}
    assert metadata["verification"] == worst
    parts = metadata["parts"]
    assert [part["run"] for part in parts] == ["a.csv", "b.csv"]
    assert parts[0]["metadata"]["seed"] == 3
    assert parts[1]["metadata"] == second
    assert parts[0]["digest"] != parts[1]["digest"]
    assert {"glckit", "python", "numpy"} <= metadata["versions"].keys()
    # What weighs nothing harms nothing.
    assert glckit("fuse", *runs, "-o", "p.csv", "--weights", "1,0").exit_code == 0
    assert json.loads(metadata_path("p.csv").read_text())["verification"]["share_damaged"] == 0
    # A fusion of a fusion still knows.
    assert glckit("fuse", "o.csv", "a.csv", "-o", "p.csv").exit_code == 0
    assert json.loads(metadata_path("p.csv").read_text())["verification"]["share_damaged"] == 0.25


def test_odd_metadata_do_no_harm(runs: list[Path]) -> None:
    odd = {"verification": {"level": "thorough", "share_damaged": "some", "on_damaged": 3}, "participant": 7}
    write_metadata("a.csv", odd)
    assert glckit("fuse", *runs, "-o", "o.csv").exit_code == 0
    said = json.loads(metadata_path("o.csv").read_text())["verification"]
    assert said == {"level": None, "share_damaged": None, "on_damaged": None, "n_parts": 1}
    metadata_path("a.csv").write_text('{"seconds": NaN}')
    result = glckit("fuse", *runs, "-o", "p.csv")
    assert result.exit_code == 3
    assert "a.csv.meta.json: NaN is not JSON" in result.stderr
    assert not Path("p.csv").exists()


def test_missing_occurrences(runs: list[Path]) -> None:
    runs[1].write_text(HEADER + "9;3;0.5;1\n")
    refused = glckit("fuse", *runs, "-o", "o.csv")
    assert refused.exit_code == 1
    assert "b.csv lacks 1 (such as 7)" in refused.stderr
    assert "--missing renormalise" in refused.stderr
    assert sorted(path.name for path in Path().iterdir()) == ["a.csv", "b.csv"]
    result = glckit("fuse", *runs, "-o", "o.csv", "--missing", "renormalise", "--json")
    assert json.loads(result.stdout)["n_averaged_over_fewer"] == 1
    assert "1 occurrence was averaged over fewer runs" in result.stderr
    assert pairs_of(Path("o.csv")) == [(7, 1, 0.75, 1), (7, 2, 0.25, 2), (9, 2, 0.5, 1), (9, 3, 0.5, 2)]
    assert json.loads(metadata_path("o.csv").read_text())["n_averaged_over_fewer"] == 1


def test_tuning(runs: list[Path]) -> None:
    Path("truth.csv").write_text("id;species_id\n7;2\n9;3\n")
    Path("competition.toml").write_text("[competition]\nk = 1\n")
    result = glckit("fuse", *runs, "-o", "o.csv", "--tune", "truth.csv", "--json")
    assert result.exit_code == 0
    tuning = json.loads(result.stdout)["tuning"]
    assert tuning["k"] == 1
    assert tuning["n_occurrences"] == 2
    best = max(trial["adaptive_top_k"] for trial in tuning["trials"])
    assert [part["weight"] for part in json.loads(result.stdout)["parts"]] == tuning["weights"]
    weights = ",".join(str(weight) for weight in tuning["weights"])
    assert glckit("fuse", *runs, "-o", "p.csv", "--weights", weights).exit_code == 0
    assert Path("p.csv").read_bytes() == Path("o.csv").read_bytes()
    score = glckit("score", "o.csv", "--truth", "truth.csv", "-b", "-w", 17)
    assert float(score.stdout) == best
    assert "Weights tried on 2 occurrences, the best first:" in result.stderr
    assert "adaptive top-1" in result.stderr
    assert json.loads(metadata_path("o.csv").read_text())["tuning"] == tuning


def test_scores_that_are_no_shares(runs: list[Path]) -> None:
    runs[0].write_text(FIRST.replace("7;2;1;2", "7;2;-1;2"))
    for method in ("mean", "geometric"):
        result = glckit("fuse", *runs, "-o", "o.csv", "--method", method)
        assert result.exit_code == 1
        assert "a.csv has 1 (such as 7)" in result.stderr
        assert "--method reciprocal-rank" in result.stderr
    assert glckit("fuse", *runs, "-o", "o.csv", "--method", "reciprocal-rank").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["a.csv", "-o", "o.csv"], 2, "two runs or more"),
        (["a.csv", "b.csv"], 2, "--output"),
        (["a.csv", "b.csv", "-o", "o.csv", "--weights", "1"], 2, "1 weights were given for 2 runs"),
        (["a.csv", "b.csv", "-o", "o.csv", "--weights", "0,0"], 2, "All weights are 0"),
        (
            ["a.csv", "b.csv", "-o", "o.csv", "--weights", "1;2"],
            2,
            "--weights must be numbers with commas between them, not '1;2'",
        ),
        (["a.csv", "b.csv", "-o", "o.csv", "--weights", "-1,2"], 2, "a number of at least 0"),
        (["a.csv", "b.csv", "-o", "o.csv", "--method", "max"], 2, "Invalid value for '--method'"),
        (["a.csv", "b.csv", "-o", "o.csv", "--missing", "drop"], 2, "Invalid value for '--missing'"),
        (["a.csv", "b.csv", "-o", "o.xls"], 2, "Cannot tell the format of o.xls"),
        (["a.csv", "b.csv", "-o", "./b.csv"], 2, "b.csv is one of the runs"),
        (["a.csv", "none.csv", "no.csv", "-o", "o.csv"], 3, "Cannot open no.csv"),
        (["a.csv", "none.csv", "-o", "o.csv"], 3, "Cannot open none.csv"),
        (["a.csv", "bad.csv", "-o", "o.csv"], 1, "bad.csv is not a valid run: bad-score"),
        (["a.csv", "other.csv", "-o", "o.csv", "--missing", "renormalise"], 1, "No occurrence is in two"),
        (["a.csv", "b.csv", "-o", "o.csv", "--tune", "none.csv"], 3, "Cannot open none.csv"),
        (["a.csv", "b.csv", "-o", "o.csv", "--tune", "truth.csv"], 1, "None of the 1 occurrences"),
        (["a.csv", "b.csv", "-o", "o.csv", "--tune", "truth.csv", "--weights", "1,1"], 2, "either given"),
    ],
)
def test_what_cannot_be_done_writes_nothing(
    runs: list[Path], arguments: list[str], status: int, said: str
) -> None:
    Path("bad.csv").write_text(HEADER + "7;1;high;1\n")
    Path("other.csv").write_text(HEADER + "8;1;1;1\n")
    Path("truth.csv").write_text("id;species_id\n1;2\n")
    before = {path.name: path.read_bytes() for path in Path().iterdir()}
    result = glckit("fuse", *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert said in result.stderr
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == before


def test_other_species(runs: list[Path]) -> None:
    runs[1].write_text(HEADER + "7;5289;1;1\n9;5290;1;1\n")
    result = glckit("fuse", *runs, "-o", "o.csv", "--json")
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)["warnings"]) == 2
    assert "warning: b.csv has no species in common with the other runs" in result.stderr
    Path("species.csv").write_text("species_id\n1\n2\n3\n")
    Path("competition.toml").write_text('[competition]\nspecies = "species.csv"\n')
    refused = glckit("fuse", *runs, "-o", "p.csv")
    assert refused.exit_code == 1
    assert "b.csv is not a valid run: unknown-species" in refused.stderr


def test_fusing_in_python(runs: list[Path]) -> None:
    fused = public.fuse(runs, "o.csv")
    assert pairs_of(Path("o.csv")) == FUSED
    again = public.read_run("o.csv")
    digest = hashlib.sha256(Path("o.csv").read_bytes()).hexdigest()
    assert again.metadata == json.loads(json.dumps(fused.metadata)) | {"digest": digest}
    assert np.array_equal(again.occurrence_ids, fused.occurrence_ids)
    assert public.validate(fused, max_rows=150).valid
