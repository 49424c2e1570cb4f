"""A forest on disk that somebody has changed is named as damaged: no endless walk, no traceback, no run."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from baselines.forest.growing import StockGrower, grow_trees
from baselines.forest.model import ForestModel, TrainingFacts
from baselines.forest.modelfile import read_model, read_tree, write_model, write_tree
from baselines.forest.options import ForestOptions, Workers
from baselines.forest.prediction import best_pairs
from baselines.forest.trees import CompressedTree
from baselines.prior import Frequencies
from submissions.errors import CannotCheckError, UsageError

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def model() -> ForestModel:
    """A forest of three trees on four covariates."""
    generator = np.random.default_rng(0)
    values, labels = generator.random((200, 4), dtype=np.float32), generator.integers(0, 9, 200)
    options = ForestOptions(n_estimators=3, max_depth=5)
    trees = tuple(grow_trees(StockGrower(values, labels, options, 0), 3, workers=Workers(1)))
    facts = TrainingFacts(0, 200, 0, 0, 0, 0.0, "abc", "1.5", training_files="def")
    frequencies = {"fr": Frequencies(np.arange(9), np.full(9, 1 / 9))}
    return ForestModel(("a", "b", "c", "d"), np.arange(9) * 10, trees, frequencies, options, facts)


def _members(path: Path) -> Members:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _write(path: Path, members: Members) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def _as_before_digests(members: Members) -> Members:
    header = json.loads(members["model.json"])
    kept = {name: each for name, each in header.items() if name not in ("seal", "digest", "training_files")}
    return members | {"model.json": json.dumps(kept, indent=2).encode()}


def _array(change: Callable[[Any], Any]) -> Callable[[bytes], bytes]:
    def changed(content: bytes) -> bytes:
        out = io.BytesIO()
        np.save(out, change(np.load(io.BytesIO(content))))
        return out.getvalue()

    return changed


def _put(at: int, value: float) -> Callable[[bytes], bytes]:
    def put(array: Any) -> Any:
        array[at] = value
        return array

    return _array(put)


def _header(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    def changed(content: bytes) -> bytes:
        header = json.loads(content)
        change(header)
        return json.dumps(header).encode()

    return changed


# Each would be an endless walk, a traceback, or a run of nonsense.
ALTERATIONS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "a node that is its own child": ("tree_1/left.npy", _put(0, 0)),
    "a circle": ("tree_1/right.npy", _put(1, 0)),
    "a child that is not there": ("tree_1/right.npy", _put(0, 10_000)),
    "a child of two nodes": ("tree_1/left.npy", _put(0, 2)),
    "a leaf with one child": ("tree_1/left.npy", _put(0, -1)),
    "another covariate than there are": ("tree_0/features.npy", _put(0, 4)),
    "a threshold that is no number": ("tree_0/thresholds.npy", _put(0, np.nan)),
    "a node too few": ("tree_2/left.npy", _array(lambda array: array[:-1])),
    "no nodes": ("tree_2/left.npy", _array(lambda array: array[:0])),
    "leaves that overlap": ("tree_0/offsets.npy", _put(1, 0)),
    "no leaves": ("tree_0/offsets.npy", _array(lambda array: array[:0])),
    "a leaf past the end": ("tree_0/offsets.npy", _put(-1, 10_000)),
    "a class that is not there": ("tree_0/classes.npy", _put(0, 9)),
    "a count too many": ("tree_0/counts.npy", _put(0, 60_000)),
    "children as numbers with decimals": ("tree_0/left.npy", _array(lambda array: array.astype(float))),
    "children as text": ("tree_0/left.npy", _array(lambda array: array.astype(str))),
    "a table of children": ("tree_0/left.npy", _array(lambda array: array[:, None])),
    "species twice": ("species.npy", _put(0, 10)),
    "species as text": ("species.npy", _array(lambda array: array.astype(str))),
    "shares that are no numbers": ("fr/shares.npy", _put(0, np.inf)),
    "shares for fewer species": ("fr/shares.npy", _array(lambda array: array[1:])),
    "a member that is no array": ("species.npy", lambda _: b"species"),
    "an array of 8 PiB": ("species.npy", lambda content: content.replace(b"(9,)", b"(1" + b"0" * 15 + b",)")),
    "objects": ("species.npy", lambda content: content.replace(b"'<i8'", b"'|O8'")),
    "no JSON": ("model.json", lambda content: content[:-9]),
    "names that are none": ("model.json", _header(lambda header: header.update(names=[1, 2, 3, 4]))),
    "a name too few": ("model.json", _header(lambda header: header.update(names=["a", "b", "c"]))),
    "no trees": ("model.json", _header(lambda header: header.update(n_trees=0))),
    "trees as text": ("model.json", _header(lambda header: header.update(n_trees="3"))),
    "more trees": ("model.json", _header(lambda header: header.update(n_trees=10**9))),
    "regions as a number": ("model.json", _header(lambda header: header.update(regions=1))),
    "no options": ("model.json", _header(lambda header: header.update(options=None))),
    "another option": ("model.json", _header(lambda header: header["options"].update(depth=3))),
    "an option out of range": ("model.json", _header(lambda header: header["options"].update(max_depth=-3))),
    "no facts": ("model.json", _header(lambda header: header.pop("facts"))),
}

# Only a digest sees these.
SILENT: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "covariates exchanged": ("model.json", _header(lambda header: header.update(names=["b", "a", "c", "d"]))),
    "another seed": ("model.json", _header(lambda header: header["facts"].update(seed=9))),
    "another threshold": ("tree_0/thresholds.npy", _put(0, 0.25)),
    "other species": ("species.npy", _put(0, 5)),
    "another share": ("fr/shares.npy", _put(0, 0.5)),
}


@pytest.mark.parametrize("name", ALTERATIONS | SILENT)
@pytest.mark.parametrize("age", ["new", "of before there were digests"])
def test_an_altered_model_is_damaged(name: str, age: str, model: ForestModel, tmp_path: Path) -> None:
    path = write_model(tmp_path, model)
    members = _members(path) if age == "new" else _as_before_digests(_members(path))
    member, alter = (ALTERATIONS | SILENT)[name]
    _write(path, members | {member: alter(members[member])})
    if name in SILENT and age != "new":
        read_model(tmp_path)
        return
    with pytest.raises(CannotCheckError, match=r"The model .*damaged: .*glckit baseline rf --train"):
        read_model(tmp_path)


def test_models_of_before_there_were_digests_are_read(model: ForestModel, tmp_path: Path) -> None:
    path = write_model(tmp_path, model)
    _write(path, _as_before_digests(_members(path)))
    old = read_model(tmp_path)
    assert (old.digest, old.options, old.facts.training_files) == (model.digest, model.options, None)


def test_flipped_bytes_end_in_words(model: ForestModel, tmp_path: Path) -> None:
    path = write_model(tmp_path, model)
    whole, generator = path.read_bytes(), np.random.default_rng(1)
    values = generator.random((20, 4), dtype=np.float32)
    expected = best_pairs(model, values, max_rows=9)
    for at in generator.choice(len(whole), 300, replace=False).tolist():
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << int(generator.integers(8))]) + whole[at + 1 :])
        try:
            found = best_pairs(read_model(tmp_path), values, max_rows=9)
        except (CannotCheckError, UsageError):
            continue
        assert np.array_equal(found.species, expected.species)  # a date in the zip, for one
        assert np.array_equal(found.scores, expected.scores)


@pytest.fixture
def tree(model: ForestModel) -> CompressedTree:
    return model.trees[0]


def test_a_finished_tree_that_was_altered_is_named(tree: CompressedTree, tmp_path: Path) -> None:
    path = tmp_path / "tree_00000.npz"
    write_tree(path, tree)
    members = _members(path)
    for member, alter in (
        ("left.npy", _put(0, 0)),
        ("counts.npy", _put(0, 9_999)),
        ("importances.npy", _array(lambda array: array[0])),
    ):
        _write(path, members | {member: alter(members[member])})
        with pytest.raises(CannotCheckError, match=r"finished tree .*tree_00000.npz is damaged"):
            read_tree(path)
