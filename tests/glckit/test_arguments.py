"""Arguments of other kinds than are wanted: taken where their meaning is plain, else refused in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from patches_on_disk import PATCH_SIZE, make_ids, write_tree

import glckit
from baselines.covariates.patches.reading import PatchReader
from baselines.covariates.patches.sources import open_patches
from baselines.integrity.gate import admit
from baselines.integrity.options import VerifyOptions
from submissions.errors import UsageError

FRAME = pd.DataFrame({"id": [7, 8], "species_id": [1, 2]})
IDS = make_ids(2, 2)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = tmp_path / "run.csv"
    path.write_text("occurrence_id;species_id;probability\n7;1;0.5\n8;2;0.25\n8;3;0.5\n")
    return path


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    path = tmp_path / "truth.csv"
    path.write_text("id;lat;lon;species_id\n7;45;3;1\n8;45;3;2\n")
    return path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "data", IDS)


def small(**others: Any) -> VerifyOptions:
    return VerifyOptions(patch_size=PATCH_SIZE, **others)


REFUSED: dict[str, tuple[Callable[[Path, Path], object], str]] = {
    "run": (
        lambda run, truth: glckit.score(FRAME, truth),
        "A run is .* DataFrame.*adaptive_top_k",
    ),
    "validated run": (lambda run, truth: glckit.validate(FRAME), "A run is .* not of type DataFrame"),
    "read run": (lambda run, truth: glckit.read_run(FRAME), "A run file .* not of type DataFrame.*to_csv"),
    "truth": (lambda run, truth: glckit.score(run, FRAME), "A truth is .* not of type DataFrame.*to_csv"),
    "read truth": (lambda run, truth: glckit.read_truth(FRAME), "A truth is .* not of type DataFrame"),
    "number": (lambda run, truth: glckit.score(3, truth), "A run is .* not of type int"),
    "test": (lambda run, truth: glckit.score(run, truth, test=FRAME), "Ids are .* not of type DataFrame"),
    "test of floats": (
        lambda run, truth: glckit.score(run, truth, test=np.array([7.5])),
        "Ids are .*array",
    ),
    "test of both": (lambda run, truth: glckit.score(run, truth, test=[truth, 7]), "Ids are .*list of .*int"),
    "species": (lambda run, truth: glckit.validate(run, species=[truth]), "one table, not of type list"),
    "metrics": (lambda run, truth: glckit.score(run, truth, metrics=3), "Metrics are .* not of type int"),
    "metric": (
        lambda run, truth: glckit.score(run, truth, metrics=["mrr", 3]),
        "Metrics .* of int and str",
    ),
    "metric by a wrong name": (lambda run, truth: glckit.score(run, truth, metrics="mmr"), "mmr .mrr"),
    "columns": (lambda run, truth: glckit.read_run(run, columns=3), "Columns are .* not of type int"),
    "columns that are none": (lambda run, truth: glckit.read_run(run, columns="a,b"), "cannot be a,b"),
    "one part": (lambda run, truth: glckit.fuse(run), "two runs or more, and 1 was given"),
    "parts": (lambda run, truth: glckit.fuse(FRAME), "A run is .* not of type DataFrame"),
    "weights": (lambda run, truth: glckit.fuse([run, run], weights="12"), "Weights are a list"),
    "tune": (lambda run, truth: glckit.fuse([run, run], tune=FRAME), "A truth is .* not of type DataFrame"),
    "paths": (lambda run, truth: glckit.verify_patches(3), "Patches are .* not of type int"),
    "no path": (lambda run, truth: glckit.verify_patches([]), "Patches are .* not of type list"),
    "occurrences": (lambda run, truth: glckit.verify_patches(".", FRAME), "DataFrame.*the column of ids"),
    "level": (lambda run, truth: VerifyOptions(level="x"), "Unknown level 'x'.*quick, full, deep"),
    "gate": (
        lambda run, truth: admit([1], ".", on_damaged="x"),
        "Unknown on_damaged 'x'.*refuse, drop",
    ),
    "gate of floats": (lambda run, truth: admit([1.5], "."), "whole numbers, not of type list of float"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_meant_is_refused(case: str, run: Path, truth: Path) -> None:
    call, match = REFUSED[case]
    with pytest.raises(UsageError, match=match):
        call(run, truth)


def test_one_name_stands_for_a_list(run: Path, truth: Path) -> None:
    assert glckit.score(run, truth, metrics="mrr").scores == {"mrr": 0.75}
    run.write_text("7;1;0.5\n8;2;0.25\n")
    read = glckit.read_run(run, columns="occurrence, species, probability")
    assert read.occurrence_ids.tolist() == [7, 8]


@pytest.mark.parametrize("ids", [[7, 8], pd.Series([8, 7]), pd.Index([7, 8]), np.array([7, 8])], ids=repr)
def test_ids_are_any_whole_numbers(ids: Any, run: Path, truth: Path) -> None:
    assert glckit.score(run, truth, test=ids).adaptive_top_k == 1.0
    assert glckit.validate(run, test=ids, species=[1, 2, 3]).valid


def test_one_folder_and_one_table_stand_for_lists(tree: Path) -> None:
    table = tree / "table.csv"
    table.write_text("id;lat;lon\n" + "".join(f"{i};45;3\n" for i in IDS))
    for occurrences in (table, str(table), [table], IDS, pd.Series(IDS), np.array(IDS)):
        report = glckit.verify_patches(tree, occurrences, options=small())
        assert report.verdict == "whole"
        assert report.checked_ids.tolist() == IDS
    assert glckit.verify_patches(str(tree), options=small()).verdict == "whole"
    assert admit(IDS, tree, patch_size=PATCH_SIZE, state=tree / "state").ids.tolist() == IDS


def test_reader_refuses_unknown_land_cover(tree: Path) -> None:
    with pytest.raises(UsageError, match=r"Unknown land_cover 'x'.*codes, unstacked"):
        PatchReader(open_patches(tree), patch_size=8, land_cover="x")  # type: ignore[arg-type]


def test_one_line_says_what_there_is(tree: Path) -> None:
    reader = PatchReader(open_patches(tree), patch_size=PATCH_SIZE)
    assert repr(reader) == f"PatchReader({tree}, patch_size={PATCH_SIZE}, land_cover='codes')"
    assert repr(reader.read_patch(IDS[0])) == "Patch(bands of shape (64, 64, 5), altitude of shape (64, 64))"
    report = glckit.verify_patches(tree, [*IDS, 10000001], options=small())
    assert repr(report) == (
        "PatchReport('damaged', level='full', n_checked=5, n_damaged=1, n_warnings=0, n_unchecked=0)"
    )
    admission = admit(IDS, tree, patch_size=PATCH_SIZE, state=tree / "state")
    assert repr(admission).startswith("Admission(n_admitted=4, n_left_out=0, n_damaged=0, level=")


def test_results_compare_by_value(run: Path, truth: Path, tree: Path) -> None:
    def results() -> list[object]:
        read, scored = glckit.read_run(run), glckit.score(run, truth)
        report = glckit.verify_patches(tree, IDS, options=small())
        truths = [glckit.read_truth(truth), glckit.read_truth(truth, sets=True)]
        sets = glckit.score(run, truths[1], metrics=["f1-micro"])
        patch = PatchReader(open_patches(tree), patch_size=PATCH_SIZE).read_patch(IDS[0])
        return [read, scored, scored.per_occurrence, sets, *truths, report, patch]

    for one, other in zip(results(), results(), strict=True):
        assert one == other
        assert hash(one) == hash(other)
        assert one != 3
    assert glckit.score(run, truth) != glckit.score(run, truth, k=1)


def test_frames_of_other_orders_are_refused() -> None:
    scores = pd.DataFrame([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    labels = pd.Series([0, 1, 0])
    assert glckit.top_k(scores, labels, k=1) == 1.0
    for shuffled in (labels[::-1], labels.loc[[1, 0, 2]]):
        with pytest.raises(ValueError, match=r"different indexes.*labels.loc"):
            glckit.top_k(scores, shuffled, k=1)
        assert glckit.top_k(scores.loc[shuffled.index], shuffled, k=1) == 1.0
    named = scores.set_axis([101, 102, 103])
    with pytest.raises(ValueError, match="different indexes"):
        glckit.adaptive_top_k(named, labels.set_axis([102, 103, 104]), k=1)
    # A default index says nothing: predictions beside the labels of a part of a table.
    assert glckit.top_k(scores, labels.set_axis([14, 3, 77]), k=1) == 1.0
    assert glckit.top_k(scores.to_numpy(), labels[::-1].to_numpy()[::-1], k=1) == 1.0
