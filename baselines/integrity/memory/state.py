"""The state file: what earlier checks showed, so that a second run, or one after a kill, continues."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, astuple
from pathlib import Path

from baselines.cachefolder import cache_folder
from baselines.integrity.findings import LEVELS, Finding, Level, Problem
from baselines.integrity.memory.records import Record
from baselines.integrity.options import VerifyOptions
from baselines.integrity.patches.facts import Facts
from baselines.integrity.patches.patch import CheckedPatch
from scoring.version import VERSION
from submissions.errors import CannotCheckError

# Two verifications of one tree share the file; each waits for the other's short writes.
_PATIENCE_S = 60.0
# What is lost to a kill is at most what was checked in this time.
_SECONDS_BETWEEN_WRITES = 1.0
_TABLE = """
create table if not exists folders (
    folder text, settings text, level integer, manifest text, record text,
    primary key (folder, settings, level, manifest)
) without rowid
"""
_FIND = """
select folder, level, record from folders
where settings = ? and level >= ? and (manifest = ? or ? = '') and folder in ({})
order by level, manifest
"""
_KEEP = "insert or replace into folders values (?, ?, ?, ?, ?)"


class State:
    """Remember what checks showed, by folder, options, level and the digest of a manifest, if there was one.

    SQLite keeps the file whole when a process is killed, and apart when two write at once. What is
    remembered of a file counts only while its size, times and inode are what they were; and a full check
    vouches for a quick one. Without a file, nothing is remembered.
    """

    def __init__(self, options: VerifyOptions, *, manifest: str = "") -> None:
        self._settings = _digest_of(options)
        self._level = LEVELS.index(options.level)
        self._manifest = manifest
        self._connection = None if options.state is None else _connected(Path(options.state))
        self._lock = threading.Lock()  # joblib asks for the next portion in threads of its own
        self._waiting: list[tuple[str, str, int, str, str]] = []
        self._written_at = time.monotonic()

    def close(self) -> None:
        """Write what is to be remembered, and close the file."""
        if self._connection is not None:
            self._write(self._connection)
            self._connection.close()

    def recall(self, folders: Sequence[str]) -> dict[str, Record]:
        """Return what is remembered of some folders, named by their absolute paths.

        Raises CannotCheckError if the state file is broken.
        """
        if self._connection is None:
            return {}
        query = _FIND.format(",".join("?" * len(folders)))
        keys = (self._settings, self._level, self._manifest, self._manifest)
        with _errors_explained(), self._lock:
            rows = self._connection.execute(query, (*keys, *folders)).fetchall()
        return {folder: _from_text(text, LEVELS[level]) for folder, level, text in rows}

    def remember(self, records: Iterable[tuple[str, Record]]) -> None:
        """Keep what checks of some folders showed, written together with what else is of the same second.

        Raises CannotCheckError if the state file cannot be written.
        """
        if self._connection is None:
            return
        self._waiting += [
            (folder, self._settings, self._level, self._manifest, _to_text(record))
            for folder, record in records
        ]
        if time.monotonic() - self._written_at > _SECONDS_BETWEEN_WRITES:
            self._write(self._connection)

    def _write(self, connection: sqlite3.Connection) -> None:
        if self._waiting:
            with _errors_explained(), self._lock, connection:
                connection.executemany(_KEEP, self._waiting)
        self._waiting, self._written_at = [], time.monotonic()


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
    try:
        State(VerifyOptions(state=path)).close()
    except CannotCheckError as error:
        return None, error.message
    return Path(path), ""


def _connected(path: Path) -> sqlite3.Connection:
    with _errors_explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=_PATIENCE_S, check_same_thread=False)
        connection.execute("pragma synchronous = normal")
        connection.execute(_TABLE)
        return connection


@contextlib.contextmanager
def _errors_explained(path: Path | None = None) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        where = f"The state file {path}" if path is not None else "The state file"
        raise CannotCheckError(
            f"{where} cannot be used: {error}.", "Remove it, or go without with --no-cache."
        ) from error


def _digest_of(options: VerifyOptions) -> str:
    # What the outcome of a check depends on, but for the level, which is compared.
    limits = asdict(options.thresholds)
    parts = {"patch_size": options.patch_size, "thresholds": limits, "version": VERSION}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _to_text(record: Record) -> str:
    patches = record.patches.values()
    fields = {
        "statuses": {patch.occurrence_id: patch.status for patch in patches},
        "findings": [astuple(finding) for patch in patches for finding in patch.findings],
        "facts": [astuple(patch.facts) for patch in patches if patch.facts is not None],
    }
    return json.dumps(fields, separators=(",", ":"))


def _from_text(text: str, level: Level) -> Record:
    fields = json.loads(text)
    findings: dict[int | None, list[Finding]] = defaultdict(list)
    for problem, *place in fields["findings"]:
        finding = Finding(Problem(*problem), *place)
        findings[finding.occurrence_id].append(finding)
    facts = {values[0]: Facts(*values) for values in fields["facts"]}
    statuses = {int(key): status for key, status in fields["statuses"].items()}
    return Record(
        {i: CheckedPatch(i, findings.get(i, ()), status, facts.get(i)) for i, status in statuses.items()},
        level,
    )
