"""Where the patches of occurrences belong: regions and archives; and findings, placed there."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.layout import (
    ARCHIVE_SUFFIXES,
    N_ARCHIVES,
    Scope,
    archive_name,
    archive_numbers,
    scope_of_archive,
)
from baselines.integrity.findings import Finding, Problem
from scoring.places import REGIONS, region_of_id


def region_of(occurrence_id: int) -> str:
    """Return the region of one occurrence; see `scoring.places.region_of_id`."""
    return _region_of_block(occurrence_id // 100_000)


def archive_of(occurrence_id: int) -> str:
    """Return the name, without suffix, of the archive that holds the patch of an occurrence."""
    return _archive_of_cd(region_of(occurrence_id), occurrence_id % 100)


def archives_of_ids(ids: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return the name, without suffix, of the archive of each occurrence."""
    regions = (*REGIONS, "other")
    names = np.array([[archive_name(region, n + 1, "") for n in range(N_ARCHIVES)] for region in regions])
    index = (region_of_id(ids)[:, None] == np.array(regions)).argmax(axis=1)
    return np.asarray(names[index, archive_numbers(ids) - 1])


def in_scope(ids: NDArray[np.int64], scopes: Iterable[tuple[str | None, int | None]]) -> NDArray[np.bool_]:
    """Tell which occurrences have their patches in some regions, or archives of regions.

    An id of no region is in the scope of none, unless all regions are meant.

    Examples
    --------
    >>> in_scope(np.array([173, 10561900]), {("us", 15)}).tolist()
    [True, False]
    """
    wanted = set(scopes)
    regions, numbers = region_of_id(ids), archive_numbers(ids)
    inside = np.full(len(ids), all((region, None) in wanted for region in REGIONS))
    for region, number in wanted:
        inside |= (regions == region) & (True if number is None else numbers == number)
    return inside


def at_occurrence(problem: Problem, occurrence_id: int, *, path: str) -> Finding:
    """Place a problem at a file of an occurrence."""
    return Finding(problem, path, occurrence_id, archive_of(occurrence_id))


def nowhere(ids: Iterable[int]) -> list[Finding]:
    """Say of patches that neither a folder nor an archive is there that should hold them."""
    missing = Problem("missing", "error", "the patch of an occurrence", "nothing")
    return [at_occurrence(missing, i, path=archive_of(i)) for i in ids]


def at_archive(problem: Problem, archive: str, *, path: str) -> Finding:
    """Place a problem at a path in an archive rather than at an occurrence."""
    scope: Scope | None = scope_of_archive(archive)
    return Finding(problem, path, archive=None if scope is None else scope.name)


def archive_path(finding: Finding) -> str | None:
    """Return the path of the archive where something was found; None for a folder of extracted patches."""
    path = finding.path.partition(": ")[0]  # before the name of the member
    return path if path.endswith(ARCHIVE_SUFFIXES) else None


# A whole region can be missing, which makes a million findings: names are made once and shared.
@lru_cache(maxsize=4096)
def _region_of_block(block: int) -> str:
    return str(region_of_id([block * 100_000])[0])


@lru_cache(maxsize=512)
def _archive_of_cd(region: str, cd: int) -> str:
    return archive_name(region, cd // 5 + 1, "")
