"""glckit init."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from glckit.cli.app import app, say
from glckit.cli.parameters import argument, flag


@app.command(short_help="Write the competition.toml of a folder.")
def init(
    folder: Annotated[Path, argument("DIR", "A folder of the organizers' files.")],
    force: Annotated[bool, flag("Replace a competition.toml that is there.", "--force")] = False,
) -> None:
    """Write a competition.toml for a folder of the organizers' files, and say what was found.

    In a folder that has none of these files nothing is written, and the exit status is 2.
    """
    from submissions.competition.initialisation import initialise

    path, found = initialise(folder, force=force)
    for what, where in found:
        say(f"{what:<10} {where or '-'}")
    say(f"wrote {path}")
