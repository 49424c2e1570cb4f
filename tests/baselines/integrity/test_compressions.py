"""Zips whose members are compressed as the reader does not read: all who look at them say the same."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from patches_on_disk import PATCH_SIZE, make_patch

from baselines.covariates.patches.errors import DamagedPatchError
from baselines.covariates.patches.layout import relative_path
from baselines.covariates.patches.reading import PatchReader
from baselines.covariates.patches.sources import open_patches
from baselines.integrity.archives.check import check_archive
from baselines.integrity.extraction.extract import extract_archives

ID = 10500  # in 00/05, so in patches_us_01


@pytest.mark.parametrize(
    ("method", "name"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "lzma"), (97, "method 97")]
)
def test_compressions_that_are_not_read(tmp_path: Path, method: int, name: str) -> None:
    path = tmp_path / "patches_us_01.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if method == 97 else method) as archive:
        for kind, content in zip(("bands", "altitude"), make_patch(ID), strict=True):
            archive.writestr(f"patches_us_01/{relative_path(ID, kind)}", content)
        for entry in archive.infolist():
            entry.compress_type = method  # what the directory says
    words = f"compressed in a way that is not read ({name}); pack it again with deflate"
    found = check_archive(path, patch_size=PATCH_SIZE).findings
    assert {(f.problem.fault, f.problem.found) for f in found} == {("bad-header", words)}
    assert extract_archives([path], tmp_path / "out", patch_size=PATCH_SIZE).n_written == 0
    with pytest.raises(DamagedPatchError) as caught:
        PatchReader(open_patches(path), patch_size=PATCH_SIZE).read(ID)
    assert (caught.value.code, caught.value.what) == ("bad-header", f"is {words}")
