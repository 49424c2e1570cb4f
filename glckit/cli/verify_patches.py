"""glckit verify-patches and glckit extract."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from glckit.cli.app import FormatOption, JsonOption, app, say, show
from glckit.render import Format
from submissions.errors import UsageError


class LevelName(StrEnum):
    """How deep to look."""

    QUICK = "quick"
    FULL = "full"
    DEEP = "deep"


@app.command("verify-patches", short_help="Find damaged and missing patches.")
def verify_patches(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Data folders, folders of a region, or archives."),
    ] = None,
    occurrences: Annotated[
        list[Path] | None, typer.Option(help="Occurrence tables; may be repeated.")
    ] = None,
    level: Annotated[
        LevelName, typer.Option(help="quick: names, sizes, headers; full: every byte; deep: compare patches.")
    ] = LevelName.FULL,
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
        int | None, typer.Option(min=1, help="Check about N occurrences of all archives.")
    ] = None,
    max_duration: Annotated[
        float | None, typer.Option(min=0, metavar="S", help="Stop after S seconds.")
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Read files again that have not changed.")
    ] = False,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; all cores for large trees.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with thumbnails.")] = None,
    jsonl: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every error as a line of JSON.")
    ] = None,
    ids: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the damaged ids, one a line.")
    ] = None,
    form: FormatOption = Format.TEXT,
    as_json: JsonOption = False,
) -> None:
    """Verify that patches are whole: extracted ones, or archives to their last byte.

    Exit status 0: whole; 1: damaged or missing; 3: could not be checked. The report says what it cannot
    see. A second run, or one after a kill, continues where the first was.
    """
    from baselines.integrity.trees.planning import Selection
    from baselines.integrity.verify import VerifyRequest, verify, write_lists
    from glckit.reports.patches import verification_report

    request = VerifyRequest(
        paths=tuple(paths or ()),
        occurrences=tuple(occurrences or ()),
        level=level.value,
        manifest=manifest,
        make_manifest=make_manifest,
        archives=archives,
        repair=repair,
        selection=Selection(_part(subset), sample),
        max_duration=max_duration,
        use_state=not no_cache,
        jobs=jobs,
    )
    with _bar("verifying") as on_progress:
        verified = verify(request, on_progress=on_progress)
    write_lists(verified, ids=ids, jsonl=jsonl, html=html)
    show(verification_report(verified), form, as_json=as_json)
    for message in verified.messages:
        say(message)
    raise typer.Exit(verified.report.exit_status)


@app.command(short_help="Extract archives of patches, verified.")
def extract(
    archives: Annotated[list[Path], typer.Argument(metavar="ARCHIVE", help="tar.gz, tar or zip.")],
    out: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Data folder to extract into.")],
    form: FormatOption = Format.TEXT,
    as_json: JsonOption = False,
) -> None:
    """Extract archives of patches, verified: nothing is written of an archive that is not whole.

    A hashes.md5 beside an archive is obeyed. Files in place are left alone, so an extraction that was
    stopped continues.
    """
    from baselines.integrity.verify import extract as extract_into
    from glckit.reports.patches import extraction_report

    with _bar("extracting") as on_progress:
        told = None if on_progress is None else lambda _, n_done: on_progress(n_done, 0)
        extraction = extract_into(archives, out, on_progress=told)
    show(extraction_report(extraction), form, as_json=as_json)
    raise typer.Exit(0 if extraction.ok else 1)


def _part(subset: str | None) -> tuple[int, int] | None:
    if subset is None:
        return None
    part, separator, n_parts = subset.partition("/")
    if not separator or not part.isdigit() or not n_parts.isdigit():
        raise UsageError(f"--subset {subset} is no part.", "Write it as I/N, such as 1/4.")
    return int(part), int(n_parts)


@contextlib.contextmanager
def _bar(description: str) -> Iterator[Callable[[int, int], None] | None]:
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text("" if task.speed is None else f"{task.speed:,.0f}/s")

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(description, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total or None)
