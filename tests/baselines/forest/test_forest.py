"""The forest is scikit-learn's, node for node and bit for bit, whatever is done to its leaves."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from telling import StoppedError, stopping_after

from baselines.covariates.occurrences import Occurrences, place_occurrences
from baselines.covariates.rasters.extraction import EnvironmentalVectors
from baselines.forest.description import describe_forest
from baselines.forest.growing import StockGrower, grow_tree, grow_trees
from baselines.forest.model import ForestModel, TrainingFacts
from baselines.forest.modelfile import read_model, write_model
from baselines.forest.options import ForestOptions, ForestTraining, Workers, read_settings
from baselines.forest.prediction import best_pairs, predict_proba
from baselines.forest.submission import refuse_other_covariates
from baselines.forest.table import TrainingTable, training_table
from baselines.forest.training import train_forest
from baselines.forest.trees import CompressedTree
from submissions.errors import CannotCheckError, UsageError
from submissions.tables import OccurrenceTable


@dataclass(frozen=True)
class Problem:
    """Something to learn: sizes, and the options that make it interesting."""

    n: int
    n_classes: int
    n_features: int = 6
    n_levels: int = 0  # distinct values of a covariate; 0 for continuous ones
    common: int = 0  # occurrences of class 0 on top
    copies: int = 1  # of each row
    seed: int = 0
    options: ForestOptions = field(default_factory=lambda: ForestOptions(n_estimators=4))

    def data(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        generator = np.random.default_rng(self.seed)
        labels = generator.zipf(1.5, self.n) % self.n_classes
        labels[: min(self.n, self.n_classes)] = np.arange(self.n_classes)[: self.n]
        labels = np.concatenate([labels, np.zeros(self.common, dtype=np.int64)])
        optima = generator.uniform(0, 1, (self.n_classes, self.n_features))
        values = optima[labels] + generator.normal(0, 0.3, (len(labels), self.n_features))
        if self.n_levels:
            values = np.floor(values * self.n_levels)
        # Some classes are nowhere: those of the last rows, if they have no other.
        return np.tile(values.astype(np.float32), (self.copies, 1)), np.tile(labels, self.copies)


def _trees(n: int, **options: Any) -> ForestOptions:
    return ForestOptions(n_estimators=n, **options)


PROBLEMS = {
    "few": Problem(n=400, n_classes=7),
    "many, in whole numbers": Problem(n=6000, n_classes=900, n_features=27, n_levels=40, seed=1),
    "duplicates": Problem(n=500, n_classes=60, n_levels=5, copies=4, seed=2),
    "classes that bootstraps miss": Problem(n=900, n_classes=400, seed=3, options=_trees(6, max_samples=0.3)),
    "more classes than 16 bits": Problem(
        n=72_000, n_classes=70_000, copies=2, n_features=4, n_levels=4, seed=4, options=_trees(2, max_depth=3)
    ),
    "more counts than 16 bits": Problem(
        n=500, n_classes=9, n_levels=6, common=110_000, seed=5, options=_trees(3, max_depth=3)
    ),
    "other options": Problem(
        n=800,
        n_classes=30,
        seed=6,
        options=_trees(
            3, criterion="entropy", bootstrap=False, max_features=0.5, max_leaf_nodes=40, ccp_alpha=0.001
        ),
    ),
    "stumps of one leaf": Problem(n=60, n_classes=5, seed=7, options=_trees(3, min_samples_leaf=40)),
}


def _grown(
    values: NDArray[np.float32],
    labels: NDArray[np.int64],
    options: ForestOptions,
    *,
    seed: int = 0,
    workers: Workers | None = None,
) -> Iterator[CompressedTree]:
    return grow_trees(StockGrower(values, labels, options, seed), options.n_estimators, workers=workers)


def _model(problem: Problem, trees: list[CompressedTree], classes: NDArray[np.int64]) -> ForestModel:
    facts = TrainingFacts(problem.seed, problem.n, 0, 0, 0, 0.0, "-", "-")
    names = tuple(f"covariate_{i}" for i in range(problem.n_features))
    return ForestModel(names, classes, tuple(trees), {}, problem.options, facts)


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_forest_is_that_of_scikit_learn(name: str, tmp_path: Path) -> None:
    problem = PROBLEMS[name]
    values, labels = problem.data()
    peer = RandomForestClassifier(**problem.options.parameters, random_state=problem.seed)
    peer.fit(values, labels)
    classes, numbers = np.unique(labels, return_inverse=True)
    trees = list(_grown(values, numbers, problem.options, seed=problem.seed, workers=Workers(2)))
    for tree, estimator in zip(trees, peer.estimators_, strict=True):
        _assert_same_nodes(tree, estimator.tree_)
        assert (np.flatnonzero(tree.left == -1)[tree.leaves_of(values)] == estimator.apply(values)).all()
    write_model(tmp_path, _model(problem, trees, classes))
    model = read_model(tmp_path)
    queries = np.concatenate([values[:: max(1, len(values) // 50)], values[:20] + np.float32(0.37)])
    expected = peer.predict_proba(queries)
    assert np.abs(predict_proba(model, queries) - expected).max() <= 1e-12
    assert (predict_proba(model, queries) == expected).all()  # as it happens, to the last bit
    np.testing.assert_array_equal(model.importances, peer.feature_importances_)
    assert model.n_dense_bytes == sum(each.tree_.value.nbytes for each in peer.estimators_)


def _assert_same_nodes(tree: CompressedTree, grown: Any) -> None:
    for mine, theirs in (
        (tree.left, grown.children_left),
        (tree.right, grown.children_right),
        (tree.features, grown.feature),
        (tree.thresholds, grown.threshold),
        (tree.impurities, grown.impurity),
        (tree.n_distinct, grown.n_node_samples),
        (tree.n_drawn, grown.weighted_n_node_samples),
    ):
        np.testing.assert_array_equal(mine, theirs)
    for leaf, node in enumerate(np.flatnonzero(tree.left == -1)):
        dense = np.zeros(grown.value.shape[2])
        inside = slice(tree.offsets[leaf], tree.offsets[leaf + 1])
        dense[tree.classes[inside]] = tree.counts[inside] / tree.leaf_totals[leaf]
        np.testing.assert_array_equal(dense, grown.value[node, 0])


def test_integers_widen_only_where_they_must() -> None:
    widths = {}
    for name in ("few", "more classes than 16 bits", "more counts than 16 bits"):
        values, labels = PROBLEMS[name].data()
        numbers = np.unique(labels, return_inverse=True)[1]
        tree = next(_grown(values, numbers, PROBLEMS[name].options, workers=Workers(1)))
        widths[name] = tree.classes.itemsize, tree.counts.itemsize
    assert widths == {
        "few": (2, 2),
        "more classes than 16 bits": (4, 2),
        "more counts than 16 bits": (2, 4),
    }


@pytest.mark.parametrize("workers", [Workers(1), Workers(3), Workers(2, "loky")], ids=str)
def test_how_many_work_changes_nothing(workers: Workers) -> None:
    values, labels = PROBLEMS["few"].data()
    grown = _grown(values, labels, ForestOptions(n_estimators=5), seed=9, workers=workers)
    peer = RandomForestClassifier(5, max_depth=10, random_state=9).fit(values, labels)
    for tree, estimator in zip(grown, peer.estimators_, strict=True):
        _assert_same_nodes(tree, estimator.tree_)


def test_an_unknown_backend_is_a_usage_error() -> None:
    values, labels = PROBLEMS["few"].data()
    with pytest.raises(UsageError, match="joblib cannot use the backend 'abacus'"):
        next(_grown(values, labels, ForestOptions(), workers=Workers(2, "abacus")))


@given(st.integers(0, 50), st.integers(1, 70), st.integers(1, 30))
def test_the_best_pairs_are_those_of_a_sort(seed: int, max_rows: int, n: int) -> None:
    model = _small_model()
    values = np.random.default_rng(seed).integers(-2, 7, (n, 6)).astype(np.float32)
    pairs = best_pairs(model, values, max_rows=max_rows)
    for row, shares in enumerate(predict_proba(model, values)):
        ranked = sorted(
            (-share, species) for share, species in zip(shares, model.species, strict=True) if share
        )
        inside = slice(pairs.offsets[row], pairs.offsets[row + 1])
        found = list(zip(-pairs.scores[inside], pairs.species[inside], strict=True))
        assert found == ranked[:max_rows]
    alone = [best_pairs(model, values[row : row + 1], max_rows=max_rows) for row in range(n)]
    assert np.concatenate([each.species for each in alone]).tolist() == pairs.species.tolist()


_SMALL: list[ForestModel] = []


def _small_model() -> ForestModel:
    if not _SMALL:
        problem = PROBLEMS["duplicates"]
        values, labels = problem.data()
        classes, numbers = np.unique(labels * 7, return_inverse=True)
        _SMALL.append(_model(problem, list(_grown(values, numbers, problem.options)), classes))
    return _SMALL[0]


def _occurrences(n: int, labels: NDArray[np.int64]) -> Occurrences:
    ids = np.random.default_rng(0).permutation(n) + 10_000_000
    return place_occurrences([OccurrenceTable(ids, np.full(n, 43.6), np.full(n, 3.9), labels)])


def _vectors(values: NDArray[np.float32], outside: int = 0, nodata: int = 0) -> EnvironmentalVectors:
    masks = [np.zeros(values.shape, dtype=bool) for _ in range(2)]
    masks[0][:outside] = True
    masks[1][outside : outside + nodata, 2] = True
    values = np.where(masks[0] | masks[1], np.float32(np.nan), values)
    return EnvironmentalVectors(tuple(f"bio_{i}" for i in range(values.shape[1])), values, *masks)


def _table(outside: int = 0, nodata: int = 0, holdout: float = 0.05) -> TrainingTable:
    values, labels = PROBLEMS["few"].data()
    return training_table(
        _occurrences(len(labels), labels * 5), _vectors(values, outside, nodata), holdout=holdout
    )


def test_training_keeps_a_part_and_puts_aside_what_has_no_covariates() -> None:
    values, labels = PROBLEMS["few"].data()
    occurrences = _occurrences(400, labels * 5)
    table = training_table(occurrences, _vectors(values, outside=7, nodata=13), holdout=0.05)
    assert (len(table), len(table.validation), table.n_outside, table.n_nodata) == (361, 19, 7, 13)
    assert np.isfinite(table.values).all()
    row_of = {occurrence: row for row, occurrence in enumerate(occurrences.ids.tolist())}
    kept = [row_of[occurrence] for occurrence in table.validation.ids.tolist()]
    assert min(kept) >= 20
    np.testing.assert_array_equal(table.validation.values, values[kept])
    np.testing.assert_array_equal(table.validation.species, labels[kept] * 5)
    trained = [row for _, row in sorted(row_of.items()) if row >= 20 and row not in kept]
    np.testing.assert_array_equal(table.values, values[trained])
    np.testing.assert_array_equal(table.species[table.labels], labels[trained] * 5)
    counted = np.delete(labels, kept) * 5
    shares = dict(zip(*(each.tolist() for each in np.unique(counted, return_counts=True)), strict=True))
    found = table.frequencies["fr"]
    assert dict(zip(found.species.tolist(), (found.shares * 381).round().tolist(), strict=True)) == shares


def test_the_order_of_the_occurrences_changes_nothing(tmp_path: Path) -> None:
    values, labels = PROBLEMS["few"].data()
    occurrences, vectors = _occurrences(400, labels), _vectors(values)
    order = np.random.default_rng(8).permutation(400)
    shuffled = EnvironmentalVectors(
        vectors.names, vectors.values[order], vectors.outside[order], vectors.nodata[order]
    )
    plan = ForestTraining(ForestOptions(n_estimators=2))
    first = train_forest(training_table(occurrences, vectors, holdout=0.1), tmp_path / "a", plan=plan)
    second = train_forest(
        training_table(occurrences.select(order), shuffled, holdout=0.1), tmp_path / "b", plan=plan
    )
    assert first.path.read_bytes() == second.path.read_bytes()


_KILLED = """
import os, signal, sys
sys.path[:0] = sys.argv[2:]
from test_forest import PLAN, _table
from telling import Counted
from baselines.forest.training import train_forest

