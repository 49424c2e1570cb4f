"""The scorers that go into bundles give our numbers and our faults, and part with their sources never."""

from __future__ import annotations

import ast
import gzip
import json
import os
import random
import subprocess
import sys
import types
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from altered_files import mutated
from hosted import ROOTS, Problem, drawn_problem, loaded, program
from run_files import zipped

from submissions.platforms.kaggle import kaggle_files, scorer
from submissions.platforms.kit import example_species
from submissions.platforms.scorer.generator import scorer_of
from submissions.platforms.scorer.sources import SourceModule
from submissions.platforms.texts import PageFacts
from submissions.reading.runs import read_run
from submissions.run import Run
from submissions.scores import score
from submissions.tables import Truth
from submissions.validation import check

N_PROBLEMS = 1000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("problems")


@cache
def expected(seed: int, folder: Path) -> dict[str, float]:
    return ours(drawn_problem(seed), folder)


def ours(problem: Problem, folder: Path) -> dict[str, float]:
    path = folder / "run.csv"
    path.write_bytes(problem.run)
    return score(read_run(path), problem.truth, problem.requirements).scores


def layout(folder: Path, problem: Problem, **submitted: bytes) -> list[str]:
    """Write what Codabench gives its scoring program, and return the two folders."""
    for name in ("ref", "res", "out"):
        (folder / "in" / name).mkdir(parents=True, exist_ok=True)
        for stale in (folder / "in" / name).iterdir():
            stale.unlink()
    for name, data in problem.material().reference_files({}).items():
        (folder / "in" / "ref" / name).write_bytes(data)
    for name, data in submitted.items():
        (folder / "in" / "res" / name).write_bytes(data)
    return [str(folder / "in"), str(folder / "in" / "out")]


def test_codabench_gives_our_numbers(folder: Path) -> None:
    for seed in range(N_PROBLEMS):
        problem = drawn_problem(seed)
        places = layout(folder, problem, run=problem.run)
        assert program("codabench").main(places) == 0
        scores = json.loads(Path(places[1], "scores.json").read_text())
        labels = problem.material().labels
        assert {name: scores[label] for name, label in labels.items()} == expected(seed, folder), seed


def test_evalai_gives_our_numbers(folder: Path) -> None:
    for seed in range(N_PROBLEMS):
        problem = drawn_problem(seed)
        material = problem.material()
        files = {name: data.decode() for name, data in material.reference_files({}).items()}
        (folder / "truth.json").write_text(json.dumps(files))
        (folder / "mine.csv").write_bytes(problem.run)
        result = program("evalai").evaluate(str(folder / "truth.json"), str(folder / "mine.csv"), "test", x=1)
        of_all = result["result"][0]["all"]
        json.dumps(result, allow_nan=False)
        assert {name: of_all[label] for name, label in material.labels.items()} == expected(seed, folder), (
            seed
        )


def test_a_region_has_the_threshold_of_all(folder: Path) -> None:
    n_with_regions = 0
    for seed in range(100):
        problem = drawn_problem(seed)
        files = {name: data.decode() for name, data in problem.material().reference_files({}).items()}
        (folder / "truth.json").write_text(json.dumps(files))
        (folder / "mine.csv").write_bytes(problem.run)
        result = program("evalai").evaluate(str(folder / "truth.json"), str(folder / "mine.csv"), "test")
        scored = score(read_run(folder / "mine.csv"), problem.truth, problem.requirements)
        regions = np.where(problem.truth.ids < 10_000_000, "us", "fr")
        for split in result["result"][1:]:
            ((region, scores),) = split.items()
            of_region = [scored.by(metric, regions == region) for metric in problem.metrics]
            assert list(scores.values()) == of_region
            n_with_regions += 1
    assert n_with_regions > 50


def cells(problem: Problem) -> tuple[list[int], list[str]]:
    """Return the run as a row per occurrence, of all that are to be predicted."""
    by_id: dict[int, list[str]] = {occurrence: [] for occurrence in problem.test_ids.tolist()}
    for occurrence, species, value in problem.rows:
        by_id[occurrence].append(f"{species}:{value!r}")
    return list(by_id), [" ".join(words) for words in by_id.values()]


def true_cells(problem: Problem) -> dict[int, str]:
    truth = problem.truth
    if isinstance(truth, Truth):
        return {
            each: str(species)
            for each, species in zip(truth.ids.tolist(), truth.species.tolist(), strict=True)
        }
    bounds, species = truth.sets.offsets.tolist(), truth.sets.species.tolist()
    return {
        each: " ".join(map(str, species[bounds[i] : bounds[i + 1]]))
        for i, each in enumerate(truth.ids.tolist())
    }


