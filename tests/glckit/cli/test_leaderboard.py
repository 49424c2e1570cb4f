"""glckit leaderboard: what is stored, refused and told, and what happens when something fails."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import glckit, glckit_json
from privileges import python_without_privileges
from seasons import make_season, truth, write_run

from scoring.uncertainty.sampling import N_REPLICATES, Sampling

CONTRACT = (
    "submission team run submitted digest status counts rank rank_set scores intervals parts signature faults"
)


@pytest.fixture
def season(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A competition folder with an empty store, runs of three skills, and an invalid one."""
    for name in ("GLCKIT_COMPETITION", "GLCKIT_TRUTH", "GLCKIT_DATA"):
        monkeypatch.delenv(name, raising=False)
    folder = make_season(tmp_path / "season", {"private_share": "0.5"})
    # Most of the time of small runs goes into replicates.
    monkeypatch.setitem(Sampling.of.__kwdefaults__, "n_replicates", 40)
    for name, skill in (("poor", 0.1), ("fair", 0.4), ("good", 0.7)):
        write_run(folder / f"{name}.csv", len(name), skill=skill)
    write_run(folder / "bad.csv", 9, invalid=True)
    monkeypatch.chdir(folder)
    assert board("init").exit_code == 0
    return folder


def board(*arguments: object) -> Any:
    return glckit("leaderboard", *arguments)


def listed(*arguments: object) -> list[dict[str, Any]]:
    status, told = glckit_json("leaderboard", "list", *arguments)
    assert status == 0
    return list(told)


def rules(**settings: object) -> None:
    path = Path("competition.toml")
    lines = "".join(f"{key} = {value}\n" for key, value in settings.items())
    path.write_text(path.read_text().replace("[leaderboard]\n", f"[leaderboard]\n{lines}"))


def test_init_adds_rules_and_changes_no_other_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_season(tmp_path)
    toml = folder / "competition.toml"
    before = toml.read_text().replace("\n[leaderboard]\n", "").rstrip("\n") + "  # no final line feed"
    toml.write_text(before)
    monkeypatch.chdir(folder)
    result = board("init")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "Made the store leaderboard.sqlite." in result.stderr
    assert "Added [leaderboard] to competition.toml" in result.stderr
    after = toml.read_text()
    assert after.startswith(before + "\n\n[leaderboard]")
    assert listed() == []
    again = board("init")
    assert again.exit_code == 2
    assert "There is a store" in again.stderr
    assert toml.read_text() == after
    for line in after.split("[leaderboard]")[1].splitlines():
        setting = line.removeprefix("# ") if line.startswith("# ") else ""
        toml.write_text(f"{before}\n[leaderboard]\n{setting}\n")
        assert board("list").exit_code == 0, setting


def test_without_a_store_or_a_competition_the_way_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "glckit init DIR" in board("list").stderr
    monkeypatch.chdir(make_season(tmp_path / "season"))
    for command in (
        ("add", write_run(Path("a.csv"), 1), "--team", "a"),
        ("list",),
        ("rescore",),
        ("withdraw", 1),
    ):
        result = board(*command)
        assert result.exit_code == 2
        assert "glckit leaderboard init" in result.stderr
    assert not Path("leaderboard.sqlite").exists()


