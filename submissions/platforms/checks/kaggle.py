"""The bundle of Kaggle: its notebook, which must be as Kaggle's template, and the tables beside it."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from typing import Any

from submissions.platforms.checks.findings import BundleFault, Files
from submissions.platforms.checks.references import (
    changed_scorer,
    changed_tables,
    empty_pages,
    leaked_truth,
    meta_of,
    missing_file,
    too_large,
    wrong_rules,
)
from submissions.platforms.checks.tables import doubled_rows, other_ids, wrong_table, wrong_words
from submissions.platforms.kaggle import IGNORED, NOTEBOOK, PRIVATE, PUBLIC, SAMPLE, SOLUTION, scorer
from submissions.platforms.programs.reference import META
from submissions.platforms.texts import TITLES

_FIRST = ("solution", "submission", "row_id_column_name")
_AGAIN = "Make the bundle again with glckit bundle."


def kaggle_faults(files: Files) -> Iterator[BundleFault]:
    """Yield all that is wrong with the files of a bundle."""
    yield from too_large(files)
    for name in (f"pages/{page}.md" for page in TITLES):
        if name not in files:
            yield missing_file(name, name)
    yield from empty_pages(files, [f"pages/{page}.md" for page in TITLES])
    yield from wrong_table(files, SOLUTION, ("Id", "Predicted", "Usage"))
    yield from wrong_words(files, SOLUTION, "Usage", (PUBLIC, PRIVATE, IGNORED))
    yield from doubled_rows(files, SOLUTION, "Id")
    yield from wrong_table(files, SAMPLE, ("Id", "Predicted"))
    yield from doubled_rows(files, SAMPLE, "Id")
    yield from other_ids(files, SAMPLE, SOLUTION)
    yield from leaked_truth(files, files.get(SOLUTION), ("pages/", "data/", SAMPLE))
    meta = meta_of(files.get(META, b""))
    if meta is None:
        yield missing_file(META, f"{META}, with the rules of the bundle,")
    else:
        yield from wrong_rules(meta, META)
        yield from changed_tables(files, meta)
    yield from _notebook(files, meta)


def code_of(data: bytes) -> str | None:
    """Return the code of a notebook, its cells one after another; None where it is none."""
    try:
        cells = json.loads(data)["cells"]
        sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        return "\n".join(source if isinstance(source, str) else "".join(source) for source in sources)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _notebook(files: Files, meta: dict[str, Any] | None) -> Iterator[BundleFault]:
    if NOTEBOOK not in files:
        yield missing_file(NOTEBOOK, NOTEBOOK)
        return
    code = code_of(files[NOTEBOOK])
    if code is None:
        yield BundleFault("unreadable", NOTEBOOK, "the file is no notebook", _AGAIN)
        return
    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        yield BundleFault(
            "unreadable", f"{NOTEBOOK}, line {error.lineno} of the code", "it is not Python", _AGAIN
        )
        return
    yield from _functions(tree)
    if meta is not None:
        rules = (meta["metric"][0], meta["k"], meta["max_rows"] or 0)
        yield from changed_scorer(f"{NOTEBOOK}: the code", code.encode(), scorer(meta["competition"], *rules))


def _functions(tree: ast.Module) -> Iterator[BundleFault]:
    scores = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "score"]
    errors = [
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == "ParticipantVisibleError"
    ]
    if not errors:
        message = "there is no class ParticipantVisibleError, so participants would not see what is wrong"
        yield BundleFault("missing-name", NOTEBOOK, message, _AGAIN)
    if len(scores) != 1:
        yield BundleFault(
            "missing-name", NOTEBOOK, f"there are {len(scores)} functions score, not one", _AGAIN
        )
        return
    (function,) = scores
    place = f"{NOTEBOOK}, line {function.lineno} of the code"
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    names = [each.arg for each in arguments]
    if tuple(names[: len(_FIRST)]) != _FIRST:
        message = f"the first parameters are {', '.join(names[:3])}, not {', '.join(_FIRST)}"
        yield BundleFault("wrong-parameters", place, message, _AGAIN)
    bare = [each.arg for each in arguments if each.annotation is None]
    if bare or function.returns is None:
        yield BundleFault(
            "no-annotation", place, f"no type is said of {', '.join(bare) or 'what is returned'}", _AGAIN
        )
