"""Making the bundle of a platform: from a competition to a folder with the tree and its zip."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from submissions.competition.settings import Competition
from submissions.errors import BadInputError, UsageError
from submissions.files import folder_written_atomically
from submissions.leaderboard.dividing import private_units
from submissions.leaderboard.rules import Rules
from submissions.platforms.codabench import codabench_files
from submissions.platforms.evalai import evalai_files
from submissions.platforms.huggingface import huggingface_files
from submissions.platforms.kaggle import kaggle_files
from submissions.platforms.kit import equal_run
from submissions.platforms.material import Material, Period, SolutionRun, utc
from submissions.platforms.packing import zipped
from submissions.platforms.runtexts import as_cells, as_text, cells_as_csv
from submissions.platforms.texts import PAIRS, PageFacts, form_in_words, pages_of
from submissions.printable import printable
from submissions.progress import SILENT, Progress
from submissions.reading.runs import read_run
from submissions.run import DenseRun, Run
from submissions.scores import score
from submissions.yardstick import Inputs, Yardstick, scoring_yardstick

#: A hosting platform.
Platform = Literal["codabench", "evalai", "kaggle", "huggingface"]

_FILES: Mapping[Platform, Callable[[Material, PageFacts, Sequence[SolutionRun]], dict[str, bytes]]] = {
    "codabench": codabench_files,
    "evalai": evalai_files,
    "kaggle": kaggle_files,
    "huggingface": huggingface_files,
}
#: Platforms whose boards take a row per occurrence.
OF_CELLS: frozenset[Platform] = frozenset({"kaggle", "huggingface"})
_DAYS = 90


@dataclass(frozen=True)
class BundleOptions:
    """What may be chosen of a bundle.

    Parameters
    ----------
    pages : Path, optional
        A folder of Markdown; see `submissions.platforms.texts`.
    runs : tuple of str
        Runs that go with it; without any, the prior or an example.
    start, end : datetime, optional
        When it is open; times without a zone are UTC.
    private_share : float, optional
        Share of the quadrats that make the private part; that of the competition by default.
    seed : int, optional
        Of the drawing of the private part.
    force : bool
        Whether a bundle that is there is replaced.
    """

    pages: Path | None = None
    runs: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    private_share: float | None = None
    seed: int | None = None
    force: bool = False


@dataclass(frozen=True)
class BundleMade:
    """A bundle that was written: its tree, its zip, the paths in it, and what its organizers should know."""

    platform: Platform
    tree: Path
    archive: Path
    paths: tuple[str, ...]
    warnings: tuple[str, ...]


def make_bundle(
    platform: Platform,
    competition: Competition,
    output: Path,
    *,
    options: BundleOptions,
    write_baseline: Callable[[Path], object] | None = None,
    now: datetime | None = None,
    progress: Progress = SILENT,
) -> BundleMade:
    """Write the bundle of a platform into a folder; `write_baseline` writes a run for it where none is named.

    Raises
    ------
    UsageError
        If there is no truth, something stands where the bundle belongs, or an option cannot be meant.
    BadInputError
        If a run that is named is not valid.
    CannotCheckError
        If a file cannot be used.
    """
    _refuse_existing(platform, output, options)
    yardstick = scoring_yardstick(Inputs(), competition, progress=progress)
    warnings: list[str] = []
    material = _material(competition, yardstick, options, warnings, now=now, platform=platform)
    facts = _facts(platform, material)
    solutions = list(_solutions(platform, material, options, write_baseline, warnings))
    files = _FILES[platform](material, facts, solutions)
    warnings += _shortcomings(platform, material)
    tree, archive = output / platform, output / f"{platform}.zip"
    if options.force:
        shutil.rmtree(tree, ignore_errors=True)
    with folder_written_atomically(output) as folder:
        for name, data in files.items():
            (folder / platform / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / platform / name).write_bytes(data)
        (folder / archive.name).write_bytes(zipped(files))
    return BundleMade(platform, tree, archive, tuple(files), tuple(warnings))


def private_occurrences(yardstick: Yardstick, share: float, seed: int) -> NDArray[np.bool_] | None:
    """Return which occurrences of the truth are private: those of whole quadrats, drawn by hashes."""
    if not share:
        return None
    units = yardstick.units
    chosen: NDArray[np.bool_] = private_units(units, share=share, seed=seed)[units.units.numbers]
    if chosen.all() or not chosen.any():
        raise UsageError(f"A private share of {share} leaves a part without occurrences.")
    return chosen


def run_file(platform: Platform, material: Material, path: str, run: Run | DenseRun) -> bytes:
    """Return a run as it is sent to a platform."""
    if platform in OF_CELLS:
        return cells_as_csv(as_cells(run, material.metrics[0]))
    return as_text(path, run)


def _refuse_existing(platform: Platform, output: Path, options: BundleOptions) -> None:
    if output.exists() and not output.is_dir():
        raise UsageError(f"{printable(output)} is not a folder.", "Name a folder with -o.")
    there = [path for path in (output / platform, output / f"{platform}.zip") if path.exists()]
    if there and not options.force:
        raise UsageError(f"{printable(there[0])} exists already.", "Choose another folder, or say --force.")


def _material(
    competition: Competition,
    yardstick: Yardstick,
    options: BundleOptions,
    warnings: list[str],
    *,
    now: datetime | None,
    platform: Platform,
) -> Material:
    rules = competition.leaderboard
    share = rules.private_share if options.private_share is None else options.private_share
    if not 0 <= share < 1:
        raise UsageError(f"A private share is at least 0 and below 1, not {share}.")
    seed = rules.seed if options.seed is None else options.seed
    is_private = private_occurrences(yardstick, share, seed) if platform in OF_CELLS else None
    period = _period(options, rules, warnings, now=now)
    material = Material(
        competition,
        yardstick,
        {},
        period,
        is_private,
        rules.runs_per_day or Material.runs_per_day,
        rules.counts,
    )
    pages, default = pages_of(options.pages, _facts(platform, material))
    if default:
        names = ", ".join(f"{name}.md" for name in default)
        warnings.append(f"pages in glckit's own words: {names}; read them, and give yours with --pages DIR")
    return replace(material, pages=pages)


def _period(options: BundleOptions, rules: Rules, warnings: list[str], *, now: datetime | None) -> Period:
    opens = options.start or rules.opens
    closes = options.end or rules.closes
    if opens is None or closes is None:
        said = "no end" if opens else "no start" if closes else "no dates"
        warnings.append(f"{said} given: open from today for {_DAYS} days unless you say --start and --end")
    if opens is None:
        today = utc(now or datetime.now().astimezone()).replace(hour=0, minute=0, second=0, microsecond=0)
        opens = today if closes is None or utc(closes) > today else utc(closes) - timedelta(days=_DAYS)
    period = Period(utc(opens), utc(closes or utc(opens) + timedelta(days=_DAYS)))
    if period.closes <= period.opens:
        raise UsageError(
            f"The end, {period.closes:%Y-%m-%d %H:%M}, is not after the start, {period.opens:%Y-%m-%d %H:%M}."
        )
    return period


def _facts(platform: Platform, material: Material) -> PageFacts:
    form = PAIRS if platform in OF_CELLS else form_in_words(material.form)
    n_truth, n_test = len(material.truth), len(material.test_ids)
    return PageFacts(material.competition, material.requirements, n_truth, n_test, form)


def _solutions(
    platform: Platform,
    material: Material,
    options: BundleOptions,
    write_baseline: Callable[[Path], object] | None,
    warnings: list[str],
) -> Iterator[SolutionRun]:
    """Yield the runs that go with a bundle, each of which is valid."""
    with tempfile.TemporaryDirectory() as folder:
        named = list(options.runs)
        if not named and write_baseline is not None:
            named = [str(Path(folder, "prior.csv"))]
            write_baseline(Path(named[0]))
        elif not named:
            warnings.append(
                "no training files, so the run that goes with it has equal scores; --run names another"
            )
            named = [str(Path(folder, "example.csv"))]
            Path(named[0]).write_bytes(equal_run(material))
        _refuse_namesakes(named)
        for path in named:
            run = read_run(path, material.yardstick.inputs.reading)
            score(run, material.truth, material.requirements)  # or it says what is wrong
            yield SolutionRun(_stem(path), run_file(platform, material, path, run))


def _refuse_namesakes(paths: Sequence[str]) -> None:
    stems = [_stem(path) for path in paths]
    if len(set(stems)) < len(stems):
        raise BadInputError(
            f"Runs that go with a bundle need names of their own: {printable(', '.join(paths))}."
        )


def _stem(path: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", Path(path).name.split(".")[0]).strip("-") or "run"


def _shortcomings(platform: Platform, material: Material) -> Iterator[str]:
    """Say what a platform does not do."""
    others = [metric.name for metric in material.metrics[1:]]
    if platform == "kaggle":
        if others:
            yield f"Kaggle shows one number, {material.metrics[0].name}; left out: {', '.join(others)}"
        if material.requirements.species_ids is not None:
            yield "the metric on Kaggle knows no species table, so unknown species are no error there"
        if material.is_private is None:
            yield "all rows are Public; Kaggle wants some that are private: --private-share 0.5"
    if (
        platform in OF_CELLS
        and material.is_private is not None
        and any(m.fits_threshold for m in material.metrics)
    ):
        yield "public and private rows are scored apart, each with a threshold of its own"
