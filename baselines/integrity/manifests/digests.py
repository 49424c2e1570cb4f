"""The checksums that manifests know, each a function from bytes to bytes."""

from __future__ import annotations

import functools
import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from submissions.errors import UsageError, require

Digester = Callable[[bytes], bytes]

#: Bytes of each checksum's digest, by name.
DIGEST_BYTES = {"xxh3_128": 16, "crc32": 4, "md5": 16, "sha1": 20, "sha256": 32}
#: The checksum of manifests that are made from trees; those from archives hold the archives' CRC-32.
ALGORITHM = "xxh3_128"


@dataclass(frozen=True, slots=True)
class Proof:
    """What a manifest says of one file: its checksum, and the function that computes it."""

    digest: bytes
    digest_of: Digester


def digester(name: str) -> Digester:
    """Return the function that computes the checksum of a name, one of `DIGEST_BYTES`.

    It can travel to other processes. Raises UsageError if the name is unknown, or the package that brings
    it is not installed.
    """
    if name not in DIGEST_BYTES:
        raise UsageError(f"There is no checksum {name!r}.", f"Known: {', '.join(DIGEST_BYTES)}.")
    if name == "xxh3_128":
        of_xxhash: Digester = require("xxhash", "patches").xxh3_128_digest
        return of_xxhash
    return _crc32 if name == "crc32" else functools.partial(_of_hashlib, name=name)


def _crc32(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "big")


def _of_hashlib(data: bytes, *, name: str) -> bytes:
    return hashlib.new(name, data, usedforsecurity=False).digest()
