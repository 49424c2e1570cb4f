"""Checksum lists in text, as md5sum and its kin write them: ``hexdigits  path`` per line. Read strictly.

A list that was cut, edited, or carried through a text-mode copy would let damage pass or call whole
files damaged, so everything that such tools do not write themselves is a fault.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from baselines.covariates.patches.errors import readable
from baselines.integrity.manifests.digests import DIGEST_BYTES
from submissions.errors import CannotCheckError
from submissions.opening import open_file
from submissions.printable import printable

_LINE = re.compile(rb"([0-9A-Fa-f]+) [ *](.+)")
_BY_LENGTH = {2 * n_bytes: name for name, n_bytes in DIGEST_BYTES.items() if name != "xxh3_128"}
_MAX_NAMED = 3


@dataclass(frozen=True)
class Checklist:
    """Checksums of files by their paths.

    Parameters
    ----------
    algorithm : str
        ``"crc32"``, ``"md5"``, ``"sha1"`` or ``"sha256"``, told by the number of digits.
    digests : dict of str to bytes
        By relative path, with forward slashes.
    """

    algorithm: str
    digests: dict[str, bytes]


def read_checklist(path: str | os.PathLike[str]) -> Checklist:
    """Read a checksum list such as the organizers' ``hashes.md5``.

    Raises
    ------
    CannotCheckError
        If the file cannot be read, a line is not what md5sum and its kin write, the last line is cut, a path
        stands twice, is absolute or leaves its folder. The message names the lines.
    """
    with readable(path), open_file(path) as file:
        content = file.read()
    digests: dict[str, bytes] = {}
    faults = list(_faults(content, digests))
    if faults:
        more = f" and {len(faults) - _MAX_NAMED} more" if len(faults) > _MAX_NAMED else ""
        named = printable("; ".join(faults[:_MAX_NAMED]))
        raise CannotCheckError(
            f"The checksum list {printable(path)} cannot be trusted: {named}{more}.",
            "Fetch it again; it has one line 'digits  path' per file.",
        )
    n_digits = 2 * len(next(iter(digests.values())))
    return Checklist(_BY_LENGTH[n_digits], digests)


def _faults(content: bytes, digests: dict[str, bytes]) -> Iterator[str]:
    lines = content.split(b"\n")
    if lines.pop() != b"":
        yield "its last line does not end, so it may be cut"
    if not any(lines):
        yield "it has no lines"
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line.removesuffix(b"\r"))
        if match is None:
            yield f"line {number} is not 'digits  path'"
            continue
        digits, path = match[1].decode(), match[2].decode("utf-8", "surrogateescape")
        if (fault := _fault_of_fields(line, digits, path=path, digests=digests)) is not None:
            yield f"line {number} {fault}"
        else:
            digests[path] = bytes.fromhex(digits)


def _fault_of_fields(line: bytes, digits: str, *, path: str, digests: dict[str, bytes]) -> str | None:
    own_length = 2 * len(next(iter(digests.values()), b""))
    if line.endswith(b"\r"):
        return "ends with CR LF"
    if digits != digits.lower():
        return "has upper-case digits"
    if len(digits) not in _BY_LENGTH or own_length not in (0, len(digits)):
        return f"has {len(digits)} digits, unlike any checksum known or the lines above"
    if path.startswith("/") or "\\" in path or ".." in PurePosixPath(path).parts:
        return f"names {path}, which leaves the folder"
    return f"names {path} a second time" if path in digests else None
