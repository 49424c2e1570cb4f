"""The checksums that manifests know, each a function from bytes to bytes."""

from __future__ import annotations

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

    Raises UsageError if the name is unknown, or the package that brings it is not installed.
    """
    if name == "xxh3_128":
        require("xxhash", "patches")
        return _xxh3_128
    if name == "crc32":
        return _crc32
    if name in DIGEST_BYTES:
        return _OF_HASHLIB[name]
    raise UsageError(f"There is no checksum {name!r}.", f"Known: {', '.join(DIGEST_BYTES)}.")


# Functions with names, since they travel to other processes.
def _xxh3_128(data: bytes) -> bytes:
    import xxhash

    digest: bytes = xxhash.xxh3_128_digest(data)
    return digest


def _crc32(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "big")


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


_OF_HASHLIB: dict[str, Digester] = {"md5": _md5, "sha1": _sha1, "sha256": _sha256}
