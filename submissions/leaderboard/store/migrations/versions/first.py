"""The first version: submissions, their evidence, rank sets that were computed, and what the store is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "about",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "submissions",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("team", sa.String(200), nullable=False),
        sa.Column("run", sa.String(200), nullable=False),
        sa.Column("submitted", sa.String(27), nullable=False),
        sa.Column("added", sa.String(27), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("yardstick", sa.Text, nullable=False),
        sa.Column("parts", sa.Text, nullable=False),
        sa.Column("breakdown", sa.Text, nullable=False),
        sa.Column("faults", sa.Text, nullable=False),
        sa.Column("warnings", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("metadata", sa.Text, nullable=False),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("replaced", sa.Text, nullable=False),
        sa.Column("kept", sa.Boolean, nullable=False),
        sa.UniqueConstraint("team", "digest", name="one_of_a_team"),
    )
    op.create_table(
        "evidence",
        sa.Column("number", sa.Integer, sa.ForeignKey("submissions.number"), primary_key=True),
        sa.Column("packed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "rank_sets",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("made", sa.String(27), nullable=False),
        sa.Column("sets", sa.Text, nullable=False),
    )
