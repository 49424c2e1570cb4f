"""Writing runs: text (plain, gzip, zstd, zip) and Parquet, grouped by occurrence, best first."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import DTypeLike, NDArray

from scoring.sparse import Pairs
from submissions.errors import UsageError
from submissions.files import written_atomically
from submissions.locks import folder_claimed
from submissions.naming import SUFFIXES
from submissions.printable import printable
from submissions.reading.dense import id_paths

# Columns of a run, in the order in which they are written.
_SCHEMA = pa.schema(
    {"occurrence_id": pa.int64(), "species_id": pa.int64(), "probability": pa.float64(), "rank": pa.int64()}
)

# Rows of a row group of Parquet, and so 34 MB that wait to be written.
_ROW_GROUP = 2**20
_HEADER = ";".join(_SCHEMA.names).encode() + b"\n"
#: How the rows of a run are written.
TEXT = pa_csv.WriteOptions(delimiter=";", quoting_style="none", include_header=False)

_Sink = Callable[[pa.Table], object]


def paths_written(path: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Return what is written for a run: the file itself, and those of the ids beside a matrix."""
    ids = id_paths(Path(path)) if Path(path).suffix.lower() == ".npy" else ()
    return (Path(path), *ids)


class RunWriter(Protocol):
    """Takes a run batch by batch; see `run_writer`."""

    def add(self, occurrence_ids: NDArray[np.integer], pairs: Pairs) -> None:
        """Write one list of pairs for each of some occurrences, none of which was written before."""


@contextmanager
def run_writer(
    path: str | os.PathLike[str],
    *,
    max_rows: int | None = None,
    new: bool = False,
    sealed: Callable[[Path], None] | None = None,
) -> Iterator[RunWriter]:
    """Open a run for writing in batches, in bounded memory; it takes its place when all is written.

    The suffix decides the format: ``.csv`` or ``.txt``, with ``.gz`` or ``.zst`` behind if wanted,
    ``.zip``, or ``.parquet``; a `UsageError` is raised for any other. Each occurrence keeps its `max_rows`
    best pairs. `new` refuses to replace a file; `sealed` is called with the finished file before it takes
    its place.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "run.csv"
    >>> with run_writer(path, max_rows=1) as writer:
    ...     pairs = Pairs(np.array([0, 2]), np.array([4, 5]), np.array([0.25, 0.75]))
    ...     writer.add(np.array([10561900]), pairs)
    >>> print(path.read_text(), end="")
    occurrence_id;species_id;probability;rank
    10561900;5;0.75;1
    """
    suffix = Path(path).suffix.lower()
    if suffix == ".npy":
        raise UsageError(
            f"{printable(path)} would be a matrix, and only glckit convert writes those.",
            "Name a run in another format, and convert it.",
        )
    if suffix not in SUFFIXES:
        raise UsageError(
            f"Cannot tell the format of {printable(path)} from its name.",
            f"Let it end in {', '.join(SUFFIXES)} or .npy.",
        )
    with written_atomically(path, new=new) as temporary:
        with ExitStack() as stack:
            yield _BatchWriter(_sink(temporary, suffix, stack), max_rows)
        if sealed is not None:
            sealed(temporary)


def write_run(
    path: str | os.PathLike[str],
    occurrence_ids: NDArray[np.integer],
    pairs: Pairs,
    *,
    max_rows: int | None = None,
    new: bool = False,
) -> None:
    """Write a whole run, one list for each id; see `run_writer`.

    Ranks are written as given, or as 1..n if there are none.
    """
    with run_writer(path, max_rows=max_rows, new=new) as writer:
        write_lists(writer, occurrence_ids, pairs)


def write_lists(writer: RunWriter, occurrence_ids: NDArray[np.integer], pairs: Pairs) -> None:
    """Write lists in batches, one for each id."""
    for lists in pairs.chunks():
        writer.add(occurrence_ids[lists], pairs.within(lists))


def write_matrix(
    path: str | os.PathLike[str],
    occurrence_ids: NDArray[np.integer],
    pairs: Pairs,
    *,
    max_rows: int | None = None,
    new: bool = False,
) -> None:
    """Write a run as a float64 matrix, -inf where a pair is absent, with its ids beside it.

    Rows are the lists and columns their species, ascending; see `matrix_writer`.
    """
    kept = best_first(pairs, max_rows=max_rows)
    species_ids, columns = np.unique(kept.species, return_inverse=True)
    with matrix_writer(path, occurrence_ids, species_ids, new=new) as matrix:
        for row in range(kept.n_lists):
            inside = slice(kept.offsets[row], kept.offsets[row + 1])
            matrix[row] = -np.inf
            matrix[row, columns[inside]] = kept.scores[inside]


