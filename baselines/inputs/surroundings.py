"""What belongs to occurrences that somebody names: their tables, and the competition around these."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from baselines.covariates.occurrences import Occurrences, read_all_occurrences
from submissions.competition.files import competition_above, competition_of
from submissions.competition.settings import Competition

PathLike = str | os.PathLike[str]


def read_with_competition(tables: Sequence[PathLike]) -> tuple[Occurrences, Competition]:
    """Return the occurrences of some tables, and the competition of the folder that the first lies in.

    That is what the nearest ``competition.toml`` in or above it says, or the folder itself.
    """
    return read_all_occurrences(tables), competition_around(tables)


def competition_around(tables: Sequence[PathLike]) -> Competition:
    """Return the competition of some tables; of the current folder, if there are none."""
    if not tables:
        return competition_of()
    paths = [Path(table) for table in tables]
    return competition_above(paths) or Competition.without_settings(paths[0].parent)
