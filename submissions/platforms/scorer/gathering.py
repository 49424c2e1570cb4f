"""All that a program needs of our modules, found by the names that it uses."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from submissions.platforms.scorer.sources import ImportedName, SourceModule, Uses

#: A name in one of our modules.
Home = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Piece:
    """A statement of one of our modules that a program needs.

    Parameters
    ----------
    uses : mapping of str to tuple of str
        The home of each name of ours that it uses.
    externals : mapping of str to ImportedName
        What it uses of other packages.
    """

    module: SourceModule
    node: ast.stmt
    uses: Mapping[str, Home]
    externals: Mapping[str, ImportedName]


@dataclass(frozen=True, eq=False)
class Gathered:
    """What a program needs.

    Parameters
    ----------
    pieces : list of Piece
        In an order in which they can be run.
    methods : frozenset of str
        Names of the methods that may be called: whatever stands behind a dot anywhere in the pieces.
    """

    pieces: list[Piece]
    methods: frozenset[str]


def gathered(
    roots: Sequence[Home], substitutes: Mapping[Home, Home], *, sources: Mapping[str, bytes]
) -> Gathered:
    """Return what some definitions need, with others in place of some; `sources` stand for our own files."""
    methods: frozenset[str] = frozenset()
    modules = {name: SourceModule(name, text) for name, text in sources.items()}
    while True:
        search = _Search(substitutes, modules)
        search.methods = methods
        for module, name in roots:
            search.need_named(module, name)
        if search.attributes <= methods:
            return Gathered(list(search.ordered()), methods)
        # A method that is called may call others.
        methods |= search.attributes


@dataclass
class _Search:
    substitutes: Mapping[Home, Home]
    modules: dict[str, SourceModule]
    methods: frozenset[str] = frozenset()
    attributes: set[str] = field(default_factory=set)
    pieces: dict[Home, Piece] = field(default_factory=dict)

    def need_named(self, module: str, name: str) -> None:
        """Take a definition by the name that it has in a module, which may import it."""
        home = self._home(self._module(module), name)
        if not isinstance(home, tuple):
            raise LookupError(f"{module} has no {name} of ours")
        self.need(home)

    def need(self, home: Home) -> None:
        """Take a definition and all that it uses."""
        if home in self.pieces:
            return
        module, name = self._module(home[0]), home[1]
        if name not in module.definitions:
            raise LookupError(f"{home[0]} defines no {name}")
        node = module.definitions[name]
        used = Uses(self.methods)
        used.visit(node)
        self.attributes |= used.attributes
        uses: dict[str, Home] = {}
        externals: dict[str, ImportedName] = {}
        for each in used.names:
            found = self._home(module, each.id)
            if isinstance(found, ImportedName):
                externals[each.id] = found
            elif found is not None:
                uses[each.id] = found
        self.pieces[home] = Piece(module, node, uses, externals)
        for needed in uses.values():
            self.need(needed)

    def ordered(self) -> Iterator[Piece]:
        """Yield the pieces module by module, those that others use first, each statement once."""
        seen: set[int] = set()
        for name in self._modules_in_order():
            here = [piece for home, piece in self.pieces.items() if home[0] == name]
            for piece in sorted(here, key=lambda piece: piece.node.lineno):
                if id(piece.node) not in seen:
                    seen.add(id(piece.node))
                    yield piece

    def _modules_in_order(self) -> Iterator[str]:
        needs: dict[str, dict[str, None]] = {}
        for home, piece in self.pieces.items():
            needs.setdefault(home[0], {}).update((used[0], None) for used in piece.uses.values())
        done: set[str] = set()

        def visited(name: str) -> Iterator[str]:
            if name in done:
                return
            done.add(name)
            for other in needs[name]:
                yield from visited(other)
            yield name

        for name in needs:
            yield from visited(name)

    def _module(self, name: str) -> SourceModule:
        if name not in self.modules:
            self.modules[name] = SourceModule.read(name)
        return self.modules[name]

    def _home(self, module: SourceModule, name: str) -> Home | ImportedName | None:
        """Return where a global name is defined; None for builtins."""
        here = (module.name, name)
        if here in self.substitutes:
            return self.substitutes[here]
        if name in module.definitions:
            return here
        imported = module.imports.get(name)
        if imported is None or not imported.is_ours:
            return imported
        if imported.name is None:
            raise LookupError(f"{module.name} imports the module {imported.module} as a whole")
        return self._home(self._module(imported.module), imported.name)
