"""What each edition of the challenge ranked by, and what its runs look like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from submissions.errors import UsageError

#: The form of a run file. ``ranked``: ``query;class;score;rank``, and ``glc19``:
#: ``glc19TestOccId;glc19SpId;Rank;Probability``, where the rank column decides the order; ``long``: ours;
#: ``predicted``: ``Id,Predicted``, and ``survey``: ``surveyId,predictions``, with species between blanks.
RunForm = Literal["ranked", "glc19", "long", "predicted", "survey"]


@dataclass(frozen=True)
class Edition:
    """One year of the challenge.

    Parameters
    ----------
    metrics : tuple of str
        Names of its metrics; the first one ranked.
    k : int
        Species per occurrence of metrics that have a K.
    max_rows : int, optional
        Rows that its board allowed per occurrence.
    sorted_sets : bool
        Whether its board took species by ascending id.
    """

    year: int
    metrics: tuple[str, ...]
    form: RunForm
    k: int = 30
    max_rows: int | None = None
    sorted_sets: bool = False


#: By year. Sources: docs/editions.md.
EDITIONS = {
    edition.year: edition
    for edition in (
        Edition(2018, ("mrr",), "ranked", max_rows=100),
        Edition(2019, ("top-k",), "glc19", max_rows=50),
        Edition(2020, ("adaptive-top-k", "top-k"), "long"),
        Edition(2021, ("top-k-error",), "predicted"),
        Edition(2022, ("top-k-error",), "predicted"),
        Edition(2023, ("f1-samples",), "predicted"),
        Edition(2024, ("f1-samples",), "survey"),
        Edition(2025, ("f1-samples",), "survey", sorted_sets=True),
    )
}


def edition_of(year: int) -> Edition:
    """Return the edition of a year, or raise a UsageError that lists those that there are.

    Examples
    --------
    >>> edition_of(2019).metrics, edition_of(2019).max_rows
    (('top-k',), 50)
    """
    if year not in EDITIONS:
        raise UsageError(f"There is no edition {year}.", f"There are {', '.join(map(str, EDITIONS))}.")
    return EDITIONS[year]
