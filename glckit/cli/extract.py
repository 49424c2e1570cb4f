"""glckit extract."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glckit.cli.app import STATUS_OF_VERDICT, TERMINAL, FormatOption, JsonOption, app, show
from glckit.cli.parameters import argument, flag, option
from submissions.errors import UsageError


@app.command(
    short_help="Extract archives of patches, verified.",
    again="What is in its place stays; the same command extracts the rest.",
)
def extract(
    archives: Annotated[list[Path], argument("ARCHIVE", "tar.gz, tar or zip.")],
    out: Annotated[Path | None, option("DIR", "Data folder to extract into.", "-o", "--output")] = None,
    as_tar: Annotated[
        bool, flag("Write each tar.gz as a tar, beside it or into -o, for fast reading.", "--as-tar")
    ] = False,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Extract archives of patches, verified: nothing is written of an archive that is not whole.

    A hashes.md5 beside an archive is obeyed. Files in place are left alone, so an extraction that was
    stopped continues.
    """
    from baselines.integrity.extraction.extract import rewrite_archives
    from baselines.integrity.verify import extract as extract_into
    from glckit.reports.patches import extraction_report
    from submissions.competition.files import competition_above, competition_of

    places = archives if out is None else [out, *archives]
    competition = competition_above(places) or competition_of()
    if as_tar:
        size = competition.data.patch_size
        extraction = rewrite_archives(archives, out, patch_size=size, progress=TERMINAL)
    elif out is not None:
        extraction = extract_into(archives, out, competition=competition, progress=TERMINAL)
    else:
        raise UsageError("It is not said where to extract to.", "Name a folder with -o.")
    show(extraction_report(extraction), form, as_json=as_json)
    raise typer.Exit(STATUS_OF_VERDICT[extraction.verdict])
