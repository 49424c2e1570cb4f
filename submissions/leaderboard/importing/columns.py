"""Which column of a platform's table says what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from submissions.errors import UsageError
from submissions.printable import printable

# Names of columns without blanks, dashes, underscores and capitals. Beside plain words: EvalAI's table of all
# submissions, Kaggle's tables of a leaderboard and of submissions, and Codabench's results (Username).
_NAMES = {
    "team": ("team", "teamname", "participantteam", "participantteamname", "username", "owner"),
    "submitted": ("submitted", "submittedat", "submissiondate", "lastsubmissiondate", "date"),
    "file": ("file", "filename", "submittedfile", "submissionid", "run"),
    "score": ("score",),
    "public": ("publicscore",),
    "private": ("privatescore",),
}
# Codabench names its columns after task, number of the task, and title: "GeoLifeCLEF(12)-adaptive_top30".
_OF_CODABENCH = re.compile(r".+\(\d+\)-.+", re.DOTALL)


@dataclass(frozen=True)
class ImportColumns:
    """The names of the columns that are read; None where there is none.

    Parameters
    ----------
    team : str
        Whose a run is.
    submitted : str, optional
        When it was handed in; without it, all at one time that is given by hand.
    file : str, optional
        The name of its file, or the URL or number that this is named by; without it, the name of the team.
    score, public, private : str, optional
        The platform's scores on all of the truth, and on its parts.
    """

    team: str
    submitted: str | None = None
    file: str | None = None
    score: str | None = None
    public: str | None = None
    private: str | None = None

    @classmethod
    def among(cls, header: Sequence[str], named: Mapping[str, str]) -> ImportColumns:
        """Find the columns in a header; those that are named by hand win.

        Raises
        ------
        UsageError
            If no column is that of the teams, several may be one, or one that is named is absent.

        Examples
        --------
        >>> ImportColumns.among(["id", "Team Name", "Submitted File", "Submitted At"], {})
        ImportColumns(team='Team Name', submitted='Submitted At', file='Submitted File', score=None, \
public=None, private=None)
        """
        _check_named(header, named)
        found = {name: named.get(name) or _found(name, header) for name in _NAMES}
        if found["team"] is None:
            raise UsageError(
                f"No column of the table is that of the teams: {', '.join(map(printable, header))}.",
                "Name it with --columns team=COLUMN.",
            )
        if found["score"] is None:
            found["score"] = next((each for each in header if _OF_CODABENCH.fullmatch(each)), None)
        return cls(**found)  # type: ignore[arg-type]  # the team is there


def named_columns(words: Iterable[str]) -> dict[str, str]:
    """Return columns that are named by hand, such as ``team=Group``.

    Raises
    ------
    UsageError
        If a word names none.
    """
    parted = [word.partition("=") for word in words]
    wrong = ["".join(parts) for parts in parted if not (parts[0].strip() and parts[2].strip())]
    if wrong:
        raise UsageError(f"--columns wants NAME=COLUMN, not {', '.join(map(printable, wrong))}.")
    return {name.strip(): column.strip() for name, _, column in parted}


def _check_named(header: Sequence[str], named: Mapping[str, str]) -> None:
    known = [each.name for each in fields(ImportColumns)]
    unknown = [name for name in named if name not in known]
    absent = [column for column in named.values() if column not in header]
    if unknown:
        raise UsageError(f"--columns does not know {', '.join(unknown)}.", f"It knows {', '.join(known)}.")
    if absent:
        there = ", ".join(map(printable, header))
        raise UsageError(f"The table has no column {', '.join(map(printable, absent))}.", f"It has {there}.")


def _found(name: str, header: Sequence[str]) -> str | None:
    fitting = [column for column in header if re.sub(r"[\s_-]", "", column).lower() in _NAMES[name]]
    if len(fitting) > 1:
        raise UsageError(
            f"Several columns of the table may be {name}: {', '.join(map(printable, fitting))}.",
            f"Say which with --columns {name}=COLUMN.",
        )
    return fitting[0] if fitting else None
