"""A headless browser for the tests of pages; they skip, and say so, where there is none."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """Yield Debian's Chromium, driven by Playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip("no chromium; apt-get install chromium")
    with playwright.sync_playwright() as driver:
        # Without a sandbox: as root, and in containers, there can be none.
        launched = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield launched
        launched.close()


@contextlib.contextmanager
def opened(browser: Any, path: Path, *, fragment: str = "", **options: Any) -> Iterator[Any]:
    """Yield a page from disk; nothing may be said in its console, nothing asked for outside its folder."""
    context = browser.new_context(**options)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri() + (f"#{fragment}" if fragment else ""))
    yield page
    context.close()
    assert said == [], said
    inside = path.parent.parent.as_uri() if path.parent.name == "runs" else path.parent.as_uri()
    outside = [url for url in asked if not url.startswith((inside, "data:"))]
    assert outside == [], outside
