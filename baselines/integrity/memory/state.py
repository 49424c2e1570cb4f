"""The state file: what earlier checks showed, so that a second run, or one after a kill, continues."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from baselines.cachefolder import cache_folder
from baselines.integrity.findings import Finding
from baselines.integrity.memory.records import (
    NOT_A_RECORD,
    NOTHING,
    Record,
    from_text,
    joined_records,
    to_text,
    with_comparisons,
)
from baselines.integrity.options import VerifyOptions
from scoring.version import VERSION
from submissions.printable import printable

# Two verifications of one tree share the file; each waits for the other's short writes.
_PATIENCE_S = 10.0
# What is lost to a kill is at most what was checked in this time.
_SECONDS_BETWEEN_WRITES = 1.0
# Raised when the table or the records in it change; a file of a higher one is of a newer glckit.
_FORMAT = 1
# Raised when what a deep check remembers in order to compare it means something else.
_FACTS = 2
_TABLE = """
create table if not exists checks (
    folder text, settings text, record text, primary key (folder, settings)
) without rowid
"""
_FIND = "select folder, record from checks where settings = ? and folder in ({})"
_KEEP = "insert or replace into checks values (?, ?, ?)"
_CURE = "Set XDG_CACHE_HOME to a folder that can be written to; a file that is damaged may be removed."


# SQLite raises the third for a number that is too large, or a text with NUL.
_ERRORS = (OSError, sqlite3.Error, ValueError)


class State:
    """Remember what checks showed, by folder and by the options that the outcome depends on.

    SQLite keeps the file whole when a process is killed, and apart when two write at once; what one
    writes joins what is there. What is remembered of a patch counts only while the size, times and inode of
    its files are what they were. Without a file, nothing is remembered; nor is it with one that cannot be
    used, and `trouble` then says why. No work is lost for it.
    """

    def __init__(self, options: VerifyOptions) -> None:
        self.trouble = ""
        self._settings = _digest_of(options)
        self._path = None if options.state is None else Path(options.state)
        self._connection: sqlite3.Connection | None = None
        self._is_writable = True
        self._lock = threading.Lock()  # joblib asks for the next portion in threads of its own
        self._waiting: list[tuple[str, Callable[[Record], Record]]] = []
        self._written_at = time.monotonic()
        if self._path is not None:
            try:
                self._connection = _connected(self._path)
            except _ERRORS as error:
                self._complain(error)

    def close(self) -> None:
        """Write what is to be remembered, and close the file."""
        if self._connection is not None:
            self._write(self._connection)
            self._connection.close()

    def recall(self, folders: Sequence[str]) -> dict[str, Record]:
        """Return what is remembered of some folders, named by their absolute paths."""
        if self._connection is None:
            return {}
        query = _FIND.format(",".join("?" * len(folders)))
        try:
            with self._lock:
                rows = self._connection.execute(query, (self._settings, *folders)).fetchall()
        except _ERRORS as error:
            self._complain(error)
            self._connection = None  # or each portion would wait for it again
            return {}
        return {folder: self._read(text) for folder, text in rows}

    def remember(self, records: Iterable[tuple[str, Record]]) -> None:
        """Keep what checks of some folders showed, written together with what else is of the same second."""
        if self._connection is None or not self._is_writable:
            return
        self._waiting += [
            (folder, functools.partial(joined_records, new=record)) for folder, record in records
        ]
        if time.monotonic() - self._written_at > _SECONDS_BETWEEN_WRITES:
            self._write(self._connection)

    def remember_comparisons(self, found: Mapping[str, Mapping[int, Sequence[Finding]]]) -> None:
        """Put what comparisons showed of patches, by folder, in the place of what earlier ones did."""
        if self._connection is not None:
            self._waiting += [
                (key, functools.partial(with_comparisons, found=own)) for key, own in found.items()
            ]

    def _write(self, connection: sqlite3.Connection) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting and self._is_writable:
            try:
                with self._lock, connection:
                    connection.execute("begin immediate")  # nobody writes between our reading and our writing
                    for folder, change in waiting:
                        self._change(connection, folder, change)
            except _ERRORS as error:
                self._complain(error)
                self._is_writable = False
        self._written_at = time.monotonic()

    def _change(
        self, connection: sqlite3.Connection, folder: str, change: Callable[[Record], Record]
    ) -> None:
        rows = connection.execute(_FIND.format("?"), (self._settings, folder)).fetchall()
        known = self._read(rows[0][1]) if rows else NOTHING
        connection.execute(_KEEP, (folder, self._settings, to_text(change(known))))

    def _read(self, text: str) -> Record:
        try:
            return from_text(text)
        except NOT_A_RECORD:
            self.trouble = self.trouble or (
                f"The state file {printable(self._path)} is damaged in places; "
                "what cannot be read there is not known."
            )
            return NOTHING

    def _complain(self, error: Exception) -> None:
        self.trouble = (
            f"Nothing is remembered of this: the state file {printable(self._path)} cannot be used: {error}. "
            f"{_CURE}"
        )


def default_state_path() -> Path:
    """Return where verifications are remembered unless said otherwise: in the user's cache.

    One file for all trees, told apart by the paths of their folders, so that a verification by hand
    vouches for a later training. Not beside the trees, since data are often read-only.
    """
    return cache_folder() / "verified.sqlite"


def usable_state(path: str | os.PathLike[str]) -> tuple[Path | None, str]:
    """Return a state file if it can be used; else None, and why not.

    A full or read-only home should not keep anybody from verifying.
    """
    with contextlib.closing(State(VerifyOptions(state=path))) as memory:
        return (None, memory.trouble) if memory.trouble else (Path(path), "")


def _connected(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=_PATIENCE_S, check_same_thread=False)
    try:
        # A text that is none must not keep others from being read.
        connection.text_factory = lambda raw: raw.decode(errors="replace")
        connection.execute("pragma synchronous = normal")
        (form,) = connection.execute("pragma user_version").fetchone()
        if form > _FORMAT:
            raise sqlite3.DatabaseError("it is of a newer glckit")
        if form < _FORMAT:
            with connection:
                connection.execute("begin immediate")
                connection.execute(_TABLE)
                connection.execute(f"pragma user_version = {_FORMAT}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _digest_of(options: VerifyOptions) -> str:
    # What the outcome of a check depends on, but for the level and the manifest, which are remembered.
    limits = asdict(options.limits)
    parts = {"patch_size": options.side, "thresholds": limits, "version": VERSION, "facts": _FACTS}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
