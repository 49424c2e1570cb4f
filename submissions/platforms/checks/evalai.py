"""The bundle of EvalAI, as its unpacker reads it, and where this goes wrong."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from submissions.platforms.checks.findings import BundleFault, Files
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
from submissions.platforms.evalai import ANNOTATION, CONFIGURATION, MAIN, PACKAGE, SCRIPT, scorer
from submissions.platforms.programs.reference import META

_TEMPLATES = ("description", "evaluation_details", "terms_and_conditions", "submission_guidelines")
_LEAST_PRECISION, _MAX_TAGS = 4, 4
_TOP: Mapping[str, Key] = {
    "title": Key(required=True, longest=100),
    "short_description": Key(longest=140),
    **{name: Key(required=True) for name in _TEMPLATES},
    "image": Key(required=True),
    "evaluation_script": Key(required=True),
    "remote_evaluation": Key("boolean"),
    "is_docker_based": Key("boolean"),
    "is_static_dataset_code_upload": Key("boolean"),
    "start_date": Key("time", required=True),
    "end_date": Key("time", required=True),
    "published": Key("boolean"),
    "tags": Key("list"),
    "leaderboard_description": Key(),
    "domain": Key(),
    "allowed_email_domains": Key("list"),
    "blocked_email_domains": Key("list"),
    "leaderboard": Key("list", required=True),
    "challenge_phases": Key("list", required=True),
    "dataset_splits": Key("list", required=True),
    "challenge_phase_splits": Key("list", required=True),
}
_BOARD = {"id": Key("integer", required=True), "schema": Key("mapping", required=True)}
_SCHEMA = {
    "labels": Key("list", required=True),
    "default_order_by": Key(required=True),
    "metadata": Key("mapping"),
}
_PHASE = {
    "id": Key("integer", required=True),
    "name": Key(required=True),
    "description": Key(required=True),
    "codename": Key(required=True),
    "challenge": Key("integer"),
    "start_date": Key("time", required=True),
    "end_date": Key("time", required=True),
    "test_annotation_file": Key(required=True),
    "allowed_submission_file_types": Key(),
    **{
        flag: Key("boolean")
        for flag in (
            "is_public",
            "is_active",
            "leaderboard_public",
            "is_submission_public",
            "disable_logs",
            "is_restricted_to_select_one_submission",
            "is_partial_submission_evaluation_enabled",
        )
    },
    **{
        limit: Key("integer", least=1)
        for limit in (
            "max_submissions",
            "max_submissions_per_day",
            "max_submissions_per_month",
            "max_concurrent_submissions_allowed",
        )
    },
    "default_submission_meta_attributes": Key("list"),
    "submission_meta_attributes": Key("list"),
}
_SPLIT = {"id": Key("integer", required=True), "name": Key(required=True), "codename": Key(required=True)}
_PHASE_SPLIT = {
    "challenge_phase_id": Key("integer", required=True),
    "leaderboard_id": Key("integer", required=True),
    "dataset_split_id": Key("integer", required=True),
    "visibility": Key("integer", required=True, choices=(1, 2, 3)),
    "leaderboard_decimal_precision": Key("integer", required=True, least=_LEAST_PRECISION, most=10),
    "is_leaderboard_order_descending": Key("boolean", required=True),
    "show_execution_time": Key("boolean"),
    "show_leaderboard_by_latest_submission": Key("boolean"),
}


def evalai_faults(files: Files) -> Iterator[BundleFault]:
    """Yield all that is wrong with the files of a bundle."""
    yield from too_large(files)
    annotation = annotation_files(files.get(ANNOTATION, b""))
    meta = meta_of(annotation.get(META, b""))
    yield from _annotation(files, annotation)
    yield from changed_tables(files, meta)
    yield from _script(files, meta)
    yield from leaked_truth(files, annotation.get("truth.csv"), ("starting_kit/", "templates/", "solutions/"))
    configurations = sorted(name for name in files if re.fullmatch(r"[^/]*\.ya?ml", name))
    others = sorted(name for name in files if re.search(r"\.ya?ml$", name) and name != CONFIGURATION)
    for name in others:
        message = "EvalAI takes a zip with exactly one YAML file"
        yield BundleFault("second-yaml", name, message, f"Remove it; the configuration is {CONFIGURATION}.")
    if CONFIGURATION not in configurations:
        yield missing_file(CONFIGURATION, CONFIGURATION)
        return
    document = read_marked(CONFIGURATION, files[CONFIGURATION])
    yield from document.faults
    if document.value is not None:
        yield from _configuration(document, document.value, files, meta)


def annotation_files(data: bytes) -> dict[str, bytes]:
    """Return the files that an annotation holds; none where it is not one."""
    try:
        files = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(files, dict) or not all(isinstance(text, str) for text in files.values()):
        return {}
    return {name: text.encode() for name, text in files.items()}


def _annotation(files: Files, annotation: Files) -> Iterator[BundleFault]:
    if ANNOTATION in files:
        for fault in wrong_reference(annotation, ""):
            yield BundleFault(fault.code, f"{ANNOTATION}: {fault.place}", fault.message, fault.fix)


def _script(files: Files, meta: Mapping[str, Any] | None) -> Iterator[BundleFault]:
    if SCRIPT not in files:
        return
    try:
        with zipfile.ZipFile(io.BytesIO(files[SCRIPT])) as archive:
            members = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError):
        yield BundleFault(
            "unreadable", SCRIPT, "the file is no zip", "Make the bundle again with glckit bundle."
        )
        return
    for name in (PACKAGE, MAIN):
        if name not in members:
            yield missing_file(f"{SCRIPT}: {name}", f"{name}, at the root of {SCRIPT},")
    init = members.get(PACKAGE, b"evaluate").decode(errors="replace")
    if "evaluate" not in init:
        message = "the package does not expose evaluate"
        yield BundleFault(
            "no-evaluate", f"{SCRIPT}: {PACKAGE}, line 1", message, "Write: from .main import evaluate"
        )
    elif "import" in init and "from ." not in init:
        message = "the script is imported as a package, and this import is not relative"
        yield BundleFault(
            "no-evaluate", f"{SCRIPT}: {PACKAGE}, line 1", message, "Write: from .main import evaluate"
        )
    if meta is not None and MAIN in members:
        yield from changed_scorer(f"{SCRIPT}: {MAIN}", members[MAIN], scorer(meta["competition"]))


def _configuration(
    document: Marked, top: Any, files: Files, meta: Mapping[str, Any] | None
) -> Iterator[BundleFault]:
    yield from breaches(document, (), top, _TOP)
    if not isinstance(top, dict):
        return
    for name in (*_TEMPLATES, "image", "evaluation_script"):
        yield from _named(document, (name,), top.get(name), files)
    yield from empty_pages(files, [str(top.get(name)) for name in _TEMPLATES])
    yield from wrong_picture(files, str(top.get("image")))
    yield from _ordered(document, (), top, "start_date", "end_date")
    if isinstance(top.get("tags"), list) and len(top["tags"]) > _MAX_TAGS:
        yield document.fault(
            "too-long", ("tags",), f"{len(top['tags'])} tags, where {_MAX_TAGS} are allowed", "Keep four."
        )
    yield from _boards(document, top, meta)
    yield from _phases(document, top, files)
    yield from _splits(document, top, meta)


def _boards(document: Marked, top: dict[str, Any], meta: Mapping[str, Any] | None) -> Iterator[BundleFault]:
    yield from doubled(document, ("leaderboard",), top.get("leaderboard"), "id")
    for i, board in enumerate(listed(document, ("leaderboard",), top.get("leaderboard"))):
        path: Path = ("leaderboard", i)
        yield from breaches(document, path, board, _BOARD)
        schema = board.get("schema") if isinstance(board, dict) else None
        if not isinstance(schema, dict):
            continue
        path = (*path, "schema")
        yield from breaches(document, path, schema, _SCHEMA)
        labels = listed(document, (*path, "labels"), schema.get("labels"))
        if schema.get("default_order_by") not in labels:
            message = f"{schema.get('default_order_by')!r} is none of the labels"
            yield document.fault(
                "unknown-label", (*path, "default_order_by"), message, "Name one of the labels."
            )
        for label in [] if meta is None else meta["labels"].values():
            if label not in labels:
                message = f"the scorer writes {label}, and no label is called so"
                yield document.fault("missing-label", (*path, "labels"), message, f"Add {label}.")
        for j, label in enumerate(labels):
            if meta is not None and label not in meta["labels"].values():
                message = f"the scorer writes no {label}, so the column would show #"
                yield document.fault("unknown-label", (*path, "labels", j), message, "Remove it.")


def _phases(document: Marked, top: dict[str, Any], files: Files) -> Iterator[BundleFault]:
    phases = top.get("challenge_phases")
    for name, what in (("id", "id"), ("codename", "codename")):
        yield from doubled(document, ("challenge_phases",), phases, name, what=what)
    for i, phase in enumerate(listed(document, ("challenge_phases",), phases)):
        path: Path = ("challenge_phases", i)
        yield from breaches(document, path, phase, _PHASE)
        if isinstance(phase, dict):
            for name in ("description", "test_annotation_file"):
                yield from _named(document, (*path, name), phase.get(name), files)
            yield from _ordered(document, path, phase, "start_date", "end_date")
            yield from _within(document, path, phase, top)


def _splits(document: Marked, top: dict[str, Any], meta: Mapping[str, Any] | None) -> Iterator[BundleFault]:
    splits, used = top.get("dataset_splits"), top.get("challenge_phase_splits")
    for name in ("id", "codename"):
        yield from doubled(document, ("dataset_splits",), splits, name, what=name)
    for i, split in enumerate(listed(document, ("dataset_splits",), splits)):
        yield from breaches(document, ("dataset_splits", i), split, _SPLIT)
    codenames = [split.get("codename") for _, split in mappings(splits)]
    if meta is not None and "all" not in codenames:
        message = "no split has the code name all, under which the scorer returns the scores"
        yield document.fault("missing-split", ("dataset_splits",), message, "Add the split.")
    known = {
        "challenge_phase_id": [each.get("id") for _, each in mappings(top.get("challenge_phases"))],
        "leaderboard_id": [each.get("id") for _, each in mappings(top.get("leaderboard"))],
        "dataset_split_id": [each.get("id") for _, each in mappings(splits)],
    }
    for i, each in enumerate(listed(document, ("challenge_phase_splits",), used)):
        path: Path = ("challenge_phase_splits", i)
        yield from breaches(document, path, each, _PHASE_SPLIT)
        for name, ids in known.items():
            if isinstance(each, dict) and name in each and each[name] not in ids:
                there = ", ".join(map(str, ids)) or "none"
                yield document.fault(
                    "unknown-id", (*path, name), f"there is no {each[name]!r}", f"There are {there}."
                )
    mapped = [each.get("dataset_split_id") for _, each in mappings(used)]
    for i, split in mappings(splits):
        if split.get("id") not in mapped:
            message = "the split belongs to no phase, and a submission with a score of it would fail"
            yield document.fault(
                "unused-split", ("dataset_splits", i), message, "Add it to challenge_phase_splits."
            )


def _ordered(
    document: Marked, path: Path, found: dict[str, Any], start: str, end: str
) -> Iterator[BundleFault]:
    opens, closes = time_of(found.get(start)), time_of(found.get(end))
    if opens and closes and closes <= opens:
        yield document.fault("dates", (*path, end), "the end is not after the start", "Set a later end.")


def _within(
    document: Marked, path: Path, phase: dict[str, Any], top: dict[str, Any]
) -> Iterator[BundleFault]:
    message, fix = "the phase is open while the challenge is not", "Set it within the challenge."
    opens, closes = (time_of(top.get(name)) for name in ("start_date", "end_date"))
    own_opens, own_closes = (time_of(phase.get(name)) for name in ("start_date", "end_date"))
    if opens and own_opens and own_opens < opens:
        yield document.fault("dates", (*path, "start_date"), message, fix)
    if closes and own_closes and own_closes > closes:
        yield document.fault("dates", (*path, "end_date"), message, fix)


def _named(document: Marked, path: Path, name: Any, files: Files) -> Iterator[BundleFault]:
    if isinstance(name, str) and name not in files:
        yield missing_file(document.place(path), repr(name))
