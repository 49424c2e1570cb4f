"""glckit verify-patches."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from baselines.integrity.findings import Level
from glckit.cli.app import BAD, CANNOT_CHECK, OK, TERMINAL, FormatOption, JsonOption, app, show
from glckit.render import Format
from submissions.errors import UsageError

_STATUS = {"whole": OK, "damaged": BAD, "unknown": CANNOT_CHECK}


@app.command("verify-patches", short_help="Find damaged and missing patches.")
def verify_patches(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Data folders, folders of a region, or archives."),
    ] = None,
    occurrences: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Occurrence tables; may be repeated.")
    ] = None,
    level: Annotated[
        Level, typer.Option(help="quick: names, sizes, headers; full: every byte; deep: compare patches.")
    ] = "full",
    manifest: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Checksums to hold the files against.")
    ] = None,
    make_manifest: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write checksums of whole patches.")
    ] = None,
    archives: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Archives to hold the files against, or to repair from."),
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Take what is damaged again from --archives.")
    ] = False,
    subset: Annotated[str | None, typer.Option(metavar="I/N", help="Check the I-th of N parts.")] = None,
    sample: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Check about N occurrences of all archives."),
    ] = None,
    max_duration: Annotated[
        float | None, typer.Option(min=0, metavar="S", help="Stop after S seconds.")
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Read files again that have not changed.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes; all cores for large trees.")
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with thumbnails.")] = None,
    jsonl: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every error as a line of JSON.")
    ] = None,
    ids: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the damaged ids, one per line.")
    ] = None,
    form: FormatOption = Format.TEXT,
    as_json: JsonOption = False,
) -> None:
    """Verify that patches are whole: extracted ones, or archives to their last byte.

    Exit status 0: whole; 1: damaged or missing; 3: could not be checked. The report says what it cannot
    see. A second run, or one after a kill, continues where the first was.
    """
    from baselines.integrity.memory.state import default_state_path
    from baselines.integrity.options import VerifyOptions
    from baselines.integrity.pages.lists import write_lists
    from baselines.integrity.verify import verify_competition
    from glckit.reports.patches import verification_report
    from submissions.competition.files import competition_above, competition_of

    # The configuration above the patches knows them better than that of the current folder.
    competition = competition_above(paths or ()) or competition_of()
    options = VerifyOptions(
        level=level,
        subset=_part(subset),
        sample=sample,
        max_duration=max_duration,
        jobs=jobs,
        state=None if no_cache else default_state_path(),
        manifest=manifest,
        make_manifest=make_manifest,
        archives=archives,
        repair=repair,
    )
    found = verify_competition(
        competition, paths or (), tables=occurrences or (), options=options, progress=TERMINAL
    )
    write_lists(found, ids=ids, jsonl=jsonl, html=html, patch_size=competition.data.patch_size)
    show(verification_report(found), form, as_json=as_json)
    raise typer.Exit(_STATUS[found.verdict])


def _part(subset: str | None) -> tuple[int, int] | None:
    if subset is None:
        return None
    part, separator, n_parts = subset.partition("/")
    if not separator or not part.isdigit() or not n_parts.isdigit():
        raise UsageError(f"--subset {subset} is no part.", "Write it as I/N, such as 1/4.")
    return int(part), int(n_parts)
