"""Telling what a file is from its first bytes."""

from __future__ import annotations

import re

PARQUET = b"PAR1"
NUMPY = b"\x93NUMPY"

_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
# Protocols 2 to 5; older ones are text.
_PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def why_not_a_table(head: bytes) -> str | None:
    """Return what a file is that cannot be a text table, by its first bytes; None if it may be one.

    Examples
    --------
    >>> why_not_a_table(b"<!DOCTYPE html><title>404 Not Found</title>")
    'an HTML page'
    >>> why_not_a_table(b"occurrence_id;species_id;probability") is None
    True
    """
    if head.startswith(_PICKLES):
        return "a pickle"
    if head.startswith(_UTF16_BOMS):
        return "text in UTF-16; save it as UTF-8"
    text = head.removeprefix(_UTF8_BOM).lstrip().lower()
    for start, what in (
        (b"<!doctype html", "an HTML page"),
        (b"<html", "an HTML page"),
        (b"<", "XML or HTML"),
        (b"{", "JSON"),
        (b"[", "JSON"),
        (b"version https://git-lfs", "a Git LFS pointer; run git lfs pull"),
        (NUMPY.lower(), "a NumPy array; name it X.npy and put its ids beside it"),
    ):
        if text.startswith(start):
            return what
    first_line = head.split(b"\n", 1)[0]
    if b"\0" in first_line:
        return "binary data or UTF-16 (NUL bytes in the first line)"
    return "binary data" if _CONTROL.search(first_line) or not _is_utf8(first_line) else None


def how_to_make_a_table(head: bytes) -> str | None:
    """Return what to do about a file that is no table, None where sending the right file is all there is."""
    if head.startswith(_PICKLES):
        return "Write the run as text or Parquet, not as a pickle."
    is_utf16 = head.startswith(_UTF16_BOMS) or b"\0" in head.split(b"\n", 1)[0]
    return "Save it as text in UTF-8." if is_utf16 else None


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"  # the head may end within a character
    return True


def is_blank(text: bytes) -> bool:
    """Say whether there are nothing but blanks, and perhaps a byte order mark."""
    return not text.removeprefix(_UTF8_BOM).strip()
