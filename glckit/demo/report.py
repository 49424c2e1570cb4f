"""What the demo reports at its end: what the runs score, what the models cost, and what to try next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from baselines.cnn.watching import duration_text
from glckit.demo.commands import Cost, typed
from glckit.demo.story import RUNS, ModelCost, Story
from glckit.render import Report, aligned, number, size_text
from glckit.reports.runs import score_data
from scoring.score import Score

_MODELS = {"rf": "forest", "cnn": "network"}


def story_report(story: Story, *, digits: int = 4) -> Report:
    """Report a story: JSON and text say all, a table the scores."""
    columns = ["run", "adaptive_top_k", "top_k"]
    rows = [[_file(name), score.adaptive_top_k, score.top_k] for name, score in story.scores.items()]
    return Report(_data(story), columns, rows, "\n\n".join(_paragraphs(story, digits)))


def next_steps(folder: Path) -> Iterator[str]:
    """Yield commands to try next in the folder of a story."""
    yield f"cd {shlex.quote(typed(folder))}"
    yield "glckit score runs/fusion.csv runs/bayes.csv"
    yield "glckit validate runs/cnn-damaged.csv                  # what the accident left of a run"
    yield "glckit verify-patches damaged-archives                # the damage, seen before any extraction"
    yield "glckit fuse runs/rf.csv runs/cnn.csv -o runs/mine.csv --weights 1,2"
    yield "glckit baseline rf --describe                         # what the forest found important"
    yield "glckit leaderboard show 2                             # all that the board knows of a run"
    yield "glckit baseline cnn --describe                        # what the network costs"


def _data(story: Story) -> dict[str, Any]:
    return {
        "folder": str(story.folder),
        "seed": story.seed,
        "scores": [
            {"run": _file(name), "what": RUNS[name].strip(), **score_data(score)}
            for name, score in story.scores.items()
        ],
        "models": [{"model": name, **_model_data(cost)} for name, cost in story.models.items()],
        "share_damaged": story.share_damaged,
        "board": str(story.board),
        "seconds": story.cost.seconds,
        "peak_bytes": story.cost.peak_bytes,
    }


def _model_data(cost: ModelCost) -> dict[str, Any]:
    return {
        "training_seconds": cost.training.cost.seconds,
        "training_peak_bytes": cost.training.cost.peak_bytes,
        "training_is_whole": cost.training.is_whole,
        "prediction_seconds": cost.prediction.seconds,
        "prediction_peak_bytes": cost.prediction.peak_bytes,
        "n_bytes": cost.n_bytes,
    }


def _paragraphs(story: Story, digits: int) -> Iterator[str]:
    yield f"What the runs score on {story.scores['fusion'].n_occurrences:,} test occurrences"
    yield _table_of_scores(story.scores, digits)
    yield f"The accident had damaged the patches of {100 * story.share_damaged:.0f} % of them."
    yield "What the models cost"
    yield _table_of_costs(story.models)
    seconds, peak = _texts(story.cost)
    took = f"All this took {seconds}{f', and {peak} in its largest process' if peak else ''}."
    if story.is_continued:
        took += " Trainings of an earlier run are not in it."
    if not all(cost.training.is_whole for cost in story.models.values()):
        took = f"A training was stopped and resumed; its cost here is that of its last part.\n{took}"
    yield took
    yield f"The board of these runs, with all there is to know of each: {story.board}"


def _table_of_scores(scores: Mapping[str, Score], digits: int) -> str:
    k = scores["fusion"].k
    rows = [
        [RUNS[name], number(score.adaptive_top_k, digits), number(score.top_k, digits)]
        for name, score in scores.items()
    ]
    return aligned(["run", f"adaptive top-{k}", f"top-{k}"], rows, [False, True, True])


def _table_of_costs(models: Mapping[str, ModelCost]) -> str:
    columns = ["model", "training", "its memory", "prediction", "its memory", "model size"]
    rows = [
        [_MODELS[name], *_texts(cost.training.cost), *_texts(cost.prediction), size_text(cost.n_bytes)]
        for name, cost in models.items()
    ]
    return aligned(columns, rows, [False, *[True] * 5])


def _texts(cost: Cost) -> tuple[str, str]:
    return duration_text(cost.seconds), "" if cost.peak_bytes is None else size_text(cost.peak_bytes)


def _file(name: str) -> str:
    return f"runs/{name}.csv"
