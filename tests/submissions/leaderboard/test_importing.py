"""Taking over a season: tables of the platforms, the files of their rows, scores beside ours."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from commands import glckit, glckit_json
from seasons import make_season, write_run

from submissions.errors import UsageError
from submissions.leaderboard.importing.columns import ImportColumns, named_columns
from submissions.leaderboard.importing.rows import read_rows

EVALAI = (
    "id,Team Name,Team Members,Team Members Email Id,Challenge Phase,Status,Created By,Execution Time(sec.),"
    "Submission Number,Submitted File,Stdout File,Stderr File,Submitted At,Submission Result File"
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("handed-in")
    for number, name in enumerate(("first.csv", "sub/second.csv", "17.csv", "Ann/run.csv"), 1):
        write_run(folder / name, number, skill=0.3 * number)
    (folder / "first.csv.meta.json").write_text('{"name": "the first"}')
    (folder / "__MACOSX").mkdir()
    shutil.copy(folder / "first.csv", folder / "__MACOSX" / "first.csv")
    return folder


@pytest.fixture
def season(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("GLCKIT_COMPETITION", "GLCKIT_TRUTH", "GLCKIT_DATA"):
        monkeypatch.delenv(name, raising=False)
    folder = make_season(tmp_path / "season", {"private_share": "0.5"})
    monkeypatch.chdir(folder)
    assert glckit("leaderboard", "init").exit_code == 0
    return folder


def table(*lines: str, name: str = "table.csv") -> str:
    Path(name).write_text("\n".join(lines) + "\n")
    return name


def test_the_columns_of_the_platforms_are_known() -> None:
    evalai = ImportColumns.among(EVALAI.split(","), {})
    assert (evalai.team, evalai.submitted, evalai.file) == ("Team Name", "Submitted At", "Submitted File")
    kaggle = ImportColumns.among(["teamId", "teamName", "submissionDate", "score"], {"file": "teamId"})
    assert kaggle == ImportColumns("teamName", "submissionDate", "teamId", "score")
    of_submissions = ["fileName", "date", "description", "status", "publicScore", "privateScore"]
    own = ImportColumns.among(of_submissions, {"team": "description"})
    assert own == ImportColumns("description", "date", "fileName", None, "publicScore", "privateScore")
    codabench = ImportColumns.among(["Username", "GLC(3)-Adaptive top-30", "GLC(3)-Top-30"], {})
    assert codabench == ImportColumns("Username", score="GLC(3)-Adaptive top-30")


@pytest.mark.parametrize(
    ("header", "named", "message"),
    [
        (["id", "when"], {}, r"No column .* teams: id, when\. .*--columns team=COLUMN"),
        (["team", "Username"], {}, r"Several columns .* team: team, Username"),
        (["team"], {"points": "x"}, "does not know points"),
        (["team"], {"file": "x"}, "has no column x"),
    ],
)
def test_columns_that_cannot_be_told_are_asked_for(
    header: list[str], named: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        ImportColumns.among(header, named)
    with pytest.raises(UsageError, match="wants NAME=COLUMN"):
        named_columns(["team"])


def test_a_table_of_evalai_is_taken_over_once(season: Path, runs: Path) -> None:
    rows = [
        '5,Böse & Söhne,"a,b",x@y,1,finished,a,3,1,https://media/sub%20x/second.csv,,,2020-04-02T10:00:00.5Z,',
        "4,=cmd|' /C calc'!A0,a,x@y,1,finished,a,3,1,https://media/first.csv?sig=1,,,2020-04-01 10:00:00,",
    ]
    path = table("\ufeff" + EVALAI, *rows)
    status, told = glckit_json("leaderboard", "import", path, "--runs", runs)
    assert (status, told["problems"]) == (0, [])
    assert [(row["line"], row["outcome"], row["submission"]) for row in told["rows"]] == [
        (3, "stored", 1),
        (2, "stored", 2),
    ]
    _, listed = glckit_json("leaderboard", "list")
    assert {each["team"]: each["submitted"] for each in listed} == {
        "Böse & Söhne": "2020-04-02T10:00:00.500000Z",
        "=cmd|' /C calc'!A0": "2020-04-01T10:00:00Z",
    }
    assert glckit_json("leaderboard", "show", 1)[1]["metadata"] == {"name": "the first"}
    status, again = glckit_json("leaderboard", "import", path, "--runs", runs)
    assert (status, {row["outcome"] for row in again["rows"]}) == (0, {"known"})
    assert len(glckit_json("leaderboard", "list")[1]) == 2
    csv = glckit("leaderboard", "list", "--format", "csv").stdout
    assert "'=cmd|" in csv
    assert ",=cmd|" not in csv


def test_scores_that_are_not_ours_are_listed(season: Path, runs: Path) -> None:
    glckit("leaderboard", "add", runs / "first.csv", "--team", "probe")
    (probe,) = glckit_json("leaderboard", "list")[1]
    ours = probe["scores"]["adaptive-top-k"]
    public, private = (probe["parts"][part]["scores"]["adaptive-top-k"] for part in ("public", "private"))
    path = table(
        "teamName,submissionDate,fileName,score,publicScore,privateScore",
        f"one,2020-04-01,first.csv,{ours:.4f},{public:.2f},{private:.5f}",
        f"two,2020-04-01,17.csv,{ours:.4f},,",
        f"three,2020-04-01,first,{ours + 0.0001:.4f},{public:.5f},{private + 0.1:.5f}",
    )
    status, told = glckit_json("leaderboard", "import", path, "--runs", runs)
    found = {row["team"]: {each["part"] for each in row["differences"]} for row in told["rows"]}
    assert (status, found) == (0, {"one": set(), "two": {"whole"}, "three": {"whole", "private"}})
    text = glckit("leaderboard", "import", path, "--runs", runs).stdout
    assert "Scores that are not ours: 2" in text
    assert f"line 4, three, whole: {ours + 0.0001:.4f} there, {ours:.6f} here" in text


def test_all_problems_of_all_rows_are_told_together_and_nothing_is_added(season: Path, runs: Path) -> None:
    path = table(
        "team,submitted,file,score",
        "a,2020-04-01,absent.csv,0.5",
        "b,yesterday,first.csv,0.5",
        "\x1b[31m,2020-04-01,../../../etc/passwd,high",
        "c,,17,0.5",
        "d,2020-04-01,first.csv",
        "e,2020-04-01,first.csv,0.5",
    )
    result = glckit("leaderboard", "import", path, "--runs", runs)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == "Nothing was imported, for 7 problems:"
    wanted = [
        "line 2: no file in",
        "line 3: yesterday is no time",
        "line 4: no file in",
        "line 4: The name of the team has characters that do not print: \\x1b[31m",
        "line 4: high is no score",
        "line 5: it does not say when it was submitted",
        "line 6: it has 3 cells, and the header has 4",
    ]
    assert [line.strip()[: len(start)] for line, start in zip(lines[1:], wanted, strict=True)] == wanted
    assert glckit_json("leaderboard", "list")[1] == []
    assert list((season / "leaderboard-runs").glob("*")) == []


def test_codabench_names_teams_alone(season: Path, runs: Path) -> None:
    path = table("Username,GLC(1)-Adaptive", "Ann,0.1")
    result = glckit("leaderboard", "import", path, "--runs", runs)
    assert "give a time for such rows with --submitted" in result.stdout
    status, told = glckit_json("leaderboard", "import", path, "--runs", runs, "--submitted", "2020-05-01")
    assert (status, [row["name"] for row in told["rows"]]) == (0, ["run.csv"])
    assert told["rows"][0]["differences"][0]["theirs"] == "0.1"


def test_rules_hold_for_what_is_imported(season: Path, runs: Path) -> None:
    toml = season / "competition.toml"
    rules = "[leaderboard]\nruns_per_day = 1\ncloses = 2020-05-01T00:00:00Z\n"
    toml.write_text(toml.read_text().replace("[leaderboard]\n", rules))
    write_run(runs / "broken.csv", 9, invalid=True)
    path = table(
        "team;submitted;file",
        "a;2020-04-01T09:00;17.csv",
        "a;2020-04-01T08:00;first.csv",
        "a;2020-06-01;run.csv",
        "b;2020-04-01;broken.csv",
    )
    status, told = glckit_json("leaderboard", "import", path, "--runs", runs)
    (runs / "broken.csv").unlink()
    assert status == 1
    outcomes = {row["line"]: (row["outcome"], row["status"]) for row in told["rows"]}
    assert outcomes == {
        2: ("refused", None),
        3: ("stored", "valid"),
        4: ("refused", None),
        5: ("stored", "invalid"),
    }


def test_several_files_of_one_name_are_named(runs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    for name in ("a/run.csv", "b/run.csv", "c/x.csv", "c/y.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    (tmp_path / "t.csv").write_text("team,file\na,run.csv\nb,c\nc,b\n")
    rows, problems = read_rows(
        tmp_path / "t.csv", folder, named={}, submitted=datetime(2020, 4, 1, tzinfo=UTC)
    )
    assert [each.message for each in problems] == [
        "2 files may be run.csv: a/run.csv, b/run.csv",
        "2 files may be c: c/x.csv, c/y.csv",
    ]
    assert [each.file for each in rows] == [folder / "b" / "run.csv"]


@pytest.mark.parametrize("content", [b"\x93NUMPY\xff\xfe", b"PK\x03\x04\xff", b'team,file\n"a'])
def test_what_is_no_table_is_said(content: bytes, season: Path, runs: Path) -> None:
    Path("t.csv").write_bytes(content)
    result = glckit("leaderboard", "import", "t.csv", "--runs", runs)
    assert result.exit_code in (1, 2, 3)
    assert "Traceback" not in result.output
    assert glckit("leaderboard", "import", "absent.csv", "--runs", runs).exit_code == 3
    assert glckit("leaderboard", "import", "t.csv", "--runs", "absent").exit_code in (2, 3)
    assert json.loads(glckit("leaderboard", "list", "--json").stdout) == []


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", ",,\n"])
def test_an_empty_table_is_said(content: str, season: Path, runs: Path) -> None:
    Path("t.csv").write_text(content, encoding="utf-8")
    result = glckit("leaderboard", "import", "t.csv", "--runs", runs)
    assert result.exit_code == 2
    assert "The table is empty: t.csv." in result.stderr
