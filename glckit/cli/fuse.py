"""glckit fuse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from baselines.fusion.options import FusionOptions, Method, Missing
from glckit.cli.app import TERMINAL, FormatOption, JsonOption, app, say, show
from glckit.cli.baseline import ForceOption, MaxRowsOption, command_line
from glckit.cli.parameters import argument, built, flag, listed, option

WeightsOption = Annotated[
    str | None,
    option("W,W...", "One for each run, such as 1,2; equal by default.", parser=listed("--weights", float)),
]
MethodOption = Annotated[Method, flag("How scores become one.")]
MissingOption = Annotated[Missing, flag("Occurrences that a run lacks: stop, or do without it.")]


@app.command(short_help="Average runs: late fusion.")
def fuse(
    context: typer.Context,
    runs: Annotated[list[str], argument("RUN", "Runs in any format; - is standard input.")],
    output: Annotated[Path, option("RUN", "The fused run.", "-o", "--output")],
    weights: WeightsOption = None,
    method: MethodOption = FusionOptions.method,
    missing: MissingOption = FusionOptions.missing,
    max_rows: MaxRowsOption = None,
    tune: Annotated[
        Path | None, option("TRUTH", "Choose weights by the adaptive score on this truth.")
    ] = None,
    force: ForceOption = False,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Fuse runs: average their scores, occurrence by occurrence.

    mean and geometric divide the scores of each occurrence by their sum first; reciprocal-rank uses ranks
    alone. A pair that a run lacks counts 0 (geometric: the smallest score that the run gives the
    occurrence). With --missing renormalise an occurrence that a run lacks is averaged over the others.
    """
    from baselines.fusion.files import Recipe, fuse_files
    from glckit.reports.fusing import fusion_report, remarks
    from submissions.competition.files import find_competition

    competition = find_competition()
    added = {"max_rows": competition.rows(max_rows), "command": command_line()}
    recipe = built(Recipe, {**context.params, **added})
    fusion = fuse_files(runs, output, recipe=recipe, competition=competition, progress=TERMINAL)
    show(fusion_report(fusion, output), form, as_json=as_json)
    for remark in remarks(fusion):
        say(remark)
    say(f"Wrote {output}.")
