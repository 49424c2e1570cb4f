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


def test_repair_without_archives_names_the_option(folder: Path) -> None:
    os.truncate(path_of(folder, 173), 1000)
    result = glckit("verify-patches", "--repair")
    assert result.exit_code == 2
    assert "there is no folder of archives" in result.stderr
    assert "--archives DIR" in result.stderr


def test_a_folder_without_the_archive_is_not_to_be_repaired_from(folder: Path) -> None:
    write_archives(folder / "us only", US)
    french = next(i for i in IDS if i not in US)
    os.truncate(path_of(folder, french), 1000)
    text = glckit("verify-patches", "--archives", "us only").stdout
    assert repair_line(text).endswith("--repair --archives DIR")
    assert "DIR is the folder of the archives that hold them: patches_fr" in text


@pytest.mark.parametrize("command", [["verify-patches"], ["verify-patches", "--repair", "--archives", "."]])
def test_a_single_file_is_no_folder_and_no_archive(folder: Path, command: list[str]) -> None:
    result = glckit(*command, path_of(folder, 173).relative_to(folder))
    assert result.exit_code == 2
    assert "173.npy is a single file, and no archive." in result.stderr
    assert "patches_us_01.tar.gz" in result.stderr


def test_an_archive_may_have_any_name(folder: Path) -> None:
    write_archives(folder / "archives", IDS)
    (folder / "archives/patches_us_15.tar.gz").rename("download")
    assert glckit("verify-patches", "download").exit_code == 0


def test_warnings_are_listed_beside_errors(folder: Path) -> None:
    os.truncate(path_of(folder, 173), 1000)
    for i in range(25):
        (folder / f"patches_us/notes {i:02}.txt").write_text("x")
    text = glckit("verify-patches").stdout
    assert ", 1 damaged, 25 warnings" in text
    assert "error wrong-size: " in text
    assert "warning unexpected: " in text
    assert "and 5 more: --json lists all" in text


@pytest.mark.parametrize("content", [b"garbage", b"PAR1 and garbage PAR1", b"", bytes(64)])
def test_a_manifest_that_is_none_checks_nothing(folder: Path, content: bytes) -> None:
    (folder / "manifest").write_bytes(content)
    result = glckit("verify-patches", "--manifest", "manifest")
    assert result.exit_code == 3
    assert "manifest" in result.stderr
    assert "Traceback" not in result.output


def test_a_list_of_sums_that_is_none_checks_nothing(folder: Path) -> None:
    write_archives(folder / "archives", IDS)
    (folder / "archives/hashes.md5").write_text("garbage\n")
    result = glckit("verify-patches", "archives")
    assert result.exit_code == 3
    assert "cannot be trusted" in result.stderr


def test_time_that_is_up_is_said(folder: Path) -> None:
    result = glckit("verify-patches", "--max-duration", "0")
    assert result.exit_code == 3
    assert "The time was up (--max-duration 0): nothing was checked." in result.stdout
    write_archives(folder / "archives", IDS)
    result = glckit("verify-patches", "archives", "--max-duration", "0")
    assert "The time was up (--max-duration 0): nothing was checked." in result.stdout
