"""glckit compare."""

from __future__ import annotations

from typing import Annotated

import typer

from glckit.cli.app import TERMINAL, DigitsOption, FormatOption, JsonOption, app, say, show
from glckit.cli.options import (
    ColumnsOption,
    KOption,
    MaxBytesOption,
    MetricOption,
    PlotOption,
    ReplicatesOption,
    RowsAllowedOption,
    RunsArgument,
    SeedOption,
    SpeciesOption,
    TestOption,
    TrainTableOption,
    TruthOption,
)
from glckit.cli.parameters import built, flag


@app.command(short_help="Tell whether one run is better than another.")
def compare(
    context: typer.Context,
    runs: RunsArgument,
    truth: TruthOption = None,
    test: TestOption = None,
    train: TrainTableOption = None,
    species: SpeciesOption = None,
    metric: MetricOption = None,
    k: KOption = None,
    allow_missing: Annotated[bool, flag("Compare runs without some occurrences.", "--allow-missing")] = False,
    max_rows: RowsAllowedOption = None,
    max_bytes: MaxBytesOption = None,
    columns: ColumnsOption = None,
    replicates: ReplicatesOption = None,
    seed: SeedOption = None,
    pairs: Annotated[bool, flag("Tabulate the pairs of runs, not the runs.")] = False,
    plot: PlotOption = None,
    digits: DigitsOption = 4,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Compare runs: scores with intervals, tests of all pairs, and ranks that say when they are none.

    The units are the quadrats of 5 km in which the test occurrences were drawn. Every replicate draws them
    anew, for all runs alike, and fits the threshold again. Runs are compared by the metric that ranks.
    """
    from glckit.reports.comparison import comparison_report
    from submissions.comparing import compare_files
    from submissions.competition.files import find_competition
    from submissions.yardstick import Inputs

    if plot is not None:
        from glckit.pictures.drawing import check_plot_folder

        check_plot_folder(plot)
    inputs = built(Inputs, context.params)
    comparison = compare_files(runs, inputs, find_competition(runs), progress=TERMINAL)
    show(comparison_report(comparison, digits=digits, pairs=pairs), form, as_json=as_json, digits=digits)
    if plot is not None:
        from glckit.pictures.comparison import comparison_pictures
        from glckit.pictures.drawing import write_pictures

        for path in write_pictures(comparison_pictures(comparison), plot):
            say(f"Wrote {path}.")
