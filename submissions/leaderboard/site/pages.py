"""The HTML of a site: templates, filled and escaped."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib import resources
from typing import Any

from scoring.uncertainty.comparison import ComparedRun
from scoring.version import VERSION
from submissions.errors import require
from submissions.leaderboard.entries import Submission
from submissions.leaderboard.rules import in_utc
from submissions.leaderboard.site.board import BoardTables, Row, page_of
from submissions.leaderboard.site.drawing import CLASS_WORDS
from submissions.leaderboard.site.history import History
from submissions.leaderboard.site.pairs import side_by_side, significance
from submissions.leaderboard.site.runs import RunPage
from submissions.leaderboard.site.sentences import rules_in_words, stale_in_words, withheld_in_words
from submissions.leaderboard.site.shown import Shown
from submissions.printable import printable
from submissions.wording import counted

#: What lies beside the pages.
ASSETS = ("site.css", "site.js")

_LOOK = "look"
_REGIONS = {"fr": "France", "us": "United States"}
_BY = {"rarity": "training occurrences of the species", "set-size": "size of the set"}
# Room for ranks around the table of pairs, and their size, in squares of 40 runs.
_MARGIN, _TEXT = 0.06, 0.028


@dataclass(frozen=True)
class Pages:
    """The pages of a season as a site shows it."""

    shown: Shown

    def index(self, tables: BoardTables, history: History, files: Mapping[str, str]) -> str:
        """Return the page of the board; `files` are those of data, with what they hold."""
        return self._filled(
            "index.html.jinja",
            tables=tables,
            history=history,
            files=files.items(),
            rules=list(rules_in_words(self.shown)),
            withheld=withheld_in_words(self.shown),
        )

    def run(self, run: RunPage) -> str:
        """Return the page of a run."""
        return self._filled("run.html.jinja", root="../", run=run, classes=CLASS_WORDS)

    def compare(self) -> str:
        """Return the page of two runs side by side."""
        found = significance(self.shown)
        n = 0 if found is None else len(found.standings)
        return self._filled(
            "compare.html.jinja",
            here="compare.html",
            beside=_plain(side_by_side(self.shown)),
            significance=found,
            comparison=self.shown.comparison,
            margin=max(0.8, _MARGIN * n),
            text_size=max(0.4, _TEXT * n),
        )

    def _filled(self, template: str, **content: Any) -> str:
        shared = {
            "shown": self.shown,
            "name": self.shown.season.competition.name,
            "as_of": in_utc(self.shown.as_of.replace(microsecond=0)),
            "version": VERSION,
            "stale": stale_in_words(self.shown),
            "incomparable": self._incomparable,
            "root": "",
            "here": "index.html" if template.startswith("index") else "",
        }
        return str(self._environment.get_template(template).render(shared | content))

    @property
    def _incomparable(self) -> str | None:
        if len(self.shown.counting) < 2 or self.shown.comparison is not None:
            return None
        return (
            "These old scores cannot be compared: no rank sets, groups or tests until all are scored again."
        )

    @cached_property
    def _environment(self) -> Any:
        jinja2 = require("jinja2", "leaderboard")
        environment = jinja2.Environment(
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            loader=jinja2.FunctionLoader(_template),
        )
        environment.policies["json.dumps_kwargs"] = {"sort_keys": False}
        environment.filters |= _FILTERS
        return environment


def asset(name: str) -> bytes:
    """Return the content of a file beside the pages."""
    return resources.files(__package__).joinpath(_LOOK, name).read_bytes()


def _template(name: str) -> str:
    return asset(name).decode("utf-8")


def _decimals(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _digits(value: float | None) -> str:
    """Return a threshold or size, whose scale nobody knows."""
    return "–" if value is None or math.isinf(value) else f"{value:.4g}"


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("-", "−")


def _percent(share: float) -> str:
    """Return a share for people; what is none at all says so.

    Examples
    --------
    >>> _percent(0.0), _percent(0.0004), _percent(0.25)
    ('0 %', '< 0.1 %', '25.0 %')
    """
    if share == 0:
        return "0 %"
    return "< 0.1 %" if share < 0.001 else f"{share:.1%}".replace("%", " %")


def _groups(run: ComparedRun) -> str:
    """Return the tie groups of a run as letters; where there are too many, as ranges of numbers."""
    if not any(each.isdigit() for each in run.letters):
        return run.letters
    numbers = sorted(group + 1 for group in run.tie_groups)
    starts = [each for each in numbers if each - 1 not in numbers]
    ends = [each for each in numbers if each + 1 not in numbers]
    spans = zip(starts, ends, strict=True)
    return ", ".join(str(start) if start == end else f"{start}–{end}" for start, end in spans)


def _short_time(time: str) -> str:
    return time[:16].replace("T", " ")


def _utc(time: datetime) -> str:
    return in_utc(time)


def _why(row: Row) -> str:
    """Return why a run does not count."""
    submission: Submission = row.submission
    if submission.status == "invalid":
        return ", ".join(str(fault["code"]) for fault in submission.faults)
    if submission.status != "valid":
        return ""
    return row.standing.excluded or "another run of the team counts"


def _plain(data: Any) -> Any:
    """Return data for a script, with what does not print escaped in all texts that it shows."""
    if isinstance(data, str):
        return printable(data)
    if isinstance(data, Mapping):
        return {key: _plain(value) for key, value in data.items()}
    return [_plain(each) for each in data] if isinstance(data, Sequence) else data


_FILTERS = {
    "printable": printable,
    "decimals": _decimals,
    "digits": _digits,
    "signed": _signed,
    "percent": _percent,
    "short_time": _short_time,
    "utc": _utc,
    "why": _why,
    "groups": _groups,
    "page": page_of,
    "counted": counted,
    "by": lambda by: _BY.get(by, by),
    "region": lambda region: _REGIONS.get(region, f"elsewhere ({region})"),
}
