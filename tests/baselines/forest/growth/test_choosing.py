"""Who grows a forest is chosen for speed alone, said, and written down; the trees are the same."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import mutants
import numpy as np
import pytest
from telling import Counted, StoppedError, stopping_after

from baselines.forest.growing import StockGrower, grow_trees
from baselines.forest.growth import canaries, choosing, compiling
from baselines.forest.growth.choosing import chosen_grower
from baselines.forest.growth.grower import FastGrower, fast_grower
from baselines.forest.model import ForestModel
from baselines.forest.modelfile import read_model
from baselines.forest.options import ForestOptions, ForestTraining, Workers
from baselines.forest.table import HeldOut, TrainingTable
from baselines.forest.training import train_forest
from submissions.errors import UsageError
from submissions.progress import Progress

numba = pytest.importorskip("numba")

OPTIONS = ForestOptions(n_estimators=5, max_depth=4)
PLAN = ForestTraining(OPTIONS, seed=3, grower="fast")


def _table() -> TrainingTable:
    generator = np.random.default_rng(0)
    values = generator.integers(0, 9, (300, 4)).astype(np.float32)
    labels = generator.integers(0, 6, 300).astype(np.int32)
    nobody = HeldOut(np.array([], dtype=np.int64), np.array([], dtype=np.int64), values[:0])
    return TrainingTable(tuple("abcd"), values, labels, np.arange(6), nobody, {}, 0, 0, 0.0)


def _stock(options: ForestOptions = OPTIONS) -> StockGrower:
    table = _table()
    return StockGrower(table.values, table.labels, options, 3)


def _chosen(plan: ForestTraining, progress: Progress) -> Any:
    return chosen_grower(_stock(plan.options), plan, first=0, progress=progress)


def _arrays_and_header(model: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    with zipfile.ZipFile(model) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    header = json.loads(members.pop("model.json"))
    return members, {name: value for name, value in header.items() if name != "seal"}


def _same_forest(one: ForestModel, other: ForestModel) -> bool:
    return one.digest == other.digest


def test_models_differ_by_the_grower_alone(tmp_path: Path) -> None:
    fast = train_forest(_table(), tmp_path / "fast", plan=PLAN)
    slow = train_forest(_table(), tmp_path / "slow", plan=replace(PLAN, grower="scikit-learn"))
    (arrays, header), (others, other) = _arrays_and_header(fast.path), _arrays_and_header(slow.path)
    assert arrays == others
    assert "numba" in header.pop("grower")
    assert other.pop("grower").startswith("scikit-learn 1.")
    assert header == other
    assert read_model(fast.path).provenance["grower"] == fast.model.facts.grower


@pytest.mark.parametrize("noted", [True, False])
@pytest.mark.parametrize("first", ["fast", "scikit-learn"])
def test_either_goes_on_with_what_the_other_has_grown(first: Any, noted: bool, tmp_path: Path) -> None:
    second: Any = {"fast": "scikit-learn", "scikit-learn": "fast"}[first]
    with pytest.raises(StoppedError):
        train_forest(_table(), tmp_path, plan=replace(PLAN, grower=first), progress=_stopping_trees(2))
    if not noted:  # by a glckit with one grower
        (tmp_path / "forest-unfinished" / "growers.json").unlink()
    resumed = train_forest(_table(), tmp_path, plan=replace(PLAN, grower=second))
    assert resumed.n_resumed == 2
    assert _same_forest(resumed.model, train_forest(_table(), tmp_path / "whole", plan=PLAN).model)
    grown_by = str(resumed.model.facts.grower)
    if noted or first == "scikit-learn":
        assert grown_by.count(", then ") == 1
    assert grown_by.startswith("glckit" if (first, noted) == ("fast", True) else "scikit-learn")


def _stopping_trees(n: int) -> Progress:
    told = stopping_after(n)
    opened = told.bar
    silent = Counted().bar
    told.bar = lambda work, total=None: (opened if work == "growing trees" else silent)(work, total)  # type: ignore[method-assign]
    return told


def test_much_work_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "_WORTH", 0)
    told = Counted()
    assert isinstance(_chosen(replace(PLAN, grower="auto"), told), FastGrower)
    assert {"compiling and testing the fast grower", "coding the covariates"} <= set(told.totals)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"criterion": "entropy"}, "criterion entropy"),
        ({"criterion": "log_loss"}, "criterion log_loss"),
        ({"max_leaf_nodes": 9}, "max_leaf_nodes"),
        ({"ccp_alpha": 0.1}, "ccp_alpha"),
    ],
)
def test_what_the_fast_grower_does_not_do_is_handed_over(
    option: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(PLAN, options=replace(OPTIONS, **option))
    with pytest.raises(UsageError, match=f"does not do {said}"):
        _chosen(plan, Counted())
    monkeypatch.setattr(choosing, "_WORTH", 0)
    told = Counted()
    assert isinstance(_chosen(replace(plan, grower="auto"), told), StockGrower)
    assert told.said == [f"The fast grower does not do {said}. scikit-learn grows the trees."]


WRONG = {"if here > proxy:": "if here >= proxy:"}


def test_where_small_trees_differ_scikit_learn_grows_the_forest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutants.put_in(monkeypatch, tmp_path, WRONG)
    monkeypatch.setattr(choosing, "fault_of_canaries", canaries.fault_of_small_trees)
    told = Counted()
    assert isinstance(_chosen(PLAN, told), StockGrower)
    (line,) = told.said
    assert "of the fast grower differ here, in array left of the small problem 'mirror" in line


def test_where_a_whole_tree_differs_scikit_learn_grows_the_forest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutants.put_in(monkeypatch, tmp_path, {"state >> 17": "state >> 16"})
    monkeypatch.setattr(choosing, "fault_of_canaries", lambda: None)
    told = Counted()
    assert isinstance(_chosen(PLAN, told), StockGrower)
    assert "of the first tree on 300 occurrences" in told.said[0]
    monkeypatch.setattr(choosing, "fault_of_sample", lambda _: None)
    told = Counted()
    assert isinstance(_chosen(replace(PLAN, prove=2), told), StockGrower)
    assert told.said[0].endswith("of tree 0.")


def test_whole_trees_are_proven_on_demand() -> None:
    told = Counted()
    assert isinstance(_chosen(replace(PLAN, prove=2, grower="auto"), told), FastGrower)
    assert told.done["proving whole trees"] == 2
    assert told.said == ["The fast grower's first 2 trees are scikit-learn's, to the last bit."]


def test_processes_grow_the_same() -> None:
    stock = _stock()
    grown = grow_trees(fast_grower(stock), 2, workers=Workers(2, "loky"))
    assert [mine.difference(stock.grow(number)) for number, mine in enumerate(grown)] == [None, None]


def test_compiled_code_is_kept_where_a_cache_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = compiling.compiled_folder.__wrapped__
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba"))
    assert folder().parent == tmp_path / "numba"
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setattr(compiling, "cache_folder", lambda: tmp_path / "cache")
    assert folder().parent == tmp_path / "cache" / "compiled"
    (tmp_path / "file").touch()
    monkeypatch.setattr(compiling, "cache_folder", lambda: tmp_path / "file" / "cache")
    assert folder() is None


def test_without_a_cache_it_is_said_that_code_is_compiled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "compiled_folder", lambda: None)
    told = Counted()
    assert isinstance(_chosen(PLAN, told), FastGrower)
    assert told.said == ["No cache can be written, so the fast grower is compiled anew each time."]


@pytest.mark.parametrize("writable", [True, False])
def test_functions_compile_with_and_without_a_cache(
    writable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "compiled_folder", lambda: tmp_path if writable else None)
    before = numba.config.CACHE_DIR
    assert compiling.compiled_and_kept(_twice)(4) == 8
    assert before == numba.config.CACHE_DIR
    assert bool(list(tmp_path.rglob("*.nbi"))) == writable


def _twice(number: int) -> int:
    return 2 * number


def test_what_passed_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canaries, "compiled_folder", lambda: tmp_path)
    for found, remembered in (("a fault", False), (None, True), ("a fault", True)):
        monkeypatch.setattr(canaries, "fault_of_small_trees", lambda found=found: found)
        fault = canaries.fault_of_canaries.__wrapped__()
        assert fault == (None if remembered else "a fault")
    monkeypatch.setattr(canaries, "installation", lambda: "another")
    assert canaries.fault_of_canaries.__wrapped__() == "a fault"
