"""What is the same on all platforms: pages, the truth and its rules, the scorer that we wrote."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scoring.version import VERSION
from submissions.platforms.checks.findings import BundleFault, Files, first_difference
from submissions.platforms.programs.reference import META, TRUTH_FILE

#: Beyond so many bytes platforms were seen to stay at "unpacking" for ever.
MAX_BYTES = 1 << 30

_AGAIN = "Make the bundle again with glckit bundle."
_KEYS = (
    "glckit",
    "competition",
    "k",
    "metric",
    "labels",
    "edition",
    "form",
    "max_rows",
    "allow_missing",
    "files",
    "public",
)


def missing_file(place: str, name: str) -> BundleFault:
    """Return the fault of a file that is named and not there."""
    return BundleFault(
        "missing-file", place, f"{name} is not in the bundle", "Add the file, or correct the path."
    )


def empty_pages(files: Files, names: Sequence[str]) -> Iterator[BundleFault]:
    """Yield pages that say nothing, and those that are no text."""
    for name in names:
        data = files.get(name)
        if data is not None and not data.strip():
            yield BundleFault("empty-page", name, "the page is empty", "Write what participants should know.")
        elif data is not None and _text(data) is None:
            yield BundleFault("unreadable", name, "the page is not text in UTF-8", "Save it as UTF-8.")


def wrong_picture(files: Files, name: str) -> Iterator[BundleFault]:
    """Yield a logo that is no picture."""
    data = files.get(name, b"\x89PNG\r\n\x1a\n")
    if not data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        yield BundleFault(
            "wrong-picture", name, "the file is neither PNG nor JPEG", "Give a picture in PNG or JPEG."
        )


def too_large(files: Files) -> Iterator[BundleFault]:
    """Yield files so large that platforms choke on them."""
    for name, data in files.items():
        if len(data) > MAX_BYTES:
            message = f"{len(data):,} bytes, where more than {MAX_BYTES:,} are known to stop the unpacking"
            yield BundleFault(
                "too-large", name, message, "Leave it out, or keep fewer species per occurrence."
            )


def wrong_reference(files: Files, folder: str) -> Iterator[BundleFault]:
    """Yield what is wrong with the files that a scorer reads, which stand in a folder."""
    place = folder + META
    if place not in files:
        yield missing_file(place, place)
        return
    meta = meta_of(files[place])
    if meta is None:
        yield BundleFault("unreadable", place, "the file is not JSON with the rules of a bundle", _AGAIN)
        return
    for name, said in meta["files"].items():
        if folder + name not in files:
            yield missing_file(folder + name, folder + name)
        elif hashlib.sha256(files[folder + name]).hexdigest() != said.get("sha256"):
            yield BundleFault(
                "changed-file", folder + name, f"the file is not the one that {META} speaks of", _AGAIN
            )
    yield from wrong_rules(meta, place)


def changed_tables(files: Files, meta: Mapping[str, Any] | None) -> Iterator[BundleFault]:
    """Yield tables for participants that are not as they were made, such as with an occurrence less."""
    for name, said in () if meta is None else meta["public"].items():
        data = files.get(name)
        if data is None:
            yield missing_file(name, name)
        elif hashlib.sha256(data).hexdigest() != said.get("sha256"):
            found, made = data.count(b"\n") - 1, said.get("rows")
            rows = "as many rows" if found == made else f"{found} rows, not {made}"
            message = f"the file for participants is not the one that {META} speaks of: it has {rows}"
            yield BundleFault("changed-file", name, message, _AGAIN)


def wrong_rules(meta: Mapping[str, Any], place: str) -> Iterator[BundleFault]:
    """Yield rules that cannot be meant."""
    if not isinstance(meta["k"], int) or isinstance(meta["k"], bool) or meta["k"] < 1:
        yield BundleFault(
            "wrong-rules", f"{place}: k", f"k must be a positive integer, not {meta['k']!r}", _AGAIN
        )
    lost = [name for name in meta["metric"] if name not in meta["labels"]]
    if lost:
        yield BundleFault("wrong-rules", f"{place}: labels", f"no label for {', '.join(lost)}", _AGAIN)


def meta_of(data: bytes) -> dict[str, Any] | None:
    """Return the rules that a bundle scores by, None if these are not in the data."""
    try:
        meta = json.loads(data)
    except (ValueError, RecursionError):
        return None
    kinds = {"labels": dict, "files": dict, "public": dict, "metric": list}
    is_whole = isinstance(meta, dict) and all(key in meta for key in _KEYS)
    return meta if is_whole and all(isinstance(meta[key], kind) for key, kind in kinds.items()) else None


def changed_scorer(place: str, data: bytes, expected: str) -> Iterator[BundleFault]:
    """Yield that a scorer is not the one that we make."""
    text = _text(data)
    line = first_difference(text or "", expected)
    if line is None:
        return
    other = "" if f"glckit {VERSION} " in (text or "") else " (it is of another version of glckit)"
    yield BundleFault(
        "changed-scorer",
        f"{place}, line {line}",
        f"the scorer is not the one that glckit {VERSION} writes{other}",
        _AGAIN,
    )


def leaked_truth(files: Files, truth: bytes | None, folders: Sequence[str]) -> Iterator[BundleFault]:
    """Yield files for participants that say the true species."""
    for name, data in files.items():
        if not name.startswith(tuple(folders)):
            continue
        header = data.split(b"\n", 1)[0].lower()
        has_labels = name.endswith("occurrences_test.csv") and b"species" in header
        if has_labels or name.endswith("/" + TRUTH_FILE) or (truth and truth in data):
            message = "participants would get the true species"
            yield BundleFault("leaked-truth", name, message, "Remove the column or the file.")


def _text(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
