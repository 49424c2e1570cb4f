"""glckit convert."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glckit.cli.app import TERMINAL, app, say
from glckit.cli.options import ColumnsOption, MaxBytesOption
from glckit.cli.parameters import argument, built, flag, option
from submissions.printable import printable


@app.command()
def convert(
    context: typer.Context,
    run: Annotated[str, argument("RUN", "A run in any format; - is standard input.")],
    out: Annotated[Path, argument("OUT", "Its name says the format: .csv .txt .gz .zst .zip .parquet .npy")],
    max_rows: Annotated[int | None, option("N", "Rows kept per occurrence, the best.", min=1)] = None,
    rerank: Annotated[bool, flag("Number ranks anew, by score.", "--rerank")] = False,
    to: Annotated[int | None, option("YEAR", "Write the file that the board of an edition takes.")] = None,
    top: Annotated[int | None, option("N", "Make sets of the N best species of each.", min=1)] = None,
    above: Annotated[float | None, option("T", "Make sets of the species with scores above T.")] = None,
    tune: Annotated[
        Path | None, option("FILE", "Choose N or T by a truth of occurrences in the run.", "--tune")
    ] = None,
    columns: ColumnsOption = None,
    species: Annotated[Path | None, option("FILE", "Species table, to read names where ids belong.")] = None,
    max_bytes: MaxBytesOption = None,
    force: Annotated[bool, flag("Replace OUT if it is there.", "--force")] = False,
) -> None:
    """Convert a run, mending what can be mended.

    Mended and counted are ids such as 7.0, decimal commas, percent signs, names of species, tabs,
    separators behind the last field, comments, blank lines, further columns, and repeated lines. Excel
    workbooks (.xlsx) are read, too. Anything else that is wrong stops the conversion, and nothing is
    written.

    Scores are written as they are. Of a matrix of logits it is said what a softmax per occurrence, which
    is not made, would change.

    With --to, OUT is what a board of 2018 to 2025 takes: text, with no more rows per occurrence than it
    allowed. Boards of 2023 to 2025 take sets, of which --tune tells the best size or threshold.
    """
    from glckit.reports.conversions import lines_of_conversion
    from submissions.competition.files import find_competition
    from submissions.conversion.convert import convert
    from submissions.conversion.options import ConversionOptions

    competition = find_competition([run])
    form = competition.edition.form if competition.edition else None
    found = {"species": species or competition.species, "form": form, "k": competition.k}
    options = built(ConversionOptions, {**context.params, **found})
    done = convert(run, out, options, progress=TERMINAL)
    for line in lines_of_conversion(done):
        say(line)
    say(f"{printable(out)}: {done.n_occurrences:,} occurrences, {done.n_pairs:,} pairs")
