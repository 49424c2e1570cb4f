"""glckit score."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glckit.cli.app import TERMINAL, DigitsOption, FormatOption, JsonOption, app, finish, say, show
from glckit.cli.options import (
    ByOption,
    ColumnsOption,
    KOption,
    MaxBytesOption,
    MetricOption,
    PlotOption,
    RowsAllowedOption,
    RunsArgument,
    SpeciesOption,
    TestOption,
    TrainTableOption,
    TruthOption,
)
from glckit.cli.parameters import built, flag, option


@app.command(short_help="Score runs by the metrics of the challenge.")
def score(
    context: typer.Context,
    runs: RunsArgument,
    truth: TruthOption = None,
    test: TestOption = None,
    train: TrainTableOption = None,
    species: SpeciesOption = None,
    metric: MetricOption = None,
    k: KOption = None,
    allow_missing: Annotated[bool, flag("Score a run without some occurrences.", "--allow-missing")] = False,
    max_rows: RowsAllowedOption = None,
    max_bytes: MaxBytesOption = None,
    columns: ColumnsOption = None,
    ci: Annotated[bool, flag("Say how sure the scores are.", "--ci")] = False,
    by: ByOption = None,
    refit: Annotated[bool, flag("Fit a threshold to each part.", "--refit")] = False,
    plot: PlotOption = None,
    per_occurrence: Annotated[
        Path | None, option("FILE", "Write a row per occurrence (.csv, .parquet).")
    ] = None,
    bare: Annotated[bool, flag("Print the score that ranks and nothing else.", "-b", "--bare")] = False,
    digits: DigitsOption = 4,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Score runs by adaptive top-30 and top-30 accuracy, or by the metrics of any edition.

    An invalid run is not scored: its faults are reported instead, and the exit status is 1. What is not
    given as an option is read from competition.toml.
    """
    from glckit.reports.runs import score_report
    from submissions.competition.files import find_competition
    from submissions.evaluation import check_frame_path, score_files, write_per_occurrence
    from submissions.yardstick import Inputs

    check_frame_path(per_occurrence)
    if plot is not None:
        from glckit.pictures.drawing import check_plot_folder

        check_plot_folder(plot)
    inputs = built(Inputs, context.params)
    outcomes = score_files(runs, inputs, find_competition(runs), progress=TERMINAL)
    show(score_report(outcomes, digits=digits, bare=bare), form, as_json=as_json, digits=digits)
    if per_occurrence is not None:
        write_per_occurrence(outcomes, per_occurrence)
    if plot is not None:
        from glckit.pictures.drawing import write_pictures
        from glckit.pictures.scores import score_pictures

        for path in write_pictures(list(score_pictures(outcomes)), plot):
            say(f"Wrote {path}.")
    finish(outcomes)
