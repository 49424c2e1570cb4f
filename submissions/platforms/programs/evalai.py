"""The evaluation script of EvalAI."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scoring.places import REGIONS, region_of_id
from scoring.score import Scored
from submissions.platforms.programs.failures import shown_to_all
from submissions.platforms.programs.judging import (
    RunRefused,
    announced,
    faults_as_data,
    greeting,
    judged,
    read_plain_run,
)
from submissions.platforms.programs.reference import Opener, Reference, read_reference

#: The split of all occurrences; those of the regions are called as these.
ALL = "all"


def evaluate(
    test_annotation_file: str, user_submission_file: str, phase_codename: str, **kwargs: Any
) -> dict[str, Any]:
    """Score a run and return what EvalAI takes; raise a short message where it cannot be scored."""
    try:
        return _evaluated(test_annotation_file, user_submission_file)
    except Exception as error:  # noqa: BLE001 (what it says may be of the truth)
        reason = shown_to_all(error)
    raise reason from None


def _evaluated(annotation: str, submission: str) -> dict[str, Any]:
    _say(greeting())
    reference = read_reference(_opener(annotation))
    _say(announced(reference, hashlib.sha256(Path(submission).read_bytes()).hexdigest()))
    verdict = judged(read_plain_run(submission, reference), reference)
    _say(f"{verdict.run.n_pairs:,} pairs of {len(verdict.run.occurrence_ids):,} occurrences")
    _say(verdict.told())
    if verdict.scored is None:
        raise RunRefused(verdict.told())
    details = {"signatures": verdict.scored.signatures, "warnings": faults_as_data(verdict.faults)}
    return {"result": _by_split(verdict.scored, reference), "submission_result": details}


def _by_split(scored: Scored, reference: Reference) -> list[dict[str, Mapping[str, float]]]:
    """Return the scores of all occurrences and, with the same threshold, those of each region."""
    splits: list[dict[str, Mapping[str, float]]] = [
        {ALL: {reference.labels[name]: score for name, score in scored.scores.items()}}
    ]
    regions = region_of_id(reference.truth.ids)
    present = [region for region in REGIONS if (regions == region).any()]
    for region in present if len(present) > 1 else []:
        of_region = {
            reference.labels[each.name]: scored.by(each, regions == region) for each in scored.metrics
        }
        splits.append({region: of_region})
    return splits


def _opener(annotation: str) -> Opener:
    files = json.loads(Path(annotation).read_text(encoding="utf-8"))

    def opened(name: str) -> bytes | None:
        return files[name].encode() if name in files else None

    return opened


def _say(text: str) -> None:
    sys.stdout.write(text.encode("ascii", "backslashreplace").decode() + "\n")
    sys.stdout.flush()
