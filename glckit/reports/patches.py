"""What commands report of the verification and the extraction of patches."""

from __future__ import annotations

from collections.abc import Iterator

from baselines.integrity.extraction.extract import Extraction
from baselines.integrity.findings import Finding
from baselines.integrity.report import Report as Integrity
from baselines.integrity.report import Share
from baselines.integrity.verify import Verified
from glckit.render import Report

_MAX_LISTED = 20
_COLUMNS = ("part", "checked", "damaged", "missing", "rate")


def verification_report(verified: Verified) -> Report:
    """Report what came of verifying patches; the table is by region and by archive."""
    report = verified.report
    parts = {**report.by_region, **report.by_archive}
    rows = [
        [name, share.n_checked, share.n_damaged, share.n_missing, share.rate] for name, share in parts.items()
    ]
    return Report(report.to_json(), _COLUMNS, rows, "\n".join(_lines(verified)))


def extraction_report(extraction: Extraction) -> Report:
    """Report what came of extracting archives."""
    columns = ("archives", "n_written", "n_present", "ok")
    row = [len(extraction.archives), extraction.n_written, extraction.n_present, extraction.ok]
    head = "{} archives: {} files written, {} in place already.".format(*row)
    return Report(extraction.to_json(), columns, [row], "\n".join([head, *_listed(extraction.findings)]))


def _lines(verified: Verified) -> Iterator[str]:
    report = verified.report
    yield _headline(report)
    if report.counts:
        yield "Found: " + ", ".join(f"{fault} {count}" for fault, count in report.counts.items())
    yield ""
    yield from _table(report)
    if report.findings:
        yield ""
        yield from _listed(report.errors or report.warnings)
    if report.archives_to_fetch:
        yield ""
        yield f"Extract or fetch again: {', '.join(report.archives_to_fetch)}"
    if verified.repair is not None:
        repair = verified.repair
        yield f"Repaired {len(repair.mended_ids)}; no archive could mend {len(repair.left_ids)}."
    yield from _remarks(report)


def _headline(report: Integrity) -> str:
    verdict = "whole" if report.ok else "DAMAGED"
    if report.exit_status == 3:
        verdict = "NOT CHECKED"
    words = f"{verdict}: {len(report.checked_ids)} occurrences checked ({report.level})"
    words += f", {len(report.damaged_ids)} damaged, {len(report.warnings)} warnings"
    return words + (f", {len(report.unchecked_ids)} not checked" if len(report.unchecked_ids) else "")


def _table(report: Integrity) -> Iterator[str]:
    yield f"{'':16}{'checked':>10}{'damaged':>10}{'missing':>10}{'rate':>9}"
    for name, share in report.by_region.items():
        yield _row(name, share)
    for name, share in report.by_archive.items():
        if share.n_damaged:
            yield _row(name, share)


def _row(name: str, share: Share) -> str:
    return f"{name:16}{share.n_checked:10}{share.n_damaged:10}{share.n_missing:10}{share.rate:9.2%}"


def _listed(findings: tuple[Finding, ...]) -> Iterator[str]:
    for each in findings[:_MAX_LISTED]:
        yield f"{each.severity} {each.fault}: {each.path}: {each.found}; expected {each.expected}"
    if len(findings) > _MAX_LISTED:
        yield f"and {len(findings) - _MAX_LISTED} more: --jsonl FILE lists all"


def _remarks(report: Integrity) -> Iterator[str]:
    yield ""
    if report.n_remembered:
        yield f"{report.n_remembered} occurrences were checked before; their files have not changed since."
    yield from report.notes
    yield "This verification cannot see:"
    for unseen in report.cannot_see:
        yield f"- {unseen}"
