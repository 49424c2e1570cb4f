"""Truths with several species per occurrence, in every form in which organizers write them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from submissions.errors import CannotCheckError
from submissions.tables import (
    TruthSets,
    read_occurrence_ids,
    read_occurrences,
    read_truth,
    read_truth_sets,
)

SETS = {3: [5], 7: [2, 9, 11]}


def held(truth: TruthSets) -> dict[int, list[int]]:
    offsets = truth.sets.offsets.tolist()
    lists = [truth.sets.species[a:b].tolist() for a, b in pairwise(offsets)]
    return dict(zip(truth.ids.tolist(), lists, strict=True))


def written(folder: Path, text: str) -> Path:
    path = folder / "truth.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "surveyId,predictions\n7,2 9 11\n3,5\n",
        "Id,Predicted\r\n3, 5 \r\n7,11  2 9",
        "surveyId,predictions,Usage\n7,2 9 11,Public\n3,5,Private\n\n",
        "id;lat;lon;species_id\n7;1;2;9\n3;1;2;5\n7;1;2;2\n7;1;2;11\n",
        "\ufeffsurveyId;speciesId\n7;9\n7;2 11\n3;5\n",
        '"glc_id","class_id"\n"7","2 9 11"\n"3","5"\n',
        "occurrence_id,species_id,predicted\n7,2,1\n7,9,0\n7,11,0\n3,5,1\n",
    ],
)
def test_every_form_says_the_same(tmp_path: Path, text: str) -> None:
    truth = read_truth_sets(written(tmp_path, text))
    assert held(truth) == SETS
    assert truth.n_doubled == 0
    assert truth.ids.dtype == truth.sets.species.dtype == np.int64
    assert repr(truth) == f"TruthSets(n_occurrences=2, n_pairs=4, digest='{truth.digest}')"


@pytest.mark.parametrize(
    "text", ["surveyId,predictions\n7,2 9 2 11 2\n3,5\n", "id;species\n7;2 9\n7;2 11\n3;5\n3;5\n"]
)
def test_a_pair_said_again_counts_once_and_is_counted(tmp_path: Path, text: str) -> None:
    truth = read_truth_sets(written(tmp_path, text))
    assert held(truth) == SETS
    assert truth.n_doubled == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("surveyId,predictions\n7,2 9\n3,\n", "rows without a species (1; line 3)"),
        ("surveyId,predictions\n7,\n\n3,  \n", "rows without a species (2; lines 2, 4)"),
        ("surveyId,predictions\n7,2 x\n", "species_id that is not an integer (1; line 2)"),
        ("surveyId,predictions\n7,2 9.0\n", "line 2"),
        ("surveyId,predictions\n7,99999999999999999999\n", "line 2"),
        ("surveyId,predictions\n7.0,2\n", "occurrence_id with integers written with a point (1; line 2)"),
        ("surveyId,predictions\n7,2,9\n", "line 2"),
        ("surveyId,predictions\n7\n", "line 2"),
        ("surveyId,predictions\n", "nothing below"),
        ("", "empty"),
        ("surveyId,species_count\n7,2\n", "no column species_id"),
        ("<html>", "HTML"),
        ("surveyId,predictions\n7,2\0\n", "NUL"),
        ("surveyId,predictions\n7," + "1 " * 2_000_000 + "\n", "more than 1 MiB (1; line 2)"),
    ],
)
def test_an_unusable_one_names_the_lines(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CannotCheckError) as caught:
        read_truth_sets(written(tmp_path, text))
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["id;species_id\n7;2\n7;9\n", "surveyId,predictions\n7,2 9\n3,5\n"])
def test_one_species_is_wanted_and_several_are_there(tmp_path: Path, text: str) -> None:
    with pytest.raises(CannotCheckError, match="--metric f1-samples or f1-micro"):
        read_truth(written(tmp_path, text))


def test_one_species_each_is_the_same_truth(tmp_path: Path) -> None:
    path = written(tmp_path, "Id,Predicted\n7,2\n3,5\n")
    assert read_truth(path).digest == read_truth_sets(path).digest
    assert read_truth(path).ids.tolist() == [3, 7]


def test_ids_may_be_any_integers(tmp_path: Path) -> None:
    low, high = -(2**63), 2**63 - 1
    truth = read_truth_sets(written(tmp_path, f"id;species_id\n{high};{low} {high}\n{low};0\n"))
    assert held(truth) == {low: [0], high: [low, high]}


def test_tables_of_later_editions_are_read_by_their_names(tmp_path: Path) -> None:
    test = written(tmp_path, "lon,lat,year,surveyId\n3.1,45.0,2021,9\n3.2,45.1,2021,4\n")
    assert read_occurrence_ids(test).tolist() == [4, 9]
    train = written(tmp_path, "lon,lat,speciesId,surveyId\n3.1,45.0,7,9\n")
    assert read_occurrences(train).species == [7]
    both = written(tmp_path, "id;surveyId;lat;lon\n1;9;45.0;3.1\n")
    assert read_occurrence_ids(both).tolist() == [1]
