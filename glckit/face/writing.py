"""Writing runs from Python: from whatever holds scores in memory."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from glckit.face.given import Ids, Path, ids_of, species_of
from glckit.face.rows import TensorRows, array_of, is_tensor, rows_of
from scoring.sparse import Pairs
from submissions.arguments import the_path
from submissions.conversion.convert import write_checked
from submissions.conversion.options import ConversionOptions
from submissions.conversion.results import Conversion
from submissions.errors import UsageError
from submissions.faults import Example, Fault, FaultLog
from submissions.limits import MAX_ROWS
from submissions.printable import printable
from submissions.reading.schema import RUN
from submissions.requirements import Requirements
from submissions.run import DenseRun, Run, group_by_occurrence
from submissions.tables import read_occurrence_ids
from submissions.writing import paths_written

__all__ = ["write_run"]

_LONG = ("occurrence_id", "species_id", "probability")
_NOTHING = "There are no scores to write."
_FLOATS = (np.float16, np.float32, np.float64)


def write_run(
    path: Path,
    scores: Any,
    occurrence_ids: Any = None,
    species_ids: Any = None,
    *,
    max_rows: int | None = MAX_ROWS,
    test: Ids | None = None,
    species: Path | NDArray[np.integer] | None = None,
    to: int | None = None,
    force: bool = False,
) -> Conversion:
    """Write scores as a run, in any format that `glckit convert` writes.

    Parameters
    ----------
    path : path-like
        Its suffix decides the format: ``.csv`` or ``.txt``, with ``.gz`` or ``.zst`` behind if wanted,
        ``.zip``, ``.parquet`` or ``.npy``.
    scores : array-like, memory map, torch tensor, data frame or sparse matrix of SciPy
        Scores of shape (n_occurrences, n_species), of float16, float32, float64 or, in tensors, bfloat16, on
        any device; -inf for pairs that are not predicted. Of a sparse matrix the entries that are stored are
        the pairs, zeros among them, and no others are predicted. Or a data frame with a row for each pair,
        and the columns ``occurrence_id``, ``species_id``, ``probability`` and perhaps ``rank``, such as
        ``read_run(...).to_frame()``.
    occurrence_ids, species_ids : array-like of int, optional
        The occurrence of each row, and the species of each column. A pandas data frame has them in its index
        and its columns, unless they are given.
    max_rows : int, default 150
        Species kept per occurrence, the best, ties by column; None for all.
    test : path-like, sequence of path-like, or ndarray of int, optional
        Occurrences that must be predicted, as for `validate`.
    species : path-like or ndarray of int, optional
        Known species, as for `validate`.
    to : int, optional
        Year of the edition whose board is to take the file.
    force : bool, default False
        Whether a file that is there is replaced.

    Returns
    -------
    Conversion
        How many occurrences and pairs were written; `n_unsaid` counts rows without any pair, which only lists
        (`to`) and matrices can say.

    Raises
    ------
    InvalidRunError
        If `validate` would find errors, such as NaN, ids that stand twice, or occurrences of `test` that are
        missing. All are named, and nothing is written.
    UsageError
        If shapes and ids do not fit, ids are no integers, the suffix is unknown, or the file is there.
    CannotCheckError
        If a table cannot be read, or the file cannot be written.

    Notes
    -----
    A matrix is read twice, some rows at a time: it is checked, and it is written. Scores read back as the
    same float64. Logits are written as they are, for a softmax per occurrence changes the adaptive score
    (docs/metric.md). The file takes its place when it is whole.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "run.csv"
    >>> write_run(path, np.array([[0.5, 0.25]]), [10561900], [101, 241], max_rows=1).n_pairs
    1
    >>> print(path.read_text(), end="")
    occurrence_id;species_id;probability;rank
    10561900;101;0.5;1
    """
    options = ConversionOptions(max_rows=_checked(max_rows), force=force, to=to)
    requirements = Requirements(ids_of(test, read_occurrence_ids), species_ids=species_of(species))
    name = os.fspath(the_path(path, "A run is written to a path"))
    if not force:
        _refuse_existing(name)
    keeps_empty = options.board is not None and options.board.has_lists
    run = _run(name, scores, (occurrence_ids, species_ids), keeps_empty=keeps_empty)
    done = write_checked(run, name, options, requirements)
    n_without = scores.shape[0] - len(run.occurrence_ids) if _is_sparse(scores) and not keeps_empty else 0
    return replace(done, n_unsaid=done.n_unsaid + n_without)


def _run(name: str, scores: Any, ids: tuple[Any, Any], *, keeps_empty: bool) -> Run | DenseRun:
    if _has_pairs(scores):
        return _run_of_pairs(name, _with_our_names(scores))
    if _is_sparse(scores):
        return _run_of_sparse(name, scores, ids, keeps_empty=keeps_empty)
    occurrence_ids, species_ids = _ids_beside(scores, ids)
    if is_tensor(scores) and scores.layout is not sys.modules["torch"].strided:
        raise UsageError("A sparse tensor is not taken.", "Give a matrix of SciPy, or scores.to_dense().")
    try:
        rows = rows_of(scores)
    except ValueError as error:
        raise UsageError(f"These are no scores: {error}.") from error
    shape, expected = tuple(rows.shape), (len(occurrence_ids), len(species_ids))
    _refuse_other_shape(shape, expected)
    if not isinstance(rows, TensorRows) and cast(Any, rows).dtype not in _FLOATS:
        raise UsageError(f"Scores are float16, float32 or float64, not {cast(Any, rows).dtype}.")
    return DenseRun(name, occurrence_ids, species_ids, cast(NDArray[np.floating], rows))


def _has_pairs(scores: Any) -> bool:
    """Tell whether a data frame has a row for each pair: its columns are named as those of a run."""
    names = {_column_of(each) for each in getattr(scores, "columns", ())}
    return "occurrence_id" in names or {"species_id", "probability"} <= names


def _with_our_names(frame: Any) -> Any:
    """Return a data frame of pairs whose columns have our names; other columns keep theirs."""
    renamed = frame.rename(columns={each: _column_of(each) or each for each in frame.columns})
    names = list(map(str, renamed.columns))
    doubled = sorted({each for each in names if names.count(each) > 1})
    absent = [each for each in _LONG if each not in names]
    if doubled or absent:
        what = f"several columns {', '.join(doubled)}" if doubled else f"no column {', '.join(absent)}"
        raise UsageError(
            f"A data frame of pairs must not have {what}." if doubled else f"The data frame has {what}.",
            f"A row for each pair has the columns {', '.join(_LONG)}, and perhaps rank; of a matrix, ids are "
            "the index and the columns.",
        )
    return renamed


def _column_of(name: object) -> str | None:
    """Return which of our columns a name stands for, None if none."""
    known = {alias: column.name for column in RUN.columns for alias in (column.name, *column.aliases)}
    return known.get(str(name).strip().lower())


def _run_of_pairs(name: str, frame: Any) -> Run:
    columns = {each: array_of(frame[each], "columns must not be masked") for each in _LONG}
    unknown = [each for each in map(str, frame.columns) if each not in (*_LONG, "rank")]
    if unknown:
        raise UsageError(f"A run has no column {', '.join(unknown)}.", "Leave out what is none of a run.")
    ids, species = (_ids(columns[each], each) for each in _LONG[:2])
    ranks = _ids(array_of(frame["rank"], ""), "rank") if "rank" in frame.columns else None
    if not len(ids):
        raise UsageError(_NOTHING)
    grouping = group_by_occurrence(ids)
    scores = columns["probability"].astype(np.float64)
    pairs = Pairs(grouping.offsets, species, scores, ranks)
    if grouping.order is not None:
        pairs = pairs.taken(grouping.order, grouping.offsets)
    return _with_bad_scores(Run(name, grouping.ids, pairs, grouping.order))


def _run_of_sparse(name: str, scores: Any, ids: tuple[Any, Any], *, keeps_empty: bool) -> Run:
    occurrence_ids, species_ids = _ids_beside(None, ids)
    _refuse_other_shape(tuple(scores.shape), (len(occurrence_ids), len(species_ids)))
    rows = scores.tocsr()
    if rows.dtype.kind not in "fiub":
        raise UsageError(f"Scores are numbers, not {rows.dtype}.")
    pairs = Pairs(rows.indptr.astype(np.int64), species_ids[rows.indices], rows.data.astype(np.float64))
    is_filled = np.diff(pairs.offsets) > 0
    # Nothing follows from a list that is empty: its pairs begin where those of the next do.
    offsets = pairs.offsets[np.append(is_filled, True)]
    run = Run(name, occurrence_ids[is_filled], replace(pairs, offsets=offsets))
    return _with_bad_scores(replace(run, empty=occurrence_ids[~is_filled]) if keeps_empty else run)


def _with_bad_scores(run: Run) -> Run:
    """Return a run with the fault that some of its scores are not finite, if so."""
    bad = np.flatnonzero(~np.isfinite(run.pairs.scores))
    if not len(bad):
        return run
    lists = np.searchsorted(run.pairs.offsets, bad, side="right") - 1
    log = FaultLog(run=run.path)
    examples = [
        Example(None, int(run.occurrence_ids[i]), int(run.pairs.species[pair]), str(run.pairs.scores[pair]))
        for i, pair in zip(lists[: log.max_examples], bad[: log.max_examples], strict=True)
    ]
    fix = "Leave out pairs that have no score; NaN and infinity say nothing."
    log.add("bad-score", *examples, message="probability that is not finite", count=len(bad), fix=fix)
    faults: tuple[Fault, ...] = log.faults()
    return replace(run, faults=faults)


def _ids_beside(scores: Any, ids: tuple[Any, Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the ids of rows and columns, as given or as a data frame has them."""
    pandas = sys.modules.get("pandas")
    own = (scores.index, scores.columns) if pandas and isinstance(scores, pandas.DataFrame) else (None, None)
    found = [mine if given is None else given for given, mine in zip(ids, own, strict=True)]
    if any(each is None for each in found):
        raise UsageError("Rows and columns need ids.", "Give occurrence_ids and species_ids.")
    return _ids(found[0], "occurrence_ids"), _ids(found[1], "species_ids")


