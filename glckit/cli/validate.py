"""glckit validate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glckit.cli.app import TERMINAL, FormatOption, JsonOption, app, finish, say, show
from glckit.cli.options import (
    ColumnsOption,
    KOption,
    MaxBytesOption,
    RowsAllowedOption,
    RunsArgument,
    SpeciesOption,
    TestOption,
    TrainTableOption,
)
from glckit.cli.parameters import built, flag, option
from submissions.wording import counted


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
    columns: ColumnsOption = None,
    allow_missing: Annotated[bool, flag("Make missing occurrences a warning.", "--allow-missing")] = False,
    every_example: Annotated[bool, flag("Give all examples of a fault, not five.", "--all")] = False,
    missing_ids: Annotated[
        Path | None, option("FILE", "Write the ids of missing occurrences, one per line.")
    ] = None,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Find everything that is wrong with runs, in one pass.

    The exit status is 1 if a run has errors; warnings do not change it. What is not given as an option
    is read from competition.toml.
    """
    from glckit.reports.runs import validation_report
    from submissions.competition.files import find_competition
    from submissions.evaluation import Inputs, check_one_run, validate_files, write_missing_ids

    if missing_ids is not None:
        check_one_run(runs)
    inputs = built(Inputs, context.params)
    outcomes = validate_files(runs, inputs, find_competition(runs), progress=TERMINAL)
    show(validation_report(outcomes), form, as_json=as_json)
    if missing_ids is not None and outcomes[0].evaluation is not None:
        n_missing = write_missing_ids(outcomes[0].evaluation.validation, missing_ids)
        say(f"{missing_ids}: {counted(n_missing, 'missing occurrence')}")
    finish(outcomes)
