"""Our modules as sources: what they define, what they import, and which names a definition uses."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

#: The packages that are ours.
OURS = ("scoring", "submissions", "baselines", "glckit")

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class ImportedName:
    """What a name of a module stands for elsewhere; of a whole module, `name` is None."""

    module: str
    name: str | None
    alias: str

    @property
    def is_ours(self) -> bool:
        """Whether it comes from one of our packages."""
        return self.module.split(".")[0] in OURS

    @property
    def statement(self) -> str:
        """The import by itself."""
        if self.name is None:
            return f"import {self.module}" + ("" if self.alias == self.module else f" as {self.alias}")
        return f"from {self.module} import {self.name}" + (
            "" if self.alias == self.name else f" as {self.alias}"
        )


@dataclass(frozen=True, eq=False)
class SourceModule:
    """The source of one module."""

    name: str
    source: bytes

    @classmethod
    def read(cls, name: str) -> SourceModule:
        """Read the source of a module, without importing it."""
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        return cls(name, Path(spec.origin).read_bytes())

    @cached_property
    def definitions(self) -> Mapping[str, ast.stmt]:
        """The statement that defines each name; the last one of an overloaded function."""
        return {name: node for node in self._tree.body for name in _names_defined(node)}

    @cached_property
    def imports(self) -> Mapping[str, ImportedName]:
        """What is imported at the top, by the names used here; not what is imported for types alone."""
        return {each.alias: each for node in self._tree.body for each in _imported(node)}

    @cached_property
    def _tree(self) -> ast.Module:
        return ast.parse(self.source)


class Uses(ast.NodeVisitor):
    """The global names and the attributes that run in a statement, annotations left out.

    Attributes
    ----------
    names : list of ast.Name
        Where global names, or builtins, stand.
    attributes : set of str
        Names of attributes.
    """

    def __init__(self, methods: frozenset[str] | None = None) -> None:
        self.names: list[ast.Name] = []
        self.attributes: set[str] = set()
        self._methods = methods
        self._local: list[set[str]] = []

    def visit_Name(self, node: ast.Name) -> None:
        if not any(node.id in names for names in self._local):
            self.names.append(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.attributes.add(node.attr)
        self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.target)
        if node.value is not None:
            self.visit(node.value)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for each in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(each)
        for statement in node.body:
            if is_kept(statement, self._methods):
                self.visit(statement)

    def generic_visit(self, node: ast.AST) -> None:
        if isinstance(node, _SCOPES):
            self._visit_function(node)
        elif isinstance(node, _COMPREHENSIONS):
            self._visit_inside(node, _stored(node), ast.iter_child_nodes(node))
        else:
            super().generic_visit(node)

    def _visit_function(self, node: _Function) -> None:
        arguments = node.args
        defaults = [each for each in (*arguments.defaults, *arguments.kw_defaults) if each is not None]
        for each in (*getattr(node, "decorator_list", ()), *defaults):
            self.visit(each)
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        named = {each.arg for each in arguments_of(node)}
        self._visit_inside(node, named | _stored(node), iter(body))

    def _visit_inside(self, node: ast.AST, names: set[str], children: Iterator[ast.AST]) -> None:
        self._local.append(names)
        for child in children:
            self.visit(child)
        self._local.pop()


def arguments_of(node: _Function) -> list[ast.arg]:
    """Return all arguments of a function, in the order in which they stand."""
    of = node.args
    stars = [of.vararg] if of.vararg else []
    return [*of.posonlyargs, *of.args, *stars, *of.kwonlyargs, *([of.kwarg] if of.kwarg else [])]


def is_kept(statement: ast.stmt, methods: frozenset[str] | None) -> bool:
    """Say whether a statement of a class is one of the methods that are wanted, or no method at all."""
    if methods is None or not isinstance(statement, ast.FunctionDef):
        return True
    return statement.name in methods or statement.name.startswith("__")


def _stored(node: ast.AST) -> set[str]:
    names: set[str] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            names.add(each.id)
        elif isinstance(each, ast.ExceptHandler) and each.name:
            names.add(each.name)
        elif isinstance(each, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name.split(".")[0] for alias in each.names}
        elif isinstance(each, ast.FunctionDef) and each is not node:
            names.add(each.name)
    return names


def _names_defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        stored = (each for target in node.targets for each in ast.walk(target))
        yield from (each.id for each in stored if isinstance(each, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


def _imported(node: ast.stmt) -> Iterator[ImportedName]:
    if isinstance(node, ast.ImportFrom) and node.module != "__future__":
        for alias in node.names:
            yield ImportedName(node.module or "", alias.name, alias.asname or alias.name)
    elif isinstance(node, ast.Import):
        yield from (ImportedName(alias.name, None, alias.asname or alias.name) for alias in node.names)
