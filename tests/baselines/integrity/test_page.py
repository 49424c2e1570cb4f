"""The page: what is damaged comes first, in words and in patterns that no valid data draws."""

from __future__ import annotations

import base64
import io
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from patches_on_disk import PATCH_SIZE, make_ids, make_table, path_of, write_archives, write_tree
from PIL import Image

from baselines.integrity.findings import CLASSES
from baselines.integrity.options import VerifyOptions
from baselines.integrity.pages import page as page_module
from baselines.integrity.pages.lists import Lists
from baselines.integrity.pages.page import Circumstances, write_page
from baselines.integrity.pages.thumbnails import thumbnail
from baselines.integrity.verify import verify_patches
from scoring.version import VERSION
from submissions.errors import UsageError

IDS = make_ids(20, 20)
HERE = Circumstances("glckit verify-patches --html a.html", "/data", "glckit verify-patches --repair")


def written(folder: Path, *, circumstances: Circumstances = HERE, **options: object) -> str:
    chosen = VerifyOptions(patch_size=PATCH_SIZE, **options)  # type: ignore[arg-type]
    report = verify_patches([folder], make_table(IDS), options=chosen)
    write_page(report, folder / "a.html", patch_size=PATCH_SIZE, circumstances=circumstances)
    return (folder / "a.html").read_text()


def picture(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))


def panels(root: Path, occurrence_id: int) -> list[np.ndarray]:
    """The imagery, land cover and altitude of a thumbnail."""
    files = [path_of(root, occurrence_id, kind) for kind in ("bands", "altitude")]
    uri = thumbnail(*files, patch_size=PATCH_SIZE)
    assert uri is not None
    whole = picture(uri)
    return [whole[:, start : start + 96] for start in (0, 100, 200)]


def is_patterned(colours: np.ndarray) -> bool:
    """Tell whether an area is black and white in turns, as neither land cover nor altitude can be."""
    values = set(map(tuple, colours.reshape(-1, 3).tolist()))
    return values == {(0, 0, 0), (255, 255, 255)}


def test_damage_comes_before_what_is_whole(tmp_path: Path) -> None:
    root = write_tree(tmp_path, IDS)
    os.truncate(path_of(root, 173), 1000)
    page = written(root)
    order = ["damaged</span>", "wrong-size", "To mend them", 'alt="patch 173"', "Where the damage is",
             "without damage", "cannot see", "Written on"]  # fmt: skip
    places = [page.index(words) for words in order]
    assert places == sorted(places)
    before_the_rest = page[: page.index("<details>")]
    assert set(re.findall(r"<td>(patches_\w+)</td>", before_the_rest)) == {"patches_us_15"}


def test_page_says_what_made_it(tmp_path: Path) -> None:
    page = written(write_tree(tmp_path, IDS))
    assert re.search(r"Written on \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", page)
    for words in (f"glckit {VERSION}", HERE.command, "<code>/data</code>", f"<code>{tmp_path}</code>"):
        assert words in page
    assert "whole</span>" in page
    assert "To mend" not in page
    assert "http" not in page


def test_a_check_of_nothing_is_not_called_damage(tmp_path: Path) -> None:
    assert "not checked</span>" in written(write_tree(tmp_path, IDS), max_duration=0.0)


def test_checksums_are_said_in_words(tmp_path: Path) -> None:
    root = write_tree(tmp_path, IDS)
    raw = bytearray(path_of(root, 173).read_bytes())
    raw[5000] ^= 1
    path_of(root, 173).write_bytes(raw)
    archives = write_archives(tmp_path / "packed", IDS)
    assert "<b>checksum</b>: other content than was published (checksum " in written(root, archives=archives)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_names_are_escaped(tmp_path: Path) -> None:
    root = write_tree(tmp_path, IDS)
    os.truncate(path_of(root, 173), 1000)
    for name in ("<script>alert(1)<", "\x1b[31m\n&amp;", "\udcff", '"onload="x'):
        (root / f"patches_us/{name}").write_text("x")
    hostile = Circumstances("glckit '<img src=x>'", "/<b>\udce9", "glckit \x07<i>")
    page = written(root, circumstances=hostile)
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert not tags.seen & {"script", "i"}
    assert page.count("<img") == page.count('src="data:image/png;base64,')
    assert r"\x1b[31m\n&amp;amp;" in page
    assert all(character.isprintable() or character == "\n" for character in page)


def test_lost_and_impossible_values_look_like_no_data(tmp_path: Path) -> None:
    root = write_tree(tmp_path, IDS)
    path = path_of(root, 173)
    assert not any(is_patterned(panel[60:, :]) for panel in panels(root, 173))
    os.truncate(path, path.stat().st_size // 2)
    imagery, cover, altitude = panels(root, 173)
    assert is_patterned(imagery[60:])
    assert is_patterned(cover[60:])
    assert not is_patterned(altitude[60:])
    assert not is_patterned(imagery[:40])
    raw = bytearray(path_of(root, 7).read_bytes())
    raw[len(raw) // 2 :] = b"\xff" * (len(raw) - len(raw) // 2)
    path_of(root, 7).write_bytes(raw)
    imagery, cover, _ = panels(root, 7)
    assert is_patterned(cover[60:])
    assert not is_patterned(imagery[60:])


def test_zeros_and_impossible_altitudes_are_patterned(tmp_path: Path) -> None:
    root = write_tree(tmp_path, IDS)
    for i, filling in ((173, b"\0"), (7, b"\x00\x80")):
        raw = bytearray(path_of(root, i, "altitude").read_bytes())
        half = len(raw) // 2
        raw[half:] = (filling * len(raw))[:half]
        path_of(root, i, "altitude").write_bytes(raw)
        _, _, altitude = panels(root, i)
        assert is_patterned(altitude[60:])
        assert not is_patterned(altitude[:40])


def test_no_valid_land_cover_is_black_or_white(tmp_path: Path) -> None:
    bands = np.zeros((PATCH_SIZE, PATCH_SIZE, 5), np.uint8)
    bands[:, :, 4] = np.arange(PATCH_SIZE)[:, None] % 34
    bands[:, :, :4] = 90
    (tmp_path / "a").write_bytes(bytes(128) + bands.tobytes())
    uri = thumbnail(tmp_path / "a", tmp_path / "absent", patch_size=PATCH_SIZE)
    assert uri is not None
    colours = set(map(tuple, picture(uri)[:, 100:196].reshape(-1, 3).tolist()))
    assert len(colours) == 34
    assert not colours & {(0, 0, 0), (255, 255, 255)}
    assert is_patterned(picture(uri)[:, 200:])


def test_what_is_no_file_does_not_hold_the_page_up(tmp_path: Path) -> None:
    root = write_tree(tmp_path, IDS)
    path_of(root, 173).unlink()
    os.mkfifo(path_of(root, 173))
    for kind in ("bands", "altitude"):
        path_of(root, 7, kind).unlink()
    page = written(root)
    assert 'alt="patch 173"' in page
    assert "nothing to show" in page


def test_every_class_is_explained() -> None:
    assert set(page_module._MEANINGS) == set(CLASSES)


@pytest.mark.parametrize(("module", "name"), [("PIL", "pillow"), ("jinja2", "jinja2")])
def test_what_the_page_needs_is_asked_for_before_the_work(
    monkeypatch: pytest.MonkeyPatch, module: str, name: str
) -> None:
    real = page_module.resources.__spec__
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == module else real)
    Lists().require_extras()
    with pytest.raises(UsageError, match=f"{name} is not installed"):
        Lists(html=Path("a.html")).require_extras()
