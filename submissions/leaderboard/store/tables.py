"""The tables of a store, as its newest version has them; `migrations` makes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

#: The version of the tables below.
REVISION = "0001"

_FORM = "%Y-%m-%dT%H:%M:%S.%fZ"


class Utc(TypeDecorator[datetime]):
    """A time in UTC as text of fixed width, which sorts as time does and means the same in every database."""

    impl = sa.String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Write a time."""
        return None if value is None else value.astimezone(UTC).strftime(_FORM)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Read a time."""
        return None if value is None else datetime.fromisoformat(value)


class Json(TypeDecorator[Any]):
    """Data as JSON in ASCII: floats to the last bit, and no character that a database could refuse."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        """Write data."""
        return json.dumps(value, allow_nan=False, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read data."""
        return None if value is None else json.loads(value)


METADATA = sa.MetaData()

ABOUT = sa.Table(
    "about",
    METADATA,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

SUBMISSIONS = sa.Table(
    "submissions",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("team", sa.String(200), nullable=False),
    sa.Column("run", sa.String(200), nullable=False),
    sa.Column("submitted", Utc, nullable=False),
    sa.Column("added", Utc, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("status", sa.String(10), nullable=False),
    sa.Column("yardstick", sa.Text, nullable=False),
    sa.Column("parts", Json, nullable=False),
    sa.Column("breakdown", Json, nullable=False),
    sa.Column("faults", Json, nullable=False),
    sa.Column("warnings", Json, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("metadata", Json, nullable=False),
    sa.Column("version", sa.String(40), nullable=False),
    sa.Column("replaced", Json, nullable=False),
    sa.Column("kept", sa.Boolean, nullable=False),
    sa.UniqueConstraint("team", "digest", name="one_of_a_team"),
)

# In a table of its own: lists of submissions never read it.
EVIDENCE = sa.Table(
    "evidence",
    METADATA,
    sa.Column("number", sa.Integer, sa.ForeignKey("submissions.number"), primary_key=True),
    sa.Column("packed", sa.LargeBinary, nullable=False),
)

# Rank sets that were computed, by a digest of all that they depend on.
RANK_SETS = sa.Table(
    "rank_sets",
    METADATA,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("made", Utc, nullable=False),
    sa.Column("sets", Json, nullable=False),
)
