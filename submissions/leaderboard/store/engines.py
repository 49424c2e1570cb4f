"""Connections to the database of a store, and what its errors mean."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.pool import NullPool

from submissions.errors import CannotCheckError, UsageError, require
from submissions.printable import printable

# Writers of a file wait for each other so long.
_SECONDS_OF_WAITING = 120

#: Whether a transaction only reads, or writes while nobody else does.
Access = Literal["read", "write"]


@dataclass(frozen=True)
class StorePlace:
    """Where a store is.

    Parameters
    ----------
    url : URL, optional
        Of a database server; None where it is a file.
    file : Path, optional
        Of SQLite.
    """

    url: URL | None
    file: Path | None

    @classmethod
    def of(cls, store: str, folder: Path) -> StorePlace:
        """Return the place that a setting names: a file of the folder, or a URL of SQLAlchemy.

        Raises
        ------
        UsageError
            If it is no URL of a database that is known.
        """
        if "://" not in store:
            return cls(None, folder / store)
        try:
            url = make_url(store)
            if url.get_backend_name() == "sqlite":
                return cls(None, folder / (url.database or ""))
            if url.drivername == "postgresql":
                url = url.set(drivername="postgresql+psycopg")
            url.get_dialect()
        except (sa.exc.SQLAlchemyError, ValueError) as error:
            raise UsageError(f"leaderboard.store is no URL of a database: {_first_line(error)}.") from error
        return cls(url, None)

    @property
    def shown(self) -> str:
        """What people are told, without a password."""
        return printable(self.file) if self.url is None else self.url.render_as_string(hide_password=True)

    def engine(self, *, new: bool = False) -> Engine:
        """Return connections to it; a file is only made where it is to be new."""
        if self.file is not None:
            return _of_file(self.file, new=new)
        assert self.url is not None
        if self.url.get_backend_name() == "postgresql":
            require("psycopg", "leaderboard")
        try:
            return sa.create_engine(self.url, poolclass=NullPool)  # commands are short, connections few
        except ModuleNotFoundError as error:
            raise UsageError(f"{self.shown} needs a driver that is not installed: {error.name}.") from error


@contextlib.contextmanager
def transaction(engine: Engine, access: Access, shown: str) -> Iterator[Connection]:
    """Open a transaction that is committed if the block succeeds, and leaves no trace if it fails.

    Raises
    ------
    CannotCheckError
        If the database cannot be used.
    """
    with errors_named(shown), engine.execution_options(access=access).begin() as connection:
        yield connection


@contextlib.contextmanager
def errors_named(shown: str) -> Iterator[None]:
    """Turn what a database reports into the error that says which store it is, and what to do."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise CannotCheckError(
            f"The store {shown} cannot be used: {_first_line(error.orig)}.",
            "What was stored before is whole, and the same command can be given again: "
            "what it has stored already is not stored twice.",
        ) from error


def _of_file(file: Path, *, new: bool) -> Engine:
    mode = "rwc" if new else "rw"
    uri = f"file:{quote(str(file.absolute()))}?mode={mode}"

    def connect() -> sqlite3.Connection:
        # Transactions begin as is said below, not when the module thinks that they should.
        return sqlite3.connect(uri, uri=True, timeout=_SECONDS_OF_WAITING, isolation_level=None)

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=NullPool)

    @sa.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("access") == "write"
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _first_line(error: object) -> str:
    lines = printable(error, keep="\n").strip().splitlines() or ["it does not say why"]
    return lines[0].strip().rstrip(".")
