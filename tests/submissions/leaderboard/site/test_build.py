"""glckit leaderboard build: from a store to pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import glckit, glckit_json
from seasons import make_season, write_run


@pytest.fixture
def season(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_season(tmp_path / "c", {"private_share": "0.4", "closes": "2099-01-01T00:00:00Z"})
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GLCKIT_COMPETITION", str(folder / "competition.toml"))
    assert glckit("leaderboard", "init").exit_code == 0
    for number, team in enumerate(["a", "b", "a"], 1):
        run = write_run(folder / "in" / f"{number}.csv", number, skill=0.3 * number)
        day = f"2020-04-0{number}T12:00"
        assert glckit("leaderboard", "add", run, "--team", team, "--submitted", day).exit_code == 0
    bad = write_run(folder / "in" / "bad.csv", 9, invalid=True)
    glckit("leaderboard", "add", bad, "--team", "b", "--submitted", "2020-04-04")
    return folder


def told(site: Path) -> list[dict[str, object]]:
    entries: list[dict[str, object]] = json.loads((site / "data" / "leaderboard.json").read_text())
    return entries


def test_the_pages_tell_what_the_list_tells(season: Path) -> None:
    done = glckit("leaderboard", "build", "site")
    assert (done.exit_code, done.stdout) == (0, f"{season / 'site' / 'index.html'}\n")
    status, listed = glckit_json("leaderboard", "list")
    assert status == 0
    for ours, theirs in zip(told(season / "site"), listed, strict=True):
        told_alike = {key: value for key, value in theirs.items() if key != "faults"}
        assert {key: ours[key] for key in told_alike} == told_alike


def test_a_day_is_over_at_its_end(season: Path) -> None:
    assert glckit("leaderboard", "build", "site", "--as-of", "2020-04-02").exit_code == 0
    assert [each["submission"] for each in told(season / "site")] == [2, 1]
    assert glckit("leaderboard", "build", "site", "--as-of", "2020-04-02T11:00Z").exit_code == 0
    assert [each["submission"] for each in told(season / "site")] == [1]
    assert "is no time" in glckit("leaderboard", "build", "site", "--as-of", "May").stderr


def test_in_public_the_private_part_is_kept_and_it_is_said(season: Path) -> None:
    done = glckit("leaderboard", "build", "site", "--public")
    assert done.exit_code == 0
    assert "public part alone" in done.stderr
    public = glckit_json("leaderboard", "list", "--part", "public")[1]
    for ours, theirs in zip(told(season / "site"), public, strict=True):
        assert (ours["rank"], ours["rank_set"]) == (theirs["rank"], theirs["rank_set"])
        assert ours["scores"] == theirs["parts"].get("public", {}).get("scores", {})
        assert ours["parts"] == {}


def test_old_scores_are_said_to_be_old(season: Path) -> None:
    toml = season / "competition.toml"
    toml.write_text(toml.read_text().replace("k = 2", "k = 3"))
    done = glckit("leaderboard", "build", "site")
    assert done.exit_code == 0
    assert "K was 2 and is 3" in done.stderr
    assert all(each["stale"] for each in told(season / "site"))
    assert glckit("leaderboard", "rescore").exit_code == 0
    assert "old" not in glckit("leaderboard", "build", "site").stderr
    page = next(path for path in (season / "site" / "runs").glob("*.html") if "|k:3|" in path.read_text())
    assert "|k:2|" in page.read_text()  # the former signature


def test_a_folder_with_other_files_is_refused(season: Path) -> None:
    done = glckit("leaderboard", "build", "in")
    assert done.exit_code == 2
    assert "no part of a site" in done.stderr
    assert (season / "in" / "1.csv").exists()


def test_without_a_store_it_is_said_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_season(tmp_path / "c")
    monkeypatch.chdir(folder)
    done = glckit("leaderboard", "build", "site")
    assert done.exit_code == 2
    assert not (folder / "site").exists()
