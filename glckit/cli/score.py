"""glckit score."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glckit.cli.app import TERMINAL, DigitsOption, FormatOption, JsonOption, app, finish, show
from glckit.cli.options import (
    KOption,
    MaxBytesOption,
    RowsAllowedOption,
    RunsArgument,
    SpeciesOption,
    TestOption,
    TrainTableOption,
)
from glckit.render import Format


@app.command(short_help="Score runs by both metrics of the challenge.")
def score(
    runs: RunsArgument,
    truth: Annotated[
        Path | None, typer.Option(metavar="FILE", help="True species: id;...;species_id.")
    ] = None,
    test: TestOption = None,
    train: TrainTableOption = None,
    species: SpeciesOption = None,
    k: KOption = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Score a run without some occurrences.")
    ] = False,
    max_rows: RowsAllowedOption = None,
    max_bytes: MaxBytesOption = None,
    per_occurrence: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a row per occurrence (.csv, .parquet).")
    ] = None,
    bare: Annotated[
        bool, typer.Option("-b", "--bare", help="Print the adaptive score and nothing else.")
    ] = False,
    digits: DigitsOption = 4,
    form: FormatOption = Format.TEXT,
    as_json: JsonOption = False,
) -> None:
    """Score runs by adaptive top-30 and top-30 accuracy.

    An invalid run is not scored: its faults are reported instead, and the exit status is 1. What is not
    given as an option is read from competition.toml.
    """
    from glckit.reports.runs import score_report
    from submissions.competition.files import find_competition
    from submissions.evaluation import Inputs, check_frame_path, score_files, write_per_occurrence

    inputs = Inputs(
        truth=truth,
        test=tuple(test or ()),
        train=tuple(train or ()),
        species=species,
        k=k,
        max_rows=max_rows,
        max_bytes=max_bytes,
        allow_missing=allow_missing,
    )
    check_frame_path(per_occurrence)
    outcomes = score_files(runs, inputs, find_competition(), progress=TERMINAL)
    show(score_report(outcomes, digits=digits, bare=bare), form, as_json=as_json, digits=digits)
    if per_occurrence is not None:
        write_per_occurrence(outcomes, per_occurrence)
    finish(outcomes)
