"""glckit validate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glckit.cli.app import FormatOption, JsonOption, app, finish, progress, show
from glckit.render import Format


@app.command(short_help="Find everything that is wrong with runs.")
def validate(
    runs: Annotated[list[str], typer.Argument(metavar="RUN", help="Run files; - is standard input.")],
    test: Annotated[list[Path] | None, typer.Option(help="Test occurrences; may be repeated.")] = None,
    train: Annotated[
        list[Path] | None, typer.Option(help="Training occurrences, to tell what unknown ones are.")
    ] = None,
    species: Annotated[Path | None, typer.Option(help="Species table, to find unknown species.")] = None,
    k: Annotated[int | None, typer.Option("-k", min=1, help="Species an occurrence; 30 by default.")] = None,
    max_rows: Annotated[int | None, typer.Option(min=1, help="Rows allowed for an occurrence.")] = None,
    max_bytes: Annotated[
        int | None, typer.Option(min=1, help="Decompressed bytes allowed; 8 GiB by default.")
    ] = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Make missing occurrences a warning.")
    ] = False,
    form: FormatOption = Format.TEXT,
    as_json: JsonOption = False,
) -> None:
    """Find everything that is wrong with runs, in one pass.

    The exit status is 1 if a run has errors; warnings do not change it. What is not given as an option
    is read from competition.toml.
    """
    from glckit.evaluation import Inputs, validate_files
    from glckit.reports import validation_report
    from submissions.competition.files import find_competition

    inputs = Inputs(
        test=tuple(test or ()),
        train=tuple(train or ()),
        species=species,
        k=k,
        max_rows=max_rows,
        max_bytes=max_bytes,
        allow_missing=allow_missing,
    )
    outcomes = validate_files(runs, inputs, find_competition(), progress)
    show(validation_report(outcomes), form, as_json=as_json)
    finish(outcomes)