@cache
def kaggle_metric() -> types.ModuleType:
    return loaded(scorer("a competition", "adaptive-top-k", 30, 0), "generated_kaggle_face")


def test_kaggle_gives_our_numbers(folder: Path) -> None:
    for seed in range(N_PROBLEMS):
        problem = drawn_problem(seed)
        ids, words = cells(problem)
        known = true_cells(problem)
        solution = pd.DataFrame({"Id": list(known), "Predicted": list(known.values())})
        submission = pd.DataFrame({"Id": ids, "Predicted": words})
        mine = submission[submission["Id"].isin(list(known))]
        for metric in problem.metrics:
            number = kaggle_metric().score(
                solution.copy(), mine.copy(), "Id", metric=metric.name, k=problem.k
            )
            assert isinstance(number, float)
            assert number == expected(seed, folder)[metric.name], (seed, metric.name)


def test_huggingface_gives_our_numbers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub: Any = types.ModuleType("huggingface_hub")
    hub.hf_hub_download = lambda repo_id, filename, token, repo_type: str(folder / "hub" / filename)
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    (folder / "hub" / "submissions").mkdir(parents=True)
    params = types.SimpleNamespace(competition_id="a/b", token="-", team_id="t", submission_id="s")  # noqa: S106
    for seed in range(N_PROBLEMS):
        problem = drawn_problem(seed)
        material = problem.material()
        ids, words = cells(problem)
        rows = "".join(f"{occurrence},{cell}\n" for occurrence, cell in zip(ids, words, strict=True))
        (folder / "hub" / "submissions" / "t-s.csv").write_text("Id,Predicted\n" + rows)
        known = true_cells(problem)
        lines = [f"{each},{cell},{part}" for part in ("public", "private") for each, cell in known.items()]
        (folder / "hub" / "solution.csv").write_text("\n".join(["Id,Predicted,split", *lines, ""]))
        for name, data in material.reference_files({}).items():
            (folder / "hub" / name).write_bytes(data)
        scores = program("huggingface").compute(params)
        wanted = {material.labels[name]: value for name, value in expected(seed, folder).items()}
        assert scores == {"public_score": wanted, "private_score": wanted}, seed


def test_a_fixed_threshold_of_kaggle_makes_parts_add_up(folder: Path) -> None:
    for seed in range(200):
        problem = drawn_problem(seed)
        if problem.metrics[0].name != "adaptive-top-k":
            continue
        ids, words = cells(problem)
        known = true_cells(problem)
        scored = score(read_run(_written(folder, problem)), problem.truth, problem.requirements)
        hits = 0.0
        for part in (list(known)[::2], list(known)[1::2]):
            solution = pd.DataFrame({"Id": part, "Predicted": [known[each] for each in part]})
            mine = pd.DataFrame({"Id": ids, "Predicted": words})
            mine = mine[mine["Id"].isin(part)]
            if part:
                of_part = kaggle_metric().score(solution, mine, "Id", k=problem.k, threshold=scored.threshold)
                hits += of_part * len(part)
        assert hits == pytest.approx(scored.scores["adaptive-top-k"] * len(known))


def _written(folder: Path, problem: Problem) -> Path:
    path = folder / "run.csv"
    path.write_bytes(problem.run)
    return path


def test_the_scorer_finds_our_faults(folder: Path) -> None:
    """Runs with something changed at random: the same faults, counts and examples, or the same score."""
    rng = random.Random(0)
    module, path = program("codabench"), folder / "run.csv"
    n_invalid = 0
    for seed in range(700):
        problem = drawn_problem(seed % 100)
        data = problem.run
        for _ in range(rng.randint(1, 3)):
            data = mutated(data, rng)
        path.write_bytes(data)
        files = problem.material().reference_files({})
        reference = module.read_reference(files.get)
        verdict = module.judged(module.read_plain_run(str(path), reference), reference)
        validation = check(read_run(path), problem.requirements)
        assert [seen(each) for each in verdict.faults] == [seen(each) for each in validation.faults], (
            seed,
            data,
        )
        assert (verdict.scored is None) == (not validation.valid)
        n_invalid += verdict.scored is None
        if verdict.scored is not None:
            assert verdict.scored.scores == ours_of(path, problem)
    assert 150 < n_invalid < 690


def ours_of(path: Path, problem: Problem) -> dict[str, float]:
    return score(read_run(path), problem.truth, problem.requirements).scores


