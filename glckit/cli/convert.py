"""glckit convert."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from glckit.cli.app import TERMINAL, app, say
from glckit.cli.options import MaxBytesOption
from glckit.cli.parameters import argument, flag, option


@app.command()
def convert(
    run: Annotated[str, argument("RUN", "A run in any format; - is standard input.")],
    out: Annotated[Path, argument("OUT", "Its name says the format: .csv .txt .gz .zst .zip .parquet .npy")],
    max_rows: Annotated[int | None, option("N", "Rows kept per occurrence, the best.", min=1)] = None,
    rerank: Annotated[bool, flag("Number ranks anew, by score.", "--rerank")] = False,
    max_bytes: MaxBytesOption = None,
) -> None:
    """Convert a run, mending what can be mended.

    Mended and counted are ids such as 7.0, decimal commas, separators behind the last field, comments,
    blank lines, further columns, and repeated lines. Anything else that is wrong stops the conversion,
    and nothing is written.
    """
    from submissions.conversion import convert
    from submissions.reading.sources import MAX_BYTES

    limit = max_bytes or MAX_BYTES
    done = convert(run, out, max_rows=max_rows, rerank=rerank, max_bytes=limit, progress=TERMINAL)
    for what, count in done.mended.items():
        say(f"mended: {what} ({count:,})")
    say(f"{out}: {done.n_occurrences:,} occurrences, {done.n_pairs:,} pairs")
