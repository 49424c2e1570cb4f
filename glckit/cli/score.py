"""glckit score."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glckit.cli.app import DigitsOption, FormatOption, JsonOption, app, finish, progress, show
from glckit.render import Format


@app.command(short_help="Score runs by both metrics of the challenge.")
def score(
    runs: Annotated[list[str], typer.Argument(metavar="RUN", help="Run files; - is standard input.")],
    truth: Annotated[Path | None, typer.Option(help="True species: id;...;species_id.")] = None,
    test: Annotated[list[Path] | None, typer.Option(help="Test occurrences; may be repeated.")] = None,
    train: Annotated[
        list[Path] | None, typer.Option(help="Training occurrences, to tell what unknown ones are.")
    ] = None,
    species: Annotated[Path | None, typer.Option(help="Species table, to find unknown species.")] = None,
    k: Annotated[int | None, typer.Option("-k", min=1, help="Species an occurrence; 30 by default.")] = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Score a run without some occurrences.")
    ] = False,
    max_rows: Annotated[int | None, typer.Option(min=1, help="Rows allowed for an occurrence.")] = None,
    max_bytes: Annotated[int | None, typer.Option(min=1, help="Decompressed bytes allowed.")] = None,
    per_occurrence: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a row for each occurrence (.csv, .parquet).")
    ] = None,
    bare: Annotated[
        bool, typer.Option("-b", "--bare", help="Print the adaptive score and nothing else.")
    ] = False,
    digits: DigitsOption = 4,
    form: FormatOption = Format.TEXT,
    as_json: JsonOption = False,
) -> None:
    """Score runs by adaptive top-30 and top-30 accuracy.

    An invalid run is not scored: its faults are reported instead, and the exit status is 1. What is not
    given as an option is read from competition.toml.
    """
    from glckit.evaluation import Inputs, check_frame_path, score_files, write_per_occurrence
    from glckit.reports import score_report
    from submissions.competition.files import find_competition

    inputs = Inputs(
        truth=truth,
        test=tuple(test or ()),
        train=tuple(train or ()),
        species=species,
        k=k,
        max_rows=max_rows,
        max_bytes=max_bytes,
        allow_missing=allow_missing,
    )
    check_frame_path(per_occurrence)
    outcomes = score_files(runs, inputs, find_competition(), progress)
    show(score_report(outcomes, digits=digits, bare=bare), form, as_json=as_json, digits=digits)
    if per_occurrence is not None:
        write_per_occurrence(outcomes, per_occurrence)
    finish(outcomes)
