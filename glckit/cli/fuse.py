"""glckit fuse."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from glckit.cli.app import FormatOption, JsonOption, app, progress, say, show
from glckit.render import Format

if TYPE_CHECKING:
    from baselines.fusion.options import Method, Missing


@app.command()
def fuse(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN RUN...", help="Runs in any format; - is standard input.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="RUN", help="The fused run.")],
    weights: Annotated[
        str | None, typer.Option(metavar="W,W...", help="One for each run, such as 1,2; equal by default.")
    ] = None,
    method: Annotated[
        str, typer.Option(metavar="[mean|geometric|reciprocal-rank]", help="How scores become one.")
    ] = "mean",
    missing: Annotated[
        str,
        typer.Option(metavar="[error|renormalise]", help="What to do about occurrences that a run lacks."),
    ] = "error",
    max_rows: Annotated[int, typer.Option(min=1, help="Species kept for an occurrence.")] = 150,
    tune: Annotated[
        Path | None,
        typer.Option(metavar="TRUTH", help="Choose weights by the adaptive score on this truth."),
    ] = None,
    form: FormatOption = Format.TEXT,
    as_json: JsonOption = False,
) -> None:
    """Fuse runs: average their scores, occurrence by occurrence.

    mean and geometric divide the scores of each occurrence by their sum first; reciprocal-rank uses ranks
    alone. A pair that a run lacks counts 0 (geometric: the smallest score that the run gives the
    occurrence). With --missing renormalise an occurrence that a run lacks is averaged over the others.
    """
    from baselines.fusion.options import FusionOptions
    from glckit.config import find_competition
    from glckit.fusing import Recipe, fuse_files, fusion_report, parsed_weights, remarks

    recipe = Recipe(
        FusionOptions(cast("Method", method), cast("Missing", missing), max_rows),
        weights=None if weights is None else parsed_weights(weights),
        tune=tune,
        command=shlex.join(["glckit", *sys.argv[1:]]),
    )
    fusion = fuse_files(runs, output, recipe=recipe, competition=find_competition(), bars=progress)
    show(fusion_report(fusion, output), form, as_json=as_json)
    for remark in remarks(fusion):
        say(remark)
    say(f"Wrote {output}.")
