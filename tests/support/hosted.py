"""Random problems for hosting platforms, and our files for them."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from scoring.metrics.metric import Metric
from scoring.metrics.table import METRICS
from scoring.sets import TrueSets
from submissions.competition.settings import Competition
from submissions.platforms.material import Material, Period, utc
from submissions.platforms.scorer.generator import scorer_of
from submissions.requirements import Requirements
from submissions.tables import Truth, TruthSets
from submissions.yardstick import Inputs, Yardstick

ROOTS = {"codabench": "main", "evalai": "evaluate", "kaggle": "score_of_cells", "huggingface": "compute"}


@cache
def program(name: str) -> types.ModuleType:
    """Return the generated program of a platform, loaded from its text alone."""
    return loaded(scorer_of(name, ROOTS[name], title="The scorer."), f"generated_{name}")


def loaded(text: str, name: str) -> types.ModuleType:
    module = types.ModuleType(name)
    exec(compile(text, name, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 (that is what a platform does)
    return module


@dataclass(frozen=True)
class Problem:
    """A truth with what is to be predicted, a run as rows, and by what it is scored."""

    truth: Truth | TruthSets
    rows: list[tuple[int, int, float]]
    metrics: tuple[Metric, ...]
    test_ids: np.ndarray
    k: int

    @property
    def run(self) -> bytes:
        lines = [f"{occurrence};{species};{score!r}" for occurrence, species, score in self.rows]
        return "\n".join(["occurrence_id;species_id;probability", *lines, ""]).encode()

    @property
    def requirements(self) -> Requirements:
        return Requirements(test_ids=self.test_ids, metrics=self.metrics, k=self.k)

    def material(self, pages: Mapping[str, str] | None = None) -> Material:
        yardstick = Yardstick(self.requirements, Inputs(), self.truth)
        times = Period(*(utc(np.datetime64(day, "s").item()) for day in ("2026-01-01", "2026-04-01")))
        return Material(Competition.without_settings(Path()), yardstick, pages or {}, times)


def drawn_problem(seed: int) -> Problem:
    """Draw a small problem with ties, and now and then a truth of sets, or a test set that is larger."""
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 9))
    ids = np.sort(random.choice(np.arange(9_999_990, 10_000_020), n, replace=False))
    of_sets = random.random() < 0.3
    names = (
        ["f1-samples", "f1-micro"]
        if of_sets
        else ["adaptive-top-k", "top-k", "top-k-error", "mrr", "f1-samples"]
    )
    chosen = random.permutation(names)[: random.integers(1, len(names) + 1)]
    metrics = tuple(METRICS[name] for name in chosen)
    is_known = np.append(True, random.random(n - 1) < 0.8)
    n_species = int(random.integers(1, 7))
    truth: Truth | TruthSets
    if all(metric.needs == "sets" for metric in metrics):
        sets = [np.flatnonzero(random.random(n_species) < 0.4) for _ in range(int(is_known.sum()))]
        sets = [each if len(each) else np.array([0]) for each in sets]
        truth = TruthSets(
            ids[is_known].astype(np.int64),
            TrueSets(np.cumsum([0, *map(len, sets)]), np.concatenate(sets).astype(np.int64)),
        )
    else:
        truth = Truth(ids[is_known].astype(np.int64), random.integers(0, n_species, int(is_known.sum())))
    scores = [0.0, 0.1, 0.25, 0.5, 1.0, 1e-300]
    rows = []
    for occurrence in ids.tolist():
        for species in random.permutation(n_species + 2)[: random.integers(1, n_species + 3)].tolist():
            score = float(random.choice(scores)) if random.random() < 0.6 else float(random.random())
            rows.append((occurrence, species, score))
    rows = [rows[i] for i in random.permutation(len(rows))] if random.random() < 0.3 else rows
    return Problem(truth, rows, metrics, ids, int(random.integers(1, 4)))


def with_rows(problem: Problem, rows: list[tuple[int, int, float]]) -> Problem:
    return replace(problem, rows=rows)
