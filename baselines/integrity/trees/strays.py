"""What lies where no patch belongs: a patch in the wrong place where one is missing, else unexpected."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePath

from baselines.covariates.patches.layout import Kind
from baselines.integrity.findings import Finding, Problem
from baselines.integrity.places import archive_of, at_occurrence

# As generous as a name can be and still tell what it means.
_LIKE_A_PATCH = re.compile(r"0*(?P<id>[0-9]{1,18})(?P<alti>_alti)?\.npy", re.IGNORECASE)
_WANTED = frozenset({"missing", "half-pair"})
_EXPECTED = "files of the occurrences in the tables, each in its place"


def place_strays(findings: Sequence[Finding], strays: Iterable[str]) -> list[Finding]:
    """Join what is missing with what lies in the wrong place, and report the other strays.

    Findings of files that were found elsewhere become ``wrong-place``; each other stray is a warning.
    """
    wanted = {f.occurrence_id for f in findings if f.problem.fault in _WANTED}
    elsewhere: dict[int, str] = {}
    others: list[Finding] = []
    for path in sorted(set(strays)):
        parsed = like_a_patch(PurePath(path).name)
        if parsed is not None and parsed[0] in wanted:
            elsewhere.setdefault(parsed[0], path)
        else:
            others.append(_unexpected(path, None if parsed is None else parsed[0]))
    return [_moved(finding, elsewhere) for finding in findings] + others


def unlisted_patches(ids: Iterable[tuple[int, str]]) -> list[Finding]:
    """Report patches of occurrences that no table lists, with where they lie, one warning per archive."""
    by_archive: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for occurrence_id, path in ids:
        by_archive[archive_of(occurrence_id)].append((occurrence_id, path))
    return [_unlisted(found) for _, found in sorted(by_archive.items())]


def like_a_patch(name: str) -> tuple[int, Kind] | None:
    """Return the occurrence and the kind that a file name seems to mean.

    Examples
    --------
    >>> like_a_patch("0173_ALTI.NPY"), like_a_patch("173.npy.part")
    ((173, 'altitude'), None)
    """
    match = _LIKE_A_PATCH.fullmatch(name)
    return None if match is None else (int(match["id"]), "altitude" if match["alti"] else "bands")


def _moved(finding: Finding, elsewhere: dict[int, str]) -> Finding:
    if finding.problem.fault not in _WANTED or finding.occurrence_id not in elsewhere:
        return finding
    found = elsewhere[finding.occurrence_id]
    problem = replace(finding.problem, fault="wrong-place", expected=finding.path, found=found)
    return replace(finding, problem=problem, path=found)


def _unexpected(path: str, occurrence_id: int | None) -> Finding:
    if occurrence_id is None:
        return Finding(Problem("unexpected", "warning", _EXPECTED, "a foreign file"), path)
    problem = Problem("unexpected", "warning", _EXPECTED, "a patch in the wrong place, not missed elsewhere")
    return at_occurrence(problem, occurrence_id, path=path)


def _unlisted(found: list[tuple[int, str]]) -> Finding:
    occurrence_id, path = found[0]
    is_single = len(found) == 1
    words = "a patch of an occurrence" if is_single else f"{len(found)} patches of occurrences"
    problem = Problem("unexpected", "warning", _EXPECTED, f"{words} in no table, such as {occurrence_id}")
    own = occurrence_id if is_single else None
    return Finding(problem, path, own, archive_of(occurrence_id), len(found))
