"""What every test may use."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# The time of one example says nothing on a busy machine; equal seeds make equal examples.
settings.register_profile("glckit", deadline=None, derandomize=True)
settings.load_profile("glckit")

# What a shell starts in the background ignores Ctrl-C, and so would the commands that tests interrupt.
with contextlib.suppress(ValueError):  # not in the main thread
    signal.signal(signal.SIGINT, signal.default_int_handler)

_DEFAULT_REALDATA = Path(__file__).parents[2] / "shared" / "realdata"


@pytest.fixture(scope="session")
def realdata() -> Path:
    """Folder of real files; tests that want it skip where it is absent."""
    folder = Path(os.environ.get("GLCKIT_REALDATA", _DEFAULT_REALDATA))
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}; set GLCKIT_REALDATA")
    return folder


@pytest.fixture(scope="session")
def tiny_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a world of 200 occurrences, 20 species and patches of 16 pixels; copy it to change it."""
    from baselines.world.folder import WorldPlan, make_world

    plan = WorldPlan(n_occurrences=200, n_species=20, patch_size=16)
    return make_world(tmp_path_factory.mktemp("tiny") / "world", plan).folder


@pytest.fixture(scope="session")
def patch_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a world of 60 occurrences and 8 species, with patches of 40 pixels: enough for the CNN."""
    from baselines.world.folder import WorldPlan, make_world

    plan = WorldPlan(n_occurrences=60, n_species=8, patch_size=40)
    return make_world(tmp_path_factory.mktemp("patches") / "world", plan).folder
