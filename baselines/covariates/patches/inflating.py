"""Decompressing gzip files with rapidgzip, within what the system lets a process have."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from baselines.covariates.patches.errors import readable
from submissions.errors import CannotCheckError, require
from submissions.opening import open_file
from submissions.printable import printable

# It decompresses some four chunks at a time for each thread, and zeros grow a thousandfold: chunks of 4 MiB,
# its default, take 2.6 GB on 8 cores for a file of zeros, these 1 GB; they cost 10 % of the speed.
_CHUNK_BYTES = 1 << 20
# Address space that each thread reserves, measured with 0.16.2; without it, the process dies of SIGSEGV.
_BYTES_A_THREAD = 7 << 28


def open_gzip(path: str | os.PathLike[str], *, n_threads: int | None = None) -> Any:
    """Open a gzip file with rapidgzip, on all cores unless fewer threads are asked for or have room.

    It must be closed before the interpreter ends, or it aborts the process. Raises CannotCheckError if the
    file cannot be opened, or a limit of the address space leaves no room for a single thread.
    """
    rapidgzip = require("rapidgzip", "patches")
    n_cores = os.cpu_count() or 1 if n_threads is None else n_threads
    n_possible = min(n_cores, _free_address_space() // _BYTES_A_THREAD)
    if n_possible < 1:
        raise CannotCheckError(
            f"Cannot decompress {printable(path)}: the limit of address space is too low.",
            f"Leave {_BYTES_A_THREAD / 2**30:.2f} GiB and more, such as by: ulimit -v unlimited.",
        )
    with readable(path), open_file(path):  # absent and forbidden files, in our words
        pass
    try:
        return rapidgzip.RapidgzipFile(os.fspath(path), parallelization=n_possible, chunk_size=_CHUNK_BYTES)
    except ValueError:
        with readable(path), open_file(path):  # it does not say why: no descriptor is left, perhaps
            raise


def _free_address_space() -> int:
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit == resource.RLIM_INFINITY:
            return 1 << 62
        n_pages = int(Path("/proc/self/statm").read_text().split()[0])
        return max(limit - n_pages * resource.getpagesize(), 0)
    except (ImportError, OSError):  # Windows, and systems without /proc
        return 1 << 62
