"""The bundle of Hugging Face: the files of the private dataset of a competition."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from submissions.platforms.checks.findings import BundleFault, Files
from submissions.platforms.checks.marked import Marked, read_marked
from submissions.platforms.checks.references import (
    changed_scorer,
    changed_tables,
    empty_pages,
    leaked_truth,
    meta_of,
    missing_file,
    too_large,
    wrong_reference,
)
from submissions.platforms.checks.shapes import Key, breaches
from submissions.platforms.checks.tables import doubled_rows, table_of, wrong_table, wrong_words
from submissions.platforms.huggingface import CONFIGURATION, METRIC, SAMPLE, scorer
from submissions.platforms.programs.huggingface import ID, PARTS, PREDICTED_COLUMN, SOLUTION
from submissions.platforms.programs.reference import META, TRUTH_FILE

_PAGES = ("COMPETITION_DESC.md", "DATASET_DESC.md", "SUBMISSION_DESC.md")
_KEYS = {
    "COMPETITION_TYPE": Key(required=True, choices=("generic", "script")),
    "SUBMISSION_LIMIT": Key("integer", required=True, least=1),
    "TIME_LIMIT": Key("integer", least=1),
    "SELECTION_LIMIT": Key("integer", required=True, least=1),
    "HARDWARE": Key(),
    "END_DATE": Key(required=True),
    "EVAL_HIGHER_IS_BETTER": Key("integer", required=True, choices=(0, 1)),
    "SUBMISSION_ID_COLUMN": Key(required=True, choices=(ID,)),
    "SUBMISSION_COLUMNS": Key(required=True, choices=(f"{ID},{PREDICTED_COLUMN}",)),
    "SUBMISSION_ROWS": Key("integer", required=True, least=1),
    "EVAL_METRIC": Key(required=True, choices=("custom",)),
    "LOGO": Key(required=True),
    "DATASET": Key(),
    "SUBMISSION_FILENAMES": Key("list"),
    "SCORING_METRIC": Key(required=True),
}


def huggingface_faults(files: Files) -> Iterator[BundleFault]:
    """Yield all that is wrong with the files of a bundle."""
    yield from too_large(files)
    yield from wrong_reference(files, "")
    for name in _PAGES:
        if name not in files:
            yield missing_file(name, name)
    yield from empty_pages(files, _PAGES)
    yield from wrong_table(files, SOLUTION, (ID, PREDICTED_COLUMN, "split"))
    yield from wrong_words(files, SOLUTION, "split", PARTS)
    yield from doubled_rows(files, SOLUTION, ID, "split")
    sample = f"public_data/{SAMPLE}"
    yield from wrong_table(files, sample, (ID, PREDICTED_COLUMN))
    yield from leaked_truth(files, files.get(TRUTH_FILE), ("public_data/",))
    meta = meta_of(files.get(META, b""))
    yield from changed_tables(files, meta)
    yield from _metric(files, meta)
    if CONFIGURATION not in files:
        yield missing_file(CONFIGURATION, CONFIGURATION)
        return
    document = read_marked(CONFIGURATION, files[CONFIGURATION])
    yield from document.faults
    if document.value is not None:
        yield from breaches(document, (), document.value, _KEYS)
        if isinstance(document.value, dict):
            yield from _configuration(document, document.value, meta, files.get(sample))


def _metric(files: Files, meta: dict[str, Any] | None) -> Iterator[BundleFault]:
    if METRIC not in files:
        yield missing_file(METRIC, METRIC)
        return
    try:
        tree = ast.parse(files[METRIC])
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        yield BundleFault(
            "unreadable", f"{METRIC}, line {line}", "it is not Python", "Make the bundle again."
        )
        return
    if not any(isinstance(node, ast.FunctionDef) and node.name == "compute" for node in tree.body):
        yield BundleFault("missing-name", METRIC, "there is no function compute", "Make the bundle again.")
    if meta is not None:
        yield from changed_scorer(METRIC, files[METRIC], scorer(meta["competition"]))


def _configuration(
    document: Marked, found: dict[str, Any], meta: dict[str, Any] | None, sample: bytes | None
) -> Iterator[BundleFault]:
    try:
        datetime.strptime(str(found.get("END_DATE", "2026-01-01")), "%Y-%m-%d")
    except ValueError:
        message = f"{found['END_DATE']!r} is no date as YYYY-MM-DD"
        yield document.fault("wrong-kind", ("END_DATE",), message, "Write the last day, such as 2026-06-05.")
    n_rows = None if sample is None else len(table_of(SAMPLE, sample).rows)
    if n_rows is not None and found.get("SUBMISSION_ROWS") != n_rows:
        message = f"the sample has {n_rows:,} rows"
        yield document.fault("other-rows", ("SUBMISSION_ROWS",), message, f"Write {n_rows}.")
    if meta is None:
        return
    first = meta["metric"][0] if meta["metric"] else None
    if found.get("SCORING_METRIC") != meta["labels"].get(first):
        message = f"the scorer returns {meta['labels'].get(first)}"
        yield document.fault(
            "unknown-label", ("SCORING_METRIC",), message, f"Write {meta['labels'].get(first)}."
        )
    if found.get("EVAL_HIGHER_IS_BETTER") == int("error" in str(first)):
        message = "the best runs would stand at the end"
        yield document.fault("wrong-order", ("EVAL_HIGHER_IS_BETTER",), message, "Write the other number.")
