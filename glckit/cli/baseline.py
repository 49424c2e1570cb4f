"""glckit baseline: the reference submitters."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from baselines.request import OnDamaged
from glckit.cli.app import TERMINAL, Commands, FormatOption, JsonOption, app, say, show
from glckit.cli.parameters import Group, built, flag, option, told
from glckit.render import Report

if TYPE_CHECKING:
    from baselines.prior import PriorRun

baseline = Commands(
    no_args_is_help=True, rich_markup_mode=None, help="Make the runs of the reference submitters."
)
app.add_typer(baseline, name="baseline")

DataOption = Annotated[Path | None, option("DIR", "Folder of the competition's files.", "--data")]
RunOption = Annotated[
    Path | None, option("RUN", "The run; by default runs/NAME.csv of the competition.", "-o", "--output")
]
MaxRowsOption = Annotated[
    int | None,
    option("N", "Species per occurrence; what competition.toml allows, or 150, by default.", min=1),
]
_PATCHES = Group("Patches")
DamagedOption = Annotated[
    OnDamaged,
    _PATCHES.flag("Damaged patches: stop, leave them out, or use those that are readable as they are."),
]
ForceOption = Annotated[bool, flag("Replace a run that glckit has not written.", "--force")]
ExcludeOption = Annotated[Path | None, _PATCHES.option("FILE", "Occurrences to leave out, an id per line.")]


@baseline.command()
def prior(
    context: typer.Context,
    data: DataOption = None,
    output: RunOption = None,
    max_rows: MaxRowsOption = None,
    seed: Annotated[int, option("N", "Noted in the metadata; the prior draws nothing.")] = 0,
    force: ForceOption = False,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Predict for every test occurrence the most frequent species of its region."""
    from baselines.prior import PriorOptions, write_prior_run
    from submissions.competition.files import competition_of

    competition = competition_of(data)
    run = output or competition.run("prior")
    added = {"max_rows": competition.rows(max_rows), "command": command_line()}
    made = write_prior_run(
        competition.occurrence_files("train"),
        competition.occurrence_files("test"),
        path=run,
        options=built(PriorOptions, {**context.params, **added}),
        progress=TERMINAL,
    )
    show(_report(made), form, as_json=as_json)
    say(f"Wrote {run}.")


def asked(context: typer.Context, *, model: str, run: str) -> dict[str, Any]:
    """Return the parameters of a baseline's command with what the folder and the command line add to them.

    `model` and `run` name those of the competition, which stand where none are given.
    """
    from submissions.competition.files import competition_of

    given = context.params
    competition = competition_of(given["data"])
    return {
        **given,
        "competition": competition,
        "model": given["model"] or competition.model(model),
        "run": given["output"] or competition.run(run),
        "patch_size": competition.data.patch_size,
        "k": competition.k,
        "max_rows": competition.rows(given["max_rows"]),
        "command": command_line(),
        "flags": told(context),
    }


def command_line() -> str:
    """Return the command as it was given, for the metadata of a run."""
    return shlex.join(["glckit", *sys.argv[1:]])


def _report(made: PriorRun) -> Report:
    columns = ("region", "n_occurrences", "n_species")
    rows = [[region, count, made.n_species[region]] for region, count in made.n_occurrences.items()]
    regions = [dict(zip(columns, row, strict=True)) for row in rows]
    return Report({"run": made.path, "regions": regions}, columns, rows)
