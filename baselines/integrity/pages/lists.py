"""Lists that other programs read: damaged ids, and findings as JSON Lines; and the page for people."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from baselines.integrity.pages.page import Circumstances, write_page
from baselines.integrity.report import PatchReport
from submissions.errors import require_installed
from submissions.files import written_atomically


@dataclass(frozen=True)
class Lists:
    """What is to be written of a verification.

    Parameters
    ----------
    ids : Path, optional
        Damaged ids, one per line.
    jsonl : Path, optional
        Errors as JSON, one per line.
    html : Path, optional
        A page with thumbnails.
    """

    ids: Path | None = None
    jsonl: Path | None = None
    html: Path | None = None

    def require_extras(self) -> None:
        """Raise UsageError if what the page needs is not installed: before the work, not after it."""
        if self.html is not None:
            require_installed("PIL", "patches")
            require_installed("jinja2", "patches")


def write_lists(report: PatchReport, lists: Lists, *, patch_size: int, circumstances: Circumstances) -> None:
    """Write what is asked for.

    Raises CannotCheckError if a file cannot be written.
    """
    if lists.ids is not None:
        with written_atomically(lists.ids) as temporary:
            temporary.write_text("".join(f"{i}\n" for i in report.damaged_ids), encoding="ascii")
    if lists.jsonl is not None:
        with written_atomically(lists.jsonl) as temporary, temporary.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(finding.to_json()) + "\n" for finding in report.errors)
    if lists.html is not None:
        write_page(report, lists.html, patch_size=patch_size, circumstances=circumstances)
