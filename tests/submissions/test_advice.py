"""Advice that fits what was found."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from commands import glckit_json
from run_files import TEXT


@pytest.mark.parametrize(
    ("content", "fix"),
    [
        (TEXT.decode().encode("utf-16"), "Save it as text in UTF-8."),
        (TEXT.decode().encode("utf-16-le"), "Save it as text in UTF-8."),
        (pickle.dumps([1, 2]), "Write the run as text or Parquet, not as a pickle."),
        (TEXT.replace(b";", b"|"), "Separate the fields by ; instead of |."),
    ],
    ids=["UTF-16 with a mark", "UTF-16", "pickle", "pipes"],
)
def test_the_fix_is_of_what_was_found(content: bytes, fix: str, tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(content)
    (fault,) = glckit_json("validate", tmp_path / "run")[1]["faults"]
    assert fault["fix"] == fix


@pytest.mark.parametrize(
    ("options", "fix"),
    [
        ((), "Predict a species for every test occurrence; --allow-missing makes it a warning."),
        (("--allow-missing",), "Predict a species for every test occurrence."),
    ],
)
def test_what_was_allowed_is_not_advised(options: tuple[str, ...], fix: str, tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(TEXT)
    (tmp_path / "test.csv").write_text("id;lat;lon\n7;45;3\n3;45;3\n9;45;3\n")
    faults = glckit_json("validate", tmp_path / "run", "--test", tmp_path / "test.csv", *options)[1]["faults"]
    assert [each["fix"] for each in faults if each["code"] == "missing-occurrence"] == [fix]
