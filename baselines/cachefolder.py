"""Where glckit keeps what it can make again."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """Return the user's cache folder of glckit, as the system has it (``XDG_CACHE_HOME`` on Linux).

    In containers, a user may have no home at all: then it lies in the folder of temporary files.
    """
    import platformdirs

    try:
        folder = platformdirs.user_cache_path("glckit", appauthor=False)
    except RuntimeError:  # of newer releases; older ones return a path from the tilde
        folder = Path("~")
    return _temporary_folder() if folder.parts[0] == "~" else folder


def _temporary_folder() -> Path:
    # Anybody may write there: what lies in the folder of another user would vouch for damaged patches.
    place = Path(tempfile.gettempdir())
    uid = os.getuid() if hasattr(os, "getuid") else 0
    for folder in (place / "glckit", place / f"glckit-{uid}"):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = folder.lstat()
        except OSError:
            continue
        if stat.S_ISDIR(status.st_mode) and status.st_uid == uid and not status.st_mode & 0o022:
            return folder
    return Path(tempfile.mkdtemp(prefix="glckit-"))
