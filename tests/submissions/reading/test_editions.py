"""Runs of all editions are read directly, with the same faults as our own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import oracle
import pyarrow as pa
import pytest
from commands import glckit, glckit_json
from hypothesis import given
from hypothesis import strategies as st
from run_files import pairs_of, zipped

import submissions.reading.blocks
from submissions.editions import RunForm
from submissions.errors import UsageError
from submissions.reading.fast import FastParser
from submissions.reading.runs import read_run
from submissions.run import Run

RANKED = [(7, 1, 0.5, 1), (7, 2, 0.25, 2), (3, 1, 1e-5, 1)]
IN_LISTS = [(7, 4, 1.0, None), (7, 2, 0.5, None), (7, 9, 1 / 3, None), (3, 1, 1.0, None)]
SCORED = [(7, 4, 0.5, None), (7, 2, 0.25, None), (3, 1, 1e-5, None)]

BODY_2018 = "7;1;0.5;1\n7;2;.25;2\n3;1;1e-5;1\n"
BODY_2019 = "7;1;1;0.5\n7;2;2;.25\n3;1;1;1e-5\n"

#: Text, what is said of it, its pairs, and whether ranks decide their order.
FORMS: dict[str, tuple[str, RunForm | None, list[oracle.Pair], bool]] = {
    "2018": ("query;class;score;rank\n" + BODY_2018, None, RANKED, True),
    "2018 without a header": (BODY_2018, "ranked", RANKED, True),
    "2018, said to be of 2019": (
        "Query,Class,Score,Rank\n" + BODY_2018.replace(";", ","),
        "glc19",
        RANKED,
        True,
    ),
    "2019": ("glc19TestOccId;glc19SpId;Rank;Probability\n" + BODY_2019, None, RANKED, True),
    "2019 without a header": (BODY_2019, "glc19", RANKED, True),
    "ours in 2019": ("id;species;score;rank\n" + BODY_2018, "glc19", RANKED, False),
    "ours without a header": (BODY_2018, None, RANKED, False),
    "2020 without a header": (BODY_2018, "long", RANKED, False),
    "2021": ("Id,Predicted\n7,4 2 9\n3,1\n", None, IN_LISTS, False),
    "2024": ("surveyId,predictions\n7,4 2 9\n3,1\n", "predicted", IN_LISTS, False),
    "2024 of 2018": ("surveyId,predictions\n7,4 2 9\n3,1\n", "ranked", IN_LISTS, False),
    "2024 without a header": ("7,4 2 9\n3,1\n", "survey", IN_LISTS, False),
    "2024 without a header, the first empty": ("8,\n7,4 2 9\n3,1\n", "survey", IN_LISTS, False),
    "columns in another order": ("predictions;surveyId\n4 2 9;7\n1;3\n", None, IN_LISTS, False),
    "lists in quotes": ('"Id","Predicted"\n"7","4 2 9"\n3,"1"\n', None, IN_LISTS, False),
    "lists with blanks": ("Id , Predicted\n 7 ,  4 2  9 \n3, 1\n", None, IN_LISTS, False),
    "lists with signs": ("Id,Predicted\n+7,4 +2 09\n3,1\n", None, IN_LISTS, False),
    "lists with line ends of Windows": ("Id,Predicted\r\n7,4 2 9\r\n3,1", None, IN_LISTS, False),
    "scored lists": (
        "observation_id;lon;lat;predictions;probas\n7;;x;4 2;0.5 .25\n3;1;2;1;1e-5\n",
        None,
        SCORED,
        False,
    ),
    "ours, 4 fields in 2021": (BODY_2018, "predicted", RANKED, False),
}


def read(path: Path, form: RunForm | None = None, columns: tuple[str, ...] | None = None) -> Run:
    run = read_run(path, form=form, columns=columns)
    assert isinstance(run, Run)
    return run


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_read(name: str, tmp_path: Path) -> None:
    text, form, pairs, rank_decides = FORMS[name]
    for content in (text.encode(), b"\xef\xbb\xbf" + text.encode(), zipped(run=text.encode())):
        (tmp_path / "run").write_bytes(content)
        assert pairs_of(tmp_path / "run", form=form) == pairs
    assert read(tmp_path / "run", form).rank_decides == rank_decides


@pytest.mark.parametrize("name", [name for name in FORMS if FORMS[name][1] is None])
def test_every_form_with_a_header_is_valid_without_a_word(name: str, tmp_path: Path) -> None:
    assert glckit("validate", "-", "--json", stdin=FORMS[name][0].encode()).exit_code == 0


COLUMNS = ("occurrence", "species", "rank", "probability")


def test_columns_are_named_for_files_without_a_header(tmp_path: Path) -> None:
    (tmp_path / "run").write_text(BODY_2019)
    assert pairs_of(tmp_path / "run", columns=COLUMNS) == RANKED
    assert read(tmp_path / "run", columns=COLUMNS).rank_decides  # that order is the form of 2019
    (tmp_path / "run").write_text("0.5,7,1\n.25,7,2\n1e-5,3,1\n")
    expected = [(*pair[:3], None) for pair in RANKED]
    assert pairs_of(tmp_path / "run", columns=(" score", "ID", "species_id")) == expected
    (tmp_path / "run").write_text("id;species;score;rank\n" + BODY_2018)
    assert pairs_of(tmp_path / "run", columns=COLUMNS) == RANKED  # a header wins


@pytest.mark.parametrize(
    "columns", [("occurrence", "species"), (*COLUMNS, "rank"), ("occurrence", "species", "x"), ()]
)
def test_columns_that_no_run_has(columns: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "run").write_text(BODY_2019)
    with pytest.raises(UsageError, match="cannot be"):
        read_run(tmp_path / "run", columns=columns)


@pytest.mark.parametrize(
    ("text", "columns", "said"),
    [
        (BODY_2019, COLUMNS[:2] + COLUMNS[3:], "4 fields where 3 columns are named"),
        ("7;1;1\n", COLUMNS, "no column probability"),
    ],
)
def test_columns_that_do_not_fit(text: str, columns: tuple[str, ...], said: str, tmp_path: Path) -> None:
    (tmp_path / "run").write_text(text)
    (fault,) = read(tmp_path / "run", columns=columns).faults
    assert (fault.code, said in fault.message) == ("header", True)


DOUBTFUL = {
    "fractions": BODY_2019,
    "whole numbers": "7;1;1;3\n7;2;2;1\n3;1;1;2\n",
    "worst first, perhaps": "7;1;1;2\n7;2;2;1\n",
    "rows in any order": "7;2;2;0.25\n3;1;1;0.1\n7;1;1;0.5\n",
    "whole numbers in any order": "7;2;2;5\n3;1;1;4\n7;1;1;9\n",
    "occurrences taken in turns": "7;1;1;3\n3;1;1;2\n7;2;2;1\n",
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_ranks_in_the_third_column_are_never_taken_for_scores(name: str, tmp_path: Path) -> None:
    (tmp_path / "run").write_text(DOUBTFUL[name])
    for form in (None, "survey"):
        (fault,) = read(tmp_path / "run", form).faults
        assert (fault.code, "--columns occurrence,species,rank" in fault.fix) == ("header", True)
    for form in ("glc19", "long"):
        assert "header" not in {fault.code for fault in read(tmp_path / "run", form).faults}
    assert glckit("validate", tmp_path / "run").exit_code == 1


@pytest.mark.parametrize(
    "text",
    ["7;1;1;1\n7;2;2;2\n", "7;1;1;1\n7;2;1;2\n", "7;1;2;1\n7;2;1;2\n", "7;1;1\n7;2;2\n", "7;1;1.0;1\n"],
)
def test_what_leaves_no_doubt_is_read_as_ever(text: str, tmp_path: Path) -> None:
    (tmp_path / "run").write_text(text)
    assert [fault.code for fault in read(tmp_path / "run").faults] == []


FAULTS: dict[str, tuple[str, dict[str, list[int | None]]]] = {
    "not an integer": ("Id,Predicted\n7,4 x 2.5\n3,1\n", {"bad-id": [2, 2]}),
    "an id": ("Id,Predicted\n7.5,4\n3,1\n", {"bad-id": [2]}),
    "too few fields": ("Id,Predicted\n7,4\n3\n", {"ragged": [3]}),
    "too many fields": ("Id,Predicted\n7,4\n3,1,2\n", {"ragged": [3]}),
    "blank line": ("Id,Predicted\n7,4\n\n3,1\n", {"ragged": [3]}),
    "comment": ("Id,Predicted\n7,4\n#3\n3,1\n", {"ragged": [3]}),
    "a quote": ('Id,Predicted\n7,"4 2\n3,1\n', {"ragged": [2]}),
    "a line in quotes": ('Id,Predicted\n"7,4 2"\n3,1\n', {"ragged": [2]}),
    "hexadecimal": ("Id,Predicted\n7,4 0x2\n3,1\n", {"bad-id": [2]}),
    "beyond 64 bits": ("Id,Predicted\n7,4 9223372036854775808\n3,1\n", {"bad-id": [2]}),
    "a species twice": ("Id,Predicted\n3,1\n7,4 2 4\n", {"duplicate": [3]}),
    "an occurrence twice": ("Id,Predicted\n7,4\n3,1\n7,2\n7,\n", {"duplicate": [4, 5]}),
    "further column": ("Id,x,Predicted\n7,1,4\n", {"header": [1]}),
    "no occurrences": ("x,Predicted\n7,4\n", {"header": [1]}),
    "doubled column": ("Id,surveyId,Predicted\n7,7,4\n", {"header": [1]}),
    "nothing below": ("Id,Predicted\n", {"no-rows": []}),
    "a score": ("id;predictions;probas\n7;4 2;0.5 nan\n3;1;1\n", {"bad-score": [2]}),
    "a score too few": ("id;predictions;probas\n7;4 2;0.5\n3;1;1\n", {"ragged": [2]}),
    "2018 without ranks": ("query;class;score\n7;4;0.5\n", {"header": [1]}),
    "a rank": ("query;class;score;rank\n7;4;0.5;x\n7;3;0.4;1\n", {"bad-rank": [2]}),
    "a pair twice": ("query;class;score;rank\n7;4;0.5;1\n7;4;0.4;2\n", {"duplicate": [3]}),
    "names of two editions": ("query;species_id;score;rank\n7;4;0.5;1\n", {"header": [1]}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_have_their_lines(name: str, tmp_path: Path) -> None:
    (tmp_path / "run").write_text(FAULTS[name][0])
    status, report = glckit_json("validate", tmp_path / "run")
    errors = {
        fault["code"]: [each["line"] for each in fault["examples"]]
        for fault in report["faults"]
        if fault["severity"] == "error"
    }
    assert (status, errors) == (1, FAULTS[name][1])


def test_lines_of_lists_after_bad_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submissions.reading.blocks, "BLOCK_BYTES", 40)
    lists = [f"{i},{i} {i + 1} {i}" if i % 7 == 0 else f"{i},{i} {i + 1}" for i in range(100, 150)]
    lists[10] = "x,1"
    lists[20:20] = ["", ""]
    (tmp_path / "run").write_text("\n".join(["Id,Predicted", *lists]))
    faults = {
        fault["code"]: fault for fault in glckit_json("validate", tmp_path / "run", "--all")[1]["faults"]
    }
    expected = [i for i, line in enumerate(lists, 2) if line.count(" ") == 2]
    assert [each["line"] for each in faults["duplicate"]["examples"]] == expected
    assert [each["line"] for each in faults["bad-id"]["examples"]] == [12]
    assert [each["line"] for each in faults["ragged"]["examples"]] == [22, 23]


def test_an_empty_list_is_there(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("Id,Predicted\n7,4 2\n8,\n9,  \n99,\n")
    (tmp_path / "test.csv").write_text("id\n7\n8\n9\n10\n")
    run = read(tmp_path / "run")
    assert (run.occurrence_ids.tolist(), run.empty.tolist(), run.n_pairs) == ([7], [8, 9, 99], 2)
    _, report = glckit_json("validate", tmp_path / "run", "--test", tmp_path / "test.csv")
    faults = {fault["code"]: fault for fault in report["faults"]}
    assert [each["occurrence_id"] for each in faults["missing-occurrence"]["examples"]] == [10]
    assert [each["line"] for each in faults["unknown-occurrence"]["examples"]] == [5]
    (tmp_path / "run").write_text("Id,Predicted\n7,\n")
    assert glckit("validate", tmp_path / "run").exit_code == 0


def test_rows_allowed_are_those_of_lists_too(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("Id,Predicted\n7,4 2\n8,1\n9,1 2 3\n")
    status, report = glckit_json("validate", tmp_path / "run", "--max-rows", 1)
    assert status == 1
    assert [each["line"] for each in report["faults"][0]["examples"]] == [2, 4]


WORDS = st.sampled_from(["4", "+2", "09", "7.0", "x", "-1", "9223372036854775807", "1e3", "0x1", "1_0", '"'])


@given(st.lists(st.tuples(st.sampled_from(["7", "8", " 9 ", "x", ""]), st.lists(WORDS, max_size=3))))
def test_the_fast_way_and_the_second_look_agree(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, list[str]]]
) -> None:
    path = tmp_path_factory.mktemp("lists") / "run"
    path.write_text("Id,Predicted\n" + "".join(f"{i},{' '.join(words)}\n" for i, words in lines))
    fast = read(path)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(FastParser, "parse", lambda *_: None)
        slow = read(path)
    assert fast.faults == slow.faults
    assert fast.pairs.species.tolist() == slow.pairs.species.tolist()
    assert fast.empty.tolist() == slow.empty.tolist()
    assert np.array_equal(fast.occurrence_ids, slow.occurrence_ids)


def test_lists_are_compressed_as_other_runs(tmp_path: Path) -> None:
    text = b"Id,Predicted\n7,4 2 9\n3,1\n"
    (tmp_path / "run").write_bytes(bytes(pa.compress(text, "zstd", asbytes=True)))
    assert pairs_of(tmp_path / "run") == IN_LISTS
