"""Making a store, telling its version, and taking it to the newest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from scoring.version import VERSION
from submissions.errors import CannotCheckError, UsageError
from submissions.leaderboard.store.tables import ABOUT, REVISION

#: The folder of the migrations.
MIGRATIONS = Path(__file__).parent / "migrations"

_VERSIONS = sa.table("alembic_version", sa.column("version_num"))
#: What the row is called that writers lock.
LOCK = "lock"


def revision_of(connection: Connection) -> str | None:
    """Return the version of a store; None where there are no tables of one."""
    if not sa.inspect(connection).has_table(_VERSIONS.name):
        return None
    return connection.scalar(sa.select(_VERSIONS.c.version_num))


def refuse_unusable(connection: Connection, shown: str) -> str:
    """Return the version of a store that this glckit can read.

    Raises
    ------
    CannotCheckError
        If it is something else than a store.
    UsageError
        If a newer glckit wrote it.
    """
    found = revision_of(connection)
    if found is None:
        raise CannotCheckError(
            f"{shown} is not a store of a leaderboard.", "glckit leaderboard init makes one."
        )
    if found > REVISION:
        writer = connection.scalar(sa.select(ABOUT.c.value).where(ABOUT.c.name == "written_by"))
        raise UsageError(
            f"{shown} is a store of version {found}, written by glckit {writer}; "
            f"glckit {VERSION} knows up to {REVISION}.",
            f"Install glckit {writer} or later.",
        )
    return found


def upgrade(connection: Connection, *, migrations: Path = MIGRATIONS) -> None:
    """Make the tables of a store, or take them to the newest version, in the transaction of a connection."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    script = ScriptDirectory(str(migrations))

    def steps(revision: Any, _: Any) -> Any:
        return script._upgrade_revs("head", revision)

    with EnvironmentContext(config, script, fn=steps) as environment:
        environment.configure(connection=connection, transactional_ddl=False)
        environment.run_migrations()
    is_new = connection.scalar(sa.select(sa.func.count()).select_from(ABOUT)) == 0
    if is_new:
        connection.execute(ABOUT.insert().values(name=LOCK, value="taken by writers"))
        connection.execute(ABOUT.insert().values(name="written_by", value=VERSION))
    else:
        connection.execute(ABOUT.update().where(ABOUT.c.name == "written_by").values(value=VERSION))
