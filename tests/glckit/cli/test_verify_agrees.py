"""glckit verify-patches finds what gate, repair and other processes find, and never less than was asked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import glckit, glckit_json
from patches_on_disk import PATCH_SIZE, make_ids, path_of, write_archives, write_tree
from settling import let_settle

from baselines.covariates.patches.npyheader import HEADER_BYTES
from baselines.integrity.gate import admit
from baselines.integrity.places import archive_of
from submissions.competition.files import find_competition
from submissions.errors import BadInputError

IDS = make_ids(12, 12)
FR, US = [i for i in IDS if i >= 10_000_000], [i for i in IDS if i < 10_000_000]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A competition's folder without patches, and the current one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("GLCKIT_COMPETITION", "GLCKIT_DATA", "GLCKIT_TRUTH"):
        monkeypatch.delenv(name, raising=False)
    root = tmp_path / "data"
    root.mkdir()
    (root / "all.csv").write_text("id;lat;lon\n" + "".join(f"{i};{i % 90};3\n" for i in IDS))
    configure(root)
    monkeypatch.chdir(root)
    return root


def configure(root: Path, *, test: str = "all.csv", more: str = "") -> None:
    (root / "competition.toml").write_text(
        f'[competition]\ntest = ["{test}"]\n[data]\npatch_size = {PATCH_SIZE}\n{more}'
    )


def admitted() -> list[int]:
    """Which of all occurrences the gate lets pass, as a baseline in this folder asks it."""
    paths = find_competition().patch_paths
    admission = admit(IDS, paths, on_damaged="drop", patch_size=PATCH_SIZE)
    return admission.ids.tolist()


def flip(path: Path) -> bytes:
    """Flip one bit in the red of a pixel, which only a checksum shows; return what was there."""
    whole = path.read_bytes()
    raw = bytearray(whole)
    raw[HEADER_BYTES + 50] ^= 1
    path.write_bytes(raw)
    return whole


def test_archive_that_is_gone_is_missing(folder: Path) -> None:
    write_archives(folder / "archives", IDS)
    assert glckit_json("verify-patches")[1]["ok"]
    gone = f"{archive_of(173)}.tar.gz"
    (folder / "archives" / gone).unlink()
    lost = [i for i in IDS if archive_of(i) == archive_of(173)]
    for arguments in ((), (folder,), ("archives",)):
        status, report = glckit_json("verify-patches", *arguments)
        assert (status, report["ok"], report["damaged_ids"]) == (1, False, lost)
        assert report["counts"] == {"missing": len(lost)}
        assert (report["unchecked_ids"], report["checked"]) == ([], len(IDS))
        assert report["by_archive"][archive_of(173)]["missing"] == len(lost)
    assert admitted() == [i for i in IDS if i not in lost]


def test_region_without_any_archive_is_missing(folder: Path) -> None:
    write_archives(folder / "archives", FR)
    status, report = glckit_json("verify-patches")
    assert (status, report["damaged_ids"]) == (1, US)
    assert admitted() == FR


def test_archives_that_are_named_answer_for_themselves_alone(folder: Path) -> None:
    write_archives(folder / "archives", IDS)
    one = folder / "archives" / f"{archive_of(173)}.tar.gz"
    status, report = glckit_json("verify-patches", one)
    assert status == 0
    assert report["unchecked_ids"] == [i for i in IDS if archive_of(i) != archive_of(173)]


def test_parts_share_what_is_missing(folder: Path) -> None:
    write_tree(folder, FR)
    configure(folder, more='patches = ["patches_fr"]\n')
    parts = [glckit_json("verify-patches", "--subset", f"{i}/3")[1]["damaged_ids"] for i in (1, 2, 3)]
    assert sorted(i for part in parts for i in part) == US


@pytest.mark.parametrize(
    "patches", ["", 'patches = ["patches_fr", "patches_us"]', 'patches = ["patches_fr"]']
)
def test_france_extracted_and_the_us_in_archives_is_whole(folder: Path, patches: str) -> None:
    write_tree(folder, FR)
    write_archives(folder / "archives", US)
    configure(folder, more=patches)
    status, report = glckit_json("verify-patches")
    assert (status, report["checked"], report["unchecked_ids"]) == (0, len(IDS), [])
    assert admitted() == IDS


def test_archives_of_a_tree_whose_folder_is_named_otherwise_are_found_by_all(folder: Path) -> None:
    write_tree(folder, FR)
    write_tree(folder, US, home=archive_of)
    configure(folder, more='patches = ["patches_fr", "patches_us"]')
    assert glckit_json("verify-patches")[0] == 0
    assert admitted() == IDS


@pytest.mark.parametrize("setting", ["test", "train"])
def test_table_that_is_named_and_absent_is_no_reason_to_verify_less(folder: Path, setting: str) -> None:
    write_tree(folder, IDS[1:])
    (folder / "competition.toml").write_text(
        f'[competition]\n{setting} = ["alll.csv"]\n[data]\npatch_size = {PATCH_SIZE}\n'
    )
    for command in (("verify-patches",), ("extract", *write_archives(folder / "a", FR).iterdir(), "-o", "b")):
        result = glckit(*command)
        assert result.exit_code == 3
        assert "alll.csv" in result.stderr


def test_repair_finds_what_only_the_archives_know(folder: Path) -> None:
    write_tree(folder, IDS)
    write_archives(folder / "archives", IDS)
    wholes = {path: flip(path) for path in (path_of(folder, 173), path_of(folder, FR[2], "altitude"))}
    assert glckit_json("verify-patches")[0] == 0  # without checksums, nobody can see it
    result = glckit("verify-patches", "--repair", "--archives", "archives", "--no-cache")
    assert result.exit_code == 0, result.output
    assert "Repaired 2" in result.stdout
    assert {path: path.read_bytes() for path in wholes} == wholes


def test_repair_mends_from_what_is_whole_and_names_the_archive_that_is_not(folder: Path) -> None:
    write_tree(folder, IDS)
    write_archives(folder / "archives", IDS)
    spoiled = folder / "archives" / f"{archive_of(173)}.tar.gz"
    os.truncate(spoiled, 2000)
    other = next(i for i in US if archive_of(i) != archive_of(173))
    whole = flip(path_of(folder, other))
    result = glckit("verify-patches", "--repair", "--archives", "archives")
    assert result.exit_code == 0, result.output
    assert path_of(folder, other).read_bytes() == whole
    assert f"Nothing was compared with archives/{spoiled.name}." in result.stdout


def test_fresh_look_is_kept_for_the_next_run_and_the_gate(folder: Path) -> None:
    write_tree(folder, IDS)
    os.truncate(path_of(folder, 173), 700)
    let_settle()
    assert glckit_json("verify-patches", "--no-cache")[0] == 1
    assert f"{len(IDS)} occurrences were checked before" in glckit("verify-patches").stdout
    with pytest.raises(BadInputError, match="wrong-size 1"):
        admit(IDS, find_competition().patch_paths, patch_size=PATCH_SIZE)


# Two processes, and a user without a home.


def process(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "glckit", *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )


def test_verification_beside_a_repair_loses_nothing(folder: Path) -> None:
    write_tree(folder, IDS)
    write_archives(folder / "archives", IDS)
    for i in IDS[::3]:
        os.truncate(path_of(folder, i), 900)
    let_settle()
    mending = process("verify-patches", "--repair", "--archives", "archives")
    looking = [process("verify-patches"), process("verify-patches", "--no-cache")]
    assert mending.communicate()[1] == ""
    assert mending.returncode == 0
    for each in looking:
        out, errors = each.communicate()
        assert errors == ""
        assert each.returncode == (0 if out.startswith("whole") else 1)
    assert glckit("verify-patches").exit_code == 0
    assert admitted() == IDS


def test_two_verifications_at_once_are_both_remembered(folder: Path) -> None:
    write_tree(folder, IDS)
    os.truncate(path_of(folder, 173), 900)
    let_settle()
    both = [process("verify-patches", "--subset", f"{part}/2") for part in (1, 2)]
    assert sorted((each.communicate()[1], each.returncode)[1] for each in both) == [0, 1]
    assert f"{len(IDS)} occurrences were checked before" in glckit("verify-patches").stdout


def test_user_without_a_home_shows_and_verifies(folder: Path) -> None:
    write_tree(folder, IDS)
    code = (
        "import os, pwd, runpy, sys\n"
        "def unknown(_): raise KeyError('no such user')\n"
        "pwd.getpwuid = unknown\n"
        "sys.argv = ['glckit', *sys.argv[1:]]\n"
        "runpy.run_module('glckit', run_name='__main__')\n"
    )
    environment = {
        name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")
    }
    environment |= {"TMPDIR": str(folder.parent)}
    for command in (["verify-patches"], ["show", "173", "--data", "."]):
        done = subprocess.run(
            [sys.executable, "-c", code, *command],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert (folder.parent / "glckit/verified.sqlite").is_file()
    assert (folder.parent / "glckit").stat().st_mode & 0o077 == 0
    shutil.rmtree(folder.parent / "glckit")
    (folder.parent / "glckit").mkdir(mode=0o777)
    (folder.parent / "glckit").chmod(0o777)  # where anybody could have put what vouches for damage
    subprocess.run(
        [sys.executable, "-c", code, "verify-patches"], capture_output=True, env=environment, check=True
    )
    assert (folder.parent / f"glckit-{os.getuid()}/verified.sqlite").is_file()


# What the manifest or the archives do not hold.


@pytest.fixture
def no_tables(folder: Path) -> Path:
    for table in folder.glob("*.csv"):
        table.unlink()
    (folder / "competition.toml").write_text(f"[data]\npatch_size = {PATCH_SIZE}\n")
    return write_tree(folder, IDS)


def test_patches_in_no_archive_are_checked_too(no_tables: Path) -> None:
    write_archives(no_tables / "archives", US)
    os.truncate(path_of(no_tables, FR[0]), 900)
    code, report = glckit_json("verify-patches", ".", "--archives", "archives")
    assert (code, report["checked"], report["damaged_ids"]) == (1, len(IDS), [FR[0]])
    text = glckit("verify-patches", ".", "--archives", "archives").stdout
    assert f"{len(FR)} occurrences are not in the manifest." in text
    assert "single flipped bits" in text  # of these, nobody can know
    part = glckit_json("verify-patches", ".", "--archives", "archives", "--subset", "1/2")[1]
    other = glckit_json("verify-patches", ".", "--archives", "archives", "--subset", "2/2")[1]
    assert part["checked"] + other["checked"] == len(IDS)  # type: ignore[operator]


def test_patches_in_no_manifest_are_checked_too(no_tables: Path) -> None:
    assert glckit("verify-patches", "patches_us", "--make-manifest", "us.txt").exit_code == 0
    path_of(no_tables, FR[0]).unlink()
    code, report = glckit_json("verify-patches", ".", "--manifest", "us.txt")
    assert (code, report["checked"], report["damaged_ids"]) == (1, len(IDS), [FR[0]])
    path_of(no_tables, US[0]).unlink()
    path_of(no_tables, US[0], "altitude").unlink()
    assert glckit_json("verify-patches", ".", "--manifest", "us.txt")[1]["damaged_ids"] == sorted(
        [US[0], FR[0]]
    )


def test_known_damage_that_a_repair_cannot_mend_stays_damage(no_tables: Path) -> None:
    write_archives(no_tables / "archives", IDS)
    spoiled = no_tables / "archives" / f"{archive_of(173)}.tar.gz"
    flip(path_of(no_tables, 173))
    assert glckit("verify-patches", ".", "--archives", "archives").exit_code == 1
    os.truncate(spoiled, 2000)
    code, report = glckit_json("verify-patches", ".", "--repair", "--archives", "archives")
    assert (code, report["damaged_ids"]) == (1, [173])
