"""Where the size of patches comes from: what is said, the configuration, 256; and the example of the docs."""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from floors import ROOT

from baselines.covariates.patches.errors import DamagedPatchError
from baselines.covariates.patches.reading import PatchReader
from baselines.covariates.patches.sources import open_patches
from baselines.covariates.patches.tree import TreeSource
from submissions.tables import read_occurrence_ids

SIZE = 16  # of the tiny world


def _example() -> str:
    page = (ROOT / "docs" / "patches.md").read_text()
    found = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_of_the_documentation_works_in_a_small_world(tiny_world: Path) -> None:
    occurrence = int(read_occurrence_ids([tiny_world / "occurrences_us_test.csv"])[0])
    code = _example().replace('"data"', '"."').replace("10561900", str(occurrence))
    code += "print(planes.shape, (batch[0] == planes).all(), reader.patch_size)"
    path = f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(
        command, cwd=tiny_world, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert done.stdout == f"(6, {SIZE}, {SIZE}) True {SIZE}\n", done.stderr


@pytest.mark.parametrize("below", [".", "patches_us", "archives"])
def test_it_is_that_of_the_configuration_in_or_above_the_folder(
    below: str, tiny_world: Path, tmp_path: Path
) -> None:
    world = shutil.copytree(tiny_world, tmp_path / "world")  # indexes are written beside archives
    occurrence = int(read_occurrence_ids([world / "occurrences_us_test.csv"])[0])
    reader = PatchReader(open_patches(world / below, ids=[occurrence]))
    assert reader.read(occurrence).shape == (6, SIZE, SIZE)
    assert copy.copy(reader).patch_size == SIZE


def test_what_is_said_wins_and_without_a_configuration_it_is_256(tiny_world: Path, tmp_path: Path) -> None:
    reader = PatchReader(open_patches(tiny_world), patch_size=36)
    with pytest.raises(DamagedPatchError, match="bytes"):
        reader.read(int(read_occurrence_ids([tiny_world / "occurrences_us_test.csv"])[0]))
    assert PatchReader(TreeSource(tmp_path)).patch_size == 256
