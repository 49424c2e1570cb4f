"""glckit verify-patches."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from baselines.integrity.findings import Level
from glckit.cli.app import CANNOT_CHECK, STATUS_OF_VERDICT, TERMINAL, FormatOption, JsonOption, app, show
from glckit.cli.baseline import command_line
from glckit.cli.parameters import argument, built, flag, option
from submissions.errors import UsageError


def _part(text: str) -> tuple[int, int]:
    part, separator, n_parts = text.partition("/")
    if not separator or not part.isdigit() or not n_parts.isdigit():
        raise UsageError(f"--subset {text} is no part.", "Write it as I/N, such as 1/4.")
    return int(part), int(n_parts)


@app.command(
    "verify-patches",
    short_help="Find damaged and missing patches.",
    again="What was checked is remembered; the same command goes on.",
)
def verify_patches(
    context: typer.Context,
    paths: Annotated[
        list[Path] | None, argument("PATH", "Data folders, folders of a region, or archives.")
    ] = None,
    occurrences: Annotated[list[Path] | None, option("FILE", "Occurrence tables; may be repeated.")] = None,
    level: Annotated[
        Level, flag("quick: names, sizes, headers; full: every byte; deep: compare patches.")
    ] = "full",
    manifest: Annotated[Path | None, option("FILE", "Checksums to hold the files against.")] = None,
    make_manifest: Annotated[Path | None, option("FILE", "Write checksums of whole patches.")] = None,
    archives: Annotated[
        Path | None, option("DIR", "Archives to hold the files against, or to repair from.")
    ] = None,
    repair: Annotated[bool, flag("Take what is damaged again from --archives.", "--repair")] = False,
    subset: Annotated[str | None, option("I/N", "Check the I-th of N parts.", parser=_part)] = None,
    sample: Annotated[int | None, option("N", "Check about N occurrences of all archives.", min=1)] = None,
    max_duration: Annotated[float | None, option("S", "Stop after S seconds.", min=0)] = None,
    no_cache: Annotated[bool, flag("Read files again that have not changed.", "--no-cache")] = False,
    jobs: Annotated[int | None, option("N", "Processes; all cores for large trees.", min=1)] = None,
    html: Annotated[Path | None, option("FILE", "Write a page with thumbnails.")] = None,
    jsonl: Annotated[Path | None, option("FILE", "Write every error as a line of JSON.")] = None,
    ids: Annotated[Path | None, option("FILE", "Write the damaged ids, one per line.")] = None,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Verify that patches are whole: extracted ones, or archives to their last byte.

    Exit status 0: whole; 1: damaged or missing; 3: could not be checked. The report says what it cannot
    see. A second run, or one after a kill, continues where the first was.
    """
    from baselines.integrity.memory.state import default_state_path
    from baselines.integrity.options import VerifyOptions
    from baselines.integrity.pages.lists import Lists, write_lists
    from baselines.integrity.pages.page import Circumstances
    from baselines.integrity.verify import verify_competition
    from glckit.reports.patches import repair_command, verification_report
    from submissions.competition.files import competition_above, competition_of

    # The configuration above the patches knows them better than that of the current folder.
    competition = competition_above(paths or ()) or competition_of()
    options = replace(built(VerifyOptions, {**context.params, "state": default_state_path()}), jobs=jobs)
    lists = built(Lists, context.params)
    lists.require_extras()
    found = verify_competition(
        competition, paths or (), tables=occurrences or (), options=options, progress=TERMINAL
    )
    own = competition.data.archives if competition.data.archives.is_dir() else None
    mending = repair_command(
        found, paths or (), occurrences=occurrences or (), manifest=manifest, archives=archives or own
    )
    circumstances = Circumstances(command_line(), os.fspath(Path.cwd()), mending)
    show(verification_report(found, repair=mending), form, as_json=as_json)
    write_lists(found, lists, patch_size=competition.data.patch_size, circumstances=circumstances)
    is_blocked = found.repair is not None and found.repair.obstacles
    raise typer.Exit(CANNOT_CHECK if is_blocked else STATUS_OF_VERDICT[found.verdict])
