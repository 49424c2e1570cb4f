"""Seasons with real evidence: runs are written, scored and kept in memory, as a store would keep them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from seasons import make_season, write_run

from submissions.competition.settings import read_competition
from submissions.leaderboard.assessment import assess
from submissions.leaderboard.entries import Evidence, Status, Submission
from submissions.leaderboard.season import Season
from submissions.leaderboard.standard import Standard, standard_of
from submissions.metadata import file_digest

FIRST = datetime(2020, 4, 1, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class HandedIn:
    """A run that somebody hands in: of a skill, or with further fields of the submission."""

    team: str
    name: str = "run.csv"
    skill: float = 0.5
    invalid: bool = False
    seed: int | None = None
    status: Status | None = None
    further: Mapping[str, Any] = field(default_factory=dict)


def scored_season(
    folder: Path,
    handed_in: Sequence[HandedIn],
    rules: Mapping[str, str] | None = None,
    *,
    make: Callable[[Path, Mapping[str, str] | None], Path] = make_season,
    write: Callable[..., Path] = write_run,
) -> Season:
    """Make a competition folder and score runs that come in one each 7 hours."""
    competition = read_competition(make(folder, rules) / "competition.toml")
    standard = standard_of(competition)
    evidence: dict[int, Evidence] = {}
    submissions = []
    for number, each in enumerate(handed_in, 1):
        seed = number if each.seed is None else each.seed
        path = write(folder / "in" / f"{number}.csv", seed, skill=each.skill, invalid=each.invalid)
        submissions.append(_submission(number, each, path, standard, evidence))
    return Season(
        competition,
        standard.metrics,
        tuple(submissions),
        evidence.__getitem__,
        standard.ground,
        None,
        standard.key,
    )


def _submission(
    number: int, handed_in: HandedIn, path: Path, standard: Standard, evidence: dict[int, Evidence]
) -> Submission:
    found = assess(str(path), standard, name=handed_in.name)
    if found.evidence is not None:
        evidence[number] = found.evidence
    made = Submission(
        number,
        handed_in.team,
        handed_in.name,
        FIRST + timedelta(hours=7 * (number - 1)),
        file_digest(path),
        handed_in.status or found.status,
        standard.key,
        found.parts,
        found.breakdown,
        found.faults,
        found.warnings,
        version="1.0",
    )
    return replace(made, **handed_in.further)
