"""Stores in a file and on a server: what is kept comes back, and what is wrong with them is said."""

from __future__ import annotations

import math
import shutil
import sqlite3
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import postgres
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from privileges import python_without_privileges
from seasons import submission
from sqlalchemy.dialects import sqlite

from scoring.curve import Curve
from scoring.version import VERSION
from submissions.errors import CannotCheckError, UsageError
from submissions.leaderboard.entries import Evidence, PartEvidence, PartScores, Submission
from submissions.leaderboard.store import schema
from submissions.leaderboard.store.database import Store
from submissions.leaderboard.store.engines import StorePlace
from submissions.leaderboard.store.packing import packed, unpacked
from submissions.leaderboard.store.records import row_of
from submissions.leaderboard.store.tables import METADATA, REVISION, Json


def evidence(seed: int = 0) -> Evidence:
    rng = np.random.default_rng(seed)
    left_out = rng.random(7)
    left_out[3] = math.nan
    part = PartEvidence(
        score=0.1 + 0.2,
        slope=-1e-300,
        signature="metric:mrr|version:1",
        values=rng.random(9).astype(np.float32),
        set_sizes=rng.integers(0, 5, 9).astype(np.int32),
        influence=rng.normal(size=7),
        left_out=left_out,
        replicates=rng.random(5),
    )
    thresholds = np.array([0.5, -math.inf])
    curve = Curve(np.arange(1, 3), rng.random(2), rng.random(2), thresholds)
    return Evidence({"whole": part, "private": replace(part, score=1.0)}, curve)


def assert_same(found: Evidence, wanted: Evidence) -> None:
    assert packed(found) == packed(wanted)
    for part, each in wanted.parts.items():
        for name, value in vars(each).items():
            assert np.array_equal(getattr(found.parts[part], name), value, equal_nan=name == "left_out"), name


def full(number: int = 1) -> Submission:
    """Return a submission with all that there is, and characters that databases and terminals do not like."""
    scores = PartScores(
        9, {"mrr": 0.1 + 0.2}, {"mrr": {"low": None, "percentile": [0.0, 5e-324]}}, 1e300, 2.5, "s"
    )
    return submission(
        number,
        team="=cmd|'/C calc'!A0",
        run="Straße; DROP TABLE submissions;--",
        submitted=datetime(2020, 4, 1, 23, 59, 59, 999999, tzinfo=UTC),
        status="valid",
        parts={"whole": scores, "public": scores},
        breakdown=({"by": "region", "part": "fr", "scores": {"mrr": 0.5}},),
        faults=({"code": "bad-id", "message": "\x00\x1b[31m\u202e\ud800"},),
        warnings=({"code": "score-range"},),
        reason="because",
        metadata={"seed": 2**70, "deep": [{"a": None}], "nul": "\x00"},
        version=VERSION,
        replaced=("metric:mrr|version:0",),
        kept=True,
    )


def test_what_is_stored_comes_back_to_the_last_bit(place: StorePlace) -> None:
    store = Store.made(place)
    with store.writing() as writer:
        numbers = [writer.add(full(), packed(evidence())), writer.add(submission(0), None)]
    assert numbers == [1, 2]
    first, second = Store.opened(place).submissions()
    assert first == full(1)
    assert second == replace(submission(0), number=2)
    assert_same(store.evidence(1), evidence())
    with pytest.raises(CannotCheckError, match="no evidence of submission 2"):
        store.evidence(2)


@given(st.dictionaries(st.text(max_size=5), st.floats(allow_nan=False, allow_infinity=False) | st.text()))
def test_any_metadata_survive_as_a_cell(metadata: dict[str, object]) -> None:
    column, dialect = Json(), sqlite.dialect()
    cell = column.process_bind_param(row_of(submission(1, metadata=metadata))["metadata"], dialect)
    assert cell.isascii()
    assert column.process_result_value(cell, dialect) == metadata


def test_evidence_survives_packing() -> None:
    assert_same(unpacked(packed(evidence(3))), evidence(3))
    assert unpacked(packed(replace(evidence(), curve=None))).curve is None


def test_a_failed_block_leaves_no_trace(place: StorePlace) -> None:
    store = Store.made(place)
    with store.writing() as writer:
        writer.add(full(), packed(evidence()))

    def fail() -> None:
        with store.writing() as writer:
            writer.add(submission(0), None)
            writer.replace(replace(full(), status="withdrawn"), None)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert store.submissions() == (full(1),)
    assert_same(store.evidence(1), evidence())


def test_a_file_of_a_team_cannot_be_stored_twice(place: StorePlace) -> None:
    store = Store.made(place)
    with store.writing() as writer:
        writer.add(full(), None)
    with pytest.raises(CannotCheckError, match="cannot be used"), store.writing() as writer:
        writer.add(replace(full(), run="again"), None)
    assert len(store.submissions()) == 1