def seen(fault: Any) -> tuple[object, ...]:
    examples = [(each.line, each.occurrence_id, each.species_id, each.found) for each in fault.examples]
    return fault.code, fault.severity, fault.count, fault.message, examples


@pytest.mark.parametrize(
    ("header", "rows", "form"),
    [
        ("", "{0};{1};0.5;1", "ranked"),
        ("glc19TestOccId;glc19SpId;Rank;Probability\n", "{0};{1};1;0.5", "glc19"),
        ("surveyId,predictions\n", "{0},{1}", "survey"),
        ("Id,Predicted\n", "{0},{1} 999", "predicted"),
        ("observation_id;predictions;probas\n", "{0};{1} 999;0.5 0.1", "long"),
    ],
)
def test_runs_of_all_editions_are_read(folder: Path, header: str, rows: str, form: str) -> None:
    problem = next(each for each in map(drawn_problem, range(99)) if isinstance(each.truth, Truth))
    species = problem.truth.species[0]
    text = header + "".join(rows.format(each, species) + "\n" for each in problem.test_ids.tolist())
    path = folder / "run.csv"
    path.write_text(text)
    module = program("codabench")
    files = problem.material().reference_files({})
    meta = json.loads(files["meta.json"]) | {"form": form}
    files["meta.json"] = json.dumps(meta).encode()
    reference = module.read_reference(files.get)
    verdict = module.judged(module.read_plain_run(str(path), reference), reference)
    from submissions.reading.forms import Headerless
    from submissions.reading.options import ReadingOptions

    run = read_run(path, ReadingOptions(headerless=Headerless(form=form)))  # type: ignore[arg-type]
    assert isinstance(run, Run)
    assert verdict.scored is not None, verdict.told()
    assert verdict.scored.scores == score(run, problem.truth, problem.requirements).scores


