"""The report as a page: what is damaged, in words and pictures, then where, then the rest."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import numpy as np

from baselines.covariates.patches.layout import KINDS
from baselines.integrity.findings import Problem
from baselines.integrity.pages.thumbnails import legend, thumbnail
from baselines.integrity.places import archive_of, archives_of_ids
from baselines.integrity.report import PatchReport
from baselines.integrity.trees.survey import Tree, survey
from scoring.version import VERSION
from submissions.errors import require
from submissions.files import written_atomically
from submissions.printable import printable

_MAX_PICTURES = 30
_MAX_LISTED = 500
_TEMPLATE = "page.html.jinja"
_VERDICTS = {"whole": "whole", "damaged": "damaged", "unknown": "not checked"}
_MEANINGS = {
    "missing": "neither file of the patch is there",
    "half-pair": "one of the two files of the patch is not there",
    "wrong-place": "a file or folder lies where the patch of another occurrence belongs",
    "wrong-type": "under the name of a file there is something else, such as a folder or a broken link",
    "wrong-size": "the file was cut, or something was appended to it",
    "bad-header": "the file does not begin as the file of a patch does",
    "checksum": "the content is not what was published",
    "zero-filled": "zeros stand where there was content, as after an interrupted write",
    "implausible": "the content cannot be what it should be, or is odd",
    "wrong-region": "land cover of the other region: a patch, or a part of one, from elsewhere",
    "duplicate-content": "several places have the same content, so at least one patch is another's",
    "unreadable": "the system could not read the file; whether it is whole is not known",
    "unstable": "the file changed while it was read",
    "unexpected": "a file that belongs to no patch of the tables",
}


@dataclass(frozen=True)
class Circumstances:
    """How a verification was asked for.

    Parameters
    ----------
    command, folder : str
        What was typed, and where.
    repair : str
        The command that would mend the patches.
    """

    command: str
    folder: str
    repair: str = ""


@dataclass(frozen=True)
class _Picture:
    """A damaged patch and a whole one of its archive, as data URIs."""

    occurrence_id: int
    problems: tuple[Problem, ...]
    damaged: str | None
    whole_id: int | None
    whole: str | None


def write_page(
    report: PatchReport, path: str | os.PathLike[str], *, patch_size: int, circumstances: Circumstances
) -> None:
    """Write the report as one HTML file without links to others.

    Raises CannotCheckError if it cannot be written; UsageError if Pillow or Jinja2 is not installed.
    """
    page = _template().render(
        **_parts(report),
        report=report,
        circumstances=circumstances,
        pictures=list(_pictures(report, patch_size)),
        legend={pattern: legend(pattern) for pattern in ("lost", "impossible")},
        verdict=_VERDICTS[report.verdict],
        n_damaged=len(report.damaged_ids),
        meanings=_MEANINGS,
        max_listed=_MAX_LISTED,
        date=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
        version=VERSION,
    )
    with written_atomically(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _template() -> Any:
    jinja2 = require("jinja2", "patches")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"printable": printable, "words": _words}
    return environment.from_string(resources.files(__package__).joinpath(_TEMPLATE).read_text("utf-8"))


def _words(problem: Problem) -> str:
    if problem.fault == "checksum":
        # Of a checksum only that it differs says something to a person.
        words = f"other content than was published (checksum {problem.found}, not {problem.expected})"
    else:
        words = f"{problem.found}; expected {problem.expected}"
    return printable(words)


def _parts(report: PatchReport) -> Mapping[str, object]:
    regions, archives = report.by_region.items(), report.by_archive.items()
    return {
        "damaged_regions": [part for part in regions if part[1].n_damaged],
        "damaged_archives": [part for part in archives if part[1].n_damaged],
        "whole_parts": [part for part in (*regions, *archives) if not part[1].n_damaged],
    }


def _pictures(report: PatchReport, patch_size: int) -> Iterator[_Picture]:
    if not report.damaged_ids or not report.trees:
        return
    tree = survey(report.trees)
    problems: dict[int, list[Problem]] = {i: [] for i in report.damaged_ids[:_MAX_PICTURES]}
    for finding in report.errors:
        if finding.occurrence_id in problems:
            problems[finding.occurrence_id].append(finding.problem)
    for occurrence_id, own in problems.items():
        whole = _whole_near(report, occurrence_id)
        yield _Picture(
            occurrence_id,
            tuple(dict.fromkeys(own)),
            _picture(occurrence_id, tree, patch_size=patch_size),
            whole,
            None if whole is None else _picture(whole, tree, patch_size=patch_size),
        )


def _whole_near(report: PatchReport, occurrence_id: int) -> int | None:
    whole = np.setdiff1d(report.checked_ids, np.array(report.damaged_ids))
    own = whole[archives_of_ids(whole) == archive_of(occurrence_id)]
    return int(own[0]) if len(own) else None


def _picture(occurrence_id: int, tree: Tree, *, patch_size: int) -> str | None:
    bands, altitude = (tree.path_of(occurrence_id, kind) for kind in KINDS)
    return thumbnail(bands, altitude, patch_size=patch_size)
