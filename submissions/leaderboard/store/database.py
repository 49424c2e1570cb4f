"""A store of submissions: a SQLite file or a database server, read whole and written in one go."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from submissions.errors import CannotCheckError, UsageError
from submissions.leaderboard.entries import Evidence, Submission
from submissions.leaderboard.ranking import RankSets
from submissions.leaderboard.store.engines import StorePlace, transaction
from submissions.leaderboard.store.packing import unpacked
from submissions.leaderboard.store.records import row_of, submission_of
from submissions.leaderboard.store.schema import LOCK, refuse_unusable, upgrade
from submissions.leaderboard.store.tables import ABOUT, EVIDENCE, RANK_SETS, REVISION, SUBMISSIONS

# So many computed rank sets are kept; there are three for each state of a board.
_KEPT_RANK_SETS = 30

# What brief submissions do not have.
_LONG = ("breakdown", "metadata")


class Store:
    """Submissions and their evidence.

    Parameters
    ----------
    place : StorePlace
        The file, or the database.
    """

    def __init__(self, place: StorePlace) -> None:
        self.place = place

    @classmethod
    def opened(cls, place: StorePlace) -> Store:
        """Open a store, and take one of an older version to the newest.

        Raises
        ------
        UsageError
            If there is none, or a newer glckit wrote it.
        CannotCheckError
            If it cannot be used, or is something else.
        """
        if place.file is not None and not place.file.exists():
            raise UsageError(f"There is no store {place.shown}.", "Make one: glckit leaderboard init")
        store = cls(place)
        with store._reading() as connection:
            found = refuse_unusable(connection, place.shown)
        if found != REVISION:
            with store._writing() as connection:
                upgrade(connection)
        return store

    @classmethod
    def made(cls, place: StorePlace) -> Store:
        """Make a store where there is none.

        Raises
        ------
        UsageError
            If there is one already.
        CannotCheckError
            If it cannot be made.
        """
        if place.file is not None:
            _refuse_folder(place.file)
        store = cls(place)
        store._engine = place.engine(new=True)
        with transaction(store._engine, "write", place.shown) as connection:
            if sa.inspect(connection).has_table(SUBMISSIONS.name):
                raise UsageError(f"There is a store {place.shown} already.", "It is used as it is.")
            upgrade(connection)
        return store

    @cached_property
    def _engine(self) -> Engine:
        return self.place.engine()

    def submissions(self, *, team: str | None = None, brief: bool = False) -> tuple[Submission, ...]:
        """Return all submissions, or those of a team, in the order of their numbers.

        Brief ones have neither breakdown nor metadata, which are most of what there is to read.
        """
        with self._reading() as connection:
            return _submissions(connection, team, brief=brief)

    def yardsticks(self) -> list[str]:
        """Return what submissions were scored against, each once."""
        with self._reading() as connection:
            return _yardsticks(connection)

    def evidence(self, number: int) -> Evidence:
        """Return the evidence of a submission that was once valid."""
        with self._reading() as connection:
            data = connection.scalar(sa.select(EVIDENCE.c.packed).where(EVIDENCE.c.number == number))
        if data is None:
            raise CannotCheckError(f"The store {self.place.shown} has no evidence of submission {number}.")
        return unpacked(data)

    def rank_sets(self, key: str) -> RankSets | None:
        """Return rank sets that were remembered under a key."""
        with self._reading() as connection:
            sets = connection.scalar(sa.select(RANK_SETS.c.sets).where(RANK_SETS.c.key == key))
        return None if sets is None else {int(number): tuple(both) for number, both in sets.items()}

    def remember_rank_sets(self, key: str, sets: RankSets) -> None:
        """Keep rank sets under a key; a store that cannot be written to does without."""
        oldest = sa.select(RANK_SETS.c.key).order_by(RANK_SETS.c.made.desc()).offset(_KEPT_RANK_SETS)
        with contextlib.suppress(CannotCheckError), self._writing() as connection:
            connection.execute(RANK_SETS.delete().where(RANK_SETS.c.key == key))
            row = {
                "key": key,
                "made": _now(),
                "sets": {str(number): list(both) for number, both in sets.items()},
            }
            connection.execute(RANK_SETS.insert().values(row))
            surplus = list(connection.scalars(oldest))
            connection.execute(RANK_SETS.delete().where(RANK_SETS.c.key.in_(surplus)))

    @contextlib.contextmanager
    def writing(self) -> Iterator[Writer]:
        """Write while nobody else does: all that the block writes, or nothing if it fails.

        Raises
        ------
        CannotCheckError
            If the store cannot be written to.
        """
        with self._writing() as connection:
            yield Writer(connection)

    def _reading(self) -> contextlib.AbstractContextManager[Connection]:
        return transaction(self._engine, "read", self.place.shown)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        with transaction(self._engine, "write", self.place.shown) as connection:
            # SQLite locks its file, and passes over this; servers lock the row until the transaction ends.
            connection.execute(sa.select(ABOUT.c.name).where(ABOUT.c.name == LOCK).with_for_update())
            yield connection


class Writer:
    """A store in a transaction of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def submissions(self, *, team: str | None = None) -> tuple[Submission, ...]:
        """Return all submissions, or those of a team, in the order of their numbers."""
        return _submissions(self._connection, team)

    def yardsticks(self) -> list[str]:
        """Return what submissions were scored against, each once."""
        return _yardsticks(self._connection)

    def add(self, submission: Submission, packed: bytes | None) -> int:
        """Store a new submission and its packed evidence, and return the number that it gets."""
        row = {**row_of(submission), "added": _now()}
        number = self._connection.execute(SUBMISSIONS.insert().values(row)).inserted_primary_key
        assert number is not None
        self._set_evidence(number[0], packed)
        return int(number[0])

    def replace(self, submission: Submission, packed: bytes | None) -> None:
        """Store anew what is known of a submission."""
        self.update(submission)
        self._set_evidence(submission.number, packed)

    def update(self, submission: Submission) -> None:
        """Store anew what is known of a submission, and leave its evidence as it is."""
        of_number = SUBMISSIONS.c.number == submission.number
        self._connection.execute(SUBMISSIONS.update().where(of_number).values(row_of(submission)))

    def _set_evidence(self, number: int, packed: bytes | None) -> None:
        self._connection.execute(EVIDENCE.delete().where(EVIDENCE.c.number == number))
        if packed is not None:
            self._connection.execute(EVIDENCE.insert().values(number=number, packed=packed))


def _submissions(connection: Connection, team: str | None, *, brief: bool = False) -> tuple[Submission, ...]:
    columns = [each for each in SUBMISSIONS.c if not (brief and each.name in _LONG)]
    wanted = sa.select(*columns).order_by(SUBMISSIONS.c.number)
    if team is not None:
        wanted = wanted.where(SUBMISSIONS.c.team == team)
    rows = connection.execute(wanted).mappings()
    return tuple(submission_of(dict(row)) for row in rows)


def _yardsticks(connection: Connection) -> list[str]:
    return sorted(connection.scalars(sa.select(SUBMISSIONS.c.yardstick).distinct()))


def _now() -> datetime:
    return datetime.now(UTC)


def _refuse_folder(file: Path) -> None:
    if file.is_dir():
        raise UsageError(f"{file} is a folder, not a store.", "Set leaderboard.store to the name of a file.")
