"""Where glckit keeps what it can make again."""

from __future__ import annotations

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
    return Path(tempfile.gettempdir()) / "glckit" if folder.parts[0] == "~" else folder
