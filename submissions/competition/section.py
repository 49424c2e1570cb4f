"""One section of a ``competition.toml``, read with the types that it should have."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from scoring.metrics.table import metrics_named
from submissions.editions import EDITIONS, Edition
from submissions.errors import UsageError

_T = TypeVar("_T")
_N = TypeVar("_N", int, None)


class Section:
    """One section of the file, read with the types that it should have."""

    def __init__(self, path: Path, name: str, content: Mapping[str, Any]) -> None:
        self._path, self._name, self._content = path, name, content
        self.folder = path.parent

    def get(self, key: str, kind: type[_T], default: _T) -> _T:
        """Return a setting of a type."""
        value = self._content.get(key, default)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self._wrong(key, {int: "an integer", str: "a text"}.get(kind, kind.__name__))
        return value

    def positive(self, key: str, default: _N) -> int | _N:
        """Return a positive integer."""
        if key not in self._content:
            return default
        value = self.get(key, int, 0)
        if value < 1:
            raise self._wrong(key, "a positive integer")
        return value

    def path(self, key: str) -> Path | None:
        """Return a path, resolved against the folder of the file."""
        if key not in self._content:
            return None
        return self._below(key, self.get(key, str, ""))

    def paths(self, key: str) -> tuple[Path, ...]:
        """Return several paths; one string is a list of one."""
        value = self._content.get(key, [])
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            raise self._wrong(key, "a list of paths")
        return tuple(self._below(key, each) for each in listed)

    def edition(self) -> Edition | None:
        """Return the edition that is named."""
        if "edition" not in self._content:
            return None
        year = self.get("edition", int, 0)
        if year not in EDITIONS:
            raise self._wrong("edition", f"one of {', '.join(map(str, EDITIONS))}")
        return EDITIONS[year]

    def metrics(self) -> tuple[str, ...]:
        """Return the names of the metrics that are asked for; one string is a list of one."""
        value = self._content.get("metric", [])
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            raise self._wrong("metric", "a list of metrics")
        try:
            return tuple(metric.name for metric in metrics_named(listed))
        except ValueError as error:
            raise UsageError(f"{self._name}.metric in {self._path}: {error}.") from None

    def numbers(self, key: str) -> Mapping[str, float]:
        """Return a table of numbers."""
        value = self._content.get(key, {})
        numbers = value.values() if isinstance(value, dict) else [None]
        if not all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers):
            raise self._wrong(key, "a table of numbers")
        return {name: float(number) for name, number in value.items()}

    def number(self, key: str, default: float, *, low: float, high: float) -> float:
        """Return a number from `low` up to, and without, `high`."""
        value = self._content.get(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value < high:
            raise self._wrong(key, f"a number from {low:g} up to, and without, {high:g}")
        return float(value)

    def one_of(self, key: str, words: tuple[str, ...], default: str) -> str:
        """Return one of some words."""
        value = self._content.get(key, default)
        if value not in words:
            raise self._wrong(key, f"one of {', '.join(words)}")
        return str(value)

    def listed(self, key: str, kind: type[_T], what: str) -> tuple[_T, ...]:
        """Return a list of values of a type."""
        value = self._content.get(key, [])
        if not isinstance(value, list) or not all(type(each) is kind for each in value):
            raise self._wrong(key, f"a list of {what}")
        return tuple(value)

    def time(self, key: str) -> datetime | None:
        """Return a time in UTC."""
        if key not in self._content:
            return None
        value = self._content[key]
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise self._wrong(key, "a time with its offset from UTC, such as 2020-06-05T23:59:59Z")
        return value.astimezone(UTC)

    def _below(self, key: str, path: str) -> Path:
        if "\0" in path:  # no system has such a file, and Python raises a ValueError of its own
            raise self._wrong(key, "a path")
        return self.folder / path

    def _wrong(self, key: str, expected: str) -> UsageError:
        found = self._content.get(key)
        return UsageError(f"{self._name}.{key} in {self._path} must be {expected}, not {found!r}.")
