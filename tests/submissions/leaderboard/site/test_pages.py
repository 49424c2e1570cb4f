"""The pages in a browser: what they tell is the season, and what can be done there works."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import browser, opened
from scored_seasons import HandedIn, scored_season

from submissions.leaderboard.ranking import Ranking
from submissions.leaderboard.season import Season
from submissions.leaderboard.site.building import build_site

HOSTILE = '<img src=x onerror="document.title=1">'
TURNED = "a\u202etxt.exe"
LONG = "y" * 200
RULES = {"private_share": "0.4", "seed": "7", "baselines": '["glckit"]', "closes": "2020-06-01T00:00:00Z"}
RUNS = [
    HandedIn("team 10", "first.csv", 0.9),
    HandedIn("team 9", "second.csv", 0.7),
    HandedIn("team 2", "2020-10.csv", 0.5),
    HandedIn("team 2", "2020-9.csv", 0.1),
    HandedIn("glckit", "rf.csv", 0.6),
    HandedIn("team 9", "bad.csv", invalid=True),
    HandedIn("team 2", "gone.csv", status="withdrawn"),
    HandedIn("team 2", "lost.csv", status="failed", further={"parts": {}, "reason": "cut <off>"}),
    HandedIn(HOSTILE, "=cmd|calc", 0.4),
    HandedIn(TURNED, LONG, 0.3),
]


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Season:
    return scored_season(tmp_path_factory.mktemp("season"), RUNS, RULES)


@pytest.fixture(scope="module")
def site(season: Season, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_site(season, tmp_path_factory.mktemp("site") / "site").index.parent


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as found:
        yield found


def column(page: Any, table: str, number: int) -> list[str]:
    """Return the texts of a column of the rows that are shown."""
    cells = page.locator(f"#{table} tbody tr:visible > :nth-child({number})")
    return [text.strip() for text in cells.all_inner_texts()]


def test_the_board_is_the_season(season: Season, site: Path, chromium: Any) -> None:
    last = season.submissions[-1].submitted
    ranking = Ranking(season.rules, season.metrics[0], last)
    counting = [each for each in ranking.standings(season.submissions) if each.counts]
    with opened(chromium, site / "index.html") as page:
        ranks = [text for text in column(page, "board", 1) if text != "–"]
        assert ranks == [str(each.rank) for each in counting]
        rows = page.locator("#board tbody tr:not(.baseline)")
        assert rows.evaluate_all("rows => rows.map(row => row.dataset.team)") == [
            each.submission.team for each in counting
        ]
        scores = rows.locator("[data-part=whole]").evaluate_all("cells => cells.map(c => +c.dataset.value)")
        assert scores == [ranking.score(each.submission) for each in counting]
        for part in ("whole", "public", "private"):
            interval = counting[0].submission.parts[part].intervals["adaptive-top-k"]
            words = f"interval from {interval['low']:.4f} to {interval['high']:.4f}"
            assert rows.nth(0).locator(f"[data-part={part}] svg").get_attribute("aria-label") == words
        assert page.locator("#board tr.baseline").count() == 1
        teams = dict(zip(column(page, "by-team", 1), column(page, "by-team", 3), strict=True))
        assert teams["team 9"] == "1"  # invalid


def test_numbers_are_sorted_as_numbers_and_say_so(site: Path, chromium: Any) -> None:
    with opened(chromium, site / "index.html") as page:
        assert page.locator("#board th[aria-sort]").count() == 0
        score = page.locator("#board th[data-key=whole]")
        score.get_by_role("button").click()
        ascending = [float(text[:6]) for text in column(page, "board", 4)]
        assert ascending == sorted(ascending)
        assert score.get_attribute("aria-sort") == "ascending"
        score.get_by_role("button").click()
        assert score.get_attribute("aria-sort") == "descending"
        assert [float(text[:6]) for text in column(page, "board", 4)] == ascending[::-1]
        assert (
            page.locator("#board .arrow[aria-hidden=true]").count()
            == page.locator("#board th[data-key]").count()
        )
        team = page.locator("#board th[data-key=team]")
        team.get_by_role("button").click()
        names = [name for name in column(page, "board", 2) if name.startswith("team")]
        assert names == ["team 2", "team 9", "team 10"]
        assert page.locator("#board th[aria-sort]").count() == 1


def test_what_is_missing_is_sorted_last_both_ways(site: Path, chromium: Any) -> None:
    with opened(chromium, site / "index.html") as page:
        for _ in range(2):
            page.locator("#board th[data-key=rank] button").click()
            assert column(page, "board", 1)[-1] == "–"


def test_filters_keep_ranks_and_stand_in_the_address(site: Path, chromium: Any) -> None:
    with opened(chromium, site / "index.html") as page:
        rank = page.locator("#board tbody tr[data-team='team 2'] td.rank").inner_text()
        page.select_option("#team", "team 2")
        assert column(page, "board", 1) == [rank]
        assert sorted(column(page, "uncounted", 3)) == ["2020-9.csv", "gone.csv", "lost.csv"]
        assert "4 of 10 runs" in page.locator("[role=status]").inner_text()
        page.select_option("#status", "failed")
        page.select_option("#part", "public")
        address = page.evaluate("location.hash")
        assert address == "#team=team+2&status=failed&part=public"
    with opened(chromium, site / "index.html", fragment=address[1:] + "&sort-board=-team") as page:
        assert column(page, "uncounted", 3) == ["lost.csv"]
        assert column(page, "board", 1) == []
        assert page.locator("#board th[data-part=whole]").is_hidden()
        assert page.locator("#board th[data-part=public]").is_visible()
        assert page.locator("#board th[data-key=team]").get_attribute("aria-sort") == "descending"
        page.get_by_role("button", name="Show all").click()
        assert len(column(page, "board", 1)) == 6
        assert page.evaluate("location.hash") == "#sort-board=-team"


def test_a_filter_of_an_address_that_changes_is_followed(site: Path, chromium: Any) -> None:
    with opened(chromium, site / "index.html") as page:
        page.evaluate("location.hash = 'status=baseline'")
        page.wait_for_function("document.getElementById('status').value === 'baseline'")
        assert column(page, "board", 2) == ["glckit"]
        page.evaluate("location.hash = 'team=nobody'")
        page.wait_for_function("document.getElementById('status').value === ''")
        assert len(column(page, "board", 2)) == 6


def test_names_of_strangers_are_nothing_but_text(site: Path, chromium: Any) -> None:
    with opened(chromium, site / "index.html") as page:
        assert page.title() == "A season: leaderboard"
        assert page.locator("img").count() == 0
        page.select_option("#team", HOSTILE)
        assert column(page, "board", 2) == [HOSTILE]
        page.select_option("#team", TURNED)
        assert column(page, "board", 2) == ["a\\u202etxt.exe"]
        page.get_by_role("link", name=LONG).click()
        assert page.locator("h1").inner_text() == f"{LONG} of a\\u202etxt.exe"
    with opened(chromium, site / "compare.html") as page:
        assert page.locator("img").count() == 0
        page.select_option("#a", "9")
        assert HOSTILE in page.locator("#beside thead").inner_text()


def test_two_runs_side_by_side(season: Season, site: Path, chromium: Any) -> None:
    comparison = json.loads((site / "data" / "comparison.json").read_text())
    pair = next(each for each in comparison["pairs"] if {each["a"], each["b"]} == {"1", "3"})
    with opened(chromium, site / "compare.html", fragment="a=3&b=1") as page:
        told = page.locator("#beside p").inner_text()
        assert f"by −{abs(pair['difference']):.4f}" in told
        assert f"adjusted p {pair['p_adjusted']:.4f}" in told
        counts = (pair["losses"], pair["ties"], pair["wins"])
        noun = "occurrence" if counts[0] == 1 else "occurrences"
        assert f"better on {counts[0]} {noun}, equally well on {counts[1]}, worse on {counts[2]}." in told
        first = page.locator("#beside tbody tr").nth(0).locator("td").all_inner_texts()
        scores = [season.submissions[i].parts["whole"].scores["adaptive-top-k"] for i in (2, 0)]
        assert first == [f"{scores[0]:.4f}", f"{scores[1]:.4f}", f"−{scores[1] - scores[0]:.4f}"]
        page.select_option("#b", "4")
        assert page.evaluate("location.hash") == "#a=3&b=4"
        assert "only if both count" in page.locator("#beside p").inner_text()


def test_the_page_of_a_run_is_found_by_its_digest(season: Season, site: Path, chromium: Any) -> None:
    submission = season.submissions[0]
    with opened(chromium, site / "runs" / f"{submission.digest}.html") as page:
        text = page.locator("main").inner_text()
        assert submission.digest in text
        assert submission.parts["private"].signature in text.replace("\n", "")
        assert f"{submission.parts['private'].scores['top-k']:.4f}" in text
        for heading in ("By region", "Accuracy for every K", "Where it does well", "Sizes of its sets"):
            assert page.get_by_role("heading", name=heading, exact=False).count() == 1
        assert page.locator("#pairs tbody tr").count() == 4
        page.locator("#pairs tbody a").first.click()
        assert page.locator("h1").count() == 1
    with opened(chromium, site / "runs" / f"{season.submissions[6].digest}.html") as page:
        assert "was withdrawn" in page.locator("main").inner_text()
        assert "Scores" not in page.locator("main").inner_text().split("\n")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(scheme: str, season: Season, site: Path, chromium: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    runs = [f"runs/{season.submissions[i].digest}.html" for i in (0, 5, 6, 7)]
    for name in ("index.html", "compare.html", *runs):
        with opened(
            chromium, site / name, color_scheme=scheme, viewport={"width": 360, "height": 700}
        ) as page:
            found = axe.run(page, options={"preload": False}).response["violations"]
            assert [(each["id"], [node["html"][:90] for node in each["nodes"][:2]]) for each in found] == []
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= 360, f"{name} is {width} wide on a phone"


def test_without_scripts_everything_is_there(season: Season, site: Path, chromium: Any) -> None:
    with opened(chromium, site / "index.html", java_script_enabled=False) as page:
        assert page.locator("#board tbody tr").count() == 6
        assert page.locator("#filters").is_hidden()
        assert page.locator("#board button").count() == 0
        page.get_by_role("link", name="first.csv").first.click()
        assert page.locator("#pairs tbody tr").count() == 4
    with opened(chromium, site / "compare.html", java_script_enabled=False) as page:
        assert page.locator("#choice").is_hidden()
        assert "Without scripts" in page.locator("main").inner_text()
        assert page.locator("#compared tbody a").count() == 5


def test_everything_is_reached_by_keyboard(site: Path, chromium: Any) -> None:
    with opened(chromium, site / "index.html") as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "team"
        for _ in range(8):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.tagName") == "BUTTON" and page.evaluate(
                "document.activeElement.closest('th')?.dataset.key"
            ):
                break
        page.keyboard.press("Enter")
        assert page.locator("#board th[aria-sort=ascending]").count() == 1


def test_paper_shows_whole_tables_and_no_controls(site: Path, chromium: Any) -> None:
    landscape = {"width": 1030, "height": 700}  # A4 less the margins
    with opened(chromium, site / "index.html", viewport=landscape) as page:
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth") <= 1030
        assert page.locator("#filters").is_hidden()
        assert page.locator("nav").is_hidden()
        assert page.locator("#board").is_visible()
        assert page.evaluate("getComputedStyle(document.querySelector('.scroll')).overflowX") == "visible"
