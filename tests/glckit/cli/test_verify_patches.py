"""glckit verify-patches and glckit extract: options, formats, files written, exit statuses."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from patches_on_disk import PATCH_SIZE, make_ids, make_table, path_of, write_archives, write_tree
from settling import let_settle
from typer.testing import CliRunner, Result

from baselines.covariates.patches.sources import open_patches
from baselines.integrity.places import archive_of
from glckit.cli import app
from submissions.errors import UsageError

IDS = make_ids(20, 20)
KEYS = {
    "ok", "level", "checked", "counts", "by_region", "by_archive", "damaged_ids", "warnings", "cannot_see",
    "unchecked_ids",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A competition's folder, and the current one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("GLCKIT_COMPETITION", "GLCKIT_DATA", "GLCKIT_TRUTH"):
        monkeypatch.delenv(name, raising=False)
    root = write_tree(tmp_path / "data", IDS)
    write_archives(root / "archives", IDS)
    table = make_table(IDS)
    rows = zip(table.ids, table.latitudes, table.longitudes, strict=True)
    lines = "".join(f"{i};{lat};{lon}\n" for i, lat, lon in rows)
    (root / "all.csv").write_text(f"id;lat;lon\n{lines}")
    (root / "competition.toml").write_text(
        f'[competition]\ntest = ["all.csv"]\n[data]\npatch_size = {PATCH_SIZE}\n'
    )
    monkeypatch.chdir(root)
    return root


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def verify(*arguments: str | Path) -> dict[str, object]:
    result = run("verify-patches", "--json", *arguments)
    data: dict[str, object] = json.loads(result.stdout)
    assert set(data) == KEYS
    assert (result.exit_code == 0) is data["ok"], result.output
    return data


@pytest.fixture
def damaged(folder: Path) -> int:
    victim = IDS[5]
    os.truncate(path_of(folder, victim), 1000)
    return victim


def test_whole_patches_exit_0(folder: Path) -> None:
    data = verify()
    assert (data["ok"], data["level"], data["checked"]) == (True, "full", len(IDS))
    assert data["counts"] == {}
    assert data["by_region"]["us"] == {"checked": 20, "damaged": 0, "missing": 0, "rate": 0}  # type: ignore[index]
    result = run("verify-patches")
    assert result.exit_code == 0
    assert result.stdout.startswith("whole: 40 occurrences checked")
    assert "cannot see" in result.stdout


def test_damaged_patches_exit_1_with_lists(damaged: int, tmp_path: Path) -> None:
    data = verify("--ids", tmp_path / "ids", "--jsonl", tmp_path / "bad.jsonl", "--html", tmp_path / "a.html")
    assert data["damaged_ids"] == [damaged]
    assert data["counts"] == {"wrong-size": 1}
    assert (tmp_path / "ids").read_text() == f"{damaged}\n"
    (line,) = map(json.loads, (tmp_path / "bad.jsonl").read_text().splitlines())
    assert (line["class"], line["id"], line["found"]) == ("wrong-size", damaged, "1000 bytes")
    page = (tmp_path / "a.html").read_text()
    assert page.count("data:image/png;base64,") >= 1
    assert f"<td>{damaged}</td>" in page
    assert "http" not in page
    text = run("verify-patches").stdout
    assert text.startswith("DAMAGED")
    assert "Repair with: glckit verify-patches --repair --archives archives" in text


@pytest.mark.parametrize("form", ["csv", "markdown", "latex"])
def test_tables_in_other_formats(damaged: int, form: str) -> None:
    result = run("verify-patches", "--format", form)
    assert result.exit_code == 1
    assert "rate" in result.stdout


def test_repair_and_then_0(damaged: int, folder: Path) -> None:
    result = run("verify-patches", "--repair", "--archives", "archives")
    assert result.exit_code == 0, result.output
    assert "Repaired 1" in result.stdout
    assert verify()["ok"]


def test_manifests(folder: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "m.parquet"
    assert run("verify-patches", "--make-manifest", manifest).exit_code == 0
    raw = bytearray(path_of(folder, 173).read_bytes())
    raw[5000] ^= 1
    path_of(folder, 173).write_bytes(raw)
    assert verify()["ok"]
    for proof in (("--manifest", manifest), ("--archives", "archives")):
        assert verify(*proof)["counts"] == {"checksum": 1}
    assert run("verify-patches", "archives", "--make-manifest", tmp_path / "from_archives").exit_code == 0
    assert verify("--manifest", tmp_path / "from_archives")["damaged_ids"] == [173]
    os.truncate(path_of(folder, 173), 7)
    refused = run("verify-patches", "--make-manifest", tmp_path / "no")
    assert refused.exit_code == 1
    assert "No manifest is made" in refused.stderr
    assert not (tmp_path / "no").exists()


def test_parts_cover_everything_once(folder: Path) -> None:
    parts = [verify("--subset", f"{i}/3") for i in (1, 2, 3)]
    assert sum(part["checked"] for part in parts) == len(IDS)  # type: ignore[misc]
    unchecked = [set(part["unchecked_ids"]) for part in parts]  # type: ignore[call-overload]
    assert set.intersection(*unchecked) == set()


def test_sample_states_its_power(folder: Path) -> None:
    result = run("verify-patches", "--sample", "10")
    assert "10 occurrences checked" in result.stdout
    assert "with probability" in result.stdout
    assert verify("--sample", "10")["checked"] == 10


def test_no_time_checks_nothing_and_exits_3(folder: Path) -> None:
    result = run("verify-patches", "--max-duration", "0", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["unchecked_ids"] == IDS


def test_regions_and_archives_as_paths(folder: Path) -> None:
    us = [i for i in IDS if i < 10_000_000]
    assert verify("patches_us")["checked"] == len(us)
    assert verify("patches_us")["unchecked_ids"] == [i for i in IDS if i >= 10_000_000]
    assert verify("archives")["checked"] == len(IDS)
    archive = next(Path("archives").glob("patches_us_*"))
    os.truncate(archive, 5000)
    report = verify(archive)
    assert list(report["counts"]) == ["wrong-size"]  # type: ignore[call-overload]
    assert len(verify("patches_fr", archive)["damaged_ids"]) == len(report["damaged_ids"])  # type: ignore[arg-type]


def test_configuration_of_the_data_folder_counts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert verify("data")["checked"] == len(IDS)
    with (folder / "competition.toml").open("a") as file:
        file.write("[verify]\nmax_clases = 3\n")
    result = run("verify-patches", "data")
    assert result.exit_code == 2
    assert "max_classes" in result.stderr
    (folder / "competition.toml").write_text(
        (folder / "competition.toml").read_text().replace("max_clases", "max_classes")
    )
    assert verify("data")["counts"]["implausible"] > 20  # type: ignore[index]


def test_second_run_remembers_and_no_cache_does_not(folder: Path) -> None:
    for path in folder.rglob("*.npy"):
        os.utime(path, ns=(0, 10**18))
    let_settle()
    run("verify-patches")
    assert "40 occurrences were checked before" in run("verify-patches").stdout
    assert "checked before" not in run("verify-patches", "--no-cache").stdout
    assert any("--no-cache" in words for words in verify()["cannot_see"])  # type: ignore[attr-defined]


def test_state_that_cannot_be_kept_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "file").write_text("x")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "file"))
    result = run("verify-patches")
    assert result.exit_code == 0
    assert "Nothing is remembered" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["nowhere"], 3, "There is no file or folder nowhere"),
        (["--subset", "3/2"], 2, "no part 3 of 2"),
        (["--subset", "x"], 2, "is no part"),
        (["--repair", "archives"], 2, "mends extracted"),
        (["--manifest", "m", "--archives", "archives"], 2, "Give one"),
        (["--level", "quick", "--make-manifest", "m"], 2, "every byte"),
        (["archives", "--sample", "3"], 2, "read whole"),
        (["archives", "--manifest", "m"], 2, "read whole"),
        (["--manifest", "all.csv"], 3, "cannot be trusted"),
        (["--manifest", "absent"], 3, "Cannot read absent"),
        (["archives", "patches_fr", "--make-manifest", "m"], 2, "not of both"),
    ],
)
def test_requests_that_cannot_be_met(folder: Path, arguments: list[str], status: int, words: str) -> None:
    result = run("verify-patches", *arguments)
    assert result.exit_code == status, result.output
    assert words in result.stderr


def test_empty_trees_are_no_pass(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty/patches_fr").mkdir(parents=True)
    result = run("verify-patches", tmp_path / "empty")
    assert result.exit_code == 1  # the tables name patches, and none is there
    (folder / "competition.toml").unlink()
    assert run("verify-patches", tmp_path / "empty").exit_code == 3
    (tmp_path / "bare").mkdir()
    result = run("verify-patches", tmp_path / "bare")
    assert result.exit_code == 3
    assert "no patches in" in result.stderr


def test_without_tables_missing_patches_are_named_as_unseen(folder: Path) -> None:
    (folder / "competition.toml").write_text(f"[data]\npatch_size = {PATCH_SIZE}\n")
    for kind in ("bands", "altitude"):
        path_of(folder, 173, kind).unlink()
    data = verify("--no-cache")
    assert (data["ok"], data["checked"]) == (True, len(IDS) - 1)
    assert any("no occurrence table" in words for words in data["cannot_see"])  # type: ignore[attr-defined]
    path_of(folder, 7).unlink()
    assert verify("--no-cache")["counts"] == {"half-pair": 1}
    assert run("verify-patches", "--sample", "5").exit_code == 2


def test_extract(folder: Path, tmp_path: Path) -> None:
    archives = sorted(Path("archives").glob("patches_*"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out/competition.toml").write_text(f"[data]\npatch_size = {PATCH_SIZE}\n")
    result = run("extract", *archives, "-o", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["n_written"] == 2 * len(IDS)
    assert "80 in place already" in run("extract", *archives, "-o", tmp_path / "out").stdout
    os.truncate(archives[-1], 100)
    assert run("extract", archives[-1], "-o", tmp_path / "out").exit_code == 1
    assert run("extract", "absent.zip", "-o", tmp_path / "out").exit_code == 3
    assert run("extract", *archives).exit_code == 2


def test_extract_as_tar(folder: Path, tmp_path: Path) -> None:
    archives = sorted(Path("archives").glob("patches_us_*"))
    result = run("extract", "--as-tar", *archives, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["n_written"] == len(archives)
    for archive in archives:
        tar = archive.with_name(f"{archive.name[:13]}.tar")
        assert tar.read_bytes() == gzip.decompress(archive.read_bytes())
    assert open_patches(folder / "archives", ids=[173]).path.endswith("patches_us_15.tar")  # type: ignore[attr-defined]
    os.truncate(archives[0], 1000)
    result = run("extract", "--as-tar", *archives[:2], "-o", tmp_path / "tars")
    assert result.exit_code == 1
    assert [path.name for path in (tmp_path / "tars").glob("*.tar")] == [f"{archives[1].name[:13]}.tar"]
    assert run("extract", "--as-tar", *Path("archives").glob("patches_fr_*")).exit_code == 2


def test_thresholds_name_every_fault() -> None:
    from baselines.integrity.thresholds import Thresholds

    with pytest.raises(UsageError, match=r"unknown key 'a'.*max_classes must be a number.*whole number"):
        Thresholds.from_mapping({"a": 1, "max_classes": "x", "max_altitude_step": 1.5})
    assert Thresholds.from_mapping({"max_change_share": 1}).max_change_share == 1
    assert np.isclose(Thresholds().max_change_share, 0.25)


def test_absent_region_is_missing_and_not_left_out(folder: Path) -> None:
    (folder / "patches_fr").rename(folder / "elsewhere")
    for archive in (folder / "archives").glob("patches_fr_*"):
        archive.unlink()
    data = verify()
    assert data["counts"] == {"missing": 20}
    assert data["by_region"]["fr"]["rate"] == 1  # type: ignore[index]


def test_absent_region_is_looked_for_in_the_archives(folder: Path) -> None:
    shutil.rmtree(folder / "patches_fr")
    assert verify()["checked"] == len(IDS)
    assert verify(".")["checked"] == len(IDS)
    archive = next((folder / "archives").glob("patches_fr_*"))
    os.truncate(archive, 5000)
    damaged = verify()["damaged_ids"]
    assert set(damaged) == {i for i in IDS if archive_of(i) == archive.stem}  # type: ignore[call-overload]
    archive.unlink()
    assert verify()["counts"] == {"missing": len(damaged)}  # type: ignore[arg-type]


def test_a_region_in_archives_is_not_repaired_into_the_tree(folder: Path, tmp_path: Path) -> None:
    whole = Path(shutil.copytree(folder / "archives", tmp_path / "whole"))
    shutil.rmtree(folder / "patches_fr")
    os.truncate(next((folder / "archives").glob("patches_fr_*")), 5000)
    os.truncate(path_of(folder, 173), 1000)
    result = run("verify-patches", "--repair", "--archives", whole)
    assert result.exit_code == 1
    assert "Repaired 1; no archive could mend 0." in result.stdout
    assert not (folder / "patches_fr").exists()


def test_paths_below_the_current_folder_are_relative_in_text_alone(damaged: int, folder: Path) -> None:
    assert f"error wrong-size: {path_of(Path(), damaged)}: " in run("verify-patches").stdout
    (folder / "patches_fr/notes.txt").write_text("x")
    (warning,) = verify()["warnings"]  # type: ignore[misc]
    assert warning["path"] == str(folder / "patches_fr/notes.txt")
    shutil.rmtree(folder / "archives")
    repair = run("verify-patches", "--repair", "--archives", str(folder / "archives"))
    assert "no file or folder archives." in repair.stderr


def test_folder_without_trees_stands_for_its_archives(folder: Path) -> None:
    for name in ("patches_fr", "patches_us"):
        (folder / name).rename(folder / f"no_{name}")
    assert verify()["checked"] == len(IDS)
    os.truncate(next(Path("archives").glob("patches_us_*")), 5000)
    assert run("verify-patches").exit_code == 1


def test_extraction_obeys_the_configuration_above_the_archives(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    archives = sorted((folder / "archives").glob("patches_us_*"))
    result = run("extract", *archives, "-o", tmp_path / "elsewhere")
    assert result.exit_code == 0, result.output
    assert "40 files written" in result.stdout
    assert verify(archives[0])["ok"]
