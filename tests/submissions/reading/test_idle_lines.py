"""Lines that cannot be read are read to an end: they compress to nothing and take time each."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import glckit, glckit_json

import submissions.reading.growing

HEADER = "id;species;score\n"


@pytest.fixture(autouse=True)
def _few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submissions.reading.growing, "_MOST_IDLE", 1000)
    monkeypatch.setattr("submissions.reading.blocks.BLOCK_BYTES", 1000)


def errors(path: Path) -> dict[str, int]:
    faults = glckit_json("validate", path)[1]["faults"]
    return {fault["code"]: fault["count"] for fault in faults if fault["severity"] == "error"}


def test_reading_stops_after_many_bad_lines(tmp_path: Path) -> None:
    (tmp_path / "run").write_text(HEADER + "x\n" * 50_000)
    found = errors(tmp_path / "run")
    assert found["too-large"] == 1
    assert 1000 < found["ragged"] < 2500
    assert "reading stopped there" in glckit("validate", tmp_path / "run").stdout


def test_bad_lines_among_as_many_good_ones_are_all_counted(tmp_path: Path) -> None:
    (tmp_path / "run").write_text(HEADER + "".join(f"{i};1;0.5\nx\n" for i in range(3000)))
    assert errors(tmp_path / "run") == {"ragged": 3000}


@pytest.mark.parametrize("text", [HEADER + "#\n" * 50_000, "Id,Predicted\n" + "x\n" * 50_000])
def test_convert_stops_too(text: str, tmp_path: Path) -> None:
    (tmp_path / "run").write_text(text)
    result = glckit("convert", tmp_path / "run", tmp_path / "out.csv")
    assert (result.exit_code, "reading stopped there" in result.stderr) == (1, True)
