"""Options that several commands take, each with its one wording."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

TruthOption = Annotated[Path | None, typer.Option(metavar="FILE", help="True species: id;...;species_id.")]
RunsArgument = Annotated[list[str], typer.Argument(metavar="RUN", help="Run files; - is standard input.")]
TestOption = Annotated[
    list[Path] | None, typer.Option(metavar="FILE", help="Test occurrences; may be repeated.")
]
TrainTableOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--train",
        metavar="FILE",
        help="Training occurrences, to name those in the run; may be repeated.",
    ),
]
SpeciesOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Species table, to find unknown species.")
]
KOption = Annotated[
    int | None, typer.Option("-k", min=1, metavar="K", help="Species per occurrence; 30 by default.")
]
RowsAllowedOption = Annotated[
    int | None, typer.Option("--max-rows", min=1, metavar="N", help="Rows allowed per occurrence.")
]
MaxBytesOption = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Decompressed bytes allowed; 8 GiB by default.")
]
