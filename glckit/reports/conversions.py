"""What a conversion says of what it did."""

from __future__ import annotations

from collections.abc import Iterator

from submissions.conversion.results import Conversion
from submissions.conversion.softmax import SoftmaxEffect
from submissions.conversion.tuning import TunedCut
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
    if done.softmax is not None:
        yield _of_softmax(done.softmax)


def _tried(tuning: TunedCut) -> Iterator[str]:
    width = max(len(str(each.cut)) for each in tuning.tried)
    yield f"tried: {'':{width}}  {tuning.metric}  species per occurrence"
    for each in tuning.tried:
        best = "  <- best" if each is tuning.best else ""
        yield f"tried: {each.cut!s:{width}}  {each.score:{len(tuning.metric)}.5f}  {each.mean_size:.1f}{best}"


def _of_softmax(effect: SoftmaxEffect) -> str:
    exchanged = f"{effect.share_exchanged:.1%} of the {effect.n_above:,} pairs above the threshold"
    return (
        f"scores are no probabilities, from {effect.lowest:.4g} to {effect.highest:.4g}, and are written as "
        f"they are. With a softmax per occurrence, {exchanged} of adaptive top-{effect.k} would be others; "
        f"top-{effect.k} would stay as it is"
    )
