"""The report as a page: rates by region and archive, and thumbnails of damaged patches beside whole ones."""

from __future__ import annotations

import html
import os
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from baselines.integrity.pages.thumbnails import thumbnail
from baselines.integrity.places import archive_of, archives_of_ids
from baselines.integrity.report import DamageShare, PatchReport
from baselines.integrity.trees.survey import Tree, survey
from submissions.files import written_atomically

_MAX_PICTURES = 30
_STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; }
table { border-collapse: collapse; margin: 1em 0; } th, td { padding: .25em .8em; text-align: left; }
th { border-bottom: 2px solid #888; } td { border-bottom: 1px solid #ddd; vertical-align: top; }
.n { text-align: right; } .bad { color: #a00; } img { image-rendering: pixelated; display: block; }
"""


def write_page(report: PatchReport, path: str | os.PathLike[str], *, patch_size: int) -> None:
    """Write the report as one HTML file without links to others.

    Raises CannotCheckError if it cannot be written; UsageError if Pillow is not installed.
    """
    unseen = [f"<li>{html.escape(each)}</li>" for each in report.cannot_see]
    limits = ["<h2>What this verification cannot see</h2><ul>", *unseen, "</ul>"]
    body = "\n".join([*_summary(report), *_pictures(report, patch_size), *limits])
    head = f'<meta charset="utf-8"><title>Patches</title>\n<style>{_STYLE}</style>'
    with written_atomically(path) as temporary:
        temporary.write_text(f'<!doctype html>\n<html lang="en">{head}\n{body}\n</html>\n', encoding="utf-8")


def _summary(report: PatchReport) -> Iterator[str]:
    verdict = "whole" if report.ok else '<span class="bad">damaged</span>'
    yield f"<h1>Patches: {verdict}</h1>"
    yield f"<p>{len(report.checked_ids)} occurrences checked at the level {report.level},"
    yield f"{len(report.damaged_ids)} damaged, {len(report.unchecked_ids)} not checked.</p>"
    if report.counts:
        yield _table(("class", "occurrences"), [(name, str(n)) for name, n in report.counts.items()])
    yield _shares("region", report.by_region)
    yield _shares("archive", report.by_archive)
    if report.archives_to_fetch:
        yield f"<p>Extract or fetch again: {html.escape(', '.join(report.archives_to_fetch))}</p>"


def _shares(title: str, shares: Mapping[str, DamageShare]) -> str:
    rows = [
        (name, str(share.n_checked), str(share.n_damaged), str(share.n_missing), f"{share.rate:.2%}")
        for name, share in shares.items()
    ]
    return _table((title, "checked", "damaged", "missing", "rate"), rows)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    lines = [
        f"<tr><td>{html.escape(row[0])}</td>"
        + "".join(f'<td class="n">{html.escape(cell)}</td>' for cell in row[1:])
        + "</tr>"
        for row in rows
    ]
    return f"<table><tr>{head}</tr>\n{chr(10).join(lines)}</table>"


def _pictures(report: PatchReport, patch_size: int) -> Iterator[str]:
    first_of = {f.occurrence_id: f for f in reversed(report.errors) if f.occurrence_id is not None}
    if not first_of or not report.trees:
        return
    tree = survey(report.trees)
    yield f"<h2>Damaged patches beside whole ones</h2><p>The first {_MAX_PICTURES} at most: imagery and"
    yield "land cover; magenta is lost or no land cover code.</p>"
    yield "<table><tr><th>occurrence</th><th>found</th><th>damaged</th><th>whole, of its archive</th></tr>"
    for occurrence_id in sorted(i for i in first_of if i is not None)[:_MAX_PICTURES]:
        whole = _whole_near(report, occurrence_id)
        own, other = (_picture(i, tree, patch_size=patch_size) for i in (occurrence_id, whole))
        problem = first_of[occurrence_id].problem
        words = html.escape(f"{problem.fault}: {problem.found}; expected {problem.expected}")
        yield f"<tr><td>{occurrence_id}</td><td>{words}</td>"
        yield f"<td>{own}</td><td>{other}{'' if whole is None else whole}</td></tr>"
    yield "</table>"


def _whole_near(report: PatchReport, occurrence_id: int) -> int | None:
    whole = np.setdiff1d(report.checked_ids, np.array(report.damaged_ids))
    own = whole[archives_of_ids(whole) == archive_of(occurrence_id)]
    return int(own[0]) if len(own) else None


def _picture(occurrence_id: int | None, tree: Tree, *, patch_size: int) -> str:
    if occurrence_id is None:
        return "none"
    uri = thumbnail(tree.path_of(occurrence_id, "bands"), patch_size=patch_size)
    return "nothing to show" if uri is None else f'<img alt="patch {occurrence_id}" src="{uri}">'
