"""After damage, what is reported names the cure, in words that fit what was damaged."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

import pytest
from commands import glckit
from patches_on_disk import PATCH_SIZE, make_ids, make_table, path_of, write_archives, write_tree
from settling import let_settle

IDS = make_ids(10, 10)
US = [i for i in IDS if i < 10_000_000]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("GLCKIT_COMPETITION", "GLCKIT_DATA", "GLCKIT_TRUTH"):
        monkeypatch.delenv(name, raising=False)
    root = write_tree(tmp_path / "data", IDS)
    table = make_table(IDS)
    rows = zip(table.ids, table.latitudes, table.longitudes, strict=True)
    (root / "all.csv").write_text("id;lat;lon\n" + "".join(f"{i};{lat};{lon}\n" for i, lat, lon in rows))
    (root / "competition.toml").write_text(
        f'[competition]\ntest = ["all.csv"]\n[data]\npatch_size = {PATCH_SIZE}\n'
    )
    monkeypatch.chdir(root)
    return root


def repair_line(text: str) -> str:
    (line,) = [line for line in text.splitlines() if line.startswith("Repair with: ")]
    return line.removeprefix("Repair with: ")


def test_the_command_that_is_named_repairs(folder: Path) -> None:
    os.truncate(path_of(folder, 173), 1000)
    text = glckit("verify-patches", "patches_us", "--occurrences", "all.csv").stdout
    assert repair_line(text).endswith("--repair --archives DIR")
    assert "DIR is the folder of the archives that hold them: patches_us_15" in text
    write_archives(folder / "my archives", IDS)
    shown = glckit("verify-patches", "patches_us", "--archives", "my archives").stdout
    assert repair_line(shown) == "glckit verify-patches patches_us --repair --archives 'my archives'"
    (folder / "my archives").rename("archives")
    command = repair_line(glckit("verify-patches", "patches_us", "--occurrences", "all.csv").stdout)
    assert command == "glckit verify-patches patches_us --occurrences all.csv --repair --archives archives"
    assert glckit(*shlex.split(command)[1:]).exit_code == 0


def test_damage_in_a_tree_is_not_to_be_extracted_again(folder: Path) -> None:
    os.truncate(path_of(folder, 173), 1000)
    text = glckit("verify-patches").stdout
    assert "xtract" not in text
    assert "Fetch again" not in text


def test_whole_patches_need_no_advice(folder: Path) -> None:
    text = glckit("verify-patches").stdout
    assert "Repair with" not in text
    assert "Fetch again" not in text


def test_damaged_archives_are_to_be_fetched_again(folder: Path) -> None:
    write_archives(folder / "archives", IDS)
    shutil.rmtree(folder / "patches_us")
    os.truncate("archives/patches_us_15.tar.gz", 5000)
    text = glckit("verify-patches").stdout
    assert "Fetch again: archives/patches_us_15.tar.gz" in text
    assert "Repair with" not in text


def test_what_no_archive_could_mend_is_to_be_fetched(folder: Path) -> None:
    write_archives(folder / "archives", IDS)
    os.truncate("archives/patches_us_15.tar.gz", 5000)
    os.truncate(path_of(folder, 173), 1000)
    text = glckit("verify-patches", "--repair").stdout
    assert "Repaired 0; no archive could mend 1." in text
    assert "Fetch again, then repair: patches_us_15" in text


def test_a_damaged_archive_is_one_line(folder: Path) -> None:
    numbers = [i for i in range(100) if i // 5 == 14]  # one archive, many folders
    ids = [1_000_000 + 100 * k + cd for k in range(10) for cd in numbers]
    write_archives(folder / "one", ids)
    (archive,) = (folder / "one").iterdir()
    os.truncate(archive, archive.stat().st_size // 2)
    for command in (["verify-patches", archive], ["extract", archive, "-o", folder / "out"]):
        text = glckit(*command).stdout
        lines = [line for line in text.splitlines() if line.startswith("error wrong-size")]
        assert len(lines) == 1, text
        assert "more: " not in text
        assert "Fetch again: one/patches_us_15.tar.gz" in text


def test_counts_of_one_are_singular(folder: Path) -> None:
    (folder / "competition.toml").write_text(f"[data]\npatch_size = {PATCH_SIZE}\n")
    for i in set(US) - {173}:
        for kind in ("bands", "altitude"):
            path_of(folder, i, kind).unlink()
    (folder / "patches_us/notes.txt").write_text("x")
    for path in (folder / "patches_us").rglob("*.npy"):
        os.utime(path, ns=(0, 10**18))
    let_settle()
    glckit("verify-patches", "patches_us")
    text = glckit("verify-patches", "patches_us").stdout
    assert text.startswith("whole: 1 occurrence checked (full), 0 damaged, 1 warning")
    assert "1 occurrence was checked before" in text


def test_absent_files_are_named_in_words(folder: Path) -> None:
    path_of(folder, US[0]).unlink()
    for kind in ("bands", "altitude"):
        path_of(folder, US[1], kind).unlink()
    text = glckit("verify-patches").stdout
    assert ": no bands file; expected both files of the patch" in text
    assert ": neither file; expected both files of the patch" in text


def test_names_do_not_forge_lines(folder: Path) -> None:
    stranger = folder / "patches_us/x\nerror missing: fake\x1b[31m"
    stranger.write_text("x")
    text = glckit("verify-patches").stdout
    assert "\nerror missing" not in text
    assert r"x\nerror missing: fake\x1b[31m" in text
