"""The names of the species, for runs that give them where ids belong."""

from __future__ import annotations

import csv
import difflib
import io
import os
import shlex
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from submissions.errors import CannotCheckError
from submissions.faults import TAKES_CARE, Fault, FaultLog
from submissions.printable import printable
from submissions.reading.header import SEPARATORS
from submissions.reading.mending import is_name
from submissions.reading.schema import SPECIES_ID
from submissions.reading.sources import opened
from submissions.wording import counted

# A species table has 1 MB; half of the letters may differ in no name that is meant.
_MAX_BYTES = 1 << 28
_LIKENESS, _NEAREST = 0.75, 3


@dataclass(frozen=True)
class SpeciesNames:
    """Species by their names, whatever the case and the blanks in them.

    Parameters
    ----------
    ids : mapping of str to tuple of int
        The species of each name in lower case: in the table of 2020 some 1,650 names stand for several.
    written : mapping of int to str
        The name of each species as the table has it.
    """

    ids: Mapping[str, tuple[int, ...]]
    written: Mapping[int, str]

    def species_of(self, name: str) -> int | None:
        """Return the only species of a name, None if there is none or several."""
        found = self.ids.get(_key(name), ())
        return found[0] if len(found) == 1 else None

    def hint(self, name: str) -> str:
        """Say which species a name may mean."""
        key, asked = _key(name), repr(name.strip())
        if len(found := self.ids.get(key, ())) > 1:
            ids = ", ".join(map(str, found))
            return f"{asked} names {len(found)} species, {ids}: write the id that is meant."
        if found:
            return f"{asked} is the species {found[0]}."
        keys = difflib.get_close_matches(key, self.ids, _NEAREST, _LIKENESS)
        if not keys:
            return f"No species is called {asked}."
        meant = " or ".join(f"{each}, {printable(self.written[each])}" for k in keys for each in self.ids[k])
        return f"{asked}: did you mean {meant}?"


@dataclass(frozen=True)
class NamesOnDemand:
    """The names of a species table, which is read when the first is asked for; None knows no name."""

    table: str | os.PathLike[str] | None = None

    def species_of(self, name: str) -> int | None:
        """Return the only species of a name, None if there is none or several."""
        return self._names.species_of(name)

    def hints(self, faults: Iterable[Fault]) -> str:
        """Say which species the names among the examples of some faults may mean."""
        asked = _names_in(faults)
        if asked and self.table is None:
            return "Names of species can be read with --species FILE, the species table."
        return " ".join(map(self._names.hint, asked))

    def reservation(self, faults: Iterable[Fault]) -> str:
        """Say how many of the names among the examples of some faults no conversion can mend, if any."""
        asked = [] if self.table is None else _names_in(faults)
        n_open = sum(self.species_of(name) is None for name in asked)
        if not n_open:
            return ""
        return (
            f"{n_open} of {counted(len(asked), 'name')} shown tell no single species: write ids there first."
        )

    @cached_property
    def _names(self) -> SpeciesNames:
        return SpeciesNames({}, {}) if self.table is None else read_species_names(self.table)


def _names_in(faults: Iterable[Fault]) -> list[str]:
    examples = (example for fault in faults if fault.code == "bad-id" for example in fault.examples)
    texts = (each.found or "" for each in examples if each.species_id is None)
    return list(dict.fromkeys(text for text in texts if is_name(SPECIES_ID, text)))


def with_hints(faults: tuple[Fault, ...], names: NamesOnDemand) -> tuple[Fault, ...]:
    """Return faults whose fixes say which species the names in them may mean."""
    try:
        hints, reservation = names.hints(faults), names.reservation(faults)
    except CannotCheckError:  # a table without names has nothing to say
        hints = reservation = ""
    if not hints:
        return faults
    # The command that mends names stands at the end of the fix.
    table = "" if names.table is None else f" --species {shlex.quote(os.fspath(names.table))}"
    promise = f"{reservation} Then this takes care of" if reservation else TAKES_CARE
    fixed = {
        fault: f"{hints} {fault.fix.replace(TAKES_CARE, promise)}{table}"
        for fault in faults
        if fault.code == "bad-id"
    }
    return tuple(replace(fault, fix=fixed.get(fault, fault.fix)) for fault in faults)


def read_species_names(path: str | os.PathLike[str]) -> SpeciesNames:
    """Read the names of a species table such as ``species_metadata.csv``.

    Raises
    ------
    CannotCheckError
        If the file is absent, or has no columns of ids and names.
    """
    log = FaultLog()
    with opened(path, log, max_bytes=_MAX_BYTES) as source:
        text = source.read_all().decode("utf-8-sig", errors="replace")
    separator = max(SEPARATORS, key=text.partition("\n")[0].count)
    rows = csv.reader(io.StringIO(text), delimiter=separator)
    header = [name.strip().lower() for name in next(rows, [])]
    id_column = next((i for i, name in enumerate(header) if name in SPECIES_ID.names), None)
    name_column = next((i for i, name in enumerate(header) if "name" in name), None)
    if log.faults() or id_column is None or name_column is None:
        raise CannotCheckError(
            f"The species table {printable(os.fspath(path))} names no species.",
            "It needs a column species_id and one such as GBIF_species_name.",
        )
    return _by_name((row[id_column], row[name_column]) for row in rows if len(row) == len(header))


def _by_name(rows: Iterable[tuple[str, str]]) -> SpeciesNames:
    ids: dict[str, tuple[int, ...]] = defaultdict(tuple)
    written: dict[int, str] = {}
    for text, name in rows:
        species = SPECIES_ID.value_of(text)
        if species is not None and name.strip():
            ids[_key(name)] += (int(species),)
            written[int(species)] = name.strip()
    return SpeciesNames(dict(ids), written)


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()
