"""What is wrong with a bundle is said, with its place, before any upload."""

from __future__ import annotations

import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from mutant_bundles import MUTANTS, Change, Files

from baselines.prior import prior_of
from submissions.competition.settings import read_competition
from submissions.errors import CannotCheckError, UsageError
from submissions.platforms.checks import unpacking
from submissions.platforms.checks.checking import check_bundle
from submissions.platforms.checks.codabench import codabench_faults
from submissions.platforms.checks.evalai import evalai_faults
from submissions.platforms.checks.findings import BundleFault
from submissions.platforms.checks.huggingface import huggingface_faults
from submissions.platforms.checks.kaggle import kaggle_faults
from submissions.platforms.checks.unpacking import find_bundle, read_tree, unzipped
from submissions.platforms.making import BundleOptions, Platform, make_bundle

PLATFORMS: tuple[Platform, ...] = ("codabench", "evalai", "kaggle", "huggingface")
FAULTS = {
    "codabench": codabench_faults,
    "evalai": evalai_faults,
    "kaggle": kaggle_faults,
    "huggingface": huggingface_faults,
}


@pytest.fixture(scope="module")
def bundles(tiny_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a bundle of each platform."""
    folder = tmp_path_factory.mktemp("bundles")
    competition = read_competition(tiny_world / "competition.toml")
    options = BundleOptions(start=datetime(2026, 3, 1, tzinfo=UTC), end=datetime(2026, 6, 1, tzinfo=UTC))
    for platform in PLATFORMS:
        baseline = prior_of(competition, max_rows=20)
        make_bundle(platform, competition, folder / platform, options=options, write_baseline=baseline)
    return folder


def files_of(bundles: Path, platform: str) -> Files:
    return read_tree(bundles / platform / platform)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_bundle_as_it_is_made_has_no_faults(bundles: Path, platform: str) -> None:
    assert list(FAULTS[platform](files_of(bundles, platform))) == []
    packed, faults = unzipped(bundles / platform / f"{platform}.zip")
    assert faults == ()
    assert packed == files_of(bundles, platform)


@pytest.mark.parametrize(
    ("platform", "change", "code", "place"),
    [pytest.param(each[0], *each[2:], id=f"{each[0]}: {each[1]}") for each in MUTANTS],
)
def test_a_mutant_is_refused_with_its_place(
    bundles: Path, platform: str, change: Change, code: str, place: str
) -> None:
    files = files_of(bundles, platform)
    change(files)
    faults = list(FAULTS[platform](files))
    fitting = [fault for fault in faults if fault.code == code and place in fault.place]
    assert fitting, shown(faults)
    assert all(fault.message and fault.fix for fault in faults)


def test_a_lost_occurrence_is_said_in_rows(bundles: Path, tmp_path: Path) -> None:
    shutil.copytree(bundles / "huggingface" / "huggingface", tmp_path / "huggingface")
    table = tmp_path / "huggingface" / "public_data" / "occurrences_test.csv"
    header, lost, *rest = table.read_text().splitlines()
    assert lost
    table.write_text("\n".join([header, *rest, ""]))
    with zipfile.ZipFile(tmp_path / "huggingface.zip", "w") as archive:
        for name, data in read_tree(tmp_path / "huggingface").items():
            archive.writestr(name, data)
    (check,) = check_bundle(tmp_path, [])
    assert not check.ok
    (fault,) = check.faults
    assert (fault.code, fault.place) == ("changed-file", "public_data/occurrences_test.csv")
    assert fault.message.endswith(f"it has {len(rest)} rows, not {len(rest) + 1}")
    table.write_text("\n".join([header, *rest, lost + "1", ""]))
    faults = list(huggingface_faults(read_tree(tmp_path / "huggingface")))
    assert [fault.message.rpartition("it has ")[2] for fault in faults] == ["as many rows"]


def shown(faults: list[BundleFault]) -> str:
    return "\n".join(f"{fault.code} | {fault.place} | {fault.message}" for fault in faults) or "no fault"


def test_there_are_enough_kinds_of_mutants() -> None:
    assert len({(platform, code, what) for platform, what, _, code, _ in MUTANTS}) >= 100


def test_all_faults_are_said_at_once(bundles: Path) -> None:
    files = files_of(bundles, "codabench")
    for _, _, change, _, _ in (
        each for each in MUTANTS if each[1] in ("a wrong rule", "empty terms", "no picture")
    ):
        change(files)
    assert {fault.code for fault in codabench_faults(files)} == {"wrong-word", "empty-page", "missing-file"}


@pytest.fixture
def mine(bundles: Path, tmp_path: Path) -> Path:
    """A bundle that may be changed."""
    shutil.copytree(bundles / "codabench", tmp_path / "out")
    return tmp_path / "out"


def repacked(folder: Path, *more: tuple[str, bytes], below: str = "") -> None:
    with zipfile.ZipFile(folder / "codabench.zip", "w") as archive:
        for name, data in [*read_tree(folder / "codabench").items(), *more]:
            archive.writestr(below + name, data)


def codes(folder: Path) -> dict[str, str]:
    return {fault.code: fault.place for check in check_bundle(folder, []) for fault in check.faults}


def test_a_zip_in_a_folder_is_refused(mine: Path) -> None:
    repacked(mine, below="codabench/")
    assert codes(mine)["nested-folder"] == "codabench.zip: codabench/competition.yaml"


def test_what_macos_leaves_in_a_zip_is_refused(mine: Path) -> None:
    repacked(mine, ("__MACOSX/._competition.yaml", b"x"), (".DS_Store", b"x"))
    assert codes(mine) == {"macos-junk": "codabench.zip: .DS_Store"}


def test_a_zip_that_is_older_than_its_folder_is_refused(mine: Path) -> None:
    (mine / "codabench" / "pages" / "data.md").write_text("# Other data\n")
    assert codes(mine) == {"other-zip": "codabench.zip: pages/data.md"}


def test_a_change_of_the_folder_is_checked_before_it_is_zipped(mine: Path) -> None:
    (mine / "codabench" / "pages" / "data.md").write_text("")
    assert codes(mine) == {"empty-page": "pages/data.md", "other-zip": "codabench.zip: pages/data.md"}


def test_paths_that_lead_out_of_the_zip_are_refused(mine: Path) -> None:
    repacked(mine, ("../outside.md", b"x"))
    assert codes(mine)["unsafe-path"] == "codabench.zip: ../outside.md"


def test_a_file_twice_in_a_zip_is_refused(mine: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        repacked(mine, ("logo.png", (mine / "codabench" / "logo.png").read_bytes()))
    assert codes(mine)["doubled-file"] == "codabench.zip: logo.png"


def test_a_zip_bomb_is_not_unpacked(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_BYTES", 1 << 20)
    repacked(mine, ("pages/zeros.md", bytes(2 << 20)))
    assert codes(mine)["too-large"] == "codabench.zip"


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"not a zip"])
def test_what_is_no_zip_is_refused(mine: Path, data: bytes) -> None:
    (mine / "codabench.zip").write_bytes(data)
    assert codes(mine)["unreadable"] == "codabench.zip"


def test_a_bundle_without_its_zip_is_refused(mine: Path) -> None:
    (mine / "codabench.zip").unlink()
    assert codes(mine) == {"missing-file": "codabench.zip"}


def test_a_bundle_is_found_as_zip_tree_or_both(mine: Path) -> None:
    for path in (mine, mine / "codabench", mine / "codabench.zip"):
        assert find_bundle(path).platform == "codabench"
        assert codes(path) == {}
    renamed = mine / "upload.zip"
    (mine / "codabench.zip").rename(renamed)
    assert find_bundle(renamed).platform == "codabench"


def test_no_bundle_is_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(CannotCheckError, match="There is no"):
        find_bundle(tmp_path / "absent")
    with pytest.raises(UsageError, match="holds no bundle"):
        find_bundle(tmp_path)
    for platform in ("codabench", "kaggle"):
        (tmp_path / platform).mkdir()
    with pytest.raises(UsageError, match="codabench, kaggle"):
        find_bundle(tmp_path)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_empty_bundle_is_faults_and_no_traceback(tmp_path: Path, platform: Platform) -> None:
    (tmp_path / platform).mkdir()
    (check,) = check_bundle(tmp_path, [])
    assert not check.ok
    assert {fault.code for fault in check.faults} >= {"missing-file"}
