"""Options that several commands take, each with its one wording."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from glckit.cli.parameters import argument, listed, option

TruthOption = Annotated[Path | None, option("FILE", "True species: id;...;species_id.")]
RunsArgument = Annotated[list[str], argument("RUN", "Run files; - is standard input.")]
TestOption = Annotated[list[Path] | None, option("FILE", "Test occurrences; may be repeated.")]
TrainTableOption = Annotated[
    list[Path] | None,
    option("FILE", "Training occurrences, to name those in the run; may be repeated.", "--train"),
]
SpeciesOption = Annotated[Path | None, option("FILE", "Species table, to find unknown species.")]
KOption = Annotated[int | None, option("K", "Species per occurrence; 30 by default.", "-k", min=1)]
MetricOption = Annotated[
    list[str] | None,
    option(
        "NAME",
        "Score by this metric, such as mrr or f1-samples; may be repeated, and the first ranks. By default "
        "adaptive-top-k and top-k.",
        "--metric",
    ),
]
ColumnsOption = Annotated[
    str | None,
    option(
        "A,B,C,D",
        "Columns of a run without a header: occurrence, species, probability and rank, in its order.",
        parser=listed("--columns", str),
    ),
]
RowsAllowedOption = Annotated[int | None, option("N", "Rows allowed per occurrence.", "--max-rows", min=1)]
MaxBytesOption = Annotated[int | None, option("N", "Decompressed bytes allowed; 8 GiB by default.", min=1)]
