"""glckit fuse."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from glckit.cli.app import FormatOption, JsonOption, app, progress, say, show
from glckit.cli.baseline import MaxRowsOption, command_line
from glckit.render import Format


class Method(StrEnum):
    """How scores become one, as a flag."""

    MEAN = "mean"
    GEOMETRIC = "geometric"
    RECIPROCAL_RANK = "reciprocal-rank"


class Missing(StrEnum):
    """What to do about occurrences that a run lacks, as a flag."""

    ERROR = "error"
    RENORMALISE = "renormalise"


WeightsOption = Annotated[
    str | None, typer.Option(metavar="W,W...", help="One for each run, such as 1,2; equal by default.")
]
MethodOption = Annotated[Method, typer.Option(help="How scores become one.")]
MissingOption = Annotated[Missing, typer.Option(help="Occurrences that a run lacks: stop, or do without it.")]
TuneOption = Annotated[
    Path | None, typer.Option(metavar="TRUTH", help="Choose weights by the adaptive score on this truth.")
]


@app.command(short_help="Average runs: late fusion.")
def fuse(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN", help="Runs in any format; - is standard input.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="RUN", help="The fused run.")],
    weights: WeightsOption = None,
    method: MethodOption = Method.MEAN,
    missing: MissingOption = Missing.ERROR,
    max_rows: MaxRowsOption = None,
    tune: TuneOption = None,
    form: FormatOption = Format.TEXT,
    as_json: JsonOption = False,
) -> None:
    """Fuse runs: average their scores, occurrence by occurrence.

    mean and geometric divide the scores of each occurrence by their sum first; reciprocal-rank uses ranks
    alone. A pair that a run lacks counts 0 (geometric: the smallest score that the run gives the
    occurrence). With --missing renormalise an occurrence that a run lacks is averaged over the others.
    """
    from baselines.fusion.options import FusionOptions
    from baselines.fusion.files import Recipe, fuse_files, fusion_report, parsed_weights, remarks
    from submissions.competition.files import find_competition

    competition = find_competition()
    recipe = Recipe(
        FusionOptions(method.value, missing.value, competition.rows(max_rows)),
        weights=None if weights is None else parsed_weights(weights),
        tune=tune,
        command=command_line(),
    )
    fusion = fuse_files(runs, output, recipe=recipe, competition=competition, bars=progress)
    show(fusion_report(fusion, output), form, as_json=as_json)
    for remark in remarks(fusion):
        say(remark)
    say(f"Wrote {output}.")
