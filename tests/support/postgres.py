"""A PostgreSQL server for one test session, in a folder of its own, that nothing outside can reach."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

_WANTED = "no PostgreSQL server here: install postgresql (make postgres does, as root on Debian)"
_USERS = ("postgres", "nobody")
_OWNER = "glckit"


@dataclass
class Server:
    """A server that listens on a socket in its folder."""

    folder: Path
    process: subprocess.Popen[bytes]
    n_databases: int = 0

    def url(self, database: str) -> str:
        return f"postgresql://{_OWNER}@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        self.n_databases += 1
        name = f"season_{self.n_databases}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """Start a server as a user without privileges, and stop it at the end; skips where there is none."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip(_WANTED)
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="glckit-postgres-"))
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        data = folder / "data"
        _run([binaries / "initdb", "-D", data, "-U", _OWNER, "-A", "trust", "-E", "UTF8", "--no-sync"], user)
        settings = {"listen_addresses": "", "unix_socket_directories": folder, "fsync": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [str(word) for word in (binaries / "postgres", "-D", data, *options)]
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **_as(user)
        )
        try:
            _wait_for(folder, process)
            yield Server(folder, process)
        finally:
            process.send_signal(signal.SIGINT)  # which waits for no client
            process.wait(60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which("initdb")
    path = found[-1] if found else None if on_path is None else Path(on_path)
    return None if path is None else path.parent


def _user() -> pwd.struct_passwd | None:
    """Return whom to be instead of root, as whom no server runs."""
    if os.geteuid() != 0:
        return None
    for name in _USERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    pytest.skip(f"PostgreSQL does not run as root, and there is neither {' nor '.join(_USERS)}")


def _as(user: pwd.struct_passwd | None) -> dict[str, object]:
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _run(command: list[object], user: pwd.struct_passwd | None) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd="/", **_as(user))  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr


def _wait_for(folder: Path, process: subprocess.Popen[bytes]) -> None:
    import psycopg

    for _ in range(600):
        assert process.poll() is None, "the server ended at once"
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(f"postgresql://{_OWNER}@/postgres?host={folder}").close()
            return
        time.sleep(0.1)
    raise TimeoutError("the server does not answer")
