"""What a conversion says of what it did."""

from __future__ import annotations

from collections.abc import Iterator

from submissions.conversion import Conversion
from submissions.cutting import TunedCut
from submissions.wording import counted


def lines_of_conversion(done: Conversion) -> Iterator[str]:
    """Yield what was mended, tried and left out, a line each."""
    for what, count in done.mended.items():
        yield f"mended: {what} ({count:,})"
    if done.tuning is not None:
        yield from _tried(done.tuning)
    if done.n_beyond:
        yield f"left out: {counted(done.n_beyond, 'pair')} beyond the rows that the board allowed"
    if done.n_unsaid:
        yield f"left out: {counted(done.n_unsaid, 'occurrence')} without species, which only lists can say"


def _tried(tuning: TunedCut) -> Iterator[str]:
    width = max(len(str(each.cut)) for each in tuning.tried)
    yield f"tried: {'':{width}}  {tuning.metric}  species per occurrence"
    for each in tuning.tried:
        best = "  <- best" if each is tuning.best else ""
        yield f"tried: {each.cut!s:{width}}  {each.score:{len(tuning.metric)}.5f}  {each.mean_size:.1f}{best}"
