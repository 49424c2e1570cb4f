"""glckit convert writes what the board of each edition takes, and makes sets of scored runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands import glckit
from hypothesis import given
from hypothesis import strategies as st
from run_files import pairs_of
from sklearn.metrics import f1_score

from scoring.sets import TrueSets
from scoring.sparse import Pairs
from submissions.conversion import ConversionOptions, convert
from submissions.cutting import Cut, tuned
from submissions.editions import EDITIONS
from submissions.errors import UsageError
from submissions.ordering import positions_among
from submissions.reading.runs import read_run
from submissions.run import Run
from submissions.tables import TruthSets
from submissions.writing import best_first

TEXT = "id;species;score;rank\n9;4;0.25;2\n9;12;0.5;1\n3;7;0.125;1\n"

WRITTEN = {
    2018: "3;7;0.125;1\n9;12;0.5;1\n9;4;0.25;2\n",
    2019: "glc19TestOccId;glc19SpId;Rank;Probability\n3;7;1;0.125\n9;12;1;0.5\n9;4;2;0.25\n",
    2020: "occurrence_id;species_id;probability;rank\n9;12;0.5;1\n9;4;0.25;2\n3;7;0.125;1\n",
    2021: "Id,Predicted\n3,7\n9,12 4\n",
    2022: "Id,Predicted\n3,7\n9,12 4\n",
    2023: "Id,Predicted\n3,7\n9,12 4\n",
    2024: "surveyId,predictions\n3,7\n9,12 4\n",
    2025: "surveyId,predictions\n3,7\n9,4 12\n",
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("run.csv").write_text(TEXT)


def dense(scores: np.ndarray) -> None:
    np.save("run.npy", scores)
    np.save("run.occurrence_ids.npy", np.array([9, 3]))
    np.save("run.species_ids.npy", np.array([4, 7, 12]))


@pytest.mark.parametrize("year", EDITIONS)
@pytest.mark.parametrize("source", ["run.csv", "run.npy"])
def test_every_edition_is_written(year: int, source: str) -> None:
    dense(np.array([[0.25, -np.inf, 0.5], [-np.inf, 0.125, -np.inf]]))
    result = glckit("convert", source, "out.csv", "--to", year)
    assert result.exit_code == 0, result.stderr
    assert Path("out.csv").read_text() == WRITTEN[year]
    assert "2 occurrences, 3 pairs" in result.stderr
    form = EDITIONS[year].form
    assert sorted(pair[:2] for pair in pairs_of(Path("out.csv"), form=form)) == [(3, 7), (9, 4), (9, 12)]


@pytest.mark.parametrize("year", EDITIONS)
def test_what_is_written_is_compressed_if_wanted(year: int) -> None:
    for name in ("out.csv.gz", "out.zip", "out.csv.zst", "out.txt"):
        convert("run.csv", name, ConversionOptions(to=year))
        assert len(pairs_of(Path(name), form=EDITIONS[year].form)) == 3


def test_no_more_rows_than_the_board_allowed() -> None:
    Path("run.csv").write_text("id;species;score\n" + "".join(f"7;{i};{i / 200}\n" for i in range(120)))
    result = glckit("convert", "run.csv", "out.csv", "--to", 2019)
    assert "left out: 70 pairs beyond the rows that the board allowed" in result.stderr
    assert [pair[1] for pair in pairs_of(Path("out.csv"))] == list(range(119, 69, -1))
    result = glckit("convert", "run.csv", "out.csv", "--to", 2018, "--max-rows", 5, "--force")
    assert "left out" not in result.stderr
    assert [pair[3] for pair in pairs_of(Path("out.csv"))] == [1, 2, 3, 4, 5]


def test_ranks_that_decide_stay_the_order() -> None:
    Path("run.csv").write_text("glc19TestOccId;glc19SpId;Rank;Probability\n7;1;2;0.5\n7;2;1;0.25\n")
    convert("run.csv", "out.csv", ConversionOptions(to=2024))
    assert Path("out.csv").read_text() == "surveyId,predictions\n7,2 1\n"
    convert("run.csv", "top.csv", ConversionOptions(top=1))
    assert pairs_of(Path("top.csv")) == [(7, 2, 0.25, 1)]


def test_columns_of_a_run_without_a_header() -> None:
    Path("run.csv").write_text("7;1;1;0.5\n7;2;2;0.25\n")
    refused = glckit("convert", "run.csv", "out.csv")
    assert (refused.exit_code, "--columns" in refused.stderr) == (1, True)
    columns = "occurrence,species,rank,probability"
    assert glckit("convert", "run.csv", "out.csv", "--columns", columns).exit_code == 0
    assert pairs_of(Path("out.csv")) == [(7, 1, 0.5, 1), (7, 2, 0.25, 2)]
    assert glckit("convert", "run.csv", "o.csv", "--columns", "occurrence,species").exit_code == 2
    Path("competition.toml").write_text("[competition]\nedition = 2019\n")
    assert glckit("convert", "run.csv", "of_2019.csv").exit_code == 0
    assert Path("of_2019.csv").read_text() == Path("out.csv").read_text()


def test_what_has_no_species_is_said_where_it_can_be() -> None:
    Path("run.csv").write_text("Id,Predicted\n7,1 2\n5,\n")
    result = glckit("convert", "run.csv", "out.csv")
    assert "left out: 1 occurrence without species, which only lists can say" in result.stderr
    assert pairs_of(Path("out.csv")) == [(7, 1, 1.0, 1), (7, 2, 0.5, 2)]
    result = glckit("convert", "run.csv", "lists.csv", "--to", 2024)
    assert "left out" not in result.stderr
    assert Path("lists.csv").read_text() == "surveyId,predictions\n5,\n7,1 2\n"
    assert glckit("convert", "lists.csv", "again.csv", "--to", 2024).exit_code == 0
    assert Path("again.csv").read_text() == Path("lists.csv").read_text()


@pytest.mark.parametrize("source", ["run.csv", "run.npy"])
def test_sets_are_the_top_or_what_is_above(source: str) -> None:
    dense(np.array([[0.25, -np.inf, 0.5], [-np.inf, 0.125, -np.inf]]))
    convert(source, "top.csv", ConversionOptions(top=1))
    assert pairs_of(Path("top.csv")) == [(9, 12, 0.5, 1), (3, 7, 0.125, 1)]
    done = convert(source, "above.csv", ConversionOptions(above=0.25))
    assert pairs_of(Path("above.csv")) == [(9, 12, 0.5, 1)]
    assert (done.n_occurrences, done.n_pairs, done.n_unsaid) == (1, 1, 1)
    convert(source, "lists.csv", ConversionOptions(above=0.2, top=1, to=2023))
    assert Path("lists.csv").read_text() == "Id,Predicted\n3,\n9,12\n"
    done = convert(source, "none.csv", ConversionOptions(above=9.0, to=2018))
    assert (Path("none.csv").read_text(), done.n_unsaid) == ("", 2)
    convert(source, "m.npy", ConversionOptions(above=0.25))
    assert [pair[:2] for pair in pairs_of_matrix(Path("m.npy"))] == [(9, 12)]


def pairs_of_matrix(path: Path) -> list[tuple[int, int]]:
    convert(path, path.with_suffix(".csv"))
    return [pair[:2] for pair in pairs_of(path.with_suffix(".csv"))]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--to", 2017], "There is no edition 2017"),
        (["--tune", "truth.csv"], "--to with one of 2023, 2024, 2025"),
        (["--tune", "truth.csv", "--to", 2021], "--to with one of 2023, 2024, 2025"),
        (["--tune", "truth.csv", "--to", 2024, "--top", 3], "--tune chooses"),
    ],
)
def test_options_that_do_not_go_together(options: list[object], said: str) -> None:
    result = glckit("convert", "run.csv", "out.csv", *options)
    assert (result.exit_code, said in result.stderr) == (2, True)
    assert not Path("out.csv").exists()


def test_boards_take_text_and_tuning_lists() -> None:
    for name in ("out.parquet", "out.npy", "out"):
        with pytest.raises(UsageError, match="takes text"):
            convert("run.csv", name, ConversionOptions(to=2024))
    dense(np.zeros((2, 3)))
    Path("truth.csv").write_text("id,species_id\n9,4\n")
    with pytest.raises(UsageError, match="is a matrix"):
        convert("run.npy", "out.csv", ConversionOptions(to=2024, tune=Path("truth.csv")))


def test_tuning_says_what_it_tried_and_writes_the_best() -> None:
    Path("truth.csv").write_text("surveyId,predictions\n9,12\n3,7 4\n5,1\n")
    result = glckit("convert", "run.csv", "out.csv", "--to", 2024, "--tune", "truth.csv")
    assert result.exit_code == 0, result.stderr
    # One species each: (1 + 2/3 + 0) / 3; two: (2/3 + 2/3 + 0) / 3.
    tried = [line.split()[1:] for line in result.stderr.splitlines() if line.startswith("tried: --")]
    assert tried[0] == ["--top", "1", "0.55556", "0.7", "<-", "best"]
    assert tried[1] == ["--top", "2", "0.44444", "1.0"]
    assert Path("out.csv").read_text() == "surveyId,predictions\n3,7\n9,12\n"
    Path("truth.csv").write_text("surveyId,predictions\n8,12\n")
    result = glckit("convert", "run.csv", "o.csv", "--to", 2024, "--tune", "truth.csv")
    assert (result.exit_code, "No occurrence of the run" in result.stderr) == (3, True)


SPECIES = 6
LISTS = st.lists(
    st.dictionaries(st.integers(0, SPECIES - 1), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9]), min_size=1),
    min_size=1,
    max_size=5,
)


def oracle(rows: list[dict[int, float]], truth: list[set[int]], cut: Cut) -> float:
    shape = len(truth), SPECIES
    predicted, true = np.zeros(shape, int), np.zeros(shape, int)
    for i, species in enumerate(truth):
        true[i, list(species)] = 1
        row = rows[i] if i < len(rows) else {}
        ordered = sorted(row, key=lambda each: -row[each])
        kept = [each for each in ordered if cut.above is None or row[each] > cut.above][: cut.top]
        predicted[i, kept] = 1
    return float(f1_score(true, predicted, average="samples", zero_division=0))


@given(LISTS, st.lists(st.sets(st.integers(0, SPECIES - 1), min_size=1), min_size=5, max_size=6))
def test_no_other_cut_is_better(rows: list[dict[int, float]], truth: list[set[int]]) -> None:
    offsets = np.cumsum([0, *map(len, rows)])
    species = np.array([each for row in rows for each in row])
    scores = np.array([each for row in rows for each in row.values()])
    sets = TrueSets(np.cumsum([0, *map(len, truth)]), np.array([i for each in truth for i in sorted(each)]))
    judged = TruthSets(np.arange(len(truth)), sets)
    tuning = tuned(best_first(Pairs(offsets, species, scores)), np.arange(len(rows)), judged)
    tops = [Cut(top=n) for n in range(1, SPECIES + 1)]
    cuts = [*tops, *(Cut(above=t) for t in (-1.0, 0.0, 0.1, 0.25, 0.5))]
    assert tuning.best.score == pytest.approx(max(oracle(rows, truth, cut) for cut in cuts))
    for tried in tuning.tried:
        assert tried.score == pytest.approx(oracle(rows, truth, tried.cut))


def test_the_real_run_is_the_same_by_way_of_every_list(realdata: Path) -> None:
    source = realdata / "runs" / "glc24_cnn_bioclim_top25.csv"
    original = read_run(source)
    assert isinstance(original, Run)
    order = np.argsort(original.occurrence_ids)
    pairs = original.pairs.select(order)
    for year in (2018, 2019, 2021, 2024):
        convert(source, f"{year}.csv", ConversionOptions(to=year))
        again = read_run(f"{year}.csv", form=EDITIONS[year].form)
        assert isinstance(again, Run)
        assert np.array_equal(again.occurrence_ids, original.occurrence_ids[order])
        assert np.array_equal(again.pairs.species, pairs.species)
        assert year > 2019 or np.array_equal(again.pairs.scores, pairs.scores)
    positions, found = positions_among(again.occurrence_ids, original.occurrence_ids[order])
    assert found.all()
    assert np.array_equal(positions, np.arange(len(order)))
