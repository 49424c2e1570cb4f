"""Stores of both kinds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import postgres
import pytest

from submissions.leaderboard.store.engines import StorePlace


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    with postgres.server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def store_setting(request: pytest.FixtureRequest) -> str:
    """What leaderboard.store says: a file of the competition folder, or the URL of an empty database."""
    if request.param == "sqlite":
        return "leaderboard.sqlite"
    return request.getfixturevalue("postgres_server").new_database()


@pytest.fixture
def place(store_setting: str, tmp_path: Path) -> StorePlace:
    return StorePlace.of(store_setting, tmp_path)
