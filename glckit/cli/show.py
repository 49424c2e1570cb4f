"""glckit show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from glckit.cli.app import TERMINAL, app
from glckit.cli.parameters import argument, option


@app.command("show", short_help="Draw the patch of an occurrence and its place.")
def show_patch(
    occurrence_id: Annotated[int, argument("ID", "Id of an occurrence.", min=0)],
    data: Annotated[Path | None, option("DIR", "Folder of patches or their archives, and of tables.")] = None,
    out: Annotated[Path | None, option("PNG", "Default: ID.png", "-o", "--output")] = None,
) -> None:
    """Draw the patch of an occurrence: imagery, near-infrared, land cover, altitude, and its place.

    Patches are read from extracted files or straight out of the archives; the first look into a tar.gz
    scans it whole.
    """
    from baselines.covariates.patches.picture import draw_occurrence
    from submissions.competition.files import competition_of
    from submissions.errors import UsageError
    from submissions.reading.schema import HIGHEST

    if occurrence_id > HIGHEST:
        raise UsageError(f"{occurrence_id} is no id: ids end at {HIGHEST}.", "Name an occurrence.")
    found = competition_of(data)
    path = out or Path(f"{occurrence_id}.png")
    draw_occurrence(
        occurrence_id,
        found.patch_paths,
        path,
        tables=found.tables,
        patch_size=found.data.patch_size,
        progress=TERMINAL,
    )
    TERMINAL.say(f"Wrote {path}.")
