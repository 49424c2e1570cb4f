"""One self-contained file made of a program and all that it needs of our own sources.

It wants NumPy and the standard library of Python 3.7. Its statements are ours, character by character, but
for types, docstrings below their first lines, methods that nothing calls, and words that Python 3.7 does not
have. What parses with pyarrow, or looks after memory, is replaced by `submissions.platforms.programs.plain`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from scoring.version import VERSION
from submissions.platforms.scorer.gathering import Gathered, Home, Piece, gathered
from submissions.platforms.scorer.rewriting import OLDER_WORDS, rewritten

PLAIN = "submissions.platforms.programs.plain"
PROGRAMS = "submissions.platforms.programs"

#: What stands in for definitions that need more than NumPy.
SUBSTITUTES: Mapping[Home, Home] = {
    ("submissions.reading.fast", "FastParser"): (PLAIN, "PlainParser"),
    ("submissions.reading.lists", "_ListParser"): (PLAIN, "PlainListParser"),
    ("submissions.reading.text", "_parsed"): (PLAIN, "parsed_in_turn"),
    ("submissions.memory", "require_memory"): (PLAIN, "take_memory"),
    ("submissions.species", "NamesOnDemand"): (PLAIN, "NoNames"),
    ("submissions.reading.piped", "PipedTable"): (PLAIN, "NoNames"),
    ("submissions.reading.sources", "_decompressed_zstd"): (PLAIN, "no_zstd"),
    ("submissions.reading.workbooks", "sheet_as_text"): (PLAIN, "no_sheet"),
}
_HELPS = tuple((PLAIN, name) for name in OLDER_WORDS.values())

_HEADER = '''"""{title}

Made by glckit {version} of its own sources: change nothing here, make it again. NumPy is all that it needs.
"""
'''


def scorer_of(
    program: str, *roots: str, title: str, last: str = "", sources: Mapping[str, bytes] | None = None
) -> str:
    """Return the text of a self-contained file with some definitions of a program and all that they need.

    Parameters
    ----------
    program : str
        A module of `submissions.platforms.programs`.
    roots : str
        Names in it.
    title : str
        The first line of the file.
    last : str
        What stands at its end.
    sources : mapping of str to bytes, optional
        Sources of modules that stand for ours; for tests.
    """
    imports, statements = _made(program, roots) if sources is None else _body(program, roots, sources)
    header = _HEADER.format(title=title, version=VERSION)
    return "\n\n".join(filter(None, (header + "\n" + imports, "\n" + statements, last))).rstrip() + "\n"


@cache
def _made(program: str, roots: tuple[str, ...]) -> tuple[str, str]:
    """Return what `_body` does of our own sources, which takes a second."""
    return _body(program, roots, {})


def _body(program: str, roots: tuple[str, ...], sources: Mapping[str, bytes]) -> tuple[str, str]:
    """Return the imports and the statements of a file."""
    wanted = [(f"{PROGRAMS}.{program}", name) for name in roots]
    found = gathered([*_HELPS, *wanted], SUBSTITUTES, sources=sources)
    names = _names(found)
    statements = "\n\n\n".join(_written(piece, found.methods, names) for piece in found.pieces)
    imported = {each.statement for piece in found.pieces for each in piece.externals.values()}
    return "\n".join(sorted(imported)), statements


def _names(found: Gathered) -> dict[Home, str]:
    """Return a name for each definition: its own, or one that tells its module where several share it."""
    names: dict[Home, str] = {}
    taken = {name for piece in found.pieces for name in piece.externals}
    for home in _homes(found):
        module, name = home
        stem = module.rsplit(".", 1)[1]
        names[home] = name if name not in taken else f"{name}_of_{stem}"
        if names[home] in taken:
            raise LookupError(f"two definitions would be {names[home]}")
        taken.add(names[home])
    return names


def _homes(found: Gathered) -> Iterator[Home]:
    seen: set[Home] = set()
    for piece in found.pieces:
        own = [
            (piece.module.name, name) for name, node in piece.module.definitions.items() if node is piece.node
        ]
        for home in own:
            if home not in seen:
                seen.add(home)
                yield home


def _written(piece: Piece, methods: frozenset[str], names: Mapping[Home, str]) -> str:
    def renamed(name: str) -> str:
        home = piece.uses.get(name)
        if home is None and piece.module.definitions.get(name) is piece.node:
            home = (piece.module.name, name)
        return name if home is None else names[home]

    return rewritten(piece.module, piece.node, renamed, methods=methods)
