"""glckit convert: any format into any, and what it mends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import oracle
import pytest
from commands import glckit
from hypothesis import given
from hypothesis import strategies as st
from run_files import pairs_of

from scoring.sparse import Pairs
from submissions.reading.runs import read_run
from submissions.run import DenseRun
from submissions.writing import best_first, write_run

TEXT = "id;species;score;rank\n7;1;0.25;2\n7;2;0.5;1\n3;9;0;1\n7;3;0.25;3\n"
BEST_FIRST = [(3, 9, 0.0, 1), (7, 2, 0.5, 1), (7, 1, 0.25, 2), (7, 3, 0.25, 3)]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "run.csv").write_text(TEXT)
    return tmp_path / "run.csv"


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.csv.gz", "a.csv.zst", "a.zip", "a.parquet"])
def test_every_format(run: Path, name: str) -> None:
    out = run.with_name(name)
    assert glckit("convert", run, out).exit_code == 0
    assert pairs_of(out) == BEST_FIRST
    again = run.with_name(f"again-{name}")
    assert glckit("convert", out, again).exit_code == 0
    assert again.read_bytes() == out.read_bytes()  # equal runs are equal files


def test_to_a_matrix_and_back(run: Path) -> None:
    assert glckit("convert", run, run.with_name("a.npy")).exit_code == 0
    dense = read_run(run.with_name("a.npy"))
    assert isinstance(dense, DenseRun)
    assert dense.scores.shape == (2, 4)
    assert glckit("convert", run.with_name("a.npy"), run.with_name("b.csv")).exit_code == 0
    assert [pair[:3] for pair in pairs_of(run.with_name("b.csv"))] == [pair[:3] for pair in BEST_FIRST]


def test_the_best_rows_of_a_matrix(tmp_path: Path) -> None:
    scores = np.array([[0.5, 0.25, 0.5, 0.5], [-np.inf, 0.1, -np.inf, -np.inf]])
    np.save(tmp_path / "a.npy", scores)
    np.save(tmp_path / "a.occurrence_ids.npy", np.array([5, 4]))
    np.save(tmp_path / "a.species_ids.npy", np.array([10, 11, 12, 13]))
    assert glckit("convert", tmp_path / "a.npy", tmp_path / "b.csv", "--max-rows", 2).exit_code == 0
    assert pairs_of(tmp_path / "b.csv") == [(5, 10, 0.5, 1), (5, 12, 0.5, 2), (4, 11, 0.1, 1)]


def test_max_rows_and_rerank(run: Path) -> None:
    run.write_text(TEXT.replace("7;2;0.5;1", "7;2;0.5;9"))
    glckit("convert", run, run.with_name("a.csv"), "--max-rows", 1)
    assert pairs_of(run.with_name("a.csv")) == [(3, 9, 0.0, 1), (7, 2, 0.5, 9)]
    glckit("convert", run, run.with_name("a.csv"), "--max-rows", 1, "--rerank", "--force")
    assert pairs_of(run.with_name("a.csv")) == [(3, 9, 0.0, 1), (7, 2, 0.5, 1)]


def test_what_can_be_mended_is_mended_and_counted(run: Path) -> None:
    run.write_text(["# mine", "id;species;score;note\n7.0;1;0,5;x\n\n7;2;.25;y;\n# end\n7;1;0.5;x\n"][1])
    assert glckit("validate", run).exit_code == 1
    result = glckit("convert", run, run.with_name("a.csv"))
    assert result.exit_code == 0
    assert pairs_of(run.with_name("a.csv")) == [(7, 1, 0.5, 1), (7, 2, 0.25, 2)]
    for what in (
        "with a point",
        "decimal commas",
        "blank lines",
        "comment",
        "last field",
        "further",
        "repeated",
    ):
        assert what in result.stderr


@pytest.mark.parametrize("text", ["7;1;high;1\n", "7;1;0.5;1\n7;1;0.4;2\n", "7;1\n", "a;1;0.5;1\n"])
def test_what_cannot_be_mended_writes_nothing(run: Path, text: str) -> None:
    run.write_text("id;species;score;rank\n" + text)
    result = glckit("convert", run, run.with_name("a.csv"))
    assert result.exit_code == 1
    assert "not a valid run" in result.stderr
    assert sorted(path.name for path in run.parent.iterdir()) == ["run.csv"]


def test_predicted_lists_of_other_editions(run: Path) -> None:
    run.write_text("Id,Predicted\n7,4 2 9\n3,1\n")
    assert glckit("convert", run, run.with_name("a.csv")).exit_code == 0
    assert pairs_of(run.with_name("a.csv")) == [
        (7, 4, 1.0, 1),
        (7, 2, 0.5, 2),
        (7, 9, 1 / 3, 3),
        (3, 1, 1.0, 1),
    ]
    run.write_text("Id,Predicted\n7,4 x 9\n")
    assert glckit("convert", run, run.with_name("b.csv")).exit_code == 1


def test_bad_names_and_absent_files(run: Path) -> None:
    assert glckit("convert", run, run.with_name("a.xls")).exit_code == 2
    assert glckit("convert", run.with_name("absent.csv"), run.with_name("a.csv")).exit_code == 3
    assert glckit("convert", run, run.parent / "run.csv" / "a.csv").exit_code == 3


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 5), st.floats(allow_nan=False, allow_infinity=False)),
        unique_by=lambda pair: pair[:2],
        min_size=1,
    ),
    st.one_of(st.none(), st.integers(1, 4)),
)
def test_best_first_is_the_oracles_order(pairs: list[tuple[int, int, float]], max_rows: int | None) -> None:
    lists = {i: [(i, j, s, None) for o, j, s in pairs if o == i] for i in sorted({pair[0] for pair in pairs})}
    offsets = np.cumsum([0, *map(len, lists.values())])
    rows = [pair for each in lists.values() for pair in each]
    given_pairs = Pairs(offsets, np.array([row[1] for row in rows]), np.array([row[2] for row in rows]))
    kept = best_first(given_pairs, max_rows=max_rows)
    expected = [pair for each in lists.values() for pair in oracle.in_order(each)[:max_rows]]
    assert list(zip(kept.species.tolist(), kept.scores.tolist(), strict=True)) == [
        row[1:3] for row in expected
    ]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, unique=True))
def test_scores_read_back_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, scores: list[float]
) -> None:
    path = tmp_path_factory.mktemp("scores") / "run.csv"
    pairs = Pairs(np.array([0, len(scores)]), np.arange(len(scores)), np.array(scores))
    write_run(path, np.array([1]), pairs)
    assert [pair[2] for pair in pairs_of(path)] == sorted(scores, reverse=True)
