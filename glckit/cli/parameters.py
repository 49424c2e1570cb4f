"""From the parameters of a command to the frozen options that the library takes: one rule for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeVar, cast

import typer

from submissions.errors import UsageError

_T = TypeVar("_T")


def built(kind: Callable[..., _T], given: Mapping[str, Any]) -> _T:
    """Build options from the parameters that are named as their fields.

    What was not given is left to the defaults of the options. A field that is made of further options is
    built by the same rule.
    """
    said = chosen(kind, given)
    parts = {each.name: each.default_factory for each in fields(cast(Any, kind)) if each.name not in said}
    nested = {name: built(cast(Any, part), given) for name, part in parts.items() if is_dataclass(part)}
    return kind(**nested, **said)


def chosen(kind: Callable[..., object], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that are fields of some options, and were given.

    Examples
    --------
    >>> from submissions.faults import Example
    >>> chosen(Example, {"line": 3, "found": None, "seed": 0})
    {'line': 3}
    """
    found = {each.name: given.get(each.name) for each in fields(cast(Any, kind))}
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
    return {name: value for name, value in values.items() if value is not None}


def told(context: typer.Context) -> dict[str, Any]:
    """Return what the command line says, and leaves to no default, by the long names of its flags."""
    found = {}
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            flag_name = max(parameter.opts, key=len).lstrip("-").replace("-", "_")
            found[flag_name] = context.params[name]
    return found


def listed(flag: str, kind: Callable[[str], _T]) -> Callable[[str], tuple[_T, ...]]:
    """Return the parser of an option that takes values with commas between them.

    Examples
    --------
    >>> listed("--weights", float)("1, 2.5")
    (1.0, 2.5)
    """

    def parsed(text: str) -> tuple[_T, ...]:
        try:
            return tuple(kind(word.strip()) for word in text.split(",") if word.strip())
        except ValueError:
            raise UsageError(f"{flag} must be numbers with commas between them, not {text!r}.") from None

    return parsed


def argument(metavar: str, text: str, **settings: Any) -> Any:
    """Return an argument that help shows as `metavar`."""
    return typer.Argument(metavar=metavar, help=text, **settings)


def option(metavar: str, text: str, *names: str, **settings: Any) -> Any:
    """Return an option whose value help shows as `metavar`; it is named as the parameter by default."""
    return typer.Option(*names, metavar=metavar, help=text, **settings)


def flag(text: str, *names: str, **settings: Any) -> Any:
    """Return an option without a value, or one whose few words help lists."""
    return typer.Option(*names, help=text, **settings)


@dataclass(frozen=True)
class Group:
    """Options and flags that help shows together, under a title."""

    title: str

    def option(self, metavar: str, text: str, *names: str, **settings: Any) -> Any:
        """Return an `option` of the group."""
        return option(metavar, text, *names, rich_help_panel=self.title, **settings)

    def flag(self, text: str, *names: str, **settings: Any) -> Any:
        """Return a `flag` of the group."""
        return flag(text, *names, rich_help_panel=self.title, **settings)


def written(values: Iterable[object]) -> str:
    """Return values as `listed` reads them, for a default."""
    return ",".join(map(str, values))
