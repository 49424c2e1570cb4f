"""The bundle of Kaggle: a metric notebook, a solution, an example of a submission, and the pages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from scoring.metrics.table import METRICS
from submissions.platforms.kit import example_species, public_tables
from submissions.platforms.material import Material, SolutionRun
from submissions.platforms.programs.reference import META
from submissions.platforms.runtexts import cells_as_csv
from submissions.platforms.scorer.generator import scorer_of
from submissions.platforms.texts import PageFacts
from submissions.tables import Truth

NOTEBOOK, SOLUTION, SAMPLE = "metric/metric.ipynb", "solution.csv", "sample_submission.csv"
#: What `Usage` says.
PUBLIC, PRIVATE, IGNORED = "Public", "Private", "Ignored"

_FACE = '''

class ParticipantVisibleError(Exception):
    """What a participant may read."""


def score(
    solution: pd.DataFrame,
    submission: pd.DataFrame,
    row_id_column_name: str,
    metric: str = {metric!r},
    k: int = {k},
    max_rows: int = {max_rows},
    threshold: float = float("nan"),
) -> float:
    """Score a submission by {metric}: {summary}.

    A row of the submission holds pairs species:score with blanks between them. Public and private rows
    are scored apart, so a metric with a threshold fits one to each; `threshold` fixes it. `max_rows` limits
    the species of a row; 0 does not.

    >>> solution = pd.DataFrame({{"Id": [1, 2], "Predicted": ["7", "8"]}})
    >>> submission = pd.DataFrame({{"Id": [1, 2], "Predicted": ["7:0.9 5:0.1", "5:0.8 9:0.3"]}})
    >>> score(solution.copy(), submission.copy(), "Id", k=1)
    {example}
    """
    (answer,) = [name for name in solution.columns if name not in (row_id_column_name, "Usage")]
    if answer not in submission.columns:
        raise ParticipantVisibleError("The submission has no column " + answer + ".")
    rows = submission.set_index(row_id_column_name)[answer]
    ids = solution[row_id_column_name].tolist()
    if rows.index.has_duplicates or set(rows.index) != set(ids):
        raise ParticipantVisibleError("Give every " + row_id_column_name + " one row, and no other.")
    try:
        return score_of_cells(
            ids,
            solution[answer].tolist(),
            rows.loc[ids].tolist(),
            metric=metric,
            k=k,
            max_rows=max_rows,
            threshold=threshold,
        )
    except RunRefused as error:
        raise ParticipantVisibleError(str(error)) from None
'''


def kaggle_files(material: Material, facts: PageFacts, solutions: Sequence[SolutionRun]) -> dict[str, bytes]:
    """Return the files of the bundle by their paths."""
    first, requirements = material.metrics[0], material.requirements
    words = " ".join(f"{species}:0.5" for species in example_species(material))
    sample = ((occurrence, words) for occurrence in material.test_ids.tolist())
    public = {SAMPLE: cells_as_csv(sample)}
    public |= {f"data/{name}": data for name, data in public_tables(material).items()}
    files = {
        NOTEBOOK: _notebook(
            scorer(material.competition.name, first.name, requirements.k, requirements.max_rows or 0)
        ),
        META: material.rules(public),
        SOLUTION: _solution(material),
        **public,
    }
    files |= {f"pages/{name}.md": text.encode() for name, text in material.pages.items()}
    return files | {f"solutions/{each.name}.csv": each.text for each in solutions}


def scorer(name: str, metric: str, k: int, max_rows: int) -> str:
    """Return the text of the metric."""
    text = scorer_of("kaggle", "score_of_cells", "RunRefused", title=f"The metric of {name}.")
    summary, example = METRICS[metric].summary, _EXAMPLES[metric]
    face = _FACE.format(metric=metric, k=k, max_rows=max_rows, summary=summary, example=example)
    return text.replace("import numpy as np\n", "import numpy as np\nimport pandas as pd\n", 1) + face


# What the example of the docstring gives.
_EXAMPLES = {
    "adaptive-top-k": "0.5",
    "top-k": "0.5",
    "top-k-error": "0.5",
    "mrr": "0.5",
    "f1-samples": "0.3333333333333333",
    "f1-micro": "0.3333333333333333",
}


def _solution(material: Material) -> bytes:
    """Return the true species of each occurrence, and which part it belongs to."""
    lines = ["Id,Predicted,Usage"]
    lines += [f"{occurrence},{words},{usage}" for occurrence, words, usage in _rows(material)]
    return "\n".join([*lines, ""]).encode()


def _rows(material: Material) -> Iterator[tuple[int, str, str]]:
    usages = np.full(len(material.truth), PUBLIC)
    if material.is_private is not None:
        usages = np.where(material.is_private, PRIVATE, PUBLIC)
    known = dict(
        zip(material.truth.ids.tolist(), zip(true_words(material), usages.tolist(), strict=True), strict=True)
    )
    for occurrence in material.test_ids.tolist():
        words, usage = known.get(occurrence, ("", IGNORED))
        yield occurrence, words, usage


def true_words(material: Material) -> list[str]:
    """Return the species of each occurrence of the truth, with blanks between them."""
    truth = material.truth
    if isinstance(truth, Truth):
        return [str(species) for species in truth.species.tolist()]
    bounds, species = truth.sets.offsets.tolist(), truth.sets.species.tolist()
    return [" ".join(map(str, species[bounds[i] : bounds[i + 1]])) for i in range(len(truth))]


def _notebook(text: str) -> bytes:
    cell: Mapping[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "id": "metric",
        "metadata": {},
        "outputs": [],
        "source": text.splitlines(keepends=True),
    }
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()