killed = Counted(lambda n: os.kill(os.getpid(), signal.SIGKILL) if n == 3 else None)
train_forest(_table(), sys.argv[1], plan=PLAN, progress=killed)
"""

PLAN = ForestTraining(ForestOptions(n_estimators=8, max_depth=6), seed=5)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_killed_training_goes_on_and_ends_in_the_same_bytes(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _KILLED, str(tmp_path / "killed"), str(Path(__file__).parent), *sys.path]
    killed = subprocess.run(command, check=False, capture_output=True)
    assert killed.returncode == -9, killed.stderr
    assert not (tmp_path / "killed" / "forest.npz").exists()
    resumed = train_forest(_table(), tmp_path / "killed", plan=PLAN)
    whole = train_forest(_table(), tmp_path / "whole", plan=replace(PLAN, workers=Workers(1)))
    assert (resumed.n_resumed, whole.n_resumed) == (3, 0)
    assert resumed.path.read_bytes() == whole.path.read_bytes()
    assert [path.name for path in (tmp_path / "killed").iterdir()] == ["forest.npz"]
    assert resumed.evaluation is not None
    assert resumed.evaluation.score is not None
    assert resumed.evaluation.score.n_occurrences == 20


def test_trees_of_another_training_are_not_gone_on_with(tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        train_forest(_table(), tmp_path, plan=PLAN, progress=stopping_after(2))
    for other, what in (
        (replace(PLAN, seed=6), "seed"),
        (replace(PLAN, options=ForestOptions(n_estimators=8, max_depth=7)), "options"),
    ):
        with pytest.raises(UsageError, match=f"trees of another training, which differs in {what}"):
            train_forest(_table(), tmp_path, plan=other)
    with pytest.raises(UsageError, match="differs in data"):
        train_forest(_table(outside=3), tmp_path, plan=PLAN)
    fewer = replace(PLAN, options=replace(PLAN.options, n_estimators=3))
    assert train_forest(_table(), tmp_path, plan=fewer).n_resumed == 2  # how many there will be is free


def test_a_damaged_finished_tree_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        train_forest(_table(), tmp_path, plan=PLAN, progress=stopping_after(2))
    path = tmp_path / "forest-unfinished" / "tree_00001.npz"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(CannotCheckError, match=r"finished tree .*tree_00001.npz is damaged"):
        train_forest(_table(), tmp_path, plan=PLAN)


def test_the_model_file_holds_arrays_and_json_only(tmp_path: Path) -> None:
    trained = train_forest(_table(), tmp_path, plan=PLAN)
    with zipfile.ZipFile(trained.path) as archive:
        names = archive.namelist()
    assert {Path(name).suffix for name in names} == {".json", ".npy"}
    with np.load(trained.path, allow_pickle=False) as arrays:
        read = [arrays[name] for name in arrays.files]
    assert [type(each) for each in read[:2]] == [bytes, np.ndarray]
    assert all(each.dtype != object for each in read[1:])
    again = read_model(trained.path)
    assert again.digest == trained.model.digest
    assert (again.options, again.facts, again.names) == (
        trained.model.options,
        trained.model.facts,
        trained.model.names,
    )
    described = describe_forest(tmp_path)
    assert described.data()["n_trees"] == 8
    assert described.model.n_pair_bytes == 4 * described.model.n_pairs
    assert sum(described.importances.values()) == pytest.approx(1)
    assert list(described.importances.values()) == sorted(described.importances.values(), reverse=True)


def test_models_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no model .*Make one with: glckit baseline rf --train"):
        read_model(tmp_path)
    trained = train_forest(_table(), tmp_path, plan=PLAN)
    whole = trained.path.read_bytes()
    with zipfile.ZipFile(trained.path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    header = members["model.json"]
    for content, error, message in (
        (header.replace(b'"version": 1', b'"version": 7'), UsageError, "is of version 7; this glckit reads"),
        (b'{"format": "other"}', UsageError, "is no forest of glckit"),
        (header.replace(b'"n_trees": 8', b'"n_trees": 9'), CannotCheckError, "is damaged"),
    ):
        with zipfile.ZipFile(trained.path, "w") as archive:
            for name, member in (members | {"model.json": content}).items():
                archive.writestr(name, member)
        with pytest.raises(error, match=message):
            read_model(tmp_path)
    for damaged in (whole[:-200], _flipped(whole), b"", b"PK"):
        trained.path.write_bytes(damaged)
        with pytest.raises(CannotCheckError, match="is damaged"):
            read_model(tmp_path)


def _flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


def test_other_covariates_are_refused_in_words() -> None:
    model = replace(_small_model(), names=("bio_1", "bio_2", "bio_3"))
    with pytest.raises(UsageError, match="other covariates: 3 of them, on bio_3 and without clyppt"):
        refuse_other_covariates(model, ("bio_1", "bio_2", "clyppt"))
    with pytest.raises(UsageError, match="in another order"):
        refuse_other_covariates(model, ("bio_2", "bio_1", "bio_3"))


def test_tables_that_no_forest_can_learn_from_are_refused() -> None:
    values, labels = PROBLEMS["few"].data()
    with pytest.raises(CannotCheckError, match=r"None of 400 .* 390 are outside the rasters, 10 on nodata"):
        training_table(_occurrences(400, labels), _vectors(values, outside=390, nodata=10))
    with pytest.raises(CannotCheckError, match="have the species 3"):
        training_table(_occurrences(400, np.full(400, 3)), _vectors(values))
    with pytest.raises(CannotCheckError, match="400 of 400 training occurrences have no species_id"):
        training_table(_occurrences(400, np.full(400, -1)), _vectors(values))
    with pytest.raises(UsageError, match="must be above 0 and below 1"):
        training_table(_occurrences(400, labels), _vectors(values), holdout=1.5)


def test_options_come_from_a_file_and_flags_win(tmp_path: Path) -> None:
    path = tmp_path / "forest.toml"
    path.write_text('max_depth = "none"\nmax_features = 0.5\nbootstrap = false\n')
    options = ForestOptions(**read_settings(path, {"max_features": "log2", "min_samples_leaf": "3"}))
    assert (options.max_depth, options.max_features, options.bootstrap) == (None, "log2", False)
    assert (options.min_samples_leaf, options.n_estimators) == (3, 100)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("depth = 3", "options that the forest does not know: depth"),
        ("max_depth = 0", "max_depth must be a whole number from 1, or none, not 0"),
        ("max_depth = 2.5", "max_depth must be a whole number"),
        ("max_depth = true", "max_depth must be a whole number"),
        ('criterion = "gain"', "criterion must be gini, entropy or log_loss, not 'gain'"),
        ("bootstrap = false\nmax_samples = 0.5", "max_samples needs bootstrap"),
        ("max_depth = ", "is not valid TOML"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "forest.toml").write_text(text)
    with pytest.raises(UsageError, match=message):
        ForestOptions(**read_settings(tmp_path / "forest.toml", {}))


def test_all_wrong_options_are_reported_together() -> None:
    with pytest.raises(UsageError, match=r"n_estimators must be .* 0; min_samples_split must be .* 1;"):
        ForestOptions(
            **read_settings(None, {"n_estimators": "0", "min_samples_split": "1", "ccp_alpha": "-1"})
        )
    with pytest.raises(CannotCheckError, match="Cannot open"):
        read_settings("absent.toml", {})


@pytest.mark.parametrize("options", [{"max_features": 27}, {"min_samples_leaf": 0.2}, {"max_samples": 9}])
def test_what_we_accept_scikit_learn_accepts(options: dict[str, Any]) -> None:
    values, labels = np.tile(PROBLEMS["few"].data()[0], (1, 5)), PROBLEMS["few"].data()[1]
    accepted = ForestOptions(n_estimators=1, **options)
    RandomForestClassifier(**accepted.parameters).fit(values, labels)


def test_a_seed_that_scikit_learn_refuses_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="The seed must be from 0"):
        ForestTraining(seed=-1)
    with pytest.raises(UsageError, match="number of jobs must be positive"):
        Workers(0)


def test_what_scikit_learn_cannot_grow_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    values, labels = PROBLEMS["few"].data()
    with pytest.raises(UsageError, match="scikit-learn cannot grow such a tree"):
        grow_tree(values, labels[:7], options=ForestOptions(), seed=0, number=0)

    def full(*arguments: object, **options: object) -> None:
        raise MemoryError

    monkeypatch.setattr(RandomForestClassifier, "fit", full)
    with pytest.raises(CannotCheckError, match="not enough memory for a tree"):
        grow_tree(values, labels, options=ForestOptions(), seed=0, number=0)
