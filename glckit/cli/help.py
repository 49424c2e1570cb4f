"""The help of commands, in words that a person would write."""

from __future__ import annotations

import re
from typing import Any

import typer
from typer.core import TyperCommand

# How Pydantic, which Typer asks, begins; and what it goes on with.
_LIBRARY = "Input should be "
_WORDS = {
    r"a valid integer\b.*": "a whole number",
    r"a valid number\b.*": "a number",
    r"a valid boolean\b.*": "yes or no",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
    "greater than": "above",
    "less than": "below",
}


class Command(TyperCommand):
    """A command whose help names arguments as they are typed, without the types that Typer puts there."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the words of the usage line: ``RUN...``, where Typer writes ``{RUN}...``."""
        return [re.sub(r"^\{(.*)\}", r"\1", piece) for piece in super().collect_usage_pieces(ctx)]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Return what is left of the arguments; what is wrong with a value is said in our words."""
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = _wanted(error.message, error.__cause__)
            raise

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the summary whole: lists wrap it, and do not cut it with dots."""
        return super().get_short_help_str(max(limit, len(self.help or "")))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options, those of a `Group` under its title."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and parameter.param_type_name == "argument":
                sections["Arguments"].append((parameter.metavar or parameter.name or "", _plain(record[1])))
            elif record is not None:
                title = getattr(parameter, "rich_help_panel", None) or "Options"
                sections.setdefault(title, []).append((record[0], _plain(record[1])))
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def _wanted(message: str, cause: BaseException | None) -> str:
    """Write what a library says of a value as a person would, with the value if it is known.

    Examples
    --------
    >>> _wanted("Input should be a valid integer, unable to parse string as an integer", None)
    'must be a whole number'
    >>> _wanted("Input should be greater than or equal to 1", None)
    'must be at least 1'
    """
    if not message.startswith(_LIBRARY):
        return message
    said = message.removeprefix(_LIBRARY)
    for theirs, ours in _WORDS.items():
        said = re.sub(theirs, ours, said)
    faults: list[Any] = getattr(cause, "errors", list)()
    given = faults[0].get("input") if faults else None
    return f"must be {said}" + (f", not {given!r}" if isinstance(given, str | int | float) else "")


def _plain(text: str) -> str:
    """Write the limits of a number in words.

    Examples
    --------
    >>> _plain("Decimals.  [default: 4; 1<=x<=17]"), _plain("Rows.  [x>=1]")
    ('Decimals.  [default: 4; 1 to 17]', 'Rows.  [at least 1]')
    """
    return re.sub(
        r"x>=(\S+?)(?=[];])", r"at least \1", re.sub(r"(\S+)<=x<=(\S+?)(?=[];])", r"\1 to \2", text)
    )
