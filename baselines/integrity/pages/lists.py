"""Lists that other programs read: damaged ids, and findings as JSON Lines; and the page for people."""

from __future__ import annotations

import json
from pathlib import Path

from baselines.integrity.pages.page import write_page
from baselines.integrity.report import PatchReport
from submissions.files import written_atomically


def write_lists(
    report: PatchReport, *, ids: Path | None, jsonl: Path | None, html: Path | None, patch_size: int
) -> None:
    """Write what is asked for: damaged ids and errors as JSON, one per line, and a page with thumbnails.

    Raises CannotCheckError if a file cannot be written.
    """
    if ids is not None:
        with written_atomically(ids) as temporary:
            temporary.write_text("".join(f"{i}\n" for i in report.damaged_ids), encoding="ascii")
    if jsonl is not None:
        with written_atomically(jsonl) as temporary, temporary.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(finding.to_json()) + "\n" for finding in report.errors)
    if html is not None:
        write_page(report, html, patch_size=patch_size)
