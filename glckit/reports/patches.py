"""What commands report of the verification and the extraction of patches."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from baselines.covariates.patches.finding import archives_for, find_archives
from baselines.integrity.extraction.extract import Extraction
from baselines.integrity.findings import Finding
from baselines.integrity.places import archive_path
from baselines.integrity.report import PatchReport
from glckit.render import Report
from submissions.errors import GlckitError
from submissions.printable import printable
from submissions.wording import counted, plural

_MAX_LISTED = 20
_COLUMNS = ("part", "checked", "damaged", "missing", "rate")
_VERDICTS = {"whole": "whole", "damaged": "DAMAGED", "unknown": "NOT CHECKED"}
_ALL_ERRORS, _ALL_AS_JSON = "--jsonl FILE lists all errors", "--json lists all"
# What may be whole, and another look will show.
_NOT_TO_MEND = ("unreadable", "unstable")
#: Stands in a command for a folder of archives that nobody has named.
UNKNOWN_ARCHIVES = "DIR"


def verification_report(found: PatchReport, *, repair: str = "") -> Report:
    """Report what came of verifying patches; the table is by region and by archive.

    `repair` is the command that would mend them.
    """
    parts = {**found.by_region, **found.by_archive}
    rows = [
        [name, share.n_checked, share.n_damaged, share.n_missing, share.rate] for name, share in parts.items()
    ]
    return Report(found.to_json(), _COLUMNS, rows, "\n".join(_lines(found, repair)))


def extraction_report(extraction: Extraction) -> Report:
    """Report what came of extracting archives."""
    columns = ("archives", "n_written", "n_present", "ok")
    row = [len(extraction.archives), extraction.n_written, extraction.n_present, extraction.ok]
    archives, written = counted(len(extraction.archives), "archive"), counted(extraction.n_written, "file")
    head = f"{archives}: {written} written, {extraction.n_present} in place already."
    lines = [head, *_listed(extraction.findings, _ALL_AS_JSON), *_to_fetch(extraction.findings)]
    return Report(extraction.to_json(), columns, [row], "\n".join(lines))


def repair_command(
    found: PatchReport,
    paths: Sequence[Path],
    *,
    occurrences: Sequence[Path],
    manifest: Path | None,
    archives: Path | None,
) -> str:
    """Return the command that mends what a verification with these options found.

    A folder of archives is named only if it has some, by their names, that hold what is damaged.
    """
    if archives is not None and not _holding(archives, found):
        archives = None
    words = [str(path) for path in paths if not path.is_file()]
    words += [word for table in occurrences for word in ("--occurrences", str(table))]
    words += [] if manifest is None else ["--manifest", str(manifest)]
    mending = ["--repair", "--archives", UNKNOWN_ARCHIVES if archives is None else str(archives)]
    return shlex.join(["glckit", "verify-patches", *words, *mending])


def _lines(found: PatchReport, repair: str) -> Iterator[str]:
    yield _headline(found)
    if found.counts:
        yield "Found: " + ", ".join(f"{fault} {count}" for fault, count in found.counts.items())
    yield ""
    yield f"{'':16}{'checked':>10}{'damaged':>10}{'missing':>10}{'rate':>9}"
    damaged = {name: share for name, share in found.by_archive.items() if share.n_damaged}
    for name, share in (*found.by_region.items(), *damaged.items()):
        yield f"{name:16}{share.n_checked:10}{share.n_damaged:10}{share.n_missing:10}{share.rate:9.2%}"
    if found.findings:
        yield ""
        yield from _listed(found.errors, _ALL_ERRORS)
        yield from _listed(found.warnings, _ALL_AS_JSON)
    yield from _advice(found, repair)
    yield ""
    if found.n_remembered:
        were = plural(found.n_remembered, "was", "were")
        checked = f"{counted(found.n_remembered, 'occurrence')} {were} checked before"
        yield f"{checked}; their files have not changed since."
    yield from found.notes
    yield "This verification cannot see:"
    yield from (f"- {unseen}" for unseen in found.cannot_see)


def _headline(found: PatchReport) -> str:
    n_checked, n_warnings = len(found.checked_ids), len(found.warnings)
    words = (
        f"{_VERDICTS[found.verdict]}: {n_checked} {plural(n_checked, 'occurrence')} checked ({found.level})"
    )
    words += f", {len(found.damaged_ids)} damaged, {n_warnings} {plural(n_warnings, 'warning')}"
    return words + (f", {len(found.unchecked_ids)} not checked" if len(found.unchecked_ids) else "")


def _listed(findings: Iterable[Finding], where_all: str) -> Iterator[str]:
    """Yield a line for each problem of a path: that of an archive may concern hundreds of occurrences."""
    groups = [list(group) for _, group in groupby(findings, key=lambda each: (each.problem, each.path))]
    for group in groups[:_MAX_LISTED]:
        first = group[0]
        n_ids = len({finding.occurrence_id for finding in group} - {None})
        path = printable(first.path) + (f" ({counted(n_ids, 'occurrence')})" if n_ids > 1 else "")
        found = f"{printable(first.problem.found)}; expected {printable(first.problem.expected)}"
        yield f"{first.problem.severity} {first.problem.fault}: {path}: {found}"
    if len(groups) > _MAX_LISTED:
        yield f"and {len(groups) - _MAX_LISTED} more: {where_all}"


def _advice(found: PatchReport, repair: str) -> Iterator[str]:
    if found.repair is not None:
        yield ""
        n_mended, n_left = len(found.repair.mended_ids), len(found.repair.left_ids)
        why_not = "%s could not be mended" if found.repair.obstacles else "no archive could mend %s"
        yield f"Repaired {n_mended}; {why_not % n_left}."
        if n_left and not found.repair.obstacles:
            yield f"Fetch again, then repair: {', '.join(found.archives_to_fetch)}"
    elif repair and (held := _archives_to_repair_from(found)):
        yield ""
        yield f"Repair with: {repair}"
        if repair.endswith(f" {UNKNOWN_ARCHIVES}"):
            yield f"{UNKNOWN_ARCHIVES} is the folder of the archives that hold them: {', '.join(held)}"
    yield from _to_fetch(found.errors)


def _holding(folder: Path, found: PatchReport) -> list[str]:
    """Return the archives in a folder that, by their names, hold what could be mended."""
    ids = [each.occurrence_id for each in _mendable(found) if each.occurrence_id is not None]
    with contextlib.suppress(GlckitError):
        return archives_for(find_archives(folder), ids)
    return []


def _archives_to_repair_from(found: PatchReport) -> list[str]:
    return sorted({finding.archive for finding in _mendable(found) if finding.archive is not None})


def _mendable(found: PatchReport) -> list[Finding]:
    return [finding for finding in found.tree_errors if finding.problem.fault not in _NOT_TO_MEND]


def _to_fetch(findings: Iterable[Finding]) -> Iterator[str]:
    broken_ones = (f for f in findings if f.problem.is_error and f.problem.fault != "unreadable")
    paths = {archive_path(finding) for finding in broken_ones}
    if broken := [path for path in paths if path is not None]:
        yield ""
        yield f"Fetch again: {', '.join(printable(path) for path in sorted(broken))}"
