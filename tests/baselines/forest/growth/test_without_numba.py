"""Where numba is not installed, scikit-learn grows the forests and NumPy predicts."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from telling import Counted

from baselines.forest.growing import StockGrower
from baselines.forest.growth import choosing
from baselines.forest.growth.choosing import chosen_grower
from baselines.forest.options import ForestOptions, ForestTraining
from submissions.errors import UsageError

PLAN = ForestTraining(ForestOptions(n_estimators=5, max_depth=4), grower="auto")
SCRIPT = """
import sys
sys.modules["numba"] = sys.modules["llvmlite"] = None
import numpy as np
from baselines.forest import ranking, training
from baselines.forest.growth import choosing
from baselines.forest.options import ForestOptions, ForestTraining
from baselines.forest.table import HeldOut, TrainingTable

choosing._WORTH = ranking._WORTH = 0
rng = np.random.default_rng(0)
values, labels = rng.random((200, 3), dtype=np.float32), rng.integers(0, 9, 200).astype(np.int32)
ids = np.arange(20)
held_out = HeldOut(ids, ids % 9, values[:20])
table = TrainingTable(tuple("abc"), values, labels, np.arange(9), held_out, {}, 0, 0, 0.1)
plan = ForestTraining(ForestOptions(n_estimators=2))
print(training.train_forest(table, sys.argv[1], plan=plan).model.facts.grower)

from baselines.forest.growing import StockGrower
from baselines.forest.growth.grower import fast_grower
from submissions.errors import UsageError
try:
    fast_grower(StockGrower(values, labels, plan.options, 0)).grow(0)
except UsageError as error:
    print(error)
"""


def _chosen(plan: ForestTraining, told: Counted) -> Any:
    rng = np.random.default_rng(0)
    stock = StockGrower(rng.random((99, 3), dtype=np.float32), rng.integers(0, 6, 99), plan.options, 3)
    return chosen_grower(stock, plan, first=0, progress=told)


def test_one_line_names_the_extra_where_it_would_save_more_than_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    for seconds, n_lines in ((40, 0), (4000, 1)):
        monkeypatch.setattr(choosing, "_seconds_of_stock", lambda *_, seconds=seconds: seconds)
        told = Counted()
        assert isinstance(_chosen(PLAN, told), StockGrower)
        assert len(told.said) == n_lines
    assert "67 minutes" in told.said[0]
    assert "glckit[fast]" in told.said[0]


@pytest.mark.parametrize("wish", [{"grower": "fast"}, {"prove": 1}], ids=str)
def test_it_is_an_error_to_ask_for_the_fast_grower(
    wish: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(UsageError, match="needs numba"):
        _chosen(replace(PLAN, **wish), Counted())


def test_little_work_is_not_worth_a_compilation() -> None:
    told = Counted()
    assert isinstance(_chosen(PLAN, told), StockGrower)
    assert told.said == []


def test_forests_are_grown_and_predict(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, tmp_path], capture_output=True, text=True, check=True
    )
    grower, error = done.stdout.splitlines()
    assert grower.startswith("scikit-learn 1.")
    assert "is not installed, and this needs it" in error
    assert "glckit[fast]" in error


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"prove": -1}, "at least 0"),
        ({"grower": "slow"}, "must be auto"),
        ({"prove": 1, "grower": "scikit-learn"}, "no proof"),
    ],
)
def test_plans_that_make_no_sense(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        replace(PLAN, **wrong)