def test_writers_take_turns(place: StorePlace) -> None:
    """Eight threads each add 1 to what they read: none sees what another is about to change."""
    store = Store.made(place)

    def add(n: int) -> None:
        own = Store.opened(place)
        for i in range(5):
            with own.writing() as writer:
                seen = len(writer.submissions())
                writer.add(submission(0, team=f"{n}.{i}", digest=f"{seen:064x}"), None)

    threads = [threading.Thread(target=add, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    digests = [int(each.digest, 16) for each in store.submissions()]
    assert digests == list(range(40))


def test_the_migrations_make_the_tables_that_the_code_reads(place: StorePlace) -> None:
    store = Store.made(place)
    with store._reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert schema.revision_of(connection) == REVISION


def test_an_older_store_is_taken_to_the_newest(
    place: StorePlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.made(place)
    with store.writing() as writer:
        writer.add(full(), packed(evidence()))
    newer = tmp_path / "newer"
    shutil.copytree(schema.MIGRATIONS, newer, ignore=shutil.ignore_patterns("__pycache__"))
    (newer / "versions" / "second.py").write_text(
        'import sqlalchemy as sa\nfrom alembic import op\nrevision = "0002"\ndown_revision = "0001"\n'
        'def upgrade():\n    op.add_column("submissions", sa.Column("note", sa.Text))\n'
    )
    monkeypatch.setattr(schema.upgrade, "__kwdefaults__", {"migrations": newer})
    for module in ("schema", "database"):
        monkeypatch.setattr(f"submissions.leaderboard.store.{module}.REVISION", "0002")
    taken = Store.opened(place)
    assert taken.submissions() == (full(1),)
    with taken._reading() as connection:
        assert schema.revision_of(connection) == "0002"
        assert "note" in {each["name"] for each in sa.inspect(connection).get_columns("submissions")}


def test_a_store_of_a_newer_version_is_refused_and_left_alone(place: StorePlace) -> None:
    store = Store.made(place)
    with store._writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0042'"))
        connection.execute(sa.text("UPDATE about SET value = '7.1.0' WHERE name = 'written_by'"))
    with pytest.raises(UsageError, match=r"version 0042, written by glckit 7\.1\.0.*Install glckit 7\.1\.0"):
        Store.opened(place)
    with store._reading() as connection:
        assert schema.revision_of(connection) == "0042"


def test_what_is_no_store_is_said(place: StorePlace, tmp_path: Path) -> None:
    with pytest.raises((UsageError, CannotCheckError), match="glckit leaderboard init"):
        Store.opened(place)
    Store.made(place)
    with pytest.raises(UsageError, match="There is a store"):
        Store.made(place)
    (tmp_path / "notes.txt").write_text("hello\n" * 100)
    with pytest.raises(CannotCheckError, match="not a database"):
        Store.opened(StorePlace.of("notes.txt", tmp_path))
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE cats (name)").connection.close()
    with pytest.raises(CannotCheckError, match="not a store of a leaderboard"):
        Store.opened(StorePlace.of("other.db", tmp_path))
    with pytest.raises(UsageError, match="is a folder"):
        Store.made(StorePlace.of(".", tmp_path))
    with pytest.raises(CannotCheckError, match="cannot be used"):
        Store.made(StorePlace.of("absent/store.sqlite", tmp_path))


@pytest.mark.parametrize("setting", ["nonsense://x", "postgresql://:x:/y", "://"])
def test_a_setting_that_names_no_database_is_refused(setting: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"leaderboard\.store is no URL"):
        StorePlace.of(setting, tmp_path)


def test_names_of_files_are_names_of_files(tmp_path: Path) -> None:
    for name in ("a?mode=memory.sqlite", "100%25.sqlite", "über #1.sqlite", "sqlite:///in-url.sqlite"):
        Store.made(StorePlace.of(name, tmp_path))
        assert Store.opened(StorePlace.of(name, tmp_path)).submissions() == ()
    assert {path.name for path in tmp_path.iterdir()} == {
        "a?mode=memory.sqlite",
        "100%25.sqlite",
        "über #1.sqlite",
        "in-url.sqlite",
    }


def test_no_message_has_a_password(tmp_path: Path) -> None:
    place = StorePlace.of("postgresql://user:hunter2@localhost:1/nothing", tmp_path)
    with pytest.raises(CannotCheckError, match="cannot be used") as raised:
        Store.opened(place)
    assert "hunter2" not in str(raised.value)
    assert "user:***@localhost" in str(raised.value)


def test_rank_sets_are_remembered_and_the_oldest_forgotten(place: StorePlace) -> None:
    store = Store.made(place)
    assert store.rank_sets("a") is None
    store.remember_rank_sets("a", {3: (1, 2)})
    store.remember_rank_sets("a", {3: (1, 1)})
    assert store.rank_sets("a") == {3: (1, 1)}
    for i in range(31):
        store.remember_rank_sets(f"b{i}", {i: (1, 1)})
    assert store.rank_sets("a") is None
    assert store.rank_sets("b30") == {30: (1, 1)}


READ_ONLY = """
import sys
from pathlib import Path
from submissions.errors import CannotCheckError
from submissions.leaderboard.store.database import Store
from submissions.leaderboard.store.engines import StorePlace
store = Store.opened(StorePlace.of("s.sqlite", Path(sys.argv[1])))
print(len(store.submissions()))
store.remember_rank_sets("a", {1: (1, 1)})
print(store.rank_sets("a"))
try:
    with store.writing() as writer:
        writer.update(store.submissions()[0])
except CannotCheckError as error:
    print(error)
"""


def test_a_store_in_a_read_only_folder_can_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "fixed"
    folder.mkdir()
    with Store.made(StorePlace.of("s.sqlite", folder)).writing() as writer:
        writer.add(full(), None)
    (folder / "s.sqlite").chmod(0o444)
    folder.chmod(0o555)
    done = python_without_privileges("-c", READ_ONLY, folder)
    folder.chmod(0o755)
    n_submissions, sets, said = done.stdout.splitlines()
    assert (n_submissions, sets) == ("1", "None"), done.stderr
    assert "readonly database" in said


def test_a_dropped_connection_stores_nothing_and_says_so(
    postgres_server: postgres.Server, tmp_path: Path
) -> None:
    store = Store.made(StorePlace.of(postgres_server.new_database(), tmp_path))

    def write() -> None:
        with store.writing() as writer:
            writer.add(full(), packed(evidence()))
            postgres_server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'"
            )
            writer.submissions()

    with pytest.raises(CannotCheckError, match=r"terminating connection.*same command can be given again"):
        write()
    assert store.submissions() == ()
