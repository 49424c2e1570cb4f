"""Rewriting a statement of ours into what Python 3.7 reads: no types, and older words."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Sequence

from submissions.platforms.scorer.sources import SourceModule, Uses, arguments_of, is_kept

#: What stands for methods of texts that Python 3.7 does not have.
OLDER_WORDS = {"removeprefix": "without_prefix", "removesuffix": "without_suffix"}

_DICTS = (ast.Dict, ast.DictComp)
_NEWER = (ast.NamedExpr, ast.Match, ast.TryStar)


def rewritten(
    module: SourceModule, node: ast.stmt, renamed: Callable[[str], str], *, methods: frozenset[str]
) -> str:
    """Return a statement without types, and with some global names renamed; of a class, some methods only.

    Comments above it and inside it stay; of docstrings the first line does.

    Raises
    ------
    NotImplementedError
        If it says something that there is no older word for.
    """
    edits = _Edits(module, methods)
    edits.visit(node)
    edits.rename(node, renamed)
    return edits.applied(node)


class _Edits(ast.NodeVisitor):
    """Changes of a source, as positions and what stands there instead."""

    def __init__(self, module: SourceModule, methods: frozenset[str]) -> None:
        self._name, self._source, self._methods = module.name, module.source, methods
        self._changes: list[tuple[tuple[int, int, int], int, bytes]] = []
        self._line_starts = [0, *(match.end() for match in re.finditer(rb"\n", module.source))]
        self._in_class = False

    def applied(self, node: ast.stmt) -> str:
        """Return the changed text of a statement with the comments above it."""
        start, end = self._first(node), self._end(node)
        text = b""
        for (change_start, _, _), change_end, instead in sorted(self._changes):
            assert change_start >= start, "changes overlap"
            text += self._source[start:change_start] + instead
            start = change_end
        text += self._source[start:end]
        lines = (line.rstrip() for line in text.decode().split("\n"))
        return self._comments(node) + "\n".join(lines)

    def rename(self, node: ast.stmt, renamed: Callable[[str], str]) -> None:
        """Give global names, and that of a function or class itself, other ones."""
        uses = Uses(self._methods)
        uses.visit(node)
        for each in uses.names:
            if renamed(each.id) != each.id:
                self._replace_word(self._start(each), each.id, renamed(each.id))
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and renamed(node.name) != node.name:
            word = re.compile(rb"(?:def|class)\s+").match(self._source, self._start(node))
            assert word is not None
            self._replace_word(word.end(), node.name, renamed(node.name))

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, _NEWER):
            line = getattr(node, "lineno", 0)
            raise NotImplementedError(f"{self._name}, line {line}: Python 3.7 has no {type(node).__name__}")
        super().visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._shorten_docstring(node)
        arguments = arguments_of(node)
        for each in arguments:
            if each.annotation is not None:
                self._change(self._start(each) + len(each.arg.encode()), self._end(each.annotation))
        if node.args.posonlyargs:
            self._drop_slash(node)
        if node.returns is not None:
            arrow = self._source.rfind(b"->", self._start(node), self._start(node.returns))
            self._change(len(self._source[:arrow].rstrip()), self._end(node.returns))
        was_in_class, self._in_class = self._in_class, False
        defaults = [each for each in (*node.args.defaults, *node.args.kw_defaults) if each is not None]
        for part in (*node.decorator_list, *defaults, *node.body):
            self.visit(part)
        self._in_class = was_in_class

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._shorten_docstring(node)
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(part)
        self._in_class = True
        for statement in node.body:
            if is_kept(statement, self._methods):
                self.visit(statement)
            else:
                self._drop(statement)
        self._in_class = False

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if self._in_class:  # a dataclass goes by them, whatever they say
            self._change(self._start(node.annotation), self._end(node.annotation), b"object")
        elif node.value is None:
            self._change(self._start(node), self._end(node), b"pass")
        else:
            self._change(self._end(node.target), self._end(node.annotation))
        if node.value is not None:
            self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in OLDER_WORDS:
            self._change(
                self._start(function), self._start(function), f"{OLDER_WORDS[function.attr]}(".encode()
            )
            self._change(self._end(function.value), self._start(node.args[0]), b", ")
        elif isinstance(function, ast.Name) and function.id == "isinstance":
            self._list_types(node.args[1])
            node = ast.Call(function, node.args[:1], [])
        elif isinstance(function, ast.Name) and function.id == "zip":
            for keyword in node.keywords:
                self._change(self._end(node.args[-1]), self._end(keyword.value))
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.BitOr) and isinstance(node.right, _DICTS):
            self._change(self._start(node.left), self._start(node.left), b"{**")
            self._change(self._end(node.left), self._start(node.right), b", **")
            self._close(self._end(node.right), b"}")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        value = node.value.body if isinstance(node.value, ast.IfExp) else node.value
        if isinstance(node.op, ast.BitOr) and isinstance(value, _DICTS):
            self._change(self._end(node.target), self._start(node.value), b".update(")
            self._close(self._end(node.value), b")")
        self.generic_visit(node)

    def _list_types(self, types: ast.expr) -> None:
        """Write types with bars between them as a tuple."""
        listed = list(_alternatives(types))
        if len(listed) < 2:
            return
        self._change(self._start(listed[0]), self._start(listed[0]), b"(")
        for one, other in itertools.pairwise(listed):
            self._change(self._end(one), self._start(other), b", ")
        self._close(self._end(listed[-1]), b")")

    def _shorten_docstring(self, node: ast.FunctionDef | ast.ClassDef) -> None:
        if ast.get_docstring(node) is None:
            return
        text = node.body[0]
        start, end = self._start(text), self._end(text)
        first = self._source[start:end].split(b"\n", 1)[0]
        self._change(start, end, first if first.endswith(b'"""') and len(first) > 3 else first + b'"""')

    def _drop_slash(self, node: ast.FunctionDef) -> None:
        last = node.args.posonlyargs[-1]
        slash = re.compile(rb"\s*,\s*/").search(self._source, self._end(last.annotation or last))
        assert slash is not None
        self._change(slash.start(), slash.end())

    def _drop(self, statement: ast.stmt) -> None:
        first = self._first(statement)
        self._change(len(self._source[:first].rstrip()), self._end(statement))

    def _replace_word(self, position: int, word: str, instead: str) -> None:
        end = position + len(word.encode())
        if self._source[position:end] != word.encode():  # older versions misplace what stands in an f-string
            raise NotImplementedError(f"{self._name}: {word} cannot be renamed where it stands")
        self._change(position, end, instead.encode())

    def _comments(self, node: ast.stmt) -> str:
        lines = self._source[: self._first(node)].decode().split("\n")[:-1]
        n = next((i for i, line in enumerate(reversed(lines)) if not line.startswith("#")), len(lines))
        return "".join(f"{line}\n" for line in lines[len(lines) - n :])

    def _change(self, start: int, end: int, instead: bytes = b"") -> None:
        """Put something else in a place; what is put around the outside is said first."""
        self._changes.append(((start, 1, len(self._changes)), end, instead))

    def _close(self, end: int, bracket: bytes) -> None:
        """Put a bracket behind something; what belongs inside is said later and comes first."""
        self._changes.append(((end, 0, -len(self._changes)), end, bracket))

    def _first(self, node: ast.stmt) -> int:
        decorators: Sequence[ast.expr] = getattr(node, "decorator_list", ())
        return self._start(decorators[0]) - 1 if decorators else self._start(node)

    def _start(self, node: ast.expr | ast.stmt | ast.arg) -> int:
        return self._line_starts[node.lineno - 1] + node.col_offset

    def _end(self, node: ast.expr | ast.stmt | ast.arg) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._line_starts[node.end_lineno - 1] + node.end_col_offset


def _alternatives(types: ast.expr) -> list[ast.expr]:
    if isinstance(types, ast.BinOp) and isinstance(types.op, ast.BitOr):
        return [*_alternatives(types.left), *_alternatives(types.right)]
    return [types]
