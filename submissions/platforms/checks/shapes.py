"""What the keys of a configuration may say: kinds, words, lengths; every breach with its place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from submissions.platforms.checks.findings import BundleFault
from submissions.platforms.checks.marked import Marked, Path

Kind = Literal["text", "integer", "boolean", "list", "mapping", "time", "any"]

_WORDS: Mapping[Kind, str] = {
    "text": "a text",
    "integer": "an integer",
    "boolean": "true or false",
    "list": "a list",
    "mapping": "a mapping",
    "time": "a time such as 2026-03-01 00:00:00",
    "any": "anything",
}


@dataclass(frozen=True)
class Key:
    """What a key may say.

    Parameters
    ----------
    choices : tuple
        The words that there are; any if empty.
    longest : int, optional
        Characters of a text.
    least, most : int, optional
        Limits of an integer.
    """

    kind: Kind = "text"
    required: bool = False
    choices: tuple[object, ...] = ()
    longest: int | None = None
    least: int | None = None
    most: int | None = None


def breaches(document: Marked, path: Path, found: Any, keys: Mapping[str, Key]) -> Iterator[BundleFault]:
    """Yield what is wrong with the keys of a mapping."""
    if not isinstance(found, dict):
        yield _of_kind(document, path, "mapping", found)
        return
    for name, key in keys.items():
        if name not in found:
            if key.required:
                yield document.fault("missing-key", (*path, name), "the key is required", f"Write {name}.")
            continue
        yield from _of_value(document, (*path, name), found[name], key)
    for name in found:
        if name not in keys:
            known = ", ".join(keys)
            yield document.fault(
                "unknown-key",
                (*path, str(name)),
                "the platform has no such key, and passes over it",
                f"There are {known}.",
            )


def listed(document: Marked, path: Path, found: Any) -> Sequence[Any]:
    """Return the entries of a list; none where it is not one, which `breaches` says."""
    return found if isinstance(found, list) else []


def mappings(found: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the entries of a list that are mappings, with their numbers."""
    yield from (
        (i, each) for i, each in enumerate(found if isinstance(found, list) else []) if isinstance(each, dict)
    )


def doubled(
    document: Marked, path: Path, found: Any, name: str, *, what: str = "index"
) -> Iterator[BundleFault]:
    """Yield the entries of a list whose value under a key stood before."""
    first: dict[Any, int] = {}
    for i, each in mappings(found):
        value = each.get(name)
        if value is None or isinstance(value, dict | list):
            continue
        if value in first:
            yield document.fault(
                f"doubled-{what}",
                (*path, i, name),
                f"{value!r} is that of {path[-1]}[{first[value]}] already",
                "Give each its own.",
            )
        first.setdefault(value, i)


def time_of(value: Any) -> dt.datetime | None:
    """Return the time, in UTC, that a value says; None if it says none.

    Examples
    --------
    >>> time_of("2026-03-01 12:00:00").isoformat(), time_of("soon")
    ('2026-03-01T12:00:00+00:00', None)
    """
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    elif isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    if not isinstance(value, dt.datetime):
        return None
    return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


def _of_value(document: Marked, path: Path, value: Any, key: Key) -> Iterator[BundleFault]:
    if not _is_of(value, key.kind):
        yield _of_kind(document, path, key.kind, value)
        return
    if key.choices and value not in key.choices:
        words = ", ".join(map(str, key.choices))
        yield document.fault("wrong-word", path, f"it cannot be {value!r}", f"Choose one of: {words}.")
    if key.kind == "text" and not str(value).strip() and key.required:
        yield document.fault("empty-text", path, "the text is empty", "Write something.")
    if key.longest is not None and len(str(value)) > key.longest:
        message = f"{len(str(value))} characters, where {key.longest} are allowed"
        yield document.fault("too-long", path, message, "Shorten it.")
    if key.least is not None and value < key.least:
        yield document.fault(
            "out-of-range", path, f"{value} is less than {key.least}", "Choose a larger number."
        )
    if key.most is not None and value > key.most:
        yield document.fault(
            "out-of-range", path, f"{value} is more than {key.most}", "Choose a smaller number."
        )


def _of_kind(document: Marked, path: Path, kind: Kind, found: Any) -> BundleFault:
    return document.fault(
        "wrong-kind", path, f"it must be {_WORDS[kind]}, not {found!r:.60}", "Mend the value."
    )


def _is_of(value: Any, kind: Kind) -> bool:
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "time":
        return time_of(value) is not None
    kinds: dict[Kind, type] = {"text": str, "boolean": bool, "list": list, "mapping": dict, "any": object}
    return isinstance(value, kinds[kind])
