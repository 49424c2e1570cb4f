"""Sites of seasons of all kinds: data files, dates, old scores, and the folder that is replaced."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from scored_seasons import FIRST, HandedIn, scored_season

from scoring.metrics.table import metrics_named
from submissions.errors import CannotCheckError, UsageError
from submissions.leaderboard.comparing import compared
from submissions.leaderboard.ranking import Ranking
from submissions.leaderboard.season import Season
from submissions.leaderboard.site import building
from submissions.leaderboard.site.building import build_site
from submissions.leaderboard.site.shown import SiteOptions

RUNS = [
    HandedIn("a", "first.csv", 0.2),
    HandedIn("b", "=1+1", 0.6),
    HandedIn("a", "better.csv", 0.9),
    HandedIn("-c", "bad", invalid=True),
    HandedIn("base", "rf", 0.5),
]
RULES = {"baselines": '["base"]'}


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Season:
    return scored_season(tmp_path_factory.mktemp("season"), RUNS, RULES)


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_data_files_hold_the_season_unrounded(season: Season, tmp_path: Path) -> None:
    data = build_site(season, tmp_path / "site").index.parent / "data"
    told = json.loads((data / "leaderboard.json").read_text())
    ranking = Ranking(season.rules, season.metrics[0], datetime.now(UTC))
    standings = ranking.standings(season.submissions)
    assert [each["submission"] for each in told] == [each.submission.number for each in standings]
    for entry, standing in zip(told, standings, strict=True):
        whole = standing.submission.parts.get("whole")
        assert entry["scores"] == (whole.scores if whole else {})
        assert entry["intervals"] == json.loads(json.dumps(whole.intervals if whole else {}))
        assert (entry["rank"], entry["counts"]) == (standing.rank, standing.counts)
        assert entry["is_baseline"] == (standing.submission.team == "base")
    counting = [each.submission for each in standings if each.counts]
    wanted = compared(season, counting)
    assert [each["rank_set"] for each in told if each["counts"]] == [list(r.rank_set) for r in wanted.runs]
    (pair,) = lines(data / "pairs.csv")
    assert float(pair["p_adjusted"]) == wanted.pairs[0].p_adjusted
    board = {row["submission"]: row for row in lines(data / "leaderboard.csv")}
    for submission in season.submissions:
        if submission.parts:
            row, whole = board[str(submission.number)], submission.parts["whole"]
            assert float(row["adaptive-top-k_whole"]) == whole.scores["adaptive-top-k"]
            assert float(row["top-k_whole_low"]) == whole.intervals["top-k"]["low"]
    assert board["4"]["adaptive-top-k_whole"] == ""


def test_text_that_a_spreadsheet_would_run_is_disarmed(season: Season, tmp_path: Path) -> None:
    data = build_site(season, tmp_path / "site").index.parent / "data"
    assert {row["run"] for row in lines(data / "leaderboard.csv")} >= {"'=1+1", "first.csv"}
    assert {row["team"] for row in lines(data / "teams.csv")} == {"a", "b", "'-c", "base"}


@pytest.mark.parametrize(("hours", "numbers"), [(0, [1]), (7, [2, 1]), (14, [3, 2, 1]), (-1, [])])
def test_as_of_shows_the_board_of_its_time(
    hours: int, numbers: Sequence[int], season: Season, tmp_path: Path
) -> None:
    options = SiteOptions(as_of=FIRST + timedelta(hours=hours))
    site = build_site(season, tmp_path / "site", options).index.parent
    told = json.loads((site / "data" / "leaderboard.json").read_text())
    assert [each["submission"] for each in told] == numbers
    assert {path.stem for path in (site / "runs").glob("*.html")} == {
        season.submissions[number - 1].digest for number in numbers
    }


def test_history_is_what_boards_of_each_time_had_first(season: Season, tmp_path: Path) -> None:
    data = build_site(season, tmp_path / "site").index.parent / "data"
    told = [(row["submitted"], float(row["score"])) for row in lines(data / "history.csv")]
    wanted = []
    for each in season.submissions:
        first = Ranking(season.rules, season.metrics[0], each.submitted).standings(season.submissions)[0]
        score = first.submission.parts["whole"].scores["adaptive-top-k"]
        if score not in [known for _, known in wanted]:
            wanted.append((each.submitted.isoformat().replace("+00:00", "Z"), score))
    assert told == wanted


def test_old_scores_are_called_so_and_not_compared(season: Season, tmp_path: Path) -> None:
    old = replace(season, stale="K was 2 and is 3", yardstick="k:3")
    site = build_site(old, tmp_path / "site").index.parent
    index = site.joinpath("index.html").read_text()
    assert "The scores on this page are old: K was 2 and is 3." in index
    assert "cannot be compared" in index
    assert not (site / "data" / "pairs.csv").exists()
    told = json.loads((site / "data" / "leaderboard.json").read_text())
    assert [each["rank"] for each in told][:2] == [1, 2]
    assert all(each["stale"] for each in told)
    page = next(site.glob("runs/*.html")).read_text()
    assert "Where it does well" not in page


def test_equal_scores_share_a_rank_and_lower_may_be_better(season: Season, tmp_path: Path) -> None:
    first = season.submissions[0]
    twin = replace(first, number=6, team="twin", digest="f" * 64)
    upside_down = replace(season.metrics[0], lower_is_better=True)
    other = replace(
        season,
        submissions=(*season.submissions, twin),
        metrics=(upside_down, season.metrics[1]),
        evidence=lambda number: season.evidence(1 if number == 6 else number),
    )
    site = build_site(other, tmp_path / "site").index.parent
    rows = lines(site / "data" / "leaderboard.csv")
    assert [(row["submission"], row["rank"]) for row in rows[:3]] == [("1", "1"), ("6", "1"), ("5", "")]
    assert rows[3]["rank"] == "3"


def test_a_file_of_two_teams_has_one_page_that_names_both(season: Season, tmp_path: Path) -> None:
    copied = replace(season.submissions[1], number=6, team="copier", run="mine.csv")
    both = replace(
        season,
        submissions=(*season.submissions, copied),
        evidence=lambda number: season.evidence(2 if number == 6 else number),
    )
    site = build_site(both, tmp_path / "site").index.parent
    told = json.loads((site / "runs" / f"{copied.digest}.json").read_text())
    assert [each["team"] for each in told["submissions"]] == ["b", "copier"]
    assert "mine.csv" in (site / "runs" / f"{copied.digest}.html").read_text()
    assert len(list(site.glob("runs/*.html"))) == 5


@pytest.mark.parametrize("n_runs", [0, 1])
def test_a_season_may_have_hardly_begun(n_runs: int, season: Season, tmp_path: Path) -> None:
    young = replace(season, submissions=season.submissions[:n_runs])
    built = build_site(young, tmp_path / "site")
    assert built.n_runs == n_runs
    assert "takes two runs" in built.index.with_name("compare.html").read_text()
    told = json.loads((tmp_path / "site" / "data" / "leaderboard.json").read_text())
    assert [each["rank_set"] for each in told] == [[1, 1]] * n_runs


def test_metrics_without_a_threshold_and_truths_without_places(tmp_path: Path) -> None:
    season = scored_season(tmp_path / "season", RUNS[:3], make=_without_places)
    assert season.metrics == metrics_named(["mrr"])
    site = build_site(season, tmp_path / "site").index.parent
    page = (site / "runs" / f"{season.submissions[0].digest}.html").read_text()
    assert "Accuracy for every K" not in page
    assert '<svg class="map"' not in page
    assert "Sizes of its sets" in page


def test_a_former_site_is_replaced_whole(season: Season, tmp_path: Path) -> None:
    young = replace(season, submissions=season.submissions[:1])
    build_site(season, tmp_path / "site")
    build_site(young, tmp_path / "site")
    assert len(list((tmp_path / "site" / "runs").iterdir())) == 2
    assert [entry.name for entry in tmp_path.iterdir()] == ["site"]


@pytest.mark.parametrize("name", ["notes.txt", "runs/mine.html", ".git/config", "runs/empty/"])
def test_what_is_none_of_a_site_is_never_replaced(name: str, season: Season, tmp_path: Path) -> None:
    site = tmp_path / "site"
    build_site(season, site)
    stranger = site / name
    stranger.parent.mkdir(exist_ok=True)
    stranger.mkdir() if name.endswith("/") else stranger.write_text("mine")
    with pytest.raises(UsageError, match="no part of a site"):
        build_site(season, site)
    assert stranger.exists()
    assert (site / "index.html").exists()


def test_a_folder_of_something_else_a_file_and_a_lying_mark_are_refused(
    season: Season, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match=r"thesis\.tex"):
        build_site(season, tmp_path / "home")
    for mark in ("[]", "{", '{"glckit": "leaderboard", "files": 3}', '{"files": ["thesis.tex"]}'):
        (tmp_path / "home" / "glckit-site.json").write_text(mark)
        with pytest.raises(UsageError, match=r"thesis\.tex"):
            build_site(season, tmp_path / "home")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        build_site(season, tmp_path / "file")
    (tmp_path / "free").mkdir()
    build_site(season, tmp_path / "free")


def test_a_build_that_fails_leaves_the_former_site(
    season: Season, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_site(replace(season, submissions=season.submissions[:1]), tmp_path / "site")
    before = (tmp_path / "site" / "index.html").read_text()

    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(building, "_write", full)
    with pytest.raises(CannotCheckError, match="No space left on device"):
        build_site(season, tmp_path / "site")
    assert (tmp_path / "site" / "index.html").read_text() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["site"]


def test_a_place_that_cannot_be_written_to_is_told(season: Season, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotCheckError, match=r"Cannot write .*site: "):
        build_site(season, tmp_path / "file" / "site")


def _without_places(folder: Path, rules: object) -> Path:
    from seasons import make_season

    made = make_season(folder)
    table = made / "truth.csv"
    rows = [line.split(";") for line in table.read_text().splitlines()]
    table.write_text("".join(f"{row[0]};{row[3]}\n" for row in rows))
    toml = made / "competition.toml"
    toml.write_text(toml.read_text().replace("k = 2", 'metric = "mrr"'))
    return made