@contextmanager
def matrix_writer(
    path: str | os.PathLike[str],
    occurrence_ids: NDArray[np.integer],
    species_ids: NDArray[np.integer],
    *,
    dtype: DTypeLike = np.float64,
    new: bool = False,
) -> Iterator[NDArray[np.floating]]:
    """Yield a matrix of zeros, mapped to a file that takes its place with its ids when all is written.

    For ``X.npy`` the ids of rows and columns go to ``X.occurrence_ids.npy`` and ``X.species_ids.npy``; scores
    are float16, float32 or float64.
    """
    paths = id_paths(Path(path))
    shape = (len(occurrence_ids), len(species_ids))
    with ExitStack() as claim, written_atomically(path, new=new) as temporary:
        matrix = np.lib.format.open_memmap(temporary, mode="w+", dtype=dtype, shape=shape)
        yield matrix
        matrix.flush()
        with ExitStack() as both:
            for id_path, ids in zip(paths, (occurrence_ids, species_ids), strict=True):
                file = both.enter_context(written_atomically(id_path, new=new))
                with file.open("wb") as stream:
                    np.save(stream, ids.astype(np.int64))
            # The three files are those of one matrix.
            claim.enter_context(folder_claimed(Path(os.path.realpath(path)).parent))
            if not new:
                # From here to the end there is no matrix: a kill must not leave one with ids of another.
                Path(path).unlink(missing_ok=True)


def best_first(pairs: Pairs, *, max_rows: int | None = None) -> Pairs:
    """Order each list by falling score, then rank, then order, and keep its first `max_rows`.

    Examples
    --------
    >>> pairs = Pairs(np.array([0, 3]), np.array([1, 2, 3]), np.array([0.1, 0.7, 0.7]))
    >>> best_first(pairs, max_rows=2).species.tolist()
    [2, 3]
    """
    lists = np.repeat(np.arange(pairs.n_lists), np.diff(pairs.offsets))
    keys = [-pairs.scores, lists] if pairs.ranks is None else [pairs.ranks, -pairs.scores, lists]
    order = np.lexsort(keys)  # stable, so the order of the file breaks what ties are left
    ordered = pairs.taken(order, pairs.offsets - pairs.offsets[0])
    return ordered if max_rows is None else first_of_each(ordered, max_rows)


def first_of_each(pairs: Pairs, n: int) -> Pairs:
    """Return the first `n` pairs of each list."""
    lengths = np.diff(pairs.offsets)
    n = min(n, len(pairs.scores))  # what is larger may not fit 64 bits
    place = np.arange(len(pairs.scores)) - np.repeat(pairs.offsets[:-1], lengths)
    return pairs.taken(place < n, np.concatenate([[0], np.cumsum(np.minimum(lengths, n))]))


class _BatchWriter:
    def __init__(self, write_table: _Sink, max_rows: int | None) -> None:
        self._write_table = write_table
        self._max_rows = max_rows

    def add(self, occurrence_ids: NDArray[np.integer], pairs: Pairs) -> None:
        kept = best_first(pairs, max_rows=self._max_rows)
        lengths = np.diff(kept.offsets)
        places = np.arange(1, len(kept.scores) + 1) - np.repeat(kept.offsets[:-1], lengths)
        ranks = places if kept.ranks is None else kept.ranks
        columns = (np.repeat(occurrence_ids, lengths), kept.species, kept.scores, ranks)
        arrays = [
            values.astype(field.type.to_pandas_dtype())
            for values, field in zip(columns, _SCHEMA, strict=True)
        ]
        self._write_table(pa.table(arrays, schema=_SCHEMA))


def _sink(path: Path, suffix: str, stack: ExitStack) -> _Sink:
    """Open a file for the tables of a run, such that equal runs become equal files."""
    if suffix == ".parquet":
        return _parquet_sink(path, stack)
    stream = stack.enter_context(text_stream(path, suffix, stack))
    stream.write(_HEADER)

    def write_table(table: pa.Table) -> None:
        text = io.BytesIO()
        pa_csv.write_csv(table, text, TEXT)  # writes the shortest decimals that read back the same
        stream.write(text.getbuffer())

    return write_table


def text_stream(path: Path, suffix: str, stack: ExitStack) -> Any:
    """Open a file for text, compressed as its suffix says; the stack closes what is below it."""
    if suffix == ".zst":
        return pa.CompressedOutputStream(str(path), "zstd")
    if suffix == ".zip":
        archive = stack.enter_context(zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED))
        member = zipfile.ZipInfo("run.csv")  # dated 1980
        member.compress_type = zipfile.ZIP_DEFLATED
        return archive.open(member, "w", force_zip64=True)
    file = stack.enter_context(path.open("wb"))
    # No name and no time.
    return gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) if suffix == ".gz" else file


def _parquet_sink(path: Path, stack: ExitStack) -> _Sink:
    """Write row groups of many batches: readers then join few of them, and each takes little room."""
    import pyarrow.parquet as pa_parquet  # costs text runs nothing

    writer = stack.enter_context(pa_parquet.ParquetWriter(path, _SCHEMA, compression="zstd"))
    waiting: list[pa.Table] = []

    def flush() -> None:
        if waiting:
            writer.write_table(pa.concat_tables(waiting))
            waiting.clear()

    def write_table(table: pa.Table) -> None:
        waiting.append(table)
        if sum(map(len, waiting)) >= _ROW_GROUP:
            flush()

    stack.callback(flush)
    return write_table
