"""Making the site of a season."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from submissions.errors import require_installed
from submissions.leaderboard.ranking import Standing
from submissions.leaderboard.season import Season
from submissions.leaderboard.site.board import BoardTables, board_tables
from submissions.leaderboard.site.cells import cell_maps
from submissions.leaderboard.site.exports import (
    as_json,
    board_csv,
    comparison_data,
    entry_data,
    history_csv,
    pairs_csv,
    run_data,
    season_data,
    teams_csv,
)
from submissions.leaderboard.site.folder import refuse_strangers, replace_site
from submissions.leaderboard.site.history import history
from submissions.leaderboard.site.pages import ASSETS, Pages, asset
from submissions.leaderboard.site.pairs import others_of
from submissions.leaderboard.site.runs import run_page
from submissions.leaderboard.site.shown import Shown, SiteOptions
from submissions.progress import SILENT, Progress

_FILES = {
    "season.json": "rules, metrics and parts",
    "leaderboard.json": "all submissions with scores, intervals, ranks and faults",
    "leaderboard.csv": "the same as a table",
    "comparison.json": "tests of all pairs of the runs that count, ranks and rank sets",
    "pairs.csv": "the pairs as a table",
    "history.csv": "how the best score grew",
    "teams.csv": "what each team handed in",
}


@dataclass(frozen=True)
class BuiltSite:
    """A site that was built.

    Parameters
    ----------
    index : Path
        The page to open.
    n_runs : int
        Runs that have a page.
    keeps_private : bool
        Whether it tells of the public part only.
    """

    index: Path
    n_runs: int
    keeps_private: bool


def build_site(
    season: Season,
    folder: str | os.PathLike[str],
    options: SiteOptions | None = None,
    *,
    now: datetime | None = None,
    progress: Progress = SILENT,
) -> BuiltSite:
    """Build the pages of a season in a folder, in the place of a former site.

    The evidence of one run at a time is in memory.

    Parameters
    ----------
    now : datetime, optional
        When it is, which decides whether the season is over; by the clock unless given.

    Raises
    ------
    UsageError
        If the folder holds something else than a former site, or Jinja2 is not installed.
    CannotCheckError
        If the folder cannot be written to.
    """
    require_installed("jinja2", "leaderboard")
    target = Path(os.path.realpath(folder))
    refuse_strangers(target)  # before the work, not after it
    shown = Shown.of(season, options or SiteOptions(), now=now or datetime.now(UTC))
    site = _Site(shown, Pages(shown), _by_file(shown.standings))
    replace_site(target, lambda new: site.write(new, progress))
    return BuiltSite(target / "index.html", len(site.by_file), shown.keeps_private)


@dataclass(frozen=True)
class _Site:
    """All files of a site, to be written."""

    shown: Shown
    pages: Pages
    by_file: dict[str, list[Standing]]

    def write(self, folder: Path, progress: Progress) -> None:
        tables = board_tables(self.shown)
        self._write_data(folder, tables)
        files = {f"data/{name}": words for name, words in _FILES.items() if (folder / "data" / name).exists()}
        _write(folder / "index.html", self.pages.index(tables, history(self.shown), files))
        _write(folder / "compare.html", self.pages.compare())
        for name in ASSETS:
            (folder / name).write_bytes(asset(name))
        self._write_runs(folder, progress)

    def _write_data(self, folder: Path, tables: BoardTables) -> None:
        data, shown = folder / "data", self.shown
        _write(data / "season.json", as_json(season_data(shown)))
        _write(data / "leaderboard.json", as_json([entry_data(shown, each) for each in shown.standings]))
        _write(data / "leaderboard.csv", board_csv(shown, tables))
        _write(data / "history.csv", history_csv(history(shown)))
        _write(data / "teams.csv", teams_csv(tables))
        if shown.comparison is not None:
            _write(data / "comparison.json", as_json(comparison_data(shown, shown.comparison)))
            _write(data / "pairs.csv", pairs_csv(shown.comparison))

    def _write_runs(self, folder: Path, progress: Progress) -> None:
        maps = cell_maps(self.shown.season.ground, least=self.shown.least)
        others = others_of(self.shown)
        with progress.bar("pages of runs", len(self.by_file)) as advance:
            for digest, standings in self.by_file.items():
                beside = next(
                    (others[number] for each in standings if (number := each.submission.number) in others), ()
                )
                page = run_page(self.shown, standings, maps, beside)
                _write(folder / page.page, self.pages.run(page))
                _write(folder / "runs" / f"{digest}.json", as_json(run_data(self.shown, page)))
                advance(1)


def _by_file(standings: Sequence[Standing]) -> dict[str, list[Standing]]:
    """Return who handed in each file, by its digest, those that count first."""
    found: dict[str, list[Standing]] = defaultdict(list)
    for each in standings:
        found[each.submission.digest].append(each)
    return dict(found)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
