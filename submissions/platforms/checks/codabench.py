"""The bundle of Codabench, as its unpacker reads it, and where this goes wrong."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from submissions.platforms.checks.findings import BundleFault, Files, below
from submissions.platforms.checks.marked import Marked, Path, read_marked
from submissions.platforms.checks.references import (
    changed_scorer,
    changed_tables,
    empty_pages,
    leaked_truth,
    meta_of,
    missing_file,
    too_large,
    wrong_picture,
    wrong_reference,
)
from submissions.platforms.checks.shapes import Key, breaches, doubled, listed, mappings, time_of
from submissions.platforms.codabench import CONFIGURATION, MAX_BOARD, MAX_COLUMN, scorer
from submissions.platforms.programs.reference import META, TRUTH_FILE

_RULES = (
    "Add",
    "Add_And_Delete",
    "Add_And_Delete_Multiple",
    "Force_Last",
    "Force_Latest_Multiple",
    "Force_Best",
)
_COMPUTATIONS = ("avg", "sum", "min", "max")
# Accuracies near 0.2 look alike with fewer decimals.
_LEAST_PRECISION = 4

_FLAGS = (
    "registration_auto_approve",
    "enable_detailed_results",
    "show_detailed_results_in_submission_panel",
    "show_detailed_results_in_leaderboard",
    "auto_run_submissions",
    "can_participants_make_submissions_public",
    "make_programs_available",
    "make_input_data_available",
    "forum_enabled",
)
_TOP: Mapping[str, Key] = {
    "version": Key("integer", required=True, choices=(2,)),
    "title": Key(required=True),
    "image": Key(required=True),
    "terms": Key(required=True),
    "pages": Key("list", required=True),
    "tasks": Key("list", required=True),
    "phases": Key("list", required=True),
    "leaderboards": Key("list", required=True),
    "solutions": Key("list"),
    "description": Key(),
    "docker_image": Key(),
    "competition_type": Key(choices=("competition", "benchmark")),
    "fact_sheet": Key("any"),
    "reward": Key(),
    "contact_email": Key(),
    "queue": Key(),
    **{flag: Key("boolean") for flag in _FLAGS},
}
_PAGE = {"title": Key(required=True), "file": Key(required=True)}
_TASK = {
    "index": Key("integer", required=True),
    "name": Key(required=True),
    "description": Key(),
    "key": Key(),
    "scoring_program": Key(required=True),
    "reference_data": Key(required=True),
    "input_data": Key(),
    "ingestion_program": Key(),
    "ingestion_only_during_scoring": Key("boolean"),
}
_SOLUTION = {
    "index": Key("integer", required=True),
    "tasks": Key("list", required=True),
    "path": Key(required=True),
}
_PHASE = {
    "index": Key("integer"),
    "name": Key(required=True),
    "description": Key(),
    "start": Key("time", required=True),
    "end": Key("time"),
    "tasks": Key("list", required=True),
    "max_submissions": Key("integer", least=1),
    "max_submissions_per_day": Key("integer", least=1),
    "execution_time_limit": Key("integer", least=1),
    "starting_kit": Key(),
    "public_data": Key(),
    **{
        flag: Key("boolean")
        for flag in (
            "auto_migrate_to_this_phase",
            "hide_output",
            "hide_prediction_output",
            "hide_score_output",
        )
    },
}
_BOARD = {
    "index": Key("integer"),
    "title": Key(required=True, longest=MAX_BOARD),
    "key": Key(required=True, longest=MAX_COLUMN),
    "submission_rule": Key(required=True, choices=_RULES),
    "hidden": Key("boolean"),
    "columns": Key("list", required=True),
}
_COLUMN = {
    "index": Key("integer", required=True, least=0),
    "title": Key(required=True, longest=MAX_COLUMN),
    "key": Key(required=True, longest=MAX_COLUMN),
    "sorting": Key(choices=("asc", "desc")),
    "precision": Key("integer", least=0, most=10),
    "hidden": Key("boolean"),
    "computation": Key(choices=_COMPUTATIONS),
    "computation_indexes": Key("list"),
}


def codabench_faults(files: Files) -> Iterator[BundleFault]:
    """Yield all that is wrong with the files of a bundle."""
    yield from too_large(files)
    yield from wrong_reference(files, "reference_data/")
    yield from changed_tables(files, meta_of(files.get(f"reference_data/{META}", b"")))
    yield from _program(files)
    yield from leaked_truth(
        files, files.get(f"reference_data/{TRUTH_FILE}"), ("starting_kit/", "public_data/", "pages/")
    )
    if CONFIGURATION not in files:
        yield missing_file(CONFIGURATION, CONFIGURATION)
        return
    document = read_marked(CONFIGURATION, files[CONFIGURATION])
    yield from document.faults
    top = document.value
    if document.faults and top is None:
        return
    yield from breaches(document, (), top, _TOP)
    if isinstance(top, dict):
        yield from _pages(document, top, files)
        yield from _tasks(document, top, files)
        yield from _phases(document, top, files)
        yield from _boards(document, top, files)


def _pages(document: Marked, top: dict[str, Any], files: Files) -> Iterator[BundleFault]:
    for name in ("image", "terms"):
        yield from _named(document, (name,), top.get(name), files)
    yield from wrong_picture(files, str(top.get("image")))
    if top.get("pages") == []:
        yield document.fault("missing-key", ("pages",), "there is no page", "Name at least one page.")
    pages = [str(top.get("terms"))]
    for i, page in enumerate(listed(document, ("pages",), top.get("pages"))):
        yield from breaches(document, ("pages", i), page, _PAGE)
        if isinstance(page, dict):
            pages.append(str(page.get("file")))
            yield from _named(document, ("pages", i, "file"), page.get("file"), files)
    yield from empty_pages(files, pages)


def _tasks(document: Marked, top: dict[str, Any], files: Files) -> Iterator[BundleFault]:
    if top.get("tasks") == []:
        yield document.fault("missing-key", ("tasks",), "there is no task", "Write a task.")
    for i, task in enumerate(listed(document, ("tasks",), top.get("tasks"))):
        yield from breaches(document, ("tasks", i), task, _TASK)
        if isinstance(task, dict):
            for name in ("scoring_program", "reference_data", "input_data", "ingestion_program"):
                yield from _named(document, ("tasks", i, name), task.get(name), files)
    yield from doubled(document, ("tasks",), top.get("tasks"), "index")
    for i, solution in enumerate(listed(document, ("solutions",), top.get("solutions"))):
        yield from breaches(document, ("solutions", i), solution, _SOLUTION)
        if isinstance(solution, dict):
            yield from _named(document, ("solutions", i, "path"), solution.get("path"), files)
            yield from _indexes(document, ("solutions", i), solution, top)
    yield from doubled(document, ("solutions",), top.get("solutions"), "index")


def _phases(document: Marked, top: dict[str, Any], files: Files) -> Iterator[BundleFault]:
    phases = listed(document, ("phases",), top.get("phases"))
    if top.get("phases") == []:
        yield document.fault("missing-key", ("phases",), "there is no phase", "Write a phase.")
    for i, phase in enumerate(phases):
        yield from breaches(document, ("phases", i), phase, _PHASE)
        if isinstance(phase, dict):
            yield from _indexes(document, ("phases", i), phase, top)
            for name in ("starting_kit", "public_data"):
                yield from _named(document, ("phases", i, name), phase.get(name), files)
    yield from doubled(document, ("phases",), phases, "index")
    yield from _times(document, [phase for phase in phases if isinstance(phase, dict)])


def _times(document: Marked, phases: list[dict[str, Any]]) -> Iterator[BundleFault]:
    before: datetime | None = None
    for i, phase in enumerate(phases):
        start, end = time_of(phase.get("start")), time_of(phase.get("end"))
        path: Path = ("phases", i)
        if start and end and end <= start:
            yield document.fault(
                "dates", (*path, "end"), "the phase ends before it starts", "Set a later end."
            )
        if start and before and start <= before:
            message = f"the phase starts before phases[{i - 1}] has ended, or at that very moment"
            yield document.fault(
                "overlap", (*path, "start"), message, f"Start later than {before:%Y-%m-%d %H:%M:%S}."
            )
        if phase.get("end") is None and i < len(phases) - 1:
            yield document.fault(
                "missing-key", (*path, "end"), "only the last phase may have no end", "Write end."
            )
        before = end


def _boards(document: Marked, top: dict[str, Any], files: Files) -> Iterator[BundleFault]:
    boards = listed(document, ("leaderboards",), top.get("leaderboards"))
    if top.get("leaderboards") == []:
        yield document.fault("missing-key", ("leaderboards",), "there is no leaderboard", "Write one.")
    for i, board in enumerate(boards):
        path: Path = ("leaderboards", i)
        yield from breaches(document, path, board, _BOARD)
        columns = board.get("columns") if isinstance(board, dict) else None
        for j, column in enumerate(listed(document, (*path, "columns"), columns)):
            yield from breaches(document, (*path, "columns", j), column, _COLUMN)
        for name in ("index", "key"):
            yield from doubled(document, (*path, "columns"), columns, name, what=name)
        if i == 0:
            yield from _scores(document, (*path, "columns"), columns, files)


def _scores(document: Marked, path: Path, columns: Any, files: Files) -> Iterator[BundleFault]:
    """Yield where the columns do not fit the scores that come, which is passed over in silence there."""
    meta = meta_of(files.get(f"reference_data/{META}", b""))
    labels = [] if meta is None else list(meta["labels"].values())
    lower = {} if meta is None else {label: "error" in name for name, label in meta["labels"].items()}
    by_key = {str(column.get("key")): (i, column) for i, column in mappings(columns)}
    for label in labels:
        if label not in by_key:
            message = f"no column has the key {label}, so this score would not be shown"
            yield document.fault("missing-column", path, message, f"Add a column with the key {label}.")
            continue
        i, column = by_key[label]
        if column.get("sorting", "desc") != ("asc" if lower[label] else "desc"):
            message = "the best runs would stand at the end"
            yield document.fault("wrong-order", (*path, i, "sorting"), message, "Sort the other way.")
        if isinstance(column.get("precision", 2), int) and column.get("precision", 2) < _LEAST_PRECISION:
            message = f"{column.get('precision', 2)} decimals make different scores look equal"
            yield document.fault("low-precision", (*path, i, "precision"), message, "Set precision to 5.")
    for key, (i, _) in by_key.items():
        if labels and key not in (*labels, "duration"):
            message = f"the scorer writes no {key}, so the column would stay empty"
            yield document.fault(
                "unknown-column", (*path, i, "key"), message, f"There are {', '.join(labels)}, duration."
            )
    if labels and labels[0] in by_key and by_key[labels[0]][1].get("index") != 0:
        message = f"the board ranks by index 0, and {labels[0]} is to rank"
        yield document.fault(
            "wrong-order", (*path, by_key[labels[0]][0], "index"), message, "Give it index 0."
        )


def _program(files: Files) -> Iterator[BundleFault]:
    program = below(files, "scoring_program")
    names = [name for name in ("metadata.yaml", "metadata") if name in program]
    if not names:
        yield missing_file("scoring_program/metadata.yaml", "scoring_program/metadata.yaml")
    for name in names:
        yield from _command(f"scoring_program/{name}", program[name], program)
    if "score.py" not in program:
        yield missing_file("scoring_program/score.py", "scoring_program/score.py")
        return
    meta = meta_of(files.get(f"reference_data/{META}", b""))
    if meta is not None:
        yield from changed_scorer(
            "scoring_program/score.py", program["score.py"], scorer(meta["competition"])
        )


def _command(place: str, data: bytes, program: Mapping[str, bytes]) -> Iterator[BundleFault]:
    document = read_marked(place, data)
    yield from document.faults
    command = document.value.get("command") if isinstance(document.value, dict) else None
    if not isinstance(command, str) or not command.strip():
        yield document.fault(
            "missing-key", ("command",), "there is no command to run", "Write command: python3 ..."
        )
        return
    if re.search(r"[|&;<>`*?~]|\$\(", command):
        message = "there is no shell that would understand the command"
        yield document.fault(
            "shell-command", ("command",), message, "Write a program and its arguments alone."
        )
    scripts = re.findall(r"(?:/app/program|\$program)/(\S+)", command)
    for script in scripts:
        if shlex.split(script)[0] not in program:
            yield document.fault(
                "missing-file", ("command",), f"{script} is not in scoring_program", "Name a file of it."
            )
    if not scripts:
        yield document.fault("missing-file", ("command",), "no file of /app/program is named", "Name one.")


def _indexes(
    document: Marked, path: Path, entry: dict[str, Any], top: dict[str, Any]
) -> Iterator[BundleFault]:
    known = [task.get("index") for _, task in mappings(top.get("tasks"))]
    tasks = listed(document, (*path, "tasks"), entry.get("tasks"))
    if entry.get("tasks") == []:
        yield document.fault("missing-key", (*path, "tasks"), "no task is named", "Name the index of a task.")
    for i, index in enumerate(tasks):
        if index not in known:
            indexes = ", ".join(map(str, known)) or "none"
            yield document.fault(
                "unknown-task",
                (*path, "tasks", i),
                f"no task has the index {index!r}",
                f"There are {indexes}.",
            )


def _named(document: Marked, path: Path, name: Any, files: Files) -> Iterator[BundleFault]:
    """Yield a file or folder that is named and not there."""
    if not isinstance(name, str) or re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name):
        return  # of another kind, which is said already, or a dataset that is on the platform
    is_there = name in files or any(each.startswith(name.rstrip("/") + "/") for each in files)
    if not is_there or not name:
        yield missing_file(document.place(path), repr(name))
