"""Fusing run files with what the options and the folder give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from baselines.fusion.options import FusionOptions, weights_of
from baselines.fusion.plan import Weighting, plan_fusion
from baselines.fusion.results import Fusion, write_fusion
from submissions.competition.settings import Competition
from submissions.errors import CannotCheckError, UsageError
from submissions.ownruns import own_run_writer, refuse_foreign
from submissions.progress import SILENT, Progress
from submissions.reading.runs import read_run
from submissions.run import DenseRun, Run
from submissions.tables import read_species, read_truth


@dataclass(frozen=True)
class Recipe:
    """How to fuse run files.

    Parameters
    ----------
    weights : tuple of float, optional
        One for each run.
    tune : Path, optional
        The truth to tune weights on.
    command : str
        What to note as the command.
    force : bool, default False
        Whether a run that is not ours may be replaced.
    """

    options: FusionOptions = field(default_factory=FusionOptions)
    weights: tuple[float, ...] | None = None
    tune: Path | None = None
    command: str = ""
    force: bool = False


def fuse_files(
    runs: Sequence[str],
    output: Path,
    *,
    recipe: Recipe,
    competition: Competition,
    progress: Progress = SILENT,
) -> Fusion:
    """Fuse two or more run files and write the result, with its metadata beside it.

    ``-`` is standard input. The species table and K are those of the competition, if it has them.

    Raises
    ------
    UsageError
        If the weights do not fit, the output is one of the parts or not ours, or its name tells no format.
    BadInputError
        If a run is invalid, or the runs cannot be fused as is asked; nothing is written then.
    CannotCheckError
        If a file is absent or may not be read.
    """
    weights_of(recipe.weights, len(runs))  # before minutes of reading
    for run in runs:
        if output.exists() and Path(run).exists() and output.samefile(run):
            raise UsageError(f"{output} is one of the runs to be fused.", "Name another file with -o.")
    refuse_foreign(output, force=recipe.force)
    species_ids = None if competition.species is None else read_species(competition.species)
    truth = None if recipe.tune is None else read_truth(recipe.tune)
    weighting = Weighting(recipe.weights, truth, competition.k)
    with own_run_writer(output, force=recipe.force, progress=progress) as fused:
        parts = _read_all(runs, progress)
        plan = plan_fusion(
            parts, weighting, options=recipe.options, species_ids=species_ids, progress=progress
        )
        fusion = write_fusion(plan, fused.writer)
        fused.metadata = fusion.metadata(recipe.command, beside=output)
    return fusion


def _read_all(runs: Sequence[str], progress: Progress) -> list[Run | DenseRun]:
    read: list[Run | DenseRun] = []
    failures: list[CannotCheckError] = []
    for run in runs:
        try:
            read.append(read_run(run, progress=progress))
        except CannotCheckError as error:
            failures.append(error)
    if failures:
        raise CannotCheckError(" ".join(str(error) for error in failures))
    return read
