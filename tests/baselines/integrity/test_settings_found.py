"""From Python as from the command line: the competition.toml above the patches says what they must be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from patches_on_disk import PATCH_SIZE, make_ids, write_archives, write_tree

from baselines.integrity.extraction.extract import extract_archives
from baselines.integrity.gate import admit
from baselines.integrity.options import VerifyOptions
from baselines.integrity.verify import verify_patches
from submissions.errors import BadInputError, UsageError

IDS = make_ids(4, 4)
SETTINGS = f"[data]\npatch_size = {PATCH_SIZE}\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    write_tree(folder, IDS)
    (folder / "competition.toml").write_text(SETTINGS)
    return folder


def test_size_is_that_of_the_configuration(tree: Path) -> None:
    assert verify_patches([tree], np.array(IDS)).verdict == "whole"
    assert verify_patches([tree / "patches_us", tree / "patches_fr"], np.array(IDS)).verdict == "whole"
    assert admit(IDS, [tree], state=tree.parent / "state").ids.tolist() == IDS


def test_size_is_read_from_the_current_folder_too(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert verify_patches(["."], np.array(IDS)).verdict == "whole"
    assert admit(IDS, ["."], state=tree.parent / "state").ids.tolist() == IDS


def test_size_that_is_given_wins(tree: Path) -> None:
    report = verify_patches([tree], np.array(IDS), options=VerifyOptions(patch_size=32))
    assert report.damaged_ids == tuple(IDS)
    with pytest.raises(BadInputError, match="wrong-size 8"):
        admit(IDS, [tree], patch_size=32, state=tree.parent / "state")


def test_limits_are_those_of_the_configuration(tree: Path) -> None:
    (tree / "competition.toml").write_text(SETTINGS + "[verify]\nmax_classes = 1\n")
    state = tree.parent / "state"
    report = verify_patches([tree], np.array(IDS), options=VerifyOptions(state=state))
    assert report.damaged_ids == tuple(IDS)
    with pytest.raises(BadInputError, match="implausible 8"):
        admit(IDS, [tree], state=state)


def test_configuration_that_cannot_be_used_is_refused(tree: Path) -> None:
    (tree / "competition.toml").write_text("[verify]\nmax_clases = 1\n")
    with pytest.raises(UsageError, match="max_classes"):
        verify_patches([tree], np.array(IDS))


def test_extraction_goes_by_the_configuration_of_the_archives(tmp_path: Path) -> None:
    archives = write_archives(tmp_path / "data", IDS)
    (tmp_path / "data" / "competition.toml").write_text(SETTINGS)
    extraction = extract_archives(sorted(archives.glob("patches_*")), tmp_path / "out")
    assert extraction.ok
    assert extraction.n_written == 2 * len(IDS)
