"""The check of one member of an archive: its name, its place, its form. Pure decisions."""

from __future__ import annotations

from baselines.covariates.patches.layout import (
    PatchPath,
    archive_name,
    archive_numbers,
    parse_path,
    scope_of_archive,
)
from baselines.covariates.patches.npyheader import HEADER_BYTES, form_of, why_bad_header
from baselines.integrity.archives.reading import Archived
from baselines.integrity.findings import Finding, Problem
from baselines.integrity.options import VerifyOptions
from baselines.integrity.patches.file import content_problems
from baselines.integrity.places import at_archive, at_occurrence, region_of


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


def findings_of_member(member: Archived, archive: str, *, options: VerifyOptions) -> list[Finding]:
    """Check one member of an archive, whose name says whose patches it holds.

    Nothing is found of a file of a patch that may be extracted. At the level ``"deep"`` the content is
    looked at too, for archives that hold no checksums.
    """
    place = f"{archive}: {member.path}"
    parsed = parse_path(member.path)
    if (why := why_unsafe(member.path)) is not None:
        problem = Problem("wrong-place", "error", "a name below the folder", why)
    elif parsed is not None:
        problems = _problems(member, parsed, archive=archive, options=options)
        return [at_occurrence(each, parsed.occurrence_id, path=place) for each in problems]
    elif member.fault == "wrong-type":
        problem = Problem("wrong-type", "error", "a regular file", member.why_not)
    else:
        problem = Problem("unexpected", "warning", "files of patches", "a foreign file")
    return [at_archive(problem, archive, path=place)]


def _problems(member: Archived, parsed: PatchPath, *, archive: str, options: VerifyOptions) -> list[Problem]:
    if member.content is None:
        return [Problem(member.fault, "error", "a file of a patch", member.why_not)]
    if (expected := _why_elsewhere(parsed, archive)) is not None:
        return [Problem("wrong-place", "error", expected, member.path)]
    form = form_of(parsed.kind, options.side)
    if len(member.content) != form.n_bytes:
        return [Problem("wrong-size", "error", f"{form.n_bytes} bytes", f"{len(member.content)} bytes")]
    if (why := why_bad_header(member.content[:HEADER_BYTES], form)) is not None:
        return [Problem("bad-header", "error", "the header of a patch", why)]
    if options.level != "deep":
        return []
    region = region_of(parsed.occurrence_id)
    found = content_problems(member.content, parsed.kind, region=region, options=options)
    return [problem for problem in found if problem.is_error]


def _why_elsewhere(parsed: PatchPath, archive: str) -> str | None:
    region, number = region_of(parsed.occurrence_id), int(archive_numbers([parsed.occurrence_id])[0])
    own = archive_name(region, number, "")
    if not parsed.in_place or parsed.region != region:
        return f"a place below patches_{region}/ or {own}/"
    scope = scope_of_archive(archive)
    if scope is not None and not scope.holds(region, number):
        return f"the archive {own}"
    return None
