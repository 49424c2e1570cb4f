"""The bundle of EvalAI: ``challenge_config.yaml`` and all that it names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from scoring.places import REGIONS, region_of_id
from submissions.platforms.documents import as_html, as_yaml
from submissions.platforms.kit import equal_run, public_tables, starting_kit, tables_among
from submissions.platforms.logo import logo
from submissions.platforms.material import Material, SolutionRun
from submissions.platforms.packing import zipped
from submissions.platforms.programs.evalai import ALL
from submissions.platforms.scorer.generator import scorer_of
from submissions.platforms.texts import PageFacts

CONFIGURATION = "challenge_config.yaml"
#: The zip of the evaluation script, and what stands in it.
SCRIPT, PACKAGE, MAIN = "evaluation_script.zip", "__init__.py", "main.py"
ANNOTATION = "annotations/truth.json"

_INIT = "from .main import evaluate\n"
_NAMES = {ALL: "All occurrences", "fr": "France", "us": "United States"}
_PRECISION = 5


def evalai_files(material: Material, facts: PageFacts, solutions: Sequence[SolutionRun]) -> dict[str, bytes]:
    """Return the files of the bundle by their paths."""
    script = {PACKAGE: _INIT.encode(), MAIN: scorer(material.competition.name).encode()}
    kit = starting_kit(material, facts, equal_run(material), "example_run.csv")
    public = {f"starting_kit/{name}": data for name, data in (kit | public_tables(material)).items()}
    reference = material.reference_files(tables_among(public))
    annotation = {name: data.decode() for name, data in reference.items()}
    files = {
        CONFIGURATION: as_yaml(_configuration(material)),
        "logo.png": logo(),
        SCRIPT: zipped(script),
        ANNOTATION: (json.dumps(annotation, ensure_ascii=False) + "\n").encode(),
    }
    files |= {f"templates/{_TEMPLATES[name]}": as_html(text) for name, text in material.pages.items()}
    files["templates/phase.html"] = as_html("Runs are scored against all of the true species.")
    return files | public | {f"solutions/{each.name}.csv": each.text for each in solutions}


_TEMPLATES = {
    "overview": "description.html",
    "evaluation": "evaluation_details.html",
    "terms": "terms_and_conditions.html",
    "data": "submission_guidelines.html",
}


def scorer(name: str) -> str:
    """Return the text of the evaluation script."""
    return scorer_of("evalai", "evaluate", title=f"The scorer of {name}, for EvalAI.")


def splits_of(material: Material) -> list[str]:
    """Return the code names of the splits: all occurrences and, where there are several regions, each."""
    regions = np.unique(region_of_id(material.truth.ids)).tolist()
    present = [region for region in REGIONS if region in regions]
    return [ALL, *(present if len(present) > 1 else [])]


def _configuration(material: Material) -> Mapping[str, Any]:
    first = material.metrics[0]
    splits = splits_of(material)
    return {
        "title": material.competition.name,
        "short_description": f"Ranked by {first.name}.",
        "description": "templates/description.html",
        "evaluation_details": "templates/evaluation_details.html",
        "terms_and_conditions": "templates/terms_and_conditions.html",
        "image": "logo.png",
        "submission_guidelines": "templates/submission_guidelines.html",
        "leaderboard_description": f"Ranked by {first.name}: {first.summary}.",
        "evaluation_script": SCRIPT,
        "remote_evaluation": False,
        "start_date": _time(material.period.opens),
        "end_date": _time(material.period.closes),
        "published": False,
        "tags": ["GeoLifeCLEF", "biodiversity"],
        "leaderboard": [{"id": 1, "schema": _schema(material)}],
        "challenge_phases": [_phase(material)],
        "dataset_splits": [
            {"id": i, "name": _NAMES[split], "codename": split} for i, split in enumerate(splits, 1)
        ],
        "challenge_phase_splits": [
            {
                "challenge_phase_id": 1,
                "leaderboard_id": 1,
                "dataset_split_id": i,
                "visibility": 3,
                "leaderboard_decimal_precision": _PRECISION,
                "is_leaderboard_order_descending": not first.lower_is_better,
            }
            for i, _ in enumerate(splits, 1)
        ],
    }


def _schema(material: Material) -> Mapping[str, Any]:
    labels = material.labels
    return {
        "labels": list(labels.values()),
        "default_order_by": labels[material.metrics[0].name],
        "metadata": {
            labels[metric.name]: {"sort_ascending": metric.lower_is_better, "description": metric.summary}
            for metric in material.metrics
        },
    }


def _phase(material: Material) -> Mapping[str, Any]:
    return {
        "id": 1,
        "name": "Evaluation",
        "description": "templates/phase.html",
        "codename": "evaluation",
        "leaderboard_public": True,
        "is_public": True,
        "is_active": True,
        "is_submission_public": False,
        "start_date": _time(material.period.opens),
        "end_date": _time(material.period.closes),
        "test_annotation_file": ANNOTATION,
        "max_submissions_per_day": material.runs_per_day,
        "max_submissions_per_month": 100,
        "max_submissions": 100,
        "max_concurrent_submissions_allowed": 3,
        "allowed_submission_file_types": ".csv, .txt, .gz, .zip",
        "default_submission_meta_attributes": [
            {"name": name, "is_visible": True}
            for name in ("method_name", "method_description", "project_url", "publication_url")
        ],
    }


def _time(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S")
