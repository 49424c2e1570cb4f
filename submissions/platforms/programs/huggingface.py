"""The metric of a competition on Hugging Face."""

from __future__ import annotations

import csv
import hashlib
import importlib
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from submissions.ordering import is_among
from submissions.platforms.programs.failures import shown_to_all
from submissions.platforms.programs.judging import (
    RunRefused,
    Verdict,
    announced,
    checked,
    greeting,
    scored_by,
)
from submissions.platforms.programs.pairs import run_of_cells
from submissions.platforms.programs.reference import BrokenBundle, Reference, read_reference

#: The columns of a submission, and the file of the split of each occurrence.
ID, PREDICTED_COLUMN, SOLUTION = "Id", "Predicted", "solution.csv"
PARTS = ("public", "private")


def compute(params: Any) -> dict[str, dict[str, float]]:
    """Score a submission on the public and on the private part; or raise a short message."""
    try:
        return _computed(params)
    except Exception as error:  # noqa: BLE001 (what it says may be of the truth)
        reason = shown_to_all(error)
    raise reason from None


def _computed(params: Any) -> dict[str, dict[str, float]]:
    download = importlib.import_module("huggingface_hub").hf_hub_download

    def opened(name: str) -> bytes:
        place = download(
            repo_id=params.competition_id, filename=name, token=params.token, repo_type="dataset"
        )
        return Path(place).read_bytes()

    _say(greeting())
    reference = read_reference(opened)
    data = opened(f"submissions/{params.team_id}-{params.submission_id}.csv")
    _say(announced(reference, hashlib.sha256(data).hexdigest()))
    rows = _rows(data)
    ids, cells = [row[0] for row in rows], [row[1] for row in rows]
    run = run_of_cells(ids, cells, reference.metrics[0])
    faults = checked(run, reference.requirements)
    verdict = Verdict(run, faults, None)
    _say(f"{run.n_pairs:,} pairs in {len(rows):,} rows\n{verdict.told()}")
    if any(fault.severity == "error" for fault in faults):
        raise RunRefused(verdict.told())
    parts = _parts(opened(SOLUTION))
    return {f"{part}_score": _scores(run, reference, parts[part]) for part in PARTS}


def _scores(run: Any, reference: Reference, ids: Sequence[int]) -> dict[str, float]:
    """Return the scores of a part, with a threshold of its own."""
    inside = is_among(reference.truth.ids, np.array(sorted(ids), np.int64))
    scored = scored_by(run, reference.truth.among(inside), reference.requirements)
    return {reference.labels[name]: float(score) for name, score in scored.scores.items()}


def _parts(solution: bytes) -> dict[str, list[int]]:
    parts: dict[str, list[int]] = {part: [] for part in PARTS}
    for row in csv.DictReader(io.StringIO(solution.decode())):
        parts[row["split"]].append(int(row[ID]))
    if not all(parts.values()):
        raise BrokenBundle("the solution has no rows of one of its parts")
    return parts


def _rows(data: bytes) -> list[list[str]]:
    try:
        rows = [row for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))) if row]
    except (UnicodeDecodeError, csv.Error):
        raise RunRefused("The submission is no table of text: upload a CSV of Id,Predicted.") from None
    header = rows[0] if rows else []
    if header != [ID, PREDICTED_COLUMN]:
        found = ",".join(header)[:80]
        raise RunRefused(f"The first line must be {ID},{PREDICTED_COLUMN}, not {found!r}.")
    wrong = [number for number, row in enumerate(rows, 1) if len(row) != len(header)]
    if wrong:
        raise RunRefused(f"{len(wrong):,} rows do not have two fields; the first is row {wrong[0]}.")
    return rows[1:]


def _say(text: str) -> None:
    sys.stdout.write(text.encode("ascii", "backslashreplace").decode() + "\n")
    sys.stdout.flush()
