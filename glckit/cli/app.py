"""The Typer application, and how errors become messages and exit statuses."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

import typer
from typer.core import TyperGroup
from typer.main import get_group

from glckit.cli.help import Command
from glckit.cli.process import INTERRUPTED, NOBODY_READS, leave_unread
from glckit.render import Format, Report, as_given, render
from submissions.errors import BadInputError, CannotCheckError, GlckitError, UsageError
from submissions.memory import want_of_memory
from submissions.printable import printable
from submissions.progress import Advance, Progress, stand_still

if TYPE_CHECKING:
    from submissions.evaluation import EvaluatedFile

_F = TypeVar("_F", bound=Callable[..., Any])

#: Exit statuses: fine, bad, usage, could not check.
OK, BAD, USAGE, CANNOT_CHECK = 0, 1, 2, 3
#: Exit status of what a verification comes to.
STATUS_OF_VERDICT = {"whole": OK, "damaged": BAD, "unknown": CANNOT_CHECK}

_STATUS = {BadInputError: BAD, UsageError: USAGE, CannotCheckError: CANNOT_CHECK}


def exit_status(error: GlckitError) -> int:
    """Return the exit status of an error."""
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), CANNOT_CHECK)


@contextlib.contextmanager
def reported() -> Iterator[None]:
    """Turn an error that glckit raises on purpose, or the system's, into a message and an exit status."""
    try:
        yield
    except GlckitError as error:
        say(f"glckit: {printable(error)}")  # no message of ours has several lines
        raise typer.Exit(exit_status(error)) from error
    except BrokenPipeError as error:
        leave_unread()
        raise typer.Exit(NOBODY_READS) from error
    except OSError as error:
        say(f"glckit: {printable(error.filename or 'the system')}: {error.strerror or error}")
        raise typer.Exit(CANNOT_CHECK) from error
    except typer.Exit:
        raise
    except Exception as error:  # raised again unless memory ran out
        if (why := want_of_memory(error)) is None:
            raise
        say(f"glckit: {why}")
        raise typer.Exit(CANNOT_CHECK) from error


def say(message: str) -> None:
    """Write a message for people to stderr."""
    typer.echo(printable(as_given(message), keep="\n"), err=True)


# The commands in the order in which a newcomer meets them, and the modules that register them when they are
# imported; none imports NumPy or more until it runs.
_MODULES = {
    "score": ["score"],
    "compare": ["compare"],
    "validate": ["validate"],
    "convert": ["convert"],
    "init": ["init"],
    "verify-patches": ["verify_patches"],
    "extract": ["extract"],
    "show": ["show"],
    "split": ["split"],
    "baseline": ["baseline", "cnn", "forest", "fusion"],
    "fuse": ["fuse"],
    "leaderboard": [f"leaderboard.{each}" for each in ("adding", "listing", "rescoring", "publishing")],
    "world": ["world"],
    "demo": ["demo"],
    "bundle": ["bundle"],
}

_ANEW = "Nothing was written; the same command starts anew."


class _Interruptible(Command):
    again: str

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            say(f"\nStopped. {self.again}")
            raise typer.Exit(INTERRUPTED) from None


class _Group(TyperGroup):
    """All commands; one that is called is imported alone: all take longer than scoring a small run."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_MODULES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return self._imported([cmd_name]).get(cmd_name)

    @property
    def commands(self) -> MutableMapping[str, Any]:
        """All commands by name, groups behind them."""
        known = self._imported(_MODULES)
        return dict(sorted(known.items(), key=lambda item: (isinstance(item[1], TyperGroup), item[0])))

    @commands.setter
    def commands(self, registered: MutableMapping[str, Any]) -> None:
        self._registered = registered

    def _imported(self, names: Iterable[str]) -> MutableMapping[str, Any]:
        # A group may be there without its members: modules of other commands import it for its options.
        known = [name for name in names if name in _MODULES]
        modules = [f"glckit.cli.{module}" for name in known for module in _MODULES[name]]
        missing = [module for module in modules if module not in sys.modules]
        for module in missing:
            importlib.import_module(module)
        if missing or any(name not in self._registered for name in known):
            self._registered = cast("_Group", get_group(app))._registered
        return self._registered

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        with reported():  # help and version are written here
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        with reported():
            return super().invoke(ctx)


class Commands(typer.Typer):
    """A group of commands that share the form of their help, and how they are interrupted."""

    def command(self, *args: Any, again: str = _ANEW, **kwargs: Any) -> Callable[[_F], _F]:
        """Register a function as a command, and what the same command does after Ctrl-C.

        See `typer.Typer.command`.
        """
        return super().command(*args, cls=type("Command", (_Interruptible,), {"again": again}), **kwargs)


app = Commands(
    name="glckit",
    cls=_Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Score, validate and publish GeoLifeCLEF runs, and check the patches behind them.",
)

FormatOption = Annotated[Format, typer.Option("--format", help="How to write the report.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Short for --format json.")]
DigitsOption = Annotated[
    int,
    typer.Option(
        "-w", "--width", min=1, max=17, metavar="N", help="Decimals for people; of thresholds, digits."
    ),
]


def show(report: Report, form: Format, *, as_json: bool = False, digits: int = 4) -> None:
    """Write a report to stdout, and what a table has no room for to stderr.

    Paths below the current folder are shortened for people alone.
    """
    chosen: Format = "json" if as_json else form
    shown = render(report, chosen, digits=digits)
    typer.echo(printable(as_given(shown), keep="\n") if chosen == "text" else shown)
    if report.aside and chosen not in ("text", "json"):
        say(report.aside)


def finish(outcomes: Sequence[EvaluatedFile]) -> None:
    """End with the highest exit status that any run has, naming on stderr what is bad."""
    for outcome in outcomes:
        if outcome.error is not None:
            say(f"glckit: {printable(outcome.error)}")
        elif outcome.evaluation is not None and not outcome.evaluation.validation.valid:
            codes = ", ".join(fault.code for fault in outcome.evaluation.validation.errors)
            say(f"glckit: {printable(outcome.run)} is not valid: {codes}.")
    raise typer.Exit(max(_status(outcome) for outcome in outcomes))


def _status(outcome: EvaluatedFile) -> int:
    if outcome.error is not None:
        return exit_status(outcome.error)
    return OK if outcome.evaluation is not None and outcome.evaluation.validation.valid else BAD


class _Terminal:
    """The only bar there is: on a terminal, on stderr; elsewhere work goes on in silence."""

    @contextlib.contextmanager
    def bar(self, work: str, total: int | None = None) -> Iterator[Advance]:
        if not sys.stderr.isatty():
            yield stand_still
            return
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(show_speed=True),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task(escape(printable(as_given(work))), total=total)
            yield lambda n_units: bars.advance(task, n_units)

    def say(self, message: str) -> None:
        say(message)


#: Tells the person at the terminal how work goes on.
TERMINAL: Progress = _Terminal()


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    if version:
        from scoring.version import VERSION

        typer.echo(f"glckit {VERSION}")
        raise typer.Exit
