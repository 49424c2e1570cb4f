"""glckit split."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from glckit.cli.app import TERMINAL, FormatOption, JsonOption, app, say, show
from glckit.cli.parameters import argument, option
from glckit.render import Report
from submissions.errors import UsageError, require

if TYPE_CHECKING:
    from baselines.covariates.splits.files import WrittenSplit


@app.command(short_help="Hold out whole quadrats to validate on.")
def split(
    files: Annotated[list[Path], argument("FILE", "Labelled occurrences: id;lat;lon;species_id.")],
    folder: Annotated[Path, option("DIR", "Where to write both sides.", "-o", "--output")],
    block_km: Annotated[float, option("KM", "Side of a quadrat in km on the ground.")] = 5.0,
    holdout: Annotated[float, option("SHARE", "Share of the occupied quadrats to hold out.")] = 0.025,
    seed: Annotated[int, option("N", "Another seed holds out other quadrats.")] = 0,
    plot: Annotated[Path | None, option("PNG", "Draw a map of both sides.")] = None,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Hold out whole quadrats of the training occurrences, with a truth to score runs on them.

    DIR gets occurrences_{fr,us}_train.csv, occurrences_{fr,us}_test.csv without species, and truth.csv.
    """
    from baselines.covariates.splits.files import write_block_split

    if plot is not None:
        require("matplotlib", "plot")  # before anything is written
        if plot.suffix.lower() != ".png":
            raise UsageError(f"The map is a PNG, and {plot} is not named so.", "Let it end in .png.")
    written = write_block_split(
        files, folder, block_km=block_km, holdout=holdout, seed=seed, progress=TERMINAL
    )
    if plot is not None:
        from baselines.covariates.splits.map import draw_split

        draw_split(written.table, written.split, plot)
    show(_report(written), form, as_json=as_json)
    say(f"Wrote {', '.join(path.name for path in written.paths)} to {folder}.")


def _report(written: WrittenSplit) -> Report:
    columns = ("region", "part", "n_occurrences", "n_quadrats", "n_species", "n_unseen_species")
    rows = [[getattr(summary, column) for column in columns] for summary in written.summaries]
    data = {
        "files": [str(path) for path in written.paths],
        "parts": [dict(zip(columns, row, strict=True)) for row in rows],
    }
    return Report(data, columns, rows)
