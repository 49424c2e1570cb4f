"""Runs as the scorers on platforms read them: text in the form of an edition, or a row per occurrence."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from scoring.metrics.metric import Metric
from scoring.sparse import Pairs
from submissions.editions import RunForm
from submissions.errors import CannotCheckError
from submissions.naming import STDIN
from submissions.printable import printable
from submissions.reading.sniff import NUMPY, PARQUET
from submissions.run import DenseRun, Run
from submissions.writing import best_first, write_run

_ZSTD = b"\x28\xb5\x2f\xfd"
_HEADERS: dict[RunForm, str] = {
    "long": "occurrence_id;species_id;probability",
    "ranked": "",
    "glc19": "glc19TestOccId;glc19SpId;Rank;Probability",
    "predicted": "Id,Predicted",
    "survey": "surveyId,predictions",
}


def example_run(ids: NDArray[np.integer], species: Sequence[int], form: RunForm) -> bytes:
    """Return a run with the same species for all occurrences, all with equal scores where there are any.

    Examples
    --------
    >>> example_run(np.array([7]), [4, 5], "survey").decode().split()
    ['surveyId,predictions', '7,4', '5']
    """
    lines = [_HEADERS[form]] if _HEADERS[form] else []
    if form in ("predicted", "survey"):
        words = " ".join(map(str, species))
        lines += [f"{each},{words}" for each in ids.tolist()]
    else:
        ends = {"long": "{0};0.5", "ranked": "{0};0.5;{1}", "glc19": "{0};{1};0.5"}[form]
        rows = [ends.format(each, rank) for rank, each in enumerate(species, 1)]
        lines += [f"{each};{row}" for each in ids.tolist() for row in rows]
    return "\n".join([*lines, ""]).encode()


def as_text(path: str, run: Run | DenseRun) -> bytes:
    """Return a run as a scorer on a platform reads it: the file itself if it is text, else what it says."""
    if path == STDIN:
        raise CannotCheckError("A run for a bundle is read twice, so it cannot be standard input.")
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise CannotCheckError(f"Cannot read {printable(path)}: {error.strerror or error}.") from error
    if data.startswith(_ZSTD) and run.readable:
        with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
            return bytes(stream.read())
    if not data.startswith((NUMPY, PARQUET)):
        return data
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder, "run.csv")
        write_run(written, *lists_of(run))
        return written.read_bytes()


def as_cells(run: Run | DenseRun, metric: Metric) -> Iterator[tuple[int, str]]:
    """Yield each occurrence of a run with its pairs ``species:score``, best first, as boards take them."""
    ids, pairs = lists_of(run)
    if isinstance(run, Run) and run.rank_decides and metric.needs == "order" and pairs.ranks is not None:
        # Where ranks alone decide, scores must say what they say.
        order = np.lexsort([pairs.ranks, pairs.owners])
        pairs = pairs.taken(order, pairs.offsets)
        pairs = Pairs(pairs.offsets, pairs.species, 1 / pairs.places)
    else:
        pairs = best_first(pairs)
    words = [
        f"{species}:{score!r}"
        for species, score in zip(pairs.species.tolist(), pairs.scores.tolist(), strict=True)
    ]
    bounds = pairs.offsets.tolist()
    for i, occurrence in enumerate(ids.tolist()):
        yield occurrence, " ".join(words[bounds[i] : bounds[i + 1]])
    if isinstance(run, Run):
        yield from ((occurrence, "") for occurrence in run.empty.tolist())


def lists_of(run: Run | DenseRun) -> tuple[NDArray[np.integer], Pairs]:
    """Return the lists of a run; of a matrix, what it predicts."""
    if isinstance(run, Run):
        return run.occurrence_ids, run.pairs
    predicted = [np.flatnonzero(row > -np.inf) for row in run.scores]
    offsets = np.cumsum([0, *map(len, predicted)])
    columns = np.concatenate([np.empty(0, np.intp), *predicted])
    rows = np.repeat(np.arange(len(predicted)), np.diff(offsets))
    scores = np.asarray(run.scores)[rows, columns].astype(np.float64)
    return run.occurrence_ids, Pairs(offsets, run.species_ids[columns], scores)


def cells_as_csv(rows: Iterator[tuple[int, str]]) -> bytes:
    """Return rows as a table ``Id,Predicted``."""
    return "\n".join(["Id,Predicted", *(f"{occurrence},{cell}" for occurrence, cell in rows), ""]).encode()


def cells_in(path: str) -> bytes | None:
    """Return a file that is a run of ``species:score`` already, None if it is any other."""
    try:
        with Path(path).open("rb") as file:
            first, second = file.readline(200), file.readline()
            is_one = first.strip() == b"Id,Predicted" and b":" in second
            return first + second + file.read() if is_one else None
    except OSError as error:
        raise CannotCheckError(f"Cannot read {printable(path)}: {error.strerror or error}.") from error
