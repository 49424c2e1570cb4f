"""Lists that other programs read: damaged ids, and findings as JSON Lines."""

from __future__ import annotations

import json
import os
from pathlib import Path

from baselines.integrity.pages.page import write_page
from baselines.integrity.report import PatchReport
from submissions.files import written_atomically


def write_lists(
    report: PatchReport, *, ids: Path | None, jsonl: Path | None, html: Path | None, patch_size: int
) -> None:
    """Write what is asked for: damaged ids, errors as JSON Lines, and a page with thumbnails.

    Raises
    ------
    CannotCheckError
        If a file cannot be written.
    """
    if ids is not None:
        write_ids(report, ids)
    if jsonl is not None:
        write_json_lines(report, jsonl)
    if html is not None:
        write_page(report, html, patch_size=patch_size)


def write_ids(report: PatchReport, path: str | os.PathLike[str]) -> None:
    """Write the ids of damaged occurrences, one per line, for ``--exclude`` of the baselines."""
    with written_atomically(path) as temporary:
        temporary.write_text("".join(f"{i}\n" for i in report.damaged_ids), encoding="ascii")


def write_json_lines(report: PatchReport, path: str | os.PathLike[str]) -> None:
    """Write every error as one JSON object per line."""
    with written_atomically(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(finding.to_json()) + "\n" for finding in report.errors)