def _ids(given: Any, name: str) -> NDArray[np.int64]:
    values = (
        given.detach().cpu().numpy() if is_tensor(given) else array_of(given, f"{name} must not be masked")
    )
    beyond = values.dtype.kind == "u" and values.size and values.max() > np.iinfo(np.int64).max
    if values.ndim != 1 or (values.dtype.kind not in "iu" and values.size) or beyond:
        # pandas reads texts as numbers on the way, and a header is always text.
        kind = str(getattr(given, "dtype", values.dtype))
        is_text = kind in ("object", "str", "string") or values.dtype.kind in "UT"
        raise UsageError(
            f"{name} must be a list of integers, not {kind} of shape {values.shape}.",
            "Make them integers first, such as frame.columns.astype(int)."
            if is_text
            else "Ids are those of the organizers' tables, not names or positions.",
        )
    return values.astype(np.int64)


def _refuse_other_shape(shape: tuple[int, ...], expected: tuple[int, int]) -> None:
    if 0 in shape or not shape:
        raise UsageError(_NOTHING)
    if shape != expected:
        raise UsageError(
            f"Scores of shape {shape} do not fit {expected[0]:,} occurrences and {expected[1]:,} species.",
            "Give a row for each occurrence and a column for each species.",
        )


def _is_sparse(scores: Any) -> bool:
    sparse = sys.modules.get("scipy.sparse")  # no such matrix comes from where SciPy was not imported
    return sparse is not None and bool(sparse.issparse(scores))


def _refuse_existing(name: str) -> None:
    for path in paths_written(name):
        if path.exists():
            raise UsageError(f"{printable(path)} exists already.", "Choose another name, or say force=True.")


def _checked(max_rows: int | None) -> int | None:
    if max_rows is not None and (isinstance(max_rows, bool) or int(max_rows) != max_rows or max_rows < 1):
        raise UsageError(f"max_rows must be a positive whole number, or None, not {max_rows!r}.")
    return None if max_rows is None else int(max_rows)
