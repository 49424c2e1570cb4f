"""The check of one member of an archive: its name, its place, its form. Pure decisions."""

from __future__ import annotations

from pathlib import Path

from baselines.covariates.patches.layout import (
    PatchPath,
    archive_name,
    archive_numbers,
    parse_archive_name,
    parse_path,
)
from baselines.covariates.patches.npyheader import HEADER_BYTES, form_of, why_bad_header
from baselines.integrity.archives.reading import Archived
from baselines.integrity.findings import Finding, Problem, region_of
from baselines.integrity.patches.altitude import altitude_problems
from baselines.integrity.patches.bands import bands_problems
from baselines.integrity.patches.file import Settings


def why_unsafe(path: str) -> str | None:
    """Tell why a member's name must not be written anywhere, or None if it may.

    Examples
    --------
    >>> why_unsafe("../.ssh/authorized_keys"), why_unsafe("patches_fr/00/19/10561900.npy")
    ('it leaves the folder', None)
    """
    if path.startswith(("/", "\\")) or path[1:2] == ":":
        return "it is absolute"
    if ".." in path.replace("\\", "/").split("/"):
        return "it leaves the folder"
    return None if path.isprintable() else "it has characters that do not print"


def archive_stem(path: str) -> str | None:
    """Return the name of an archive without suffix, None if it is not one of patches.

    Examples
    --------
    >>> archive_stem("data/patches_us_07.tar.gz")
    'patches_us_07'
    """
    named = parse_archive_name(Path(path).name)
    if named is None:
        return None
    return f"patches_{named.region}" if named.number is None else archive_name(named.region, named.number, "")


def findings_of_member(member: Archived, archive: str, *, settings: Settings) -> list[Finding]:
    """Check one member of an archive.

    Parameters
    ----------
    member : Archived
        Name, size and content.
    archive : str
        Path of the archive; its name says whose patches it holds.
    settings : Settings
        Patch size; at the level ``"deep"`` the content is looked at too, for archives that hold no
        checksums.

    Returns
    -------
    list of Finding
        Empty for a file of a patch that may be extracted.
    """
    place = f"{archive}: {member.path}"
    if (why := why_unsafe(member.path)) is not None:
        return [
            of_archive(Problem("wrong-place", "error", "a name below the folder", why), archive, path=place)
        ]
    parsed = parse_path(member.path)
    if parsed is not None:
        problems = _problems(member, parsed, archive=archive, settings=settings)
        return [Finding.of_occurrence(problem, parsed.occurrence_id, path=place) for problem in problems]
    if member.fault == "wrong-type":
        return [
            of_archive(Problem("wrong-type", "error", "a regular file", member.why_not), archive, path=place)
        ]
    return [
        of_archive(
            Problem("unexpected", "warning", "files of patches", "a foreign file"), archive, path=place
        )
    ]


def of_archive(problem: Problem, archive: str, *, path: str) -> Finding:
    """Place a problem at an archive rather than an occurrence."""
    named = parse_archive_name(Path(archive).name)
    region = None if named is None else named.region
    return Finding(
        problem.fault,
        problem.severity,
        None,
        region,
        archive_stem(archive),
        path,
        problem.expected,
        problem.found,
    )


def _problems(member: Archived, parsed: PatchPath, *, archive: str, settings: Settings) -> list[Problem]:
    if member.content is None:
        return [Problem(member.fault, "error", "a file of a patch", member.why_not)]
    if (expected := _why_elsewhere(parsed, archive)) is not None:
        return [Problem("wrong-place", "error", expected, member.path)]
    form = form_of(parsed.kind, settings.patch_size)
    if len(member.content) != form.n_bytes:
        return [Problem("wrong-size", "error", f"{form.n_bytes} bytes", f"{len(member.content)} bytes")]
    if (why := why_bad_header(member.content[:HEADER_BYTES], form)) is not None:
        return [Problem("bad-header", "error", "the header of a patch", why)]
    if settings.level != "deep":
        return []
    region = region_of(parsed.occurrence_id)
    if parsed.kind == "bands":
        found = bands_problems(member.content, region, thresholds=settings.thresholds)
    else:
        size = settings.patch_size
        found = altitude_problems(member.content, region, thresholds=settings.thresholds, patch_size=size)
    return [problem for problem in found if problem.severity == "error"]


def _why_elsewhere(parsed: PatchPath, archive: str) -> str | None:
    region, number = region_of(parsed.occurrence_id), int(archive_numbers([parsed.occurrence_id])[0])
    own = archive_name(region, number, "")
    if not parsed.in_place or parsed.region != region:
        return f"a place below patches_{region}/ or {own}/"
    named = parse_archive_name(Path(archive).name)
    if named is not None and (named.region != region or named.number not in (None, number)):
        return f"the archive {own}"
    return None
