"""What lies where no patch belongs: a patch in the wrong place where one is missing, else unexpected."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePath

from baselines.covariates.patches.layout import Kind
from baselines.integrity.findings import Finding, Problem, archive_of, region_of

# As generous as a name can be and still tell what it means.
_LIKE_A_PATCH = re.compile(r"0*(?P<id>[0-9]{1,18})(?P<alti>_alti)?\.npy", re.IGNORECASE)
_WANTED = frozenset({"missing", "half-pair"})
_EXPECTED = "files of the occurrences in the tables, each in its place"


def place_strays(findings: Sequence[Finding], strays: Iterable[str]) -> list[Finding]:
    """Join what is missing with what lies in the wrong place, and report the other strays.

    Parameters
    ----------
    findings : sequence of Finding
        What is wrong with the occurrences that were checked.
    strays : iterable of str
        Paths of files that do not belong where they are.

    Returns
    -------
    list of Finding
        The findings, those of files that were found elsewhere as ``wrong-place``, and a warning for
        each other stray.
    """
    wanted = {f.occurrence_id for f in findings if f.fault in _WANTED}
    elsewhere: dict[int, str] = {}
    others: list[Finding] = []
    for path in sorted(strays):
        parsed = like_a_patch(PurePath(path).name)
        if parsed is not None and parsed[0] in wanted:
            elsewhere.setdefault(parsed[0], path)
        else:
            others.append(_unexpected(path, None if parsed is None else parsed[0]))
    return [_moved(finding, elsewhere) for finding in findings] + others


def unlisted_patches(ids: Iterable[tuple[int, str]]) -> list[Finding]:
    """Report patches of occurrences that no table lists, one warning an archive.

    Parameters
    ----------
    ids : iterable of (int, str)
        Occurrences, and where their patches lie.
    """
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
    if finding.fault not in _WANTED or finding.occurrence_id not in elsewhere:
        return finding
    found = elsewhere[finding.occurrence_id]
    return replace(finding, fault="wrong-place", expected=finding.path, found=found, path=found)


def _unexpected(path: str, occurrence_id: int | None) -> Finding:
    if occurrence_id is None:
        return Finding("unexpected", "warning", None, None, None, path, _EXPECTED, "a foreign file")
    problem = Problem("unexpected", "warning", _EXPECTED, "a patch in the wrong place, not missed elsewhere")
    return Finding.of_occurrence(problem, occurrence_id, path=path)


def _unlisted(found: list[tuple[int, str]]) -> Finding:
    occurrence_id, path = found[0]
    is_single = len(found) == 1
    words = "a patch of an occurrence" if is_single else f"{len(found)} patches of occurrences"
    words += f" in no table, such as {occurrence_id}"
    own = occurrence_id if is_single else None
    archive = archive_of(occurrence_id)
    return Finding(
        "unexpected", "warning", own, region_of(occurrence_id), archive, path, _EXPECTED, words, len(found)
    )
