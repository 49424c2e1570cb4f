"""glckit convert."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glckit.cli.app import TERMINAL, app, say
from glckit.cli.options import MaxBytesOption
from glckit.cli.parameters import argument, built, flag, option
from submissions.printable import printable


@app.command()
def convert(
    context: typer.Context,
    run: Annotated[str, argument("RUN", "A run in any format; - is standard input.")],
    out: Annotated[Path, argument("OUT", "Its name says the format: .csv .txt .gz .zst .zip .parquet .npy")],
    max_rows: Annotated[int | None, option("N", "Rows kept per occurrence, the best.", min=1)] = None,
    rerank: Annotated[bool, flag("Number ranks anew, by score.", "--rerank")] = False,
    species: Annotated[Path | None, option("FILE", "Species table, to read names where ids belong.")] = None,
    max_bytes: MaxBytesOption = None,
    force: Annotated[bool, flag("Replace OUT if it is there.", "--force")] = False,
) -> None:
    """Convert a run, mending what can be mended.

    Mended and counted are ids such as 7.0, decimal commas, percent signs, names of species, tabs,
    separators behind the last field, comments, blank lines, further columns, and repeated lines. Excel
    workbooks (.xlsx) and runs of other editions are read, too. Anything else that is wrong stops the
    conversion, and nothing is written.
    """
    from submissions.competition.files import find_competition
    from submissions.conversion import ConversionOptions, convert

    options = built(
        ConversionOptions, {**context.params, "species": species or find_competition([run]).species}
    )
    done = convert(run, out, options, progress=TERMINAL)
    for what, count in done.mended.items():
        say(f"mended: {what} ({count:,})")
    say(f"{printable(out)}: {done.n_occurrences:,} occurrences, {done.n_pairs:,} pairs")
