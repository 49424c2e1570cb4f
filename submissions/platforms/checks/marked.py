"""YAML, and JSON with it, as data whose places are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from submissions.errors import require
from submissions.platforms.checks.findings import BundleFault
from submissions.platforms.documents import EXTRA

#: Where something stands in data: keys and numbers, from the outside in.
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Marked:
    """Data from a file, with the line of each of its parts.

    Parameters
    ----------
    value : object
        None where the file could not be read.
    """

    name: str
    value: Any
    lines: dict[Path, int] = field(default_factory=dict)
    faults: tuple[BundleFault, ...] = ()

    def place(self, path: Path) -> str:
        """Return the file, the line and the key of a part, or of what lacks it."""
        known = next((path[:n] for n in range(len(path), -1, -1) if path[:n] in self.lines), ())
        line = f", line {self.lines[known]}" if known in self.lines else ""
        return f"{self.name}{line}" + (f": {in_words(path)}" if path else "")

    def fault(self, code: str, path: Path, message: str, fix: str) -> BundleFault:
        """Return a fault of a part."""
        return BundleFault(code, self.place(path), message, fix)


def in_words(path: Path) -> str:
    """Return where something stands, as people write it.

    Examples
    --------
    >>> in_words(("phases", 0, "start"))
    'phases[0].start'
    """
    words = (f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)
    return "".join(words).lstrip(".")


def read_marked(name: str, data: bytes) -> Marked:
    """Read data; what cannot be read is a fault, and so are keys that stand twice."""
    yaml = require("yaml", EXTRA)
    try:
        loader = yaml.SafeLoader(data.decode("utf-8"))
        node = loader.get_single_node()
        value = None if node is None else loader.construct_document(node)
    except UnicodeDecodeError:
        return _unreadable(name, name, "it is not text in UTF-8")
    except (
        yaml.YAMLError,
        ValueError,
        TypeError,
        RecursionError,
    ) as error:  # an impossible date, a list as a key
        mark = getattr(error, "problem_mark", None)
        place = name if mark is None else f"{name}, line {mark.line + 1}"
        return _unreadable(name, place, str(getattr(error, "problem", None) or error))
    marked = Marked(name, value)
    doubled = [] if node is None else list(_walked(node, (), marked.lines, set()))
    faults = [
        BundleFault(
            "doubled-key",
            f"{name}, line {line}: {in_words(path)}",
            "the key stands twice, and only the last one counts",
            "Keep one of the two.",
        )
        for path, line in doubled
    ]
    return Marked(name, value, marked.lines, tuple(faults))


def _unreadable(name: str, place: str, why: str) -> Marked:
    fault = BundleFault(
        "unreadable", place, f"the file cannot be read: {why}", "Mend the file, or make the bundle again."
    )
    return Marked(name, None, {}, (fault,))


def _walked(node: Any, path: Path, lines: dict[Path, int], seen: set[int]) -> Iterator[tuple[Path, int]]:
    """Note the line of each part, and yield keys that stood before."""
    lines.setdefault(path, node.start_mark.line + 1)
    if id(node) in seen:  # an alias
        return
    seen.add(id(node))
    if node.id == "sequence":
        for i, each in enumerate(node.value):
            yield from _walked(each, (*path, i), lines, seen)
    elif node.id == "mapping":
        keys: set[str] = set()
        for key, each in node.value:
            here = (*path, str(key.value))
            if here[-1] in keys:
                yield here, key.start_mark.line + 1
            keys.add(str(key.value))
            lines[here] = key.start_mark.line + 1
            yield from _walked(each, here, lines, seen)