def test_the_list_has_the_keys_of_the_contract_in_the_order_of_rank(
    season: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(Sampling.of.__kwdefaults__, "n_replicates", N_REPLICATES)
    for team, run in (("a", "poor"), ("b", "good"), ("c", "fair"), ("c", "bad")):
        board("add", f"{run}.csv", "--team", team, "--submitted", "2020-04-01T10:00:00+02:00")
    told = listed()
    assert list(told[0])[: len(CONTRACT.split())] == CONTRACT.split()
    assert [(each["team"], each["run"], each["rank"], each["counts"]) for each in told] == [
        ("b", "good.csv", 1, True),
        ("c", "fair.csv", 2, True),
        ("a", "poor.csv", 3, True),
        ("c", "bad.csv", None, False),
    ]
    assert {each["submitted"] for each in told} == {"2020-04-01T08:00:00Z"}
    assert told[3]["faults"][0]["code"] == "missing-occurrence"
    assert (told[3]["scores"], told[3]["rank_set"], told[3]["signature"]) == ({}, None, None)
    _, scored = glckit_json("score", "good.csv", "--ci")
    best = told[0]
    assert best["scores"]["adaptive-top-k"] == scored["adaptive_top_k"]
    assert best["intervals"] == scored["intervals"]
    assert best["signature"] == scored["signature"].replace(
        "|interval:jackknife-t|level:0.95|unit:quadrat|replicates:1000|seed:0", ""
    )
    assert set(best["parts"]) == {"public", "private"}
    _, compared = glckit_json("leaderboard", "compare")
    assert {run["run"]: run["rank_set"] for run in compared["runs"]} == {
        str(each["submission"]): each["rank_set"] for each in told[:3]
    }
    _, of_files = glckit_json("compare", "poor.csv", "good.csv", "fair.csv")
    assert [run["interval"] for run in compared["runs"]] == [run["interval"] for run in of_files["runs"]]
    assert [pair["p_adjusted"] for pair in compared["pairs"]] == [
        pair["p_adjusted"] for pair in of_files["pairs"]
    ]


def test_a_part_can_rank(season: Path) -> None:
    for run in ("poor", "fair", "good"):
        board("add", f"{run}.csv", "--team", run)
    by_part = {part: listed("--part", part) for part in ("whole", "public", "private")}
    for part, told in by_part.items():
        key = [each["parts"][part]["scores"] if part != "whole" else each["scores"] for each in told]
        assert [each["rank"] for each in told] == [1, 2, 3]
        assert [each["adaptive-top-k"] for each in key] == sorted(
            (s["adaptive-top-k"] for s in key), reverse=True
        )
    for part, told in by_part.items():
        best = told[0]["parts"][part] if part != "whole" else told[0]
        score, interval = best["scores"]["adaptive-top-k"], best["intervals"]["adaptive-top-k"]
        line = board("list", "--part", part).stdout.splitlines()[2]
        assert f"{score:.4f} [{interval['low']:.4f}, {interval['high']:.4f}]" in line
        assert line.count("[") == 1
        prefix = "" if part == "whole" else f"{part}_"
        row = next(csv.DictReader(io.StringIO(board("list", "--part", part, "--format", "csv").stdout)))
        bounds = [float(row[f"{prefix}adaptive_top_k{bound}"]) for bound in ("", "_low", "_high")]
        assert bounds == [score, interval["low"], interval["high"]]
    Path("competition.toml").write_text(
        Path("competition.toml").read_text().replace("private_share = 0.5", "")
    )
    assert board("rescore").exit_code == 0
    result = board("list", "--part", "private")
    assert result.exit_code == 2
    assert "has one part" in result.stderr


def test_rules_that_name_what_cannot_count_are_said_and_harm_nobody(season: Path) -> None:
    for run in ("fair", "bad"):
        board("add", f"{run}.csv", "--team", run)
    rules(final=[99, 1, 2], baselines=["nobody"])
    words = (
        "warning: final names 99, which is no submission, and 2, which is invalid.",
        "warning: baselines names a team that has handed in nothing: nobody.",
    )
    for told in (
        board("list").stdout,
        board("list", "--format", "csv").stderr,
        board("build", "site").stderr,
    ):
        assert all(each in told.splitlines() for each in words)
    assert [each["rank"] for each in listed()] == [1, None]


def test_the_same_file_of_the_same_team_is_one_submission(season: Path) -> None:
    status, first = glckit_json("leaderboard", "add", "fair.csv", "--team", "a")
    assert (status, first["outcome"], first["submission"]) == (0, "stored", 1)
    Path("copy.csv").write_bytes(Path("fair.csv").read_bytes())
    status, second = glckit_json("leaderboard", "add", "copy.csv", "--team", "a", "--submitted", "2021-01-01")
    assert (status, second["outcome"], second["submission"]) == (0, "known", 1)
    assert "as it was already" in board("add", "fair.csv", "--team", "a").stdout
    assert glckit_json("leaderboard", "add", "copy.csv", "--team", "b")[1]["submission"] == 2
    for outcome in ("stored", "known"):
        status, told = glckit_json("leaderboard", "add", "bad.csv", "--team", "a")
        assert (status, told["outcome"], told["status"]) == (1, outcome, "invalid")
    assert len(listed()) == 3


def test_several_runs_are_each_told_and_the_highest_status_wins(season: Path) -> None:
    status, told = glckit_json("leaderboard", "add", "good.csv", "bad.csv", "absent.csv", "--team", "a")
    assert status == 3
    assert [(each["outcome"], each["status"]) for each in told] == [
        ("stored", "valid"),
        ("stored", "invalid"),
        ("unread", None),
    ]
    result = board("add", "absent.csv", "good.csv", "--team", "b")
    assert (result.exit_code, "absent.csv" in result.stderr) == (3, True)
    assert len(listed()) == 3


def test_rules_refuse_and_show_at_once_for_old_runs(season: Path) -> None:
    for run, time in (("poor", "2020-04-01"), ("fair", "2020-04-02"), ("good", "2020-04-02T05:00")):
        assert board("add", f"{run}.csv", "--team", "a", "--submitted", time).exit_code == 0
    rules(runs_per_day=1, opens="2020-04-01T12:00:00Z", closes="2020-04-30T00:00:00Z")
    told = {each["run"]: each for each in listed()}
    assert told["poor.csv"]["excluded"] == "the season opens at 2020-04-01T12:00:00Z"
    assert told["good.csv"]["excluded"] == "over 1 valid run of a team on 2020-04-02"
    assert (told["fair.csv"]["counts"], told["fair.csv"]["stale"]) == (True, False)
    for time, rule in (
        ("2020-03-01", "the season opens at"),
        ("2020-05-01", "the season closed at"),
        ("2020-04-02T23:59:59", "a has 1 valid run on 2020-04-02"),
    ):
        write_run(Path("new.csv"), 77)
        result = board("add", "new.csv", "--team", "a", "--submitted", time)
        assert (result.exit_code, rule in result.stdout) == (1, True)
    assert board("add", "bad.csv", "--team", "a", "--submitted", "2020-04-02").exit_code == 1
    assert len(listed()) == 4
    rules(final="[1]", baselines='["b"]')
    assert [each["run"] for each in listed() if each["counts"]] == ["fair.csv"]


@pytest.mark.parametrize(
    ("team", "name", "why"),
    [
        ("", None, "team is empty"),
        ("  ", None, "team is empty"),
        ("x" * 201, None, "team has 201 characters"),
        ("\x1b[31mred", None, r"team has characters that do not print: \x1b[31mred"),
        ("\u202eevil", None, r"team has characters that do not print: \u202eevil"),
        ("a\nb", None, "team has characters"),
        ("a", "", "run is empty"),
        ("a", "\x00", r"run has characters that do not print: \x00"),
        ("a", "r" * 10_000, "run has 10,000 characters"),
    ],
)
def test_names_that_cannot_be_shown_are_refused(season: Path, team: str, name: str | None, why: str) -> None:
    named = () if name is None else ("--name", name)
    result = board("add", "good.csv", "--team", team, *named)
    assert result.exit_code == 2
    assert why in result.stderr
    assert listed() == []


def test_a_team_that_is_almost_another_is_stored_as_given_with_a_warning(season: Path) -> None:
    assert "warning" not in board("add", "poor.csv", "--team", "Straße").stderr
    assert "warning" not in board("add", "fair.csv", "--team", "Straße").stderr
    assert "warning" not in board("add", "fair.csv", "--team", "Stra ße").stderr
    result = board("add", "good.csv", "--team", " STRASSE ")
    assert result.exit_code == 0
    words = 'warning: the team " STRASSE " is another than "Straße", which is there.'
    assert words in result.stderr.splitlines()
    assert {each["team"] for each in listed()} == {"Straße", "Stra ße", " STRASSE "}


def test_other_names_are_kept_as_they_are_and_harm_nobody(season: Path) -> None:
    teams = [
        "=cmd|' /C calc'!A0",
        "+1",
        "-1",
        "@x",
        "<script>alert(1)</script>",
        "../../x",
        "Ünïcödé 北京",
        "x" * 200,
    ]
    for number, team in enumerate(teams):
        write_run(Path(f"{number}.csv"), number)
        status, told = glckit_json("leaderboard", "add", f"{number}.csv", "--team", team, "--name", team)
        assert (status, told["team"]) == (0, team)
    assert {each["team"] for each in listed()} == set(teams)
    board("export", "out.csv")
    for row in csv.reader(io.StringIO(Path("out.csv").read_text())):
        for cell in row[4:6]:
            assert cell[0] not in "=+-@\t\r" or cell.lstrip("-").replace(".", "").isdigit()
    assert sorted(path.suffix for path in Path("leaderboard-runs").iterdir()) == [".zst"] * len(teams)


def test_usage_errors_come_before_work(season: Path) -> None:
    for arguments in (
        ("good.csv", "fair.csv", "--team", "a", "--name", "x"),
        ("-", "--team", "a"),
        ("good.csv", "--team", "a", "--submitted", "now"),
    ):
        assert board("add", *arguments).exit_code == 2
    assert board("withdraw", 7).exit_code == 2
    assert board("show", 7).exit_code == 2
    assert board("compare", 7, 8).exit_code == 2
    assert board("export", "out.xls").exit_code == 2
    assert listed() == []


def test_withdrawing_leaves_a_tombstone(season: Path) -> None:
    rules(runs_per_day=1)
    for team, run in (("a", "good"), ("b", "fair")):
        board("add", f"{run}.csv", "--team", team, "--submitted", "2020-04-01")
    status, told = glckit_json("leaderboard", "withdraw", 1, 1)
    assert (status, [each["status"] for each in told]) == (0, ["withdrawn"])
    assert board("withdraw", 1).exit_code == 0
    first, second = listed()
    assert (first["run"], first["rank"]) == ("fair.csv", 1)
    assert (second["status"], second["rank"], second["counts"]) == ("withdrawn", None, False)
    assert second["scores"] != {}
    assert board("add", "poor.csv", "--team", "a", "--submitted", "2020-04-01").exit_code == 1
    assert glckit_json("leaderboard", "add", "good.csv", "--team", "a")[1]["outcome"] == "known"
    assert board("withdraw", 1, 9).exit_code == 2
    assert [each["status"] for each in listed()] == ["valid", "withdrawn"]


def test_a_changed_k_makes_the_board_stale_until_it_is_scored_again(season: Path) -> None:
    for run in ("poor", "fair", "good", "bad"):
        board("add", f"{run}.csv", "--team", run)
    before = listed()
    toml = Path("competition.toml")
    toml.write_text(toml.read_text().replace("k = 2", "k = 4"))
    stale = listed()
    assert {each["stale"] for each in stale} == {True}
    assert [each["scores"] for each in stale] == [each["scores"] for each in before]
    assert [each["rank_set"] for each in stale] == [each["rank_set"] for each in before]
    assert "STALE: K was 2 and is 4" in board("list").stdout
    warning = "warning: the scores are old: K was 2 and is 4. Score again: glckit leaderboard rescore"
    telling = [("show", 3), ("show", 3, "--json"), ("export", "a.csv"), ("export", "a.json", "--public")]
    assert all(warning in board(*command).stderr for command in telling)
    result = board("add", write_run(Path("new.csv"), 7), "--team", "x")
    assert (result.exit_code, "glckit leaderboard rescore" in result.stderr) == (2, True)
    assert board("compare").exit_code == 2
    status, told = glckit_json("leaderboard", "rescore")
    assert (status, told["changed"], len(told["submissions"])) == (0, "K was 2 and is 4", 4)
    for each in listed():
        assert each["stale"] is False
        if each["status"] == "valid":
            _, scored = glckit_json("score", each["run"])
            assert each["scores"]["adaptive-top-k"] == scored["adaptive_top_k"]
    old = {each["submission"]: each["signature"] for each in before}
    assert not any("warning: the scores are old" in board(*command).stderr for command in telling)
    assert glckit_json("leaderboard", "show", 3)[1]["replaced"] == [old[3]]
    assert glckit_json("leaderboard", "rescore")[1]["submissions"] == []
    assert len(glckit_json("leaderboard", "rescore", "--all")[1]["submissions"]) == 4
    toml.write_text(toml.read_text().replace("k = 4", "k = 5"))
    assert board("rescore").stdout.startswith("The board was stale: K was 4 and is 5.\nScored again: 4")


def test_a_changed_metric_leaves_the_old_ranking_until_it_is_scored_again(season: Path) -> None:
    for run in ("poor", "fair", "good"):
        board("add", f"{run}.csv", "--team", run)
    before = listed()
    toml = Path("competition.toml")
    toml.write_text(toml.read_text().replace("k = 2", 'k = 2\nmetric = ["mrr", "top-k"]'))
    stale = listed()
    assert [each["run"] for each in stale] == [each["run"] for each in before]
    assert "ranked by adaptive-top-k" in board("list").stdout
    assert board("rescore").exit_code == 0
    after = listed()
    assert {tuple(each["scores"]) for each in after} == {("mrr", "top-k")}
    _, scored = glckit_json("score", "good.csv")
    assert {each["run"]: each["scores"] for each in after}["good.csv"] == scored["scores"]
    assert board("compare").exit_code == 0


def test_a_season_of_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    lines = [f"{i},{44 + 0.2 * (i % 9):.1f},{3 + 0.2 * (i % 7):.1f},{i % 5} {5 + i % 3}" for i in range(80)]
    (tmp_path / "truth.csv").write_text("\n".join(["surveyId,lat,lon,predictions", *lines, ""]))
    settings = '[competition]\nedition = 2024\ntruth = "truth.csv"\n[leaderboard]\nprivate_share = 0.4\n'
    (tmp_path / "competition.toml").write_text(settings)
    monkeypatch.chdir(tmp_path)
    board("init")
    for team in ("a", "b"):
        sets = [" ".join(map(str, rng.choice(8, 3, replace=False))) for _ in range(80)]
        rows = [f"{i},{each}" for i, each in enumerate(sets)]
        Path(f"{team}.csv").write_text("\n".join(["surveyId,predictions", *rows, ""]))
        assert board("add", f"{team}.csv", "--team", team).exit_code == 0
    best = listed()[0]
    _, scored = glckit_json("score", f"{best['team']}.csv", "--ci")
    assert (best["scores"], best["intervals"]) == (scored["scores"], scored["intervals"])
    assert set(best["parts"]) == {"public", "private"}
    assert glckit_json("leaderboard", "compare", "--part", "private")[1]["metric"] == "f1-samples"


def test_a_run_that_is_gone_or_invalid_now_is_said_and_comes_back(season: Path) -> None:
    board("add", "good.csv", "--team", "a")
    board("add", "fair.csv", "--team", "b", "--no-keep")
    board("add", "poor.csv", "--team", "c")
    digests = {each["run"]: each["digest"] for each in listed()}
    kept = Path("leaderboard-runs")
    assert {path.stem for path in kept.iterdir()} == {digests["good.csv"], digests["poor.csv"]}
    (kept / f"{digests['good.csv']}.zst").rename("aside")
    (kept / f"{digests['poor.csv']}.zst").write_bytes(b"not zstd")
    status, told = glckit_json("leaderboard", "rescore", "--all")
    assert (status, [each["status"] for each in told["submissions"]]) == (1, ["failed"] * 3)
    reasons = [each["reason"] for each in told["submissions"]]
    assert "is not there" in reasons[0]
    assert reasons[1] == "The run was not kept."
    assert "cannot be read" in reasons[2]
    assert str(season) not in str(reasons)
    assert all(each["rank"] is None for each in listed())
    Path("aside").rename(kept / f"{digests['good.csv']}.zst")
    assert glckit_json("leaderboard", "add", "poor.csv", "--team", "c")[1]["outcome"] == "stored"
    status, told = glckit_json("leaderboard", "rescore")
    assert [each["status"] for each in told["submissions"]] == ["valid", "failed"]
    toml = Path("competition.toml")
    toml.write_text(toml.read_text().replace("k = 2", "k = 2\nmax_rows = 4"))
    status, told = glckit_json("leaderboard", "rescore")
    assert (status, {each["submission"]: each["status"] for each in told["submissions"]}) == (
        1,
        {1: "invalid", 2: "failed", 3: "invalid"},
    )
    assert told["submissions"][0]["faults"] == ["too-many-rows"]


def test_nothing_public_tells_of_the_private_part_before_the_end(season: Path) -> None:
    for run in ("good", "fair", "bad"):
        board("add", f"{run}.csv", "--team", run, "--submitted", "2020-04-01")
    whole = {each["run"]: each for each in listed()}
    board("export", "public.json", "--public")
    told = json.loads(Path("public.json").read_text())
    secret = [
        repr(scores[name])
        for each in whole.values()
        for scores in ([each["scores"], each["parts"]["private"]["scores"]] if each["scores"] else [])
        for name in scores
    ]
    for name in ("public.json", "public.csv"):
        board("export", name, "--public")
        text = Path(name).read_text()
        assert not [number for number in secret if len(number) > 8 and number in text]
        assert "private" not in text
    for each in told:
        assert {interval["seed"] for interval in each["intervals"].values()} <= {None}
        assert each["scores"] == whole[each["run"]]["parts"].get("public", {}).get("scores", {})
        assert each["parts"] == {}
    rules(closes="2020-05-01T00:00:00Z")
    board("export", "after.json", "--public")
    after = json.loads(Path("after.json").read_text())
    assert {each["run"]: each["scores"] for each in after} == {
        run: each["scores"] for run, each in whole.items()
    }
    assert set(after[0]["parts"]) == {"public", "private"}


def test_no_export_holds_the_truth(season: Path) -> None:
    board("add", "good.csv", "--team", "a")
    for name in ("all.json", "all.csv"):
        board("export", name)
    text = Path("all.json").read_text()
    for name in ("public.json", "public.csv"):
        board("export", name, "--public")
        ids = [str(each) for each in truth()[0].tolist() if each > 10_000_000]
        assert not [each for each in ids if each in Path(name).read_text()]
    (entry,) = json.loads(text)
    assert {each["by"] for each in entry["breakdown"]} == {"region", "set-size"}
    assert (entry["kept"], entry["metadata"], entry["version"] != "") == (True, None, True)
    (row,) = csv.DictReader(io.StringIO(Path("all.csv").read_text()))
    assert float(row["adaptive_top_k"]) == entry["scores"]["adaptive-top-k"]
    assert float(row["private_top_k_high"]) == entry["parts"]["private"]["intervals"]["top-k"]["high"]


@pytest.mark.parametrize("form", ["text", "csv", "markdown", "latex", "json"])
def test_every_report_comes_in_every_form(season: Path, form: str) -> None:
    runs = ("good.csv", "bad.csv", "fair.csv")
    assert board("add", *runs, "--team", "a_b", "--format", form).exit_code == 1
    board("add", "poor.csv", "--team", "b")
    for command in (("list",), ("show", 1), ("show", 2), ("compare",), ("rescore", "--all"), ("withdraw", 1)):
        result = board(*command, "--format", form)
        assert (result.exit_code, result.stdout != "") == (0, True), command


def test_metadata_beside_a_run_are_taken_along(season: Path) -> None:
    Path("good.csv.meta.json").write_text('{"name": "forest", "seed": 3}')
    board("add", "good.csv", "--team", "a")
    assert glckit_json("leaderboard", "show", 1)[1]["metadata"] == {"name": "forest", "seed": 3}
    Path("fair.csv.meta.json").write_text("{")
    assert board("add", "fair.csv", "--team", "a").exit_code == 3
    assert len(listed()) == 1


def test_a_scoring_that_cannot_end_is_failed_and_tried_again(
    season: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("submissions.leaderboard.assessment.evaluate", no_memory)
    status, told = glckit_json("leaderboard", "add", "good.csv", "--team", "a", "--submitted", "2020-04-01")
    assert (status, told["status"], told["submission"]) == (3, "failed", 1)
    assert told["reason"].startswith("good.csv does not fit into the memory")
    (failed,) = listed()
    assert (failed["rank"], failed["counts"]) == (None, False)
    monkeypatch.undo()
    monkeypatch.chdir(season)
    status, told = glckit_json("leaderboard", "add", "good.csv", "--team", "a")
    assert (status, told["status"], told["submission"]) == (0, "valid", 1)
    assert told["submitted"] == "2020-04-01T00:00:00Z"


FULL_DISK = """
import resource, signal, sys
from glckit.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)), resource.RLIM_INFINITY))
main()
"""


@pytest.mark.parametrize("n_bytes", [0, 1024, 8192, 65536])
def test_a_full_disk_loses_nothing_and_stores_no_half(season: Path, n_bytes: int) -> None:
    board("add", "good.csv", "--team", "a")
    command = [sys.executable, "-c", FULL_DISK, str(n_bytes), "leaderboard", "add", "fair.csv", "--team", "b"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert done.returncode == 3, done.stderr
    assert [each["run"] for each in listed()] == ["good.csv"]
    assert board("add", "fair.csv", "--team", "b").exit_code == 0
    assert {each["run"] for each in listed()} == {"good.csv", "fair.csv"}
    assert not [path for path in Path("leaderboard-runs").iterdir() if path.suffix != ".zst"]


def test_a_folder_that_cannot_be_written_to_is_said(season: Path) -> None:
    board("add", "good.csv", "--team", "a")
    write_run(Path("new.csv"), 5)
    for path in (Path("leaderboard.sqlite"), Path("leaderboard-runs"), season):
        path.chmod(0o444 if path.is_file() else 0o555)
    add = ("-m", "glckit", "leaderboard", "add", "new.csv", "--team", "b")
    tries = {keep: python_without_privileges(*add, *keep) for keep in ((), ("--no-keep",))}
    reading = python_without_privileges("-m", "glckit", "leaderboard", "list", "--json")
    for path in (season, Path("leaderboard-runs"), Path("leaderboard.sqlite")):
        path.chmod(0o755)
    for done in tries.values():
        assert (done.returncode, "Traceback" in done.stderr) == (3, False), done.stderr
    assert "leaderboard-runs" in tries[()].stderr
    assert "readonly database" in tries["--no-keep",].stderr
    assert (reading.returncode, [each["run"] for each in json.loads(reading.stdout)]) == (0, ["good.csv"])


def test_a_store_of_a_newer_version_is_exit_2_for_all(season: Path) -> None:
    with sqlite3.connect("leaderboard.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
    connection.close()
    for command in (("list",), ("add", "good.csv", "--team", "a"), ("rescore",), ("show", 1)):
        result = board(*command)
        assert result.exit_code == 2
        assert "0099" in result.stderr


def test_a_changed_file_is_not_stored_under_its_old_digest(
    season: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from submissions.leaderboard import admitting

    def assess_and_change(*arguments: Any, **named: Any) -> Any:
        found = assess(*arguments, **named)
        write_run(Path("good.csv"), 99)
        return found

    assess = admitting.assess
    monkeypatch.setattr(admitting, "assess", assess_and_change)
    for keep in ((), ("--no-keep",)):
        write_run(Path("good.csv"), 4)
        result = board("add", "good.csv", "--team", "a", *keep)
        assert (result.exit_code, "changed while it was read" in result.stderr) == (3, True)
    assert listed() == []


def test_help_imports_no_database(season: Path) -> None:
    code = "import sys\nfrom glckit.cli import main\n"
    code += "try:\n    main()\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, "leaderboard", "--help"], capture_output=True, text=True, check=True
    )
    loaded = set(done.stderr.split())
    assert not {"sqlalchemy", "alembic", "psycopg", "numpy", "jinja2"} & loaded


def test_a_missing_extra_names_how_to_install_it(season: Path) -> None:
    code = "import sys\nsys.modules['sqlalchemy'] = None\nfrom glckit.cli import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", code, "leaderboard", "list"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "pip install 'glckit[leaderboard]'" in done.stderr
