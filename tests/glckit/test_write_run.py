"""Runs from arrays, tensors, sparse matrices and data frames, in every format, and none that is invalid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import glckit
from submissions.errors import UsageError

RNG = np.random.default_rng(5)
N, C = 300, 17  # more rows than are written at a time
SCORES = RNG.random((N, C)).astype(np.float32)
SCORES[RNG.random(SCORES.shape) < 0.2] = -np.inf
SCORES[:, 0] = 0.25  # no row without a score
IDS = RNG.permutation(np.arange(10_000_000, 10_000_000 + N))
SPECIES = RNG.permutation(np.arange(100, 100 + C))


def pairs_of(path: Path) -> dict[tuple[int, int], float]:
    """Return the pairs of a run as a dictionary."""
    run = glckit.read_run(path)
    assert glckit.validate(run).valid
    frame = run.to_frame()
    keys = zip(frame["occurrence_id"].tolist(), frame["species_id"].tolist(), strict=True)
    return dict(zip(keys, frame["probability"].tolist(), strict=True))


def expected(max_rows: int | None = None) -> dict[tuple[int, int], float]:
    """Return the best pairs of every row, ties by column, an obvious way."""
    found = {}
    for row, occurrence in enumerate(IDS.tolist()):
        columns = sorted(range(C), key=lambda column: (-SCORES[row, column], column))
        for column in columns[:max_rows]:
            if SCORES[row, column] > -np.inf:
                found[occurrence, int(SPECIES[column])] = float(SCORES[row, column])
    return found


def tensor(scores: Any) -> Any:
    return pytest.importorskip("torch").from_numpy(scores)


def frame(scores: Any) -> pd.DataFrame:
    return pd.DataFrame(scores, index=IDS, columns=SPECIES)


KINDS: dict[str, Callable[[Any], Any]] = {
    "array": lambda scores: scores,
    "float16": lambda scores: scores.astype(np.float16),
    "float64": lambda scores: scores.astype(np.float64),
    "strided": lambda scores: np.asfortranarray(scores),
    "tensor": tensor,
    "tensor with gradients": lambda scores: tensor(scores).requires_grad_(),
    "bfloat16": lambda scores: tensor(scores).bfloat16(),
    "frame": frame,
}


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".csv.zst", ".zip", ".txt", ".parquet", ".npy"])
@pytest.mark.parametrize("max_rows", [5, None])
def test_every_format(suffix: str, max_rows: int | None, tmp_path: Path) -> None:
    path = tmp_path / f"run{suffix}"
    done = glckit.write_run(path, SCORES, IDS, SPECIES, max_rows=max_rows)
    assert pairs_of(path) == expected(max_rows)
    assert (done.n_occurrences, done.n_pairs) == (N, len(expected(max_rows)))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind(kind: str, tmp_path: Path) -> None:
    given = KINDS[kind](SCORES)
    glckit.write_run(tmp_path / "run.parquet", given, IDS, SPECIES, max_rows=None)
    exact = given.detach().double().numpy() if hasattr(given, "detach") else np.asarray(given, np.float64)
    rows, columns = np.nonzero(exact > -np.inf)
    keys = zip(IDS[rows].tolist(), SPECIES[columns].tolist(), strict=True)
    assert pairs_of(tmp_path / "run.parquet") == dict(zip(keys, exact[rows, columns].tolist(), strict=True))


def test_a_memory_map(tmp_path: Path) -> None:
    np.save(tmp_path / "scores.npy", SCORES)
    mapped = np.load(tmp_path / "scores.npy", mmap_mode="r")
    glckit.write_run(tmp_path / "run.csv", mapped, IDS, SPECIES)
    assert pairs_of(tmp_path / "run.csv") == expected()


@pytest.mark.parametrize("kind", ["tensor", "bfloat16", "strided"])
def test_every_kind_as_a_matrix(kind: str, tmp_path: Path) -> None:
    given = KINDS[kind](SCORES)
    glckit.write_run(tmp_path / "one.npy", given, IDS, SPECIES, max_rows=4)
    glckit.write_run(tmp_path / "two.csv", given, IDS, SPECIES, max_rows=4)
    assert pairs_of(tmp_path / "one.npy") == pairs_of(tmp_path / "two.csv")


def test_a_data_frame_has_its_ids(tmp_path: Path) -> None:
    glckit.write_run(tmp_path / "run.csv", frame(SCORES))
    assert pairs_of(tmp_path / "run.csv") == expected()


@pytest.mark.parametrize("form", ["csr_array", "csc_array", "coo_array", "csr_matrix"])
def test_sparse_matrices(form: str, tmp_path: Path) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    rows, columns = np.nonzero(-np.inf < SCORES)
    values = SCORES[rows, columns]
    values[3] = 0.0  # a score as any other
    given = getattr(sparse, form)((values, (rows, columns)), shape=SCORES.shape)
    glckit.write_run(tmp_path / "run.csv", given, IDS, SPECIES)
    keys = zip(IDS[rows].tolist(), SPECIES[columns].tolist(), strict=True)
    assert pairs_of(tmp_path / "run.csv") == dict(zip(keys, map(float, values), strict=True))


def test_pairs_of_a_data_frame_come_back(tmp_path: Path) -> None:
    glckit.write_run(tmp_path / "one.csv", SCORES, IDS, SPECIES)
    pairs = glckit.read_run(tmp_path / "one.csv").to_frame()
    glckit.write_run(tmp_path / "two.csv", pairs)
    assert (tmp_path / "two.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()
    glckit.write_run(tmp_path / "shuffled.parquet", pairs.sample(frac=1, random_state=1))
    assert pairs_of(tmp_path / "shuffled.parquet") == expected()


def test_frames_of_a_matrix_and_of_its_lists_agree(tmp_path: Path) -> None:
    for name in ("run.npy", "run.parquet"):
        glckit.write_run(tmp_path / name, SCORES, IDS, SPECIES)
    assert pairs_of(tmp_path / "run.npy") == pairs_of(tmp_path / "run.parquet")


def test_the_file_of_a_board(tmp_path: Path) -> None:
    glckit.write_run(tmp_path / "board.csv", [[0.5, 0.25]], [7], [1, 2], to=2022)
    assert (tmp_path / "board.csv").read_text() == "Id,Predicted\n7,1 2\n"


def test_a_list_may_be_empty_where_a_board_has_lists(tmp_path: Path) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    given = sparse.csr_array(([0.5], ([0], [1])), shape=(2, 2))
    glckit.write_run(tmp_path / "board.csv", given, [7, 8], [1, 2], to=2024)
    assert (tmp_path / "board.csv").read_text() == "surveyId,predictions\n7,2\n8,\n"


def with_score(score: float) -> Any:
    scores = SCORES.copy()
    scores[280, 3] = score
    return scores


def stored(*values: float) -> Any:
    sparse = pytest.importorskip("scipy.sparse")
    return sparse.csr_array((np.array(values), (np.arange(len(values)), np.arange(len(values)))))


INVALID: dict[str, tuple[Callable[[], tuple[Any, ...]], str]] = {
    "NaN": (lambda: (with_score(np.nan), IDS, SPECIES), "bad-score"),
    "infinite": (lambda: (with_score(np.inf), IDS, SPECIES), "bad-score"),
    "NaN stored": (lambda: (stored(0.5, np.nan), [7, 8], [1, 2]), "bad-score"),
    "absent, yet stored": (lambda: (stored(0.5, -np.inf), [7, 8], [1, 2]), "bad-score"),
    "occurrence twice": (lambda: (SCORES, [*IDS[:-1], IDS[0]], SPECIES), "duplicate"),
    "species twice": (lambda: (SCORES, IDS, [*SPECIES[:-1], SPECIES[0]]), "duplicate"),
    "pair twice": (
        lambda: (pd.DataFrame({"occurrence_id": [7, 7], "species_id": [1, 1], "probability": [0.5, 0.2]}),),
        "duplicate",
    ),
    "nothing": (lambda: (np.full((1, 2), -np.inf), [7], [1, 2]), "no-rows"),
}


@pytest.mark.parametrize("case", INVALID)
def test_what_validate_refuses_is_not_written(case: str, tmp_path: Path) -> None:
    make, code = INVALID[case]
    with pytest.raises(glckit.InvalidRunError) as caught:
        glckit.write_run(tmp_path / "run.csv", *make())
    assert [fault.code for fault in caught.value.validation.errors] == [code]
    assert list(tmp_path.iterdir()) == []


def test_the_test_set_and_the_species_are_held_to(tmp_path: Path) -> None:
    known = [*IDS[1:].tolist(), 999]
    with pytest.raises(glckit.InvalidRunError) as caught:
        glckit.write_run(tmp_path / "run.csv", SCORES, IDS, SPECIES, test=known, species=SPECIES[1:])
    codes = {fault.code for fault in caught.value.validation.errors}
    assert codes == {"unknown-occurrence", "missing-occurrence", "unknown-species"}
    glckit.write_run(tmp_path / "run.csv", SCORES, IDS, SPECIES, test=IDS, species=SPECIES)


REFUSED: dict[str, tuple[Callable[[], tuple[Any, ...]], str]] = {
    "no ids": (lambda: (SCORES,), "need ids"),
    "names": (lambda: (SCORES, IDS, [f"s{i}" for i in range(C)]), "species_ids must be a list of integers"),
    "floats": (lambda: (SCORES, IDS.astype(float), SPECIES), "occurrence_ids must be a list of integers"),
    "transposed": (lambda: (SCORES.T, IDS, SPECIES), "do not fit 300 occurrences and 17 species"),
    "too few ids": (lambda: (stored(0.5, 0.25), [7], [1, 2]), "do not fit 1 occurrences"),
    "one row": (lambda: (SCORES[0], IDS, SPECIES), "do not fit"),
    "no scores": (lambda: (np.empty((0, 3)), [], [1, 2, 3]), "no scores to write"),
    "complex": (lambda: (SCORES.astype(complex), IDS, SPECIES), "not complex"),
    "text": (lambda: ([["a", "b"]], [7], [1, 2]), "float16, float32 or float64"),
    "masked": (lambda: (np.ma.masked_array(SCORES), IDS, SPECIES), "must not be masked"),
    "another column": (
        lambda: (pd.DataFrame({"occurrence_id": [7], "species_id": [1], "probability": [1.0], "x": [3]}),),
        "no column x",
    ),
    "no pairs": (
        lambda: (pd.DataFrame({"occurrence_id": [], "species_id": [], "probability": []}),),
        "no scores to write",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_meant_is_refused(case: str, tmp_path: Path) -> None:
    make, message = REFUSED[case]
    with pytest.raises(UsageError, match=message):
        glckit.write_run(tmp_path / "run.csv", *make())
    assert list(tmp_path.iterdir()) == []


def test_sparse_tensors_are_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(UsageError, match="to_dense"):
        glckit.write_run(tmp_path / "run.csv", torch.eye(2).to_sparse(), [7, 8], [1, 2])


@pytest.mark.parametrize("max_rows", [0, -1, 2.5, True])
def test_a_limit_is_a_number(max_rows: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="max_rows"):
        glckit.write_run(tmp_path / "run.csv", SCORES, IDS, SPECIES, max_rows=max_rows)


def test_nothing_is_replaced_unless_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text("mine")
    with pytest.raises(UsageError, match=r"exists already.*force=True"):
        glckit.write_run(path, SCORES, IDS, SPECIES)
    assert path.read_text() == "mine"
    glckit.write_run(path, SCORES, IDS, SPECIES, force=True)
    assert pairs_of(path) == expected()


def test_a_name_tells_a_format(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Let it end in"):
        glckit.write_run(tmp_path / "run.xyz", SCORES, IDS, SPECIES)
    with pytest.raises(UsageError, match="written to a path"):
        glckit.write_run(SCORES, tmp_path / "run.csv")  # type: ignore[arg-type]


@pytest.mark.parametrize(("suffix", "n_unsaid"), [("csv", 2), ("parquet", 2), ("npy", 0)])
def test_rows_without_pairs_are_counted_where_they_cannot_be_said(
    suffix: str, n_unsaid: int, tmp_path: Path
) -> None:
    scores = np.full((3, 2), -np.inf)
    scores[0] = [0.5, 0.2]
    done = glckit.write_run(tmp_path / f"run.{suffix}", scores, [1, 2, 3], [4, 5])
    assert (done.n_unsaid, done.n_pairs) == (n_unsaid, 2)


def test_rows_of_a_sparse_matrix_without_pairs_are_counted(tmp_path: Path) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    given = sparse.csr_array(([0.5], ([1], [0])), shape=(3, 2))
    assert glckit.write_run(tmp_path / "run.csv", given, [1, 2, 3], [4, 5]).n_unsaid == 2


def test_pairs_may_have_the_other_names_of_columns(tmp_path: Path) -> None:
    pairs = pd.DataFrame({"ID": [7, 7], "class_id": [1, 2], "score": [0.5, 0.2]})
    assert glckit.write_run(tmp_path / "run.csv", pairs).n_pairs == 2


@pytest.mark.parametrize(
    ("pairs", "match"),
    [
        (pd.DataFrame({"occurrence_id": [7], "species_id": [1]}), "no column probability"),
        (pd.DataFrame({"occurrence_id": [7], "1": [0.5]}), "no column species_id, probability"),
        (pd.DataFrame({"id": [7], "occurrence_id": [7], "species": [1], "score": [1.0]}), "several columns"),
    ],
)
def test_a_table_of_pairs_that_is_none_is_an_error(pairs: pd.DataFrame, match: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=match):
        glckit.write_run(tmp_path / "run.csv", pairs)


def test_ids_that_are_texts_are_called_so(tmp_path: Path) -> None:
    texts = pd.DataFrame([[0.5, 0.2]], index=[7], columns=["1", "2"])
    with pytest.raises(UsageError, match=r"not (object|str) of shape .*astype\(int\)"):
        glckit.write_run(tmp_path / "run.csv", texts)


def test_scores_of_a_sparse_matrix_are_refused_in_words() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(ValueError, match=r"sparse matrix .* \.toarray\(\)"):
        glckit.adaptive_top_k(sparse.csr_array(np.eye(2)), [0, 1], k=1)
