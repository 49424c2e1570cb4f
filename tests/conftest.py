"""What every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_DEFAULT_REALDATA = Path(__file__).parents[2] / "shared" / "realdata"


@pytest.fixture(scope="session")
def realdata() -> Path:
    """Folder of real files; tests that want it skip where it is absent."""
    folder = Path(os.environ.get("GLCKIT_REALDATA", _DEFAULT_REALDATA))
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}; set GLCKIT_REALDATA")
    return folder
