"""F1 of whole files, as organizers and participants of 2023 to 2025 write them, beside scikit-learn's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from commands import glckit_json

NAMES = ("--metric", "f1-samples", "--metric", "f1-micro", "--allow-missing")


@pytest.fixture(autouse=True)
def _current(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("GLCKIT_COMPETITION", "GLCKIT_TRUTH", "GLCKIT_DATA"):
        monkeypatch.delenv(name, raising=False)


def written_sets(path: Path, sets: dict[int, list[int]], *, long: bool) -> None:
    if long:
        rows = [f"{i};{species}" for i, each in sets.items() for species in each]
        path.write_text("\n".join(["id;species_id", *rows, ""]))
    else:
        rows = [f"{i},{' '.join(map(str, each))}" for i, each in sets.items()]
        path.write_text("\n".join(["surveyId,predictions", *rows, ""]))


@pytest.mark.parametrize("seed", range(6))
def test_f1_is_that_of_scikit_learn(seed: int) -> None:
    random = np.random.default_rng(seed)
    n, n_species = int(random.choice([1, 40])), 12

    def drawn(low: int) -> dict[int, list[int]]:
        sizes = random.integers(low, 6, n)
        return {7 * i: random.permutation(n_species)[:size].tolist() for i, size in enumerate(sizes)}

    true, predicted = drawn(1), drawn(0)
    if seed % 2 and n > 1:
        del predicted[7]
    written_sets(Path("sets.csv"), true, long=seed % 3 == 0)
    written_sets(Path("run.csv"), predicted, long=False)
    report = glckit_json("score", "run.csv", "--truth", "sets.csv", *NAMES)[1]
    assert_as_scikit_learn(report, true, predicted, n_species)


def test_f1_of_a_real_run_is_that_of_scikit_learn(realdata: Path) -> None:
    path = realdata / "runs" / "glc24_cnn_bioclim_top25.csv"
    table = pd.read_csv(path, sep=";", usecols=["observation_id", "predictions"])
    lists = table["predictions"].str.split().map(lambda words: [int(word) for word in words])
    predicted = dict(zip(table["observation_id"].tolist(), lists, strict=True))
    random = np.random.default_rng(0)
    n_species = 12_000

    def truth_of(species: list[int]) -> list[int]:
        kept = random.choice(species, int(random.integers(0, 9)), replace=False)
        return sorted({*kept.tolist(), *random.integers(0, n_species, int(random.integers(1, 30))).tolist()})

    true = {i: truth_of(species) for i, species in predicted.items()}
    written_sets(Path("sets.csv"), true, long=True)
    status, report = glckit_json("score", path, "--truth", "sets.csv", *NAMES)
    assert (status, report["n_occurrences"], report["n_pairs"]) == (0, 4716, 117_900)
    assert_as_scikit_learn(report, true, predicted, n_species)


def assert_as_scikit_learn(
    report: dict[str, Any], true: dict[int, list[int]], predicted: dict[int, list[int]], n_species: int
) -> None:
    f1_score = pytest.importorskip("sklearn.metrics").f1_score
    sparse = pytest.importorskip("scipy.sparse")

    def indicators(sets: dict[int, list[int]]) -> Any:
        lists = [sets.get(i, []) for i in true]
        ends, columns = np.cumsum([0, *map(len, lists)]), [each for species in lists for each in species]
        return sparse.csr_matrix((np.ones(len(columns), int), columns, ends), shape=(len(true), n_species))

    for name, average in (("f1-samples", "samples"), ("f1-micro", "micro")):
        expected = f1_score(indicators(true), indicators(predicted), average=average, zero_division=0)
        assert report["scores"][name] == pytest.approx(expected, rel=1e-12, abs=0)