def test_an_invalid_run_leaves_no_score_and_no_word_of_the_truth(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = drawn_problem(0)
    bad = problem.run + b"77;x;0,5\n"
    places = layout(folder, problem, run=bad)
    Path(places[1], "scores.json").write_text("{}")
    assert program("codabench").main(places) == 1
    assert list(Path(places[1]).iterdir()) == []
    captured = capsys.readouterr()
    n_lines = len(bad.splitlines())
    assert f"line {n_lines}, occurrence 77" in captured.out
    assert "Traceback" not in captured.out + captured.err
    assert "NOT VALID" in captured.out


def test_a_broken_reference_says_nothing_of_the_truth(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = drawn_problem(0)
    places = layout(folder, problem, run=problem.run)
    for name in ("meta.json", "truth.csv"):
        kept = Path(places[0], "ref", name).read_bytes()
        Path(places[0], "ref", name).write_bytes(b"424242;4242\n" + kept)
        assert program("codabench").main(places) == 1
        Path(places[0], "ref", name).write_bytes(kept)
        captured = capsys.readouterr()
        assert "4242" not in captured.out + captured.err
    assert list(Path(places[1]).iterdir()) == []


def test_exactly_one_run_is_wanted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    problem = drawn_problem(0)
    assert program("codabench").main(layout(folder, problem)) == 1
    assert "no file" in capsys.readouterr().err
    assert program("codabench").main(layout(folder, problem, a=problem.run, b=problem.run)) == 1
    assert "2 runs in 2 files (a, b)" in capsys.readouterr().err
    assert program("codabench").main(layout(folder, problem, a=problem.run, b=b"# notes")) == 0


def test_a_link_in_a_submission_is_not_followed(folder: Path) -> None:
    problem = drawn_problem(0)
    places = layout(folder, problem)
    Path(places[0], "res", "run.csv").symlink_to(Path(places[0], "ref", "truth.csv"))
    assert program("codabench").main(places) == 1


@pytest.mark.parametrize(
    "packed", [gzip.compress, lambda data: zipped(**{"a/run.csv": data, "__MACOSX/x": b"x"})]
)
def test_packed_runs_are_read(folder: Path, packed: Any) -> None:
    problem = drawn_problem(0)
    assert program("codabench").main(layout(folder, problem, run=packed(problem.run))) == 0


@pytest.mark.parametrize(
    "data", [b"PAR1xxxx", b"\x28\xb5\x2f\xfdxxxx", b"", b"\x89PNG", b"PK\x03\x04xx", b"\0" * 9]
)
def test_what_is_no_text_is_refused(folder: Path, data: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    assert program("codabench").main(layout(folder, drawn_problem(0), run=data)) == 1
    assert "NOT VALID" in capsys.readouterr().out


def test_a_change_of_a_source_changes_the_scorer(folder: Path) -> None:
    strict = SourceModule.read("scoring.sparse").source
    loose = strict.replace(b"chunk.scores > threshold", b"chunk.scores >= threshold")
    assert loose != strict
    text = scorer_of("codabench", "main", title="The scorer.", sources={"scoring.sparse": loose})
    assert "chunk.scores >= threshold" in text
    assert text != scorer_of("codabench", "main", title="The scorer.")


def test_every_definition_is_that_of_its_source() -> None:
    """Without types and docstrings, the functions of a scorer are those of our modules, word for word."""
    text = scorer_of("codabench", "main", title="The scorer.")
    for module, name in (
        ("scoring.adaptive", "threshold_of"),
        ("scoring.adaptive", "nth_largest"),
        ("scoring.sparse", "score_sparse"),
        ("scoring.sparse", "_stand"),
        ("scoring.sparse", "_tied_before"),
        ("submissions.reading.text", "read_text"),
        ("submissions.checks.sparse", "check_whole"),
    ):
        source = SourceModule.read(module).definitions[name]
        copied = next(each for each in ast.parse(text).body if getattr(each, "name", None) == name)
        assert bare(source).replace("FastParser", "PlainParser") == bare(copied), name


def bare(node: ast.AST) -> str:
    for each in ast.walk(node):
        if isinstance(each, ast.arg):
            each.annotation = None
        elif isinstance(each, ast.FunctionDef):
            each.returns = None
            each.body = each.body[1:] if ast.get_docstring(each) else each.body
    return ast.dump(node)


@pytest.mark.parametrize("name", ROOTS)
def test_a_scorer_is_python_3_7_and_wants_numpy_alone(name: str) -> None:
    text = scorer_of(name, ROOTS[name], title="The scorer.")
    tree = ast.parse(text, feature_version=(3, 7))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            imported.add(node.module.split(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"numpy"}
    vermin = pytest.importorskip("vermin")
    assert vermin.detect(text)[1] <= (3, 7)


def test_python_3_7_itself(folder: Path) -> None:
    """Under the interpreter that GLCKIT_PYTHON37 names, which has NumPy."""
    interpreter = os.environ.get("GLCKIT_PYTHON37")
    if interpreter is None:
        pytest.skip("set GLCKIT_PYTHON37 to a Python 3.7 with NumPy")
    problem = drawn_problem(3)
    places = layout(folder, problem, run=problem.run)
    script = folder / "score.py"
    last = 'if __name__ == "__main__":\n    sys.exit(main(sys.argv[1:]))'
    script.write_text(scorer_of("codabench", "main", title="The scorer.", last=last))
    command = [interpreter, "-I", "-W", "error", str(script), *places]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    scores = json.loads(Path(places[1], "scores.json").read_text())
    for name, label in problem.material().labels.items():
        assert scores[label] == ours(problem, folder)[name]


def test_the_examples_of_each_metric_on_kaggle_pass() -> None:
    import doctest

    for metric in ("adaptive-top-k", "top-k", "top-k-error", "mrr", "f1-samples", "f1-micro"):
        module = loaded(scorer("a competition", metric, 30, 0), f"face_{metric}".replace("-", "_"))
        failed, tried = doctest.testmod(module)
        assert (failed, tried > 0) == (0, True), metric


def test_kaggle_tells_participants_what_is_wrong() -> None:
    solution = pd.DataFrame({"Id": [1, 2], "Predicted": ["7", "8"]})
    metric = kaggle_metric()
    for words, told in {
        "7:0.5 7:0.4": "duplicate",
        "7": "ragged",
        "x:0.5": "bad-id",
        "7:nan": "bad-score",
        "7:0,5": "bad-score",
    }.items():
        submission = pd.DataFrame({"Id": [1, 2], "Predicted": [words, "8:0.5"]})
        with pytest.raises(metric.ParticipantVisibleError, match=told) as caught:
            metric.score(solution.copy(), submission, "Id")
        assert "occurrence 1" in str(caught.value)
    with pytest.raises(metric.ParticipantVisibleError, match="one row"):
        metric.score(solution, solution.iloc[:1], "Id")


def test_the_example_of_a_kit_never_shows_species_of_the_truth() -> None:
    material = drawn_problem(0).material(dict.fromkeys(("overview", "evaluation", "data", "terms"), "x"))
    assert example_species(material) == [1, 2, 3]
    facts = PageFacts(material.competition, material.requirements, 1, 1, "")
    assert json.loads(kaggle_files(material, facts, [])["metric/metric.ipynb"])["nbformat"] == 4
