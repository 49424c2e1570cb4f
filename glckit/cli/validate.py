"""glckit validate."""

from __future__ import annotations

from typing import Annotated

import typer

from glckit.cli.app import TERMINAL, FormatOption, JsonOption, app, finish, show
from glckit.cli.options import (
    KOption,
    MaxBytesOption,
    RowsAllowedOption,
    RunsArgument,
    SpeciesOption,
    TestOption,
    TrainTableOption,
)
from glckit.cli.parameters import built, flag


@app.command(short_help="Find everything that is wrong with runs.")
def validate(
    context: typer.Context,
    runs: RunsArgument,
    test: TestOption = None,
    train: TrainTableOption = None,
    species: SpeciesOption = None,
    k: KOption = None,
    max_rows: RowsAllowedOption = None,
    max_bytes: MaxBytesOption = None,
    allow_missing: Annotated[bool, flag("Make missing occurrences a warning.", "--allow-missing")] = False,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Find everything that is wrong with runs, in one pass.

    The exit status is 1 if a run has errors; warnings do not change it. What is not given as an option
    is read from competition.toml.
    """
    from glckit.reports.runs import validation_report
    from submissions.competition.files import find_competition
    from submissions.evaluation import Inputs, validate_files

    inputs = built(Inputs, context.params)
    outcomes = validate_files(runs, inputs, find_competition(), progress=TERMINAL)
    show(validation_report(outcomes), form, as_json=as_json)
    finish(outcomes)
