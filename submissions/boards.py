"""Writing runs as the board of an edition takes them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from scoring.sparse import Pairs
from submissions.editions import Edition, RunForm
from submissions.errors import UsageError
from submissions.files import written_atomically
from submissions.naming import SUFFIXES
from submissions.printable import printable
from submissions.writing import TEXT, RunWriter, text_stream

# What stands above the rows. That of 2018 had no header; of 2019 there are runs with and without one.
_HEADERS: dict[RunForm, bytes] = {
    "ranked": b"",
    "glc19": b"glc19TestOccId;glc19SpId;Rank;Probability\n",
    "predicted": b"Id,Predicted\n",
    "survey": b"surveyId,predictions\n",
}
_LISTS = pa_csv.WriteOptions(delimiter=",", quoting_style="none", include_header=False)


def has_lists(edition: Edition) -> bool:
    """Say whether the runs of an edition have a line per occurrence, which may be without species."""
    return edition.form in ("predicted", "survey")


def refuse_other_than_text(path: Path, edition: Edition) -> None:
    """Refuse a name under which no board takes a run, before any work."""
    if Path(path).suffix.lower() not in SUFFIXES or Path(path).suffix.lower() == ".parquet":
        raise UsageError(
            f"The board of {edition.year} takes text, and {printable(path)} does not end as text does.",
            f"Let it end in {', '.join(suffix for suffix in SUFFIXES if suffix != '.parquet')}.",
        )


@contextmanager
def board_writer(path: Path, edition: Edition, *, new: bool = False) -> Iterator[RunWriter]:
    """Open a run of an edition for writing in batches; see `submissions.writing.run_writer`.

    Pairs are written in the order in which they come, which becomes their rank.
    """
    refuse_other_than_text(path, edition)
    with written_atomically(path, new=new) as temporary, ExitStack() as stack:
        stream = stack.enter_context(text_stream(temporary, Path(path).suffix.lower(), stack))
        stream.write(_HEADERS[edition.form])
        yield _BoardWriter(stream, edition.form)


class _BoardWriter:
    def __init__(self, stream: Any, form: RunForm) -> None:
        self._stream = stream
        self._form = form

    def add(self, occurrence_ids: NDArray[np.integer], pairs: Pairs) -> None:
        text = io.BytesIO()
        if self._form in ("ranked", "glc19"):
            pa_csv.write_csv(_ranked(occurrence_ids, pairs, self._form), text, TEXT)
        else:
            pa_csv.write_csv(_listed(occurrence_ids, pairs), text, _LISTS)
        self._stream.write(text.getbuffer())


def _ranked(occurrence_ids: NDArray[np.integer], pairs: Pairs, form: RunForm) -> pa.Table:
    lengths = np.diff(pairs.offsets)
    ranks = np.arange(1, len(pairs.scores) + 1) - np.repeat(pairs.offsets[:-1], lengths)
    last = [pairs.scores, ranks] if form == "ranked" else [ranks, pairs.scores]
    columns = [np.repeat(occurrence_ids, lengths), pairs.species, *last]
    return pa.table(columns, names=["occurrence", "species", "third", "fourth"])


def _listed(occurrence_ids: NDArray[np.integer], pairs: Pairs) -> pa.Table:
    import pyarrow.compute as pa_compute  # costs other runs nothing

    words = pa.array(pairs.species).cast(pa.string())
    lists = pa.ListArray.from_arrays(pa.array(pairs.offsets.astype(np.int32)), words)
    return pa.table([occurrence_ids, pa_compute.binary_join(lists, " ")], names=["occurrence", "species"])
