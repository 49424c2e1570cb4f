"""The site is built from the same pages, without a dead link, and fetches nothing while it is read."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from floors import ROOT
from make_pictures import make_pictures

import glckit

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
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder / "site"],
        cwd=ROOT,
        env=os.environ | {"GLCKIT_PICTURES": str(folder / "pictures"), "NO_MKDOCS_2_WARNING": "1"},
        check=True,
    )
    return folder / "site"


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    headings = set(re.findall(r'<h2 id="[\w.]+\.(\w+)"', (site / "reference.html").read_text()))
    assert headings == {name for name in glckit.__all__ if not name.startswith("_")}


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
