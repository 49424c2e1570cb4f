"""What is said of errors on platforms whose logs participants read: nothing that may be of the truth."""

from __future__ import annotations

from submissions.platforms.programs.judging import RunRefused
from submissions.platforms.programs.reference import BrokenBundle


class ScorerFailed(Exception):  # noqa: N818 (participants see the name)
    """The scorer has a fault, or the files of the organizers do."""


def shown_to_all(error: Exception) -> Exception:
    """Return an error that everybody may see: one of our own, or the name of another and its line."""
    if isinstance(error, RunRefused | BrokenBundle):
        return error
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    line = "?" if where is None else where.tb_lineno
    return ScorerFailed(f"The scorer failed with {type(error).__name__} at line {line}; tell the organizers.")
