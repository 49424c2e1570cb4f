"""glckit show: a picture of a patch and its place."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from baselines.covariates.patches.picture import Place, draw_occurrence, find_place, picture_of
from baselines.covariates.patches.reading import Patch
from glckit.cli import app
from submissions.tables import OccurrenceTable

matplotlib_text = pytest.importorskip("matplotlib.text")
PNG = b"\x89PNG\r\n\x1a\n"


def small_patch(size: int = 16, code: int = 5) -> Patch:
    rng = np.random.default_rng(0)
    bands = rng.integers(0, 256, (size, size, 5), dtype=np.uint8)
    bands[:, :, 4] = code
    return Patch(bands, rng.integers(100, 200, (size, size), dtype=np.int16))


def texts(figure: Any) -> list[str]:
    figure.draw_without_rendering()  # ticks get their labels
    return [text.get_text() for text in figure.findobj(matplotlib_text.Text)]


def test_the_panels_say_what_they_show() -> None:
    patch = small_patch()
    patch.bands[:4, :, 4] = 9
    figure = picture_of(patch, 10561900, Place(43.6, -3.88, np.array([43.0, 44.0]), np.array([3.0, 4.0])))
    said = texts(figure)
    assert "Occurrence 10561900, France, 43.6000° N, 3.8800° W" in said
    for title in ("Red, green, blue", "Near-infrared", "Land cover", "Place among 2 occurrences"):
        assert title in said
    assert f"Altitude, {patch.altitude.min()} to {patch.altitude.max()} m" in said
    assert {"5", "75.0 %", "9", "25.0 %"} <= set(said)


def test_the_images_are_the_planes() -> None:
    patch = small_patch()
    figure = picture_of(patch, 173)
    visible, infrared, _, altitude = (axes.images[0].get_array() for axes in figure.axes[:4])
    assert np.array_equal(visible, patch.bands[:, :, :3])
    assert np.array_equal(infrared, patch.bands[:, :, 3])
    assert np.array_equal(altitude, patch.altitude)


def test_a_flat_patch_and_an_impossible_code_are_drawn() -> None:
    patch = small_patch(code=200)
    patch.altitude[:] = 12
    said = texts(picture_of(patch, 173))
    assert "Altitude, 12 m throughout" in said
    assert "200 (no such code)" in said
    assert "not in an occurrence table" in said


def test_the_place_stands_among_its_region() -> None:
    table = OccurrenceTable(
        np.array([173, 10000000, 175]), np.array([30.0, 45.0, 31.0]), np.array([-90.0, 3.0, -91.0])
    )
    place = find_place(table, 173)
    assert (place.latitude, place.longitude, place.latitudes.tolist()) == (30.0, -90.0, [30.0, 31.0])
    assert find_place(table, 99) is None


def test_real_patches_are_drawn(realdata: Path, tmp_path: Path) -> None:
    draw_occurrence(
        10561900,
        realdata / "patches",
        tmp_path / "x.png",
        tables=[realdata / "occurrences" / "occurrences_fr_test.csv"],
    )
    assert (tmp_path / "x.png").read_bytes().startswith(PNG)


def test_the_command_reads_extracted_patches_and_archives(
    tiny_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = shutil.copytree(tiny_world, tmp_path / "world")
    lines = (world / "occurrences_us_test.csv").read_text().splitlines()
    occurrence_id = lines[1].split(";")[0]
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(app, ["show", occurrence_id, "--data", str(world)])
    assert (shown.exit_code, shown.stdout, shown.stderr) == (0, "", f"Wrote {occurrence_id}.png.\n")
    assert (tmp_path / f"{occurrence_id}.png").read_bytes().startswith(PNG)
    for folder in ("patches_us", "patches_fr"):
        shutil.rmtree(world / folder, ignore_errors=True)
    monkeypatch.chdir(world)
    shown = CliRunner().invoke(app, ["show", occurrence_id, "-o", "again.png"])
    assert shown.exit_code == 0, shown.output
    assert (world / "again.png").read_bytes() == (tmp_path / f"{occurrence_id}.png").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["174", "--data", "{}"], 1, "patch of occurrence 174 is missing"),
        (["99000000", "--data", "{}"], 1, "not the id of an occurrence"),
        (["173", "--data", "nowhere"], 3, "no file or folder nowhere"),
        (["173", "--data", "{}", "-o", "{}"], 3, "Cannot write"),
        (["x"], 2, "Invalid value for 'ID'"),
        (["-5"], 2, "No such option|not in the range"),
    ],
)
def test_what_cannot_be_shown_is_told(realdata: Path, arguments: list[str], status: int, words: str) -> None:
    filled = [argument.format(realdata / "patches") for argument in arguments]
    shown = CliRunner().invoke(app, ["show", *filled])
    assert shown.exit_code == status
    assert re.search(words, shown.stderr)
    assert "Traceback" not in shown.output


def test_drawing_needs_no_screen_and_leaves_the_global_state_alone(realdata: Path, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from glckit.cli import app\n"
        f"app(['show', '173', '--data', {str(realdata / 'patches')!r}, '-o', 'p.png'], "
        "standalone_mode=False)\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_the_picture_is_not_written_where_the_patch_is_damaged(tmp_path: Path) -> None:
    folder = tmp_path / "patches_us" / "73" / "1"
    folder.mkdir(parents=True)
    (folder / "173.npy").write_bytes(b"<html>")
    shown = CliRunner().invoke(app, ["show", "173", "--data", str(tmp_path), "-o", str(tmp_path / "p.png")])
    assert shown.exit_code == 1
    assert "has 6 bytes, not 327808" in shown.stderr
    assert not (tmp_path / "p.png").exists()


def test_an_id_beyond_all_ids_is_a_mistake_of_usage() -> None:
    done = CliRunner().invoke(app, ["show", "9" * 30])
    assert done.exit_code == 2
    assert "ids end at 9223372036854775807" in done.stderr
