"""Reading runs and truths from Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, overload

from glckit.face.given import Path, path_of_run, truth_of
from submissions.arguments import the_names
from submissions.editions import edition_of
from submissions.reading.forms import Headerless
from submissions.reading.options import ReadingOptions
from submissions.reading.runs import read_run as read_file
from submissions.reading.sources import MAX_BYTES
from submissions.run import DenseRun, Run
from submissions.tables import Truth, TruthSets

__all__ = ["read_run", "read_truth"]


def read_run(
    path: Path,
    *,
    max_bytes: int = MAX_BYTES,
    edition: int | None = None,
    columns: str | Sequence[str] | None = None,
) -> Run | DenseRun:
    """Read a run file of any format.

    Parameters
    ----------
    path : path-like
        Text (plain, gzip, zstd, or a zip with one run in it), Parquet, or ``X.npy`` with its ids beside it;
        told apart by content. ``-`` is standard input.
    max_bytes : int, default 8 GiB
        Reading stops after so many decompressed bytes.
    edition : int, optional
        Year of the edition whose form a file without a header has; a header decides by itself.
    columns : sequence of str, optional
        What the columns of a file without a header are, in its order: ``occurrence``, ``species``,
        ``probability`` and ``rank``; or the same as one text with commas.

    Returns
    -------
    Run or DenseRun
        Lists of pairs, or a matrix. Its `faults` say what could not be read; `validate` finds the rest, and
        `score` refuses a run with errors.

    Raises
    ------
    UsageError
        If there is no such edition, a column is none of these, or `path` is no path but, say, a data frame.
    CannotCheckError
        If the file is absent or may not be read.
    """
    form = None if edition is None else edition_of(edition).form
    listed = columns.split(",") if isinstance(columns, str) else columns
    names = None if listed is None else the_names(listed, "Columns are a list of names")
    return read_file(path_of_run(path), ReadingOptions(max_bytes, headerless=Headerless(form, names)))


@overload
def read_truth(path: Path, *, sets: Literal[False] = False) -> Truth: ...


@overload
def read_truth(path: Path, *, sets: Literal[True]) -> TruthSets: ...


def read_truth(path: Path, *, sets: bool = False) -> Truth | TruthSets:
    """Read the true species of the test occurrences.

    Parameters
    ----------
    path : path-like
        A table with ``id`` and ``species_id``, or names that other editions use, such as
        ``surveyId,predictions``; further columns are skipped.
    sets : bool, default False
        Whether an occurrence may have several species, in several rows or with blanks between them, as the
        metrics ``f1-samples`` and ``f1-micro`` take them. A pair that is said twice counts once.

    Returns
    -------
    Truth or TruthSets
        By ascending id.

    Raises
    ------
    UsageError
        If `path` is no path.
    CannotCheckError
        If the file is absent or unusable: no rows, a species that is empty or no integer or, unless `sets`,
        a doubled id. The message names the lines.
    """
    return truth_of(path, sets=sets)
