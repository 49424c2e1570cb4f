"""Runs with a row per occurrence: ``Id,Predicted``, with ``species:score`` between blanks."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from scoring.metrics.metric import Metric
from scoring.sets import TrueSets
from submissions.faults import Fault, FaultLog
from submissions.ordering import stable_order
from submissions.platforms.programs.reference import BrokenBundle
from submissions.reading.lines import named_id, shown
from submissions.reading.lists import read_lists
from submissions.reading.runs import run_of_table
from submissions.reading.schema import PREDICTED, SCORED_LISTS
from submissions.reading.sources import Source
from submissions.run import Run
from submissions.tables import Truth, TruthSets

# What would divide the lines and fields that cells are put into.
_DIVIDING = re.compile(r'[;"\r\n\x00#]')
_AS_PAIRS = "Write species:score with blanks between the pairs, such as 123:0.9 45:0.1."


def run_of_cells(ids: Sequence[object], cells: Sequence[object], metric: Metric) -> Run:
    """Read the lists of a run; without any score they go from best to worst, if scores do not compare."""
    log = FaultLog(run="the submission")
    texts = [_DIVIDING.sub("\ufffd", _text(cell)) for cell in cells]
    has_scores = metric.needs == "scores" or any(":" in text for text in texts)
    lines = [_line(_text(each), text, has_scores=has_scores) for each, text in zip(ids, texts, strict=True)]
    names = "id;predictions;probas" if has_scores else "id;predictions"
    data = "\n".join([names, *lines, ""]).encode()
    source = Source(io.BufferedReader(io.BytesIO(data)), log)
    table = read_lists(source, SCORED_LISTS if has_scores else PREDICTED, log)
    run = run_of_table("the submission", table, log)
    return replace(run, faults=tuple(_of_cells(fault, ids, texts) for fault in run.faults))


def _of_cells(fault: Fault, ids: Sequence[object], texts: Sequence[str]) -> Fault:
    """Say of examples what stands in the cell, for the lines that were made of cells are nobody's."""
    if fault.code not in ("ragged", "bad-score"):
        return fault
    examples = fault.examples
    if fault.code == "ragged":
        rows = [(example, example.line - 2) for example in examples if example.line is not None]
        examples = tuple(
            replace(example, occurrence_id=_id_of(ids[row]), found=shown(texts[row])) for example, row in rows
        )
    return replace(fault, fix=_AS_PAIRS, examples=examples)


def _id_of(cell: object) -> int | None:
    named = named_id(_text(cell))
    return named[0] if named else None


def truth_of_cells(ids: Sequence[object], cells: Sequence[object], metric: Metric) -> Truth | TruthSets:
    """Read a truth, species with blanks between them; several per occurrence for metrics of sets alone."""
    listed = [
        (int(_text(each)), int(word))
        for each, cell in zip(ids, cells, strict=True)
        for word in _text(cell).split()
    ]
    columns = np.array(listed, np.int64).reshape(-1, 2)
    order = stable_order(columns[:, 0], columns[:, 1])
    pair_ids, species = columns[order, 0], columns[order, 1]
    starts = np.flatnonzero(np.append(True, pair_ids[1:] != pair_ids[:-1]))[: len(pair_ids)]
    if metric.needs == "sets":
        return TruthSets(pair_ids[starts], TrueSets(np.append(starts, len(pair_ids)), species))
    if len(starts) < len(pair_ids) or not len(starts):
        raise BrokenBundle("the solution does not have one species per occurrence")
    return Truth(pair_ids, species)


def _line(occurrence: str, text: str, *, has_scores: bool) -> str:
    if not has_scores:
        return f"{occurrence};{text}"
    pairs = [word.partition(":") for word in text.split()]
    species = " ".join(first for first, _, _ in pairs)
    return f"{occurrence};{species};{' '.join(score for _, _, score in pairs)}"


def _text(cell: object) -> str:
    """Return what a cell of a table says; tables of numbers may have floats where integers were written."""
    if isinstance(cell, float | np.floating):
        number = float(cell)
        return "" if math.isnan(number) else str(int(number)) if number.is_integer() else str(number)
    return "" if cell is None else str(cell)
