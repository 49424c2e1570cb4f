"""A split on disk: occurrence files for both sides, a truth for the part held out, a table, a map."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from baselines.covariates.occurrences import Occurrences, read_all_occurrences
from baselines.covariates.splits.holdout import HELD_OUT, TRAIN, BlockSplit, block_split
from scoring.places import REGIONS
from submissions.errors import BadInputError, UsageError
from submissions.files import written_atomically
from submissions.locks import folder_claimed
from submissions.progress import SILENT, Progress

_WITHOUT_HEADER = pa_csv.WriteOptions(include_header=False, delimiter=";")


@dataclass(frozen=True)
class PartSummary:
    """One region of one part, `TRAIN` or `HELD_OUT`, of a split.

    Parameters
    ----------
    n_unseen_species : int
        Those of its species that no training occurrence of either region has: no model can predict them.
    """

    region: str
    part: str
    n_occurrences: int
    n_quadrats: int
    n_species: int
    n_unseen_species: int


@dataclass(frozen=True)
class WrittenSplit:
    """A spatial block holdout that was written.

    Parameters
    ----------
    table : Occurrences
        All occurrences, by ascending id.
    summaries : tuple of PartSummary
        The regions and parts, in the order of reports.
    paths : tuple of Path
        The files written; the truth is the last.
    """

    table: Occurrences
    split: BlockSplit
    summaries: tuple[PartSummary, ...]
    paths: tuple[Path, ...]


def write_block_split(
    files: Sequence[str | os.PathLike[str]],
    folder: str | os.PathLike[str],
    *,
    block_km: float = 5.0,
    holdout: float = 0.025,
    seed: int = 0,
    progress: Progress = SILENT,
) -> WrittenSplit:
    """Split labelled occurrence files by quadrats, and write both sides under the official names.

    The folder gets ``occurrences_{fr,us}_train.csv``, ``occurrences_{fr,us}_test.csv`` (the part held out,
    without its species) and ``truth.csv`` (with them). Rows are written by ascending id, so the same
    occurrences in another order make equal files. For the other options see `block_split`.

    Raises
    ------
    UsageError
        If the share is out of range, a file to write is one of those read, or the folder has files of
        another split that would stay.
    BadInputError
        If a file has no species, or `read_all_occurrences` refuses it.
    CannotCheckError
        If a file cannot be read or written.
    """
    table = _read_labelled(files)
    split = block_split(table, block_km=block_km, holdout=holdout, seed=seed)
    held_out = split.mask(HELD_OUT)
    rows_of = {
        Path(folder) / f"occurrences_{region}_{kind}.csv": (table.regions == region) & (held_out == is_test)
        for region in REGIONS
        for kind, is_test in (("train", False), ("test", True))
    }
    truth = Path(folder) / "truth.csv"
    paths = (*(path for path, rows in rows_of.items() if rows.any()), truth)
    _refuse_overwriting(files, paths)
    _refuse_leftovers([path for path in rows_of if path not in paths])
    with contextlib.suppress(OSError):  # whoever claims the folder says what is wrong
        Path(folder).mkdir(parents=True, exist_ok=True)
    with folder_claimed(folder, progress=progress), contextlib.ExitStack() as stack:
        _write(stack.enter_context(written_atomically(truth)), table.select(held_out))
        for path in paths[:-1]:
            part = table.select(rows_of[path])
            labels = not held_out[rows_of[path]].any()
            _write(stack.enter_context(written_atomically(path)), part, labels=labels)
        # What was entered last is moved first: a split that has no truth is one that was killed.
        with contextlib.suppress(OSError):
            truth.unlink()
    return WrittenSplit(table, split, summarise(table, split), paths)


def write_occurrences(path: str | os.PathLike[str], table: Occurrences, *, labels: bool = True) -> None:
    """Write occurrences as the organizers do, ``id;lat;lon`` and the species unless `labels` is false.

    Coordinates are written with the digits that read back to them.
    """
    with written_atomically(path) as temporary:
        _write(temporary, table, labels=labels)


def _write(path: Path, table: Occurrences, *, labels: bool = True) -> None:
    columns = {"id": table.ids, "lat": table.latitudes, "lon": table.longitudes}
    if labels:
        columns["species_id"] = table.species
    with path.open("wb") as file:
        file.write(";".join(columns).encode() + b"\n")
        pa_csv.write_csv(pa.table(columns), file, _WITHOUT_HEADER)


def summarise(table: Occurrences, split: BlockSplit) -> tuple[PartSummary, ...]:
    """Count occurrences, quadrats and species of each part of each region that has occurrences."""
    trained = np.unique(table.species[split.mask(TRAIN)])
    regions = [region for region in REGIONS if (table.regions == region).any()]
    summaries = []
    for region, part in itertools.product(regions, split.parts):
        rows = (table.regions == region) & split.mask(part)
        species = np.unique(table.species[rows])
        n_unseen = len(np.setdiff1d(species, trained))
        counts = int(np.count_nonzero(rows)), split.n_quadrats(rows), len(species), n_unseen
        summaries.append(PartSummary(region, part, *counts))
    return tuple(summaries)


def _read_labelled(files: Sequence[str | os.PathLike[str]]) -> Occurrences:
    table = read_all_occurrences(files)
    unlabelled = table.ids[~table.labelled]
    if len(unlabelled):
        names = ", ".join(os.fspath(path) for path in files)
        raise BadInputError(
            f"{len(unlabelled)} occurrences of {names} have no species_id, such as {unlabelled[0]}.",
            "Split training files; the truth of test files is not known.",
        )
    return table.select(np.argsort(table.ids, kind="stable"))


def _refuse_leftovers(unwritten: Sequence[Path]) -> None:
    """Refuse files of another split that this one would not replace: an id could stand on both sides."""
    left = [path for path in unwritten if path.exists()]
    if left:
        raise UsageError(
            f"{left[0].parent} has {', '.join(path.name for path in left)} of another split, "
            "which this one does not replace.",
            "Remove them, or give another folder with -o.",
        )


def _refuse_overwriting(files: Sequence[str | os.PathLike[str]], outputs: Sequence[Path]) -> None:
    read = {os.path.realpath(path) for path in files}
    doubled = [os.fspath(path) for path in outputs if os.path.realpath(path) in read]
    if doubled:
        raise UsageError(
            f"Splitting would overwrite what it reads: {', '.join(doubled)}.", "Give another folder with -o."
        )
