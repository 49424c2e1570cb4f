"""Fusing run files with what the options and the folder give."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from baselines.fusion.options import FusionOptions, weights_of
from baselines.fusion.plan import Weighting, plan_fusion
from baselines.fusion.results import Fusion, write_fusion
from baselines.fusion.tuning import Tried, no_tried
from glckit.evaluation import Bars, size_of
from glckit.render import Report, aligned, number
from submissions.competition.settings import Competition
from submissions.errors import CannotCheckError, UsageError
from submissions.metadata import metadata_path, write_metadata
from submissions.reading.runs import read_run
from submissions.reading.sources import Progress
from submissions.run import DenseRun, Run
from submissions.tables import read_species, read_truth
from submissions.writing import run_writer


@dataclass(frozen=True)
class Recipe:
    """How to fuse run files.

    Parameters
    ----------
    options : FusionOptions
        Method, missing occurrences, rows.
    weights : tuple of float, optional
        One for each run.
    tune : Path, optional
        The truth to tune weights on.
    command : str
        What to note as the command.
    """

    options: FusionOptions = field(default_factory=FusionOptions)
    weights: tuple[float, ...] | None = None
    tune: Path | None = None
    command: str = ""


def fuse_files(
    runs: Sequence[str], output: Path, *, recipe: Recipe, competition: Competition, bars: Bars
) -> Fusion:
    """Fuse run files and write the result, with its metadata beside it.

    Parameters
    ----------
    runs : sequence of str
        The parts, two or more; ``-`` is standard input.
    output : Path
        Where the fused run belongs; the suffix decides the format.
    recipe : Recipe
        How.
    competition : Competition
        Where the species table and K come from, if it has them.
    bars : callable
        Opens a progress bar for each file.

    Returns
    -------
    Fusion
        What was written.

    Raises
    ------
    UsageError
        If the weights do not fit, the output is one of the parts, or its name tells no format.
    BadInputError
        If a run is invalid, or the runs cannot be fused as is asked; nothing is written then.
    CannotCheckError
        If a file is absent or may not be read.
    """
    weights_of(recipe.weights, len(runs))  # before minutes of reading
    _refuse_overwriting(runs, output)
    species_ids = None if competition.species is None else read_species(competition.species)
    truth = None if recipe.tune is None else read_truth(recipe.tune)
    weighting = Weighting(recipe.weights, truth, competition.k)
    with run_writer(output) as writer:
        parts = _read_all(runs, bars)
        with nullcontext() if truth is None else bars("weights", None) as told:
            weighting = replace(weighting, tried=_counting(told))
            plan = plan_fusion(parts, weighting, options=recipe.options, species_ids=species_ids)
        fusion = write_fusion(plan, writer)
    write_metadata(output, fusion.metadata(recipe.command))
    return fusion


def parsed_weights(text: str) -> tuple[float, ...]:
    """Return the numbers of a list such as ``1,2``.

    Examples
    --------
    >>> parsed_weights("1, 2.5")
    (1.0, 2.5)
    """
    try:
        return tuple(float(word) for word in text.split(","))
    except ValueError:
        raise UsageError(
            f"The weights {text!r} are no numbers with commas between.", "Write --weights 1,2."
        ) from None


def _refuse_overwriting(runs: Sequence[str], output: Path) -> None:
    for run in runs:
        if output.exists() and Path(run).exists() and output.samefile(run):
            raise UsageError(f"{output} is one of the runs to be fused.", "Name another file with -o.")


def _counting(told: Progress | None) -> Tried:
    return no_tried if told is None else lambda _: told(1)


def _read_all(runs: Sequence[str], bars: Bars) -> list[Run | DenseRun]:
    read: list[Run | DenseRun] = []
    failures: list[CannotCheckError] = []
    for run in runs:
        try:
            with bars(run, size_of(run)) as progress:
                read.append(read_run(run, progress=progress))
        except CannotCheckError as error:
            failures.append(error)
    if failures:
        raise CannotCheckError(" ".join(str(error) for error in failures))
    return read


def fusion_report(fusion: Fusion, output: Path) -> Report:
    """Report what was fused: a row for each part."""
    columns = ["run", "weight", "n_occurrences", "n_pairs", "n_missing"]
    parts = [{name: getattr(part, name) for name in columns} for part in fusion.parts]
    data = {
        "run": str(output),
        "metadata": str(metadata_path(output)),
        "method": fusion.options.method,
        "missing": fusion.options.missing,
        "max_rows": fusion.options.max_rows,
        "n_occurrences": fusion.n_occurrences,
        "n_pairs": fusion.n_pairs,
        "n_averaged_over_fewer": fusion.n_averaged_over_fewer,
        "n_left_out": fusion.n_left_out,
        "parts": parts,
        "warnings": list(fusion.warnings),
        "tuning": None if fusion.tuning is None else asdict(fusion.tuning),
    }
    return Report(data, columns, [list(part.values()) for part in parts])


def remarks(fusion: Fusion) -> list[str]:
    """Return what people should know beside the report: weightings tried, occurrences lacking, warnings."""
    found = [] if fusion.tuning is None else [_tried(fusion)]
    if fusion.n_averaged_over_fewer:
        found.append(f"{fusion.n_averaged_over_fewer:,} occurrences were averaged over fewer runs.")
    if fusion.n_left_out:
        found.append(f"{fusion.n_left_out:,} occurrences were left out: only runs of weight 0 have them.")
    return [*found, *(f"warning: {warning}" for warning in fusion.warnings)]


def _tried(fusion: Fusion) -> str:
    assert fusion.tuning is not None
    tuning = fusion.tuning
    columns = [f"adaptive top-{tuning.k}", f"top-{tuning.k}", *(part.run for part in fusion.parts)]
    best_first = sorted(tuning.trials, key=lambda trial: -trial.adaptive_top_k)
    rows = [
        [number(value, 4) for value in (trial.adaptive_top_k, trial.top_k, *trial.weights)]
        for trial in best_first
    ]
    lacking = f", {tuning.n_missing:,} of them in no run" if tuning.n_missing else ""
    head = f"Weights tried on {tuning.n_occurrences:,} occurrences{lacking}, the best first:"
    return f"{head}\n{aligned(columns, rows, [True] * len(columns))}"
