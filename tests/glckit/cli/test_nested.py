"""Files of settings and models that are nested deeper than Python can follow, and ids that no patch has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from commands import glckit

_DEEP = {
    "lists": f"x = {'[' * 3000}{']' * 3000}\n",
    "tables": f"x = {'{a=' * 3000}1{'}' * 3000}\n",
    "dots": f"[verify]\n{'.'.join('a' * 5000)} = 1\n",
}


@pytest.mark.parametrize("content", _DEEP.values(), ids=_DEEP)
@pytest.mark.parametrize("command", ["score", "verify-patches"])
def test_settings_that_are_nested_too_deeply_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("competition.toml").write_text(content)
    result = glckit(command, *(["run.csv"] if command == "score" else []))
    assert result.exit_code == 2
    assert "competition.toml is not" in result.stderr


def test_a_fifo_for_settings_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("options.toml")
    result = glckit("baseline", "rf", "--train", "--options", "options.toml", "--data", ".")
    assert result.exit_code == 3
    assert "FIFO" in result.stderr


def test_a_table_with_negative_ids_has_no_patches(tmp_path: Path) -> None:
    (tmp_path / "patches_us").mkdir()
    table = tmp_path / "occurrences.csv"
    table.write_text("id;lat;lon\n-5;40;-100\n")
    result = glckit("verify-patches", tmp_path / "patches_us", "--occurrences", table)
    assert result.exit_code == 3
    assert "the occurrence -5: ids are not negative" in result.stderr


def test_a_model_that_is_nested_too_deeply_is_damaged(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    model = tmp_path / "models" / "cnn"
    model.mkdir(parents=True)
    (model / "model.json").write_text("[" * 100_000)
    (model / "model.safetensors").write_bytes(b"")
    result = glckit("baseline", "cnn", "--describe", "--model", model, "--data", tmp_path)
    assert result.exit_code == 3
    assert "Cannot read" in result.stderr
