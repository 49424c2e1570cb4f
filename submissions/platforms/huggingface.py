"""The bundle of Hugging Face: the private dataset of a competition."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from submissions.platforms.kaggle import true_words
from submissions.platforms.kit import example_species, public_tables
from submissions.platforms.material import Material, SolutionRun
from submissions.platforms.programs.huggingface import ID, PARTS, PREDICTED_COLUMN, SOLUTION
from submissions.platforms.runtexts import cells_as_csv
from submissions.platforms.scorer.generator import scorer_of
from submissions.platforms.texts import PageFacts

CONFIGURATION, METRIC, SAMPLE = "conf.json", "metric.py", "sample_submission.csv"


def huggingface_files(
    material: Material, facts: PageFacts, solutions: Sequence[SolutionRun]
) -> dict[str, bytes]:
    """Return the files of the bundle by their paths."""
    words = " ".join(f"{species}:0.5" for species in example_species(material))
    sample = ((occurrence, words) for occurrence in material.test_ids.tolist())
    public = {f"public_data/{SAMPLE}": cells_as_csv(sample)}
    public |= {f"public_data/{name}": data for name, data in public_tables(material).items()}
    pages = material.pages
    return {
        CONFIGURATION: _configuration(material),
        METRIC: scorer(material.competition.name).encode(),
        **material.reference_files(public),
        SOLUTION: _solution(material),
        "COMPETITION_DESC.md": f"{pages['overview']}\n{pages['evaluation']}".encode(),
        "DATASET_DESC.md": pages["data"].encode(),
        "SUBMISSION_DESC.md": f"Upload a CSV: {facts.form}.\n".encode(),
        "RULES.md": pages["terms"].encode(),
        **public,
        **{f"solutions/{each.name}.csv": each.text for each in solutions},
    }


def scorer(name: str) -> str:
    """Return the text of the metric."""
    return scorer_of("huggingface", "compute", title=f"The metric of {name}.")


def _configuration(material: Material) -> bytes:
    first = material.metrics[0]
    data = {
        "COMPETITION_TYPE": "generic",
        "SUBMISSION_LIMIT": material.runs_per_day,
        "TIME_LIMIT": 600,
        "SELECTION_LIMIT": 2,
        "HARDWARE": "cpu-basic",
        "END_DATE": material.period.closes.strftime("%Y-%m-%d"),
        "EVAL_HIGHER_IS_BETTER": 0 if first.lower_is_better else 1,
        "SUBMISSION_ID_COLUMN": ID,
        "SUBMISSION_COLUMNS": f"{ID},{PREDICTED_COLUMN}",
        "SUBMISSION_ROWS": len(material.test_ids),
        "EVAL_METRIC": "custom",
        "LOGO": "https://huggingface.co/front/assets/huggingface_logo.svg",
        "DATASET": "",
        "SUBMISSION_FILENAMES": ["submission.csv"],
        "SCORING_METRIC": material.labels[first.name],
    }
    return (json.dumps(data, indent=2) + "\n").encode()


def _solution(material: Material) -> bytes:
    lines = [f"{ID},{PREDICTED_COLUMN},split"]
    lines += [f"{occurrence},{words},{part}" for occurrence, words, part in _rows(material)]
    return "\n".join([*lines, ""]).encode()


def _rows(material: Material) -> Iterator[tuple[int, str, str]]:
    """Yield each occurrence with its species and its part, or once for each part where there is one only."""
    ids, words = material.truth.ids.tolist(), true_words(material)
    if material.is_private is None:
        for part in PARTS:
            yield from ((occurrence, each, part) for occurrence, each in zip(ids, words, strict=True))
        return
    for occurrence, each, is_private in zip(ids, words, material.is_private.tolist(), strict=True):
        yield occurrence, each, PARTS[1] if is_private else PARTS[0]
