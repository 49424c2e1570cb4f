"""The site is built from the same pages, without a dead link, and fetches nothing while it is read."""

from __future__ import annotations

import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browsing import browser
from floors import ROOT
from make_pictures import make_pictures

import glckit
import glckit.metrics

# Attributes that a browser follows by itself, unlike the href of an anchor.
_FETCHED = {("img", "src"), ("script", "src"), ("link", "href"), ("iframe", "src"), ("source", "src")}


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.without_words: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if given.get("rel") not in ("canonical", "next", "prev"):
            self.fetched += [value for name, value in attributes if value and (tag, name) in _FETCHED]
        if tag == "img" and not given.get("alt"):
            self.without_words.append(str(given))


@pytest.fixture(scope="module")
def site(tiny_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site with pictures of a tiny world; warnings are errors."""
    folder = tmp_path_factory.mktemp("site")
    world = shutil.copytree(tiny_world, folder / "world")
    shutil.copy(world / "runs/bayes.csv", world / "runs/mine.csv")  # a comparison takes two
    make_pictures(world, folder / "pictures")
    # Not quiet: what is not logged is not counted as a warning.
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder / "site"],
        cwd=ROOT,
        env=os.environ | {"GLCKIT_PICTURES": str(folder / "pictures"), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder / "site"


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    headings = set(re.findall(r'<h2 id="[\w.]+\.(\w+)"', (site / "reference.html").read_text()))
    public = {*glckit.__all__, *glckit.metrics.__all__}
    assert headings == {name for name in public if not name.startswith("_")}


def test_nothing_is_fetched_from_elsewhere_and_every_image_has_words(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for path in pages:
        page = _Page()
        page.feed(path.read_text())
        assert [each for each in page.fetched if re.match(r"(https?:)?//", each)] == [], path
        assert page.without_words == [], path


def test_styles_fetch_nothing_either(site: Path) -> None:
    for path in site.rglob("*.css"):
        assert not re.search(r"url\(\s*['\"]?(https?:)?//", path.read_text()), path


def test_the_pictures_are_there(site: Path) -> None:
    page = (site / "pictures.html").read_text()
    shown = re.findall(r'<img [^>]*src="(pictures/[^"]+)"', page)
    assert len(shown) >= 6
    assert all((site / each).stat().st_size > 1000 for each in shown)


def test_what_stands_in_the_pages_is_found(site: Path) -> None:
    index = (site / "search" / "search_index.json").read_text()
    for word in ("adaptive", "quadrat", "verify-patches", "read_run"):
        assert word in index


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its parent's name
        return


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    """Serve the site, whose search takes a server."""
    handler = functools.partial(_Silent, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("width", [380, 1280])
def test_in_a_browser_pages_fit_search_finds_and_nothing_is_fetched(address: str, width: int) -> None:
    with browser() as chromium:
        page = chromium.new_context(viewport={"width": width, "height": 800}).new_page()
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        for name in ("index", "reference", "pictures", "cli", "tutorials/score"):
            page.goto(f"{address}/{name}.html")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        if width < 1000:
            page.locator("label[for=__search]").first.click()
        page.locator("input.md-search__input").click()
        page.locator("input.md-search__input").press_sequentially("quadrat")
        page.locator(".md-search-result__link").first.wait_for()
        assert "uncertainty" in " ".join(
            each.get_attribute("href") or "" for each in page.locator(".md-search-result__link").all()
        )
        assert said == []
        assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
