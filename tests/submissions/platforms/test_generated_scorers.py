"""The scorers that go into bundles give our numbers, to the last bit, and part with their sources never."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hosted import Problem, drawn_problem, loaded, program

from submissions.platforms.scorer.generator import scorer_of
from submissions.platforms.scorer.sources import SourceModule
from submissions.reading.runs import read_run
from submissions.scores import score

N_PROBLEMS = 1000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("problems")


def ours(problem: Problem, folder: Path) -> dict[str, float]:
    path = folder / "run.csv"
    path.write_bytes(problem.run)
    return score(read_run(path), problem.truth, problem.requirements).scores


def on_codabench(problem: Problem, folder: Path, module: Any) -> dict[str, float]:
    (folder / "in" / "ref").mkdir(parents=True, exist_ok=True)
    (folder / "in" / "res").mkdir(exist_ok=True)
    (folder / "out").mkdir(exist_ok=True)
    material = problem.material()
    for stale in (folder / "in" / "ref").iterdir():
        stale.unlink()
    for name, data in material.reference_files().items():
        (folder / "in" / "ref" / name).write_bytes(data)
    (folder / "in" / "res" / "run.csv").write_bytes(problem.run)
    (folder / "out" / "scores.json").unlink(missing_ok=True)
    assert module.main([str(folder / "in"), str(folder / "out")]) == 0
    scores = json.loads((folder / "out" / "scores.json").read_text())
    return {name: scores[label] for name, label in material.labels.items()}


def test_codabench_gives_our_numbers(folder: Path) -> None:
    for seed in range(N_PROBLEMS):
        problem = drawn_problem(seed)
        assert on_codabench(problem, folder, program("codabench")) == ours(problem, folder), seed


def test_evalai_gives_our_numbers(folder: Path) -> None:
    for seed in range(N_PROBLEMS):
        problem = drawn_problem(seed)
        material = problem.material()
        files = {name: data.decode() for name, data in material.reference_files().items()}
        (folder / "truth.json").write_text(json.dumps(files))
        expected = ours(problem, folder)
        result = program("evalai").evaluate(str(folder / "truth.json"), str(folder / "run.csv"), "test", x=1)
        of_all = result["result"][0]["all"]
        assert {name: of_all[label] for name, label in material.labels.items()} == expected, seed


def test_a_change_of_a_source_changes_the_scorer(folder: Path) -> None:
    strict = SourceModule.read("scoring.sparse").source
    loose = strict.replace(b"chunk.scores > threshold", b"chunk.scores >= threshold")
    assert loose != strict
    text = scorer_of("codabench", "main", title="The scorer.", sources={"scoring.sparse": loose})
    assert "chunk.scores >= threshold" in text
    assert text != scorer_of("codabench", "main", title="The scorer.")
    loaded(text, "changed")
