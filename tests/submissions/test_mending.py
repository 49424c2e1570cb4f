"""What convert mends, and that each fault of reading names the command that mends it."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest
from commands import glckit, glckit_json
from run_files import dense, pairs_of

from submissions.faults import Fault, FaultLog

HEADER = "id;species;score;rank\n"
NAMES = "species_id;GBIF_species_id;GBIF_species_name\n1;9;Quercus ilex\n2;8;Abies alba\n3;7;Abies  Alba\n"

#: A run, what is mended in it, and the pairs that come of it.
MENDED = {
    "integer with a point": (HEADER + "7.0;1;0.5;1\n", [(7, 1, 0.5, 1)]),
    "rank with a point": (HEADER + "7;1;0.5;1.\n", [(7, 1, 0.5, 1)]),
    "decimal comma": (HEADER + "7;1;0,5;1\n", [(7, 1, 0.5, 1)]),
    "percent": (HEADER + "7;1;12.5%;1\n7;2;12.4 %;2\n", [(7, 1, 0.125, 1), (7, 2, 0.124, 2)]),
    "comma and percent": (HEADER + "7;1;12,5%;1\n", [(7, 1, 0.125, 1)]),
    "separator behind": (HEADER + "7;1;0.5;1;\n", [(7, 1, 0.5, 1)]),
    "comment": (HEADER + "# mine\n7;1;0.5;1\n", [(7, 1, 0.5, 1)]),
    "blank line": (HEADER + "\n7;1;0.5;1\n", [(7, 1, 0.5, 1)]),
    "further column": ("n;id;species;score\n0;7;1;0.5\n", [(7, 1, 0.5, 1)]),
    "repeated line": (HEADER + "7;1;0.5;1\n7;1;0.5;1\n", [(7, 1, 0.5, 1)]),
    "tabs": ("id\tspecies\tscore\n7\t1\t0,5\n", [(7, 1, 0.5, 1)]),
    "tabs without a header": ("7\t1\t0.5\n", [(7, 1, 0.5, 1)]),
    # Lists stay lists, which say the order and no ranks.
    "lists": ("Id,Predicted\n7,2.0 1\n", [(7, 2, 1.0, None), (7, 1, 0.5, None)]),
    "further column beside lists": ("Id,x,Predicted\n7,a,2 1\n", [(7, 2, 1.0, None), (7, 1, 0.5, None)]),
    "name": (HEADER + "7;quercus ILEX ;0.5;1\n", [(7, 1, 0.5, 1)]),
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("names.csv").write_text(NAMES)


@pytest.mark.parametrize("name", MENDED)
def test_the_fix_of_a_fault_is_the_command_that_mends_it(name: str) -> None:
    text, pairs = MENDED[name]
    Path("my run.csv").write_text(text)
    status, report = glckit_json("validate", "my run.csv", "--species", "names.csv")
    assert status == 1
    for fault in report["faults"]:
        if fault["severity"] == "error":
            assert ": glckit convert 'my run.csv' 'my run.mended.csv'" in fault["fix"]
    command = report["faults"][0]["fix"].split(": glckit ")[1]
    result = glckit(*shlex.split(command))
    assert result.exit_code == 0, result.stderr
    assert "mended: " in result.stderr
    assert pairs_of(Path("my run.mended.csv")) == pairs
    assert glckit("validate", "my run.mended.csv").exit_code == 0


@pytest.mark.parametrize(
    "text", ["7;1;high;1\n", "7;1.5;0.5;1\n", "7;1\n", "7;1;0.5;1\n7;1;0.4;2\n", "7;1;5%e;1\n"]
)
def test_what_convert_does_not_mend_it_does_not_promise(text: str) -> None:
    Path("run.csv").write_text(HEADER + text)
    _, report = glckit_json("validate", "run.csv")
    assert "convert" not in report["faults"][0]["fix"]
    assert glckit("convert", "run.csv", "out.csv").exit_code == 1


def test_what_is_mended_stands_beside_what_is_not() -> None:
    Path("run.csv").write_text(HEADER + "7;1;0,5;1\n7;2;high;2\n")
    (fault,) = glckit_json("validate", "run.csv")[1]["faults"]
    assert fault["fix"].startswith("Write scores as finite numbers")
    assert fault["fix"].endswith("This takes care of decimal commas: glckit convert run.csv run.mended.csv")


def test_a_matrix_gets_the_advice_of_a_matrix() -> None:
    path = dense(Path(), np.random.default_rng(0).random((3, 4)))
    for prepare in (
        lambda: np.save("X.species_ids.npy", np.arange(5)),
        lambda: np.save("X.species_ids.npy", np.arange(4.0)),
        lambda: np.save("X.npy", np.ones((3, 4), np.int32)),
        lambda: np.save("X.npy", np.full((3, 4), np.nan)),
        lambda: Path("X.species_ids.npy").unlink(),
    ):
        dense(Path(), np.random.default_rng(0).random((3, 4)))
        prepare()
        (fault, *_) = glckit_json("validate", path)[1]["faults"]
        assert "occurrence_id;species_id" not in fault["fix"]
        assert "7.0" not in fault["fix"]
        assert "numpy.save" in fault["fix"] or "X.species_ids.npy" in fault["fix"] or "-inf" in fault["fix"]


def test_names_that_are_not_told_apart_or_unknown_are_errors_with_the_nearest() -> None:
    Path("run.csv").write_text(HEADER + "7;abies alba;0.5;1\n7;Quercus ilx;0.4;2\n7;Zea mays;0.3;3\n")
    result = glckit("convert", "run.csv", "out.csv", "--species", "names.csv")
    assert result.exit_code == 1
    assert "'abies alba' names 2 species, 2, 3" in result.stderr
    assert "'Quercus ilx': did you mean 1, Quercus ilex?" in result.stderr
    assert "No species is called 'Zea mays'." in result.stderr
    assert not Path("out.csv").exists()


def test_validate_says_which_species_a_name_may_mean() -> None:
    Path("run.csv").write_text(HEADER + "7;Quercus ilex;0.5;1\n")
    (fault,) = glckit_json("validate", "run.csv", "--species", "names.csv")[1]["faults"]
    assert fault["code"] == "bad-id"
    assert fault["fix"].startswith("'Quercus ilex' is the species 1. This takes care of names of species: ")
    Path("run.csv").write_text(HEADER + "7;Quercus ilex;0.5;1\n7;abies alba;0.4;2\n7;Zea mays;0.3;3\n")
    (fault,) = glckit_json("validate", "run.csv", "--species", "names.csv")[1]["faults"]
    assert "2 of 3 names shown tell no single species: write ids there first. Then this takes" in fault["fix"]
    Path("run.csv").write_text(HEADER + "7;Quercus ilex;0.5;1\n")
    (fault,) = glckit_json("validate", "run.csv")[1]["faults"]
    assert "--species FILE" in fault["fix"]


def test_names_are_those_of_the_competition() -> None:
    Path("competition.toml").write_text('[competition]\nspecies = "names.csv"\n')
    Path("run.csv").write_text(HEADER + "7;Quercus ilex;0.5;1\n")
    assert glckit("convert", "run.csv", "out.csv").exit_code == 0
    assert pairs_of(Path("out.csv")) == [(7, 1, 0.5, 1)]


def test_a_table_without_names_is_status_3() -> None:
    Path("names.csv").write_text("species_id\n1\n")
    Path("run.csv").write_text(HEADER + "7;Quercus ilex;0.5;1\n")
    assert glckit("convert", "run.csv", "out.csv", "--species", "names.csv").exit_code == 3
    assert glckit("validate", "run.csv", "--species", "names.csv").exit_code == 1


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32(), pa.float16()])
def test_whole_floats_of_parquet_are_mended(kind: pa.DataType) -> None:
    ids = pa.array(np.array([7, 7, 3]).astype(kind.to_pandas_dtype()), kind)
    table = {"id": ids, "species": pa.array([1.0, 2.0, 1.0]), "score": [0.5, 0.25, 0.5], "x": ["a", "b", "c"]}
    pa_parquet.write_table(pa.table(table), "run.parquet")
    faults = glckit_json("validate", "run.parquet")[1]["faults"]
    errors = [fault for fault in faults if fault["severity"] == "error"]
    assert [fault["code"] for fault in errors] == ["header", "bad-id"]
    assert all("glckit convert run.parquet run.mended.parquet" in fault["fix"] for fault in errors)
    result = glckit("convert", "run.parquet", "out.csv")
    assert "mended: integers written with a point (6)" in result.stderr
    assert pairs_of(Path("out.csv")) == [(7, 1, 0.5, 1), (7, 2, 0.25, 2), (3, 1, 0.5, 1)]


@pytest.mark.parametrize("bad", [7.5, float("nan"), float("inf"), 2.0**60, None])
def test_other_floats_of_parquet_are_not(bad: float | None) -> None:
    table = {"id": pa.array([7.0, bad], pa.float64()), "species": [1, 2], "score": [0.5, 0.25]}
    pa_parquet.write_table(pa.table(table), "run.parquet")
    result = glckit("convert", "run.parquet", "out.csv")
    assert (result.exit_code, "bad-id" in result.stderr) == (1, True)


def test_made_up_scores_are_counted() -> None:
    Path("run.csv").write_text("Id,Predicted\n7,4 2 9\n3,1\n")
    assert (
        "mended: scores made up as 1 / rank, for there were none (4)"
        in glckit("convert", "run.csv", "o.csv").stderr
    )
    Path("run.csv").write_text("id;predictions;probas\n7;4 2;0.5 0.25\n")
    assert "made up" not in glckit("convert", "run.csv", "p.csv").stderr


def test_blank_lines_between_blocks_are_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("submissions.reading.blocks.BLOCK_BYTES", 24)
    Path("run.csv").write_text(HEADER + "7;1;0.5;1\n7;2;0.4;2\n\n\n7;3;0.3;3\n")
    assert "mended: blank lines (2)" in glckit("convert", "run.csv", "out.csv").stderr


def test_a_fault_that_is_noted_again_keeps_its_fix() -> None:
    log = FaultLog(run="run.csv")
    log.add("bad-score", message="a comma", mends=("decimal commas",))
    assert FaultLog(log.faults()).faults() == log.faults()
    assert isinstance(log.faults()[0], Fault)
