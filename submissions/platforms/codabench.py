"""The bundle of Codabench: ``competition.yaml`` and all that it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from submissions.platforms.documents import as_yaml
from submissions.platforms.kit import equal_run, public_tables, starting_kit, tables_among
from submissions.platforms.logo import logo
from submissions.platforms.material import Material, SolutionRun
from submissions.platforms.packing import zipped
from submissions.platforms.scorer.generator import scorer_of
from submissions.platforms.texts import TITLES, PageFacts

CONFIGURATION = "competition.yaml"
#: What the container runs; there is no shell.
COMMAND = "python3 /app/program/score.py /app/input/ /app/output/"
#: The image that Codabench takes where none is named: Python 3.7.
IMAGE = "codalab/codalab-legacy:py37"
#: Longest title, and key, of a column; of a leaderboard's title.
MAX_COLUMN, MAX_BOARD = 36, 64

_RUN_AS_PROGRAM = 'if __name__ == "__main__":\n    sys.exit(main(sys.argv[1:]))'
_PRECISION = 5


def codabench_files(
    material: Material, facts: PageFacts, solutions: Sequence[SolutionRun]
) -> dict[str, bytes]:
    """Return the files of the bundle by their paths."""
    files = {CONFIGURATION: as_yaml(_configuration(material, solutions)), "logo.png": logo()}
    files |= {f"pages/{name}.md": text.encode() for name, text in material.pages.items()}
    files["scoring_program/metadata.yaml"] = as_yaml({"command": COMMAND})
    files["scoring_program/score.py"] = scorer(material.competition.name).encode()
    kit = starting_kit(material, facts, equal_run(material), "example_run.csv")
    public = {f"starting_kit/{name}": data for name, data in kit.items()}
    public |= {f"public_data/{name}": data for name, data in public_tables(material).items()}
    reference = material.reference_files(tables_among(public))
    files |= {f"reference_data/{name}": data for name, data in reference.items()} | public
    files |= {f"solutions/{each.name}.zip": zipped({f"{each.name}.csv": each.text}) for each in solutions}
    return files


def scorer(name: str) -> str:
    """Return the text of the scoring program."""
    title = f"The scorer of {name}, for Codabench."
    return scorer_of("codabench", "main", title=title, last=_RUN_AS_PROGRAM)


def _configuration(material: Material, solutions: Sequence[SolutionRun]) -> Mapping[str, Any]:
    name = material.competition.name
    pages = [
        {"title": title, "file": f"pages/{page}.md"} for page, title in TITLES.items() if page != "terms"
    ]
    return {
        "version": 2,
        "title": name,
        "description": f"Ranked by {material.metrics[0].name}: {material.metrics[0].summary}.",
        "image": "logo.png",
        "terms": "pages/terms.md",
        "docker_image": IMAGE,
        "registration_auto_approve": False,
        "pages": pages,
        "tasks": [_task(name)],
        **({"solutions": [_solution(i, each) for i, each in enumerate(solutions)]} if solutions else {}),
        "phases": [_phase(material)],
        "leaderboards": [_leaderboard(material)],
    }


def _task(name: str) -> Mapping[str, Any]:
    return {
        "index": 0,
        "name": f"Scoring of {name}",
        "description": "Scores a run against the true species.",
        "scoring_program": "scoring_program",
        "reference_data": "reference_data",
    }


def _solution(index: int, run: SolutionRun) -> Mapping[str, Any]:
    return {"index": index, "tasks": [0], "path": f"solutions/{run.name}.zip"}


def _phase(material: Material) -> Mapping[str, Any]:
    return {
        "index": 0,
        "name": "Evaluation",
        "description": "Runs are scored against all of the true species.",
        "start": material.period.opens.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "end": material.period.closes.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "max_submissions": 100,
        "max_submissions_per_day": material.runs_per_day,
        "execution_time_limit": 600,
        "tasks": [0],
        "starting_kit": "starting_kit",
        "public_data": "public_data",
    }


def _leaderboard(material: Material) -> Mapping[str, Any]:
    columns = [
        _column(i, metric.name, material.labels[metric.name], is_lower_better=metric.lower_is_better)
        for i, metric in enumerate(material.metrics)
    ]
    seconds = _column(len(columns), "Seconds of scoring", "duration", is_lower_better=True)
    return {
        "title": f"Results of {material.competition.name}"[:MAX_BOARD],
        "key": "results",
        "submission_rule": "Force_Best" if material.counts == "best" else "Force_Last",
        "columns": [*columns, seconds],
    }


def _column(index: int, title: str, key: str, *, is_lower_better: bool) -> Mapping[str, Any]:
    return {
        "index": index,
        "title": title[:MAX_COLUMN],
        "key": key[:MAX_COLUMN],
        "sorting": "asc" if is_lower_better else "desc",
        "precision": 2 if key == "duration" else _PRECISION,
    }
