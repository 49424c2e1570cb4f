"""What commands report of the verification and the extraction of patches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from baselines.integrity.extraction.extract import Extraction
from baselines.integrity.findings import Finding
from baselines.integrity.report import PatchReport
from glckit.render import Report, counted
from submissions.printable import printable

_MAX_LISTED = 20
_COLUMNS = ("part", "checked", "damaged", "missing", "rate")
_VERDICTS = {"whole": "whole", "damaged": "DAMAGED", "unknown": "NOT CHECKED"}


def verification_report(found: PatchReport) -> Report:
    """Report what came of verifying patches; the table is by region and by archive."""
    parts = {**found.by_region, **found.by_archive}
    rows = [
        [name, share.n_checked, share.n_damaged, share.n_missing, share.rate] for name, share in parts.items()
    ]
    return Report(found.to_json(), _COLUMNS, rows, "\n".join(_lines(found)))


def extraction_report(extraction: Extraction) -> Report:
    """Report what came of extracting archives."""
    columns = ("archives", "n_written", "n_present", "ok")
    row = [len(extraction.archives), extraction.n_written, extraction.n_present, extraction.ok]
    archives, written = counted(len(extraction.archives), "archive"), counted(extraction.n_written, "file")
    head = f"{archives}: {written} written, {extraction.n_present} in place already."
    listed = _listed(_once_an_archive(extraction.findings), others="--json lists all")
    return Report(extraction.to_json(), columns, [row], "\n".join([head, *listed]))


def _once_an_archive(findings: Sequence[Finding]) -> list[Finding]:
    """Leave out what is said of each patch of an archive because it is said of the archive."""
    whole = {(f.path, f.problem) for f in findings if f.occurrence_id is None}
    return [f for f in findings if f.occurrence_id is None or (f.path, f.problem) not in whole]


def _lines(found: PatchReport) -> Iterator[str]:
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
        yield from _listed(found.errors or found.warnings)
    if found.archives_to_fetch:
        yield ""
        yield f"Extract or fetch again: {', '.join(found.archives_to_fetch)}"
    if found.repair is not None:
        yield f"Repaired {len(found.repair.mended_ids)}; no archive could mend {len(found.repair.left_ids)}."
    yield ""
    if found.n_remembered:
        yield f"{found.n_remembered} occurrences were checked before; their files have not changed since."
    yield from found.notes
    yield "This verification cannot see:"
    yield from (f"- {unseen}" for unseen in found.cannot_see)


def _headline(found: PatchReport) -> str:
    checked = counted(len(found.checked_ids), "occurrence")
    words = f"{_VERDICTS[found.verdict]}: {checked} checked ({found.level})"
    words += f", {len(found.damaged_ids)} damaged, {counted(len(found.warnings), 'warning')}"
    return words + (f", {len(found.unchecked_ids)} not checked" if len(found.unchecked_ids) else "")


def _listed(findings: Sequence[Finding], others: str = "--jsonl FILE lists all") -> Iterator[str]:
    for finding in findings[:_MAX_LISTED]:
        problem = finding.problem
        what = f"{problem.severity} {problem.fault}: {finding.path}"
        yield printable(f"{what}: {problem.found}; expected {problem.expected}")
    if len(findings) > _MAX_LISTED:
        yield f"and {len(findings) - _MAX_LISTED} more: {others}"
