"""What the page of a run tells."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.curve import Curve
from submissions.leaderboard.entries import WHOLE, Evidence, PartScores, Submission, TruthPart
from submissions.leaderboard.ranking import Standing
from submissions.leaderboard.site.board import Whisker, page_of, whisker
from submissions.leaderboard.site.cells import CellMap
from submissions.leaderboard.site.drawing import Line, MapDrawing, drawn_line, drawn_map
from submissions.leaderboard.site.pairs import OtherRun
from submissions.leaderboard.site.shown import Shown
from submissions.leaderboard.site.withheld import ToldParts, merged_ranges, told_parts

_CURVE_SIZE = (640.0, 260.0)
# K up to which a curve is drawn, and those that its table tells.
_MOST_K, _TOLD_K = 150, (1, 2, 5, 10, 20, 30, 50, 100, 150)

# Set sizes from which classes go.
_SIZE_STARTS = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)

# Where a participant ran what is nobody's business.
_OF_MACHINES = frozenset({"command"})


@dataclass(frozen=True)
class SizeClass:
    """How many occurrences have sets of some sizes.

    Parameters
    ----------
    share : float
        Of the occurrences, over that of the largest class.
    """

    words: str
    n_occurrences: int
    share: float


@dataclass(frozen=True)
class RunPage:
    """What the page of a file tells; several teams may have handed it in.

    Parameters
    ----------
    standings : sequence of Standing
        Of all who handed it in, the one that the rest of the page is of first.
    maps : sequence of MapDrawing
        Of each region.
    sizes : sequence of SizeClass
        Of the whole; none while the private part is kept, of which they could be made to tell.
    """

    standings: Sequence[Standing]
    scores: Mapping[TruthPart, PartScores]
    whiskers: Mapping[TruthPart, Whisker]
    breakdown: Sequence[ToldParts]
    curve: Curve | None
    curve_line: Line | None
    maps: Sequence[MapDrawing]
    sizes: Sequence[SizeClass]
    others: Sequence[OtherRun]
    faults: Sequence[Mapping[str, Any]]
    warnings: Sequence[Mapping[str, Any]]
    metadata: Mapping[str, str]
    replaced: Sequence[str]

    @property
    def standing(self) -> Standing:
        """The one that the page is of."""
        return self.standings[0]

    @property
    def page(self) -> str:
        """Its permalink."""
        return page_of(self.standing.submission)

    @property
    def told_k(self) -> list[tuple[float, ...]]:
        """Some K, with accuracy, mean set size and threshold."""
        curve = self.curve
        if curve is None:
            return []
        columns = (curve.k, curve.adaptive_top_k, curve.mean_set_sizes, curve.thresholds)
        last = len(curve.k)
        chosen = sorted({k for k in (*_TOLD_K, last) if k <= last})
        return [tuple(column[k - 1].item() for column in columns) for k in chosen]


def run_page(
    shown: Shown, standings: Sequence[Standing], maps: Sequence[CellMap], others: Sequence[OtherRun]
) -> RunPage:
    """Prepare the page of one file; its evidence is read here, and let go of."""
    main = next((each for each in standings if shown.told(each.submission)), standings[0])
    submission = main.submission
    scores = shown.told(submission)
    evidence = shown.season.evidence(submission.number) if scores else None
    curve = evidence.curve if evidence is not None and not shown.keeps_private else None
    found = {part: whisker(shown, submission, part) for part in shown.parts}
    return RunPage(
        standings=[main, *(each for each in standings if each is not main)],
        scores=scores,
        whiskers={part: each for part, each in found.items() if each is not None},
        breakdown=_breakdown(shown, main),
        curve=curve,
        curve_line=None if curve is None else _curve_line(curve),
        maps=[] if evidence is None else list(_maps(shown, evidence, maps)),
        sizes=[] if evidence is None or shown.keeps_private else list(_sizes(shown, evidence)),
        others=others,
        faults=told_faults(shown, submission),
        warnings=() if shown.public else submission.warnings,  # some tell of the whole truth
        metadata=told_metadata(shown, submission.metadata or {}),
        replaced=() if shown.keeps_private else submission.replaced,
    )


def told_faults(shown: Shown, submission: Submission) -> Sequence[Mapping[str, Any]]:
    """Return what is wrong with an invalid run; strangers are told of no single occurrence."""
    hidden = {"examples"} if shown.public else set()
    return [
        {key: value for key, value in fault.items() if key not in hidden}
        for fault in submission.faults
        if fault["severity"] == "error"
    ]


def told_metadata(shown: Shown, metadata: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what a run's metadata say, each in words or as JSON."""
    kept = {key: value for key, value in metadata.items() if not (shown.public and key in _OF_MACHINES)}
    return {
        key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for key, value in kept.items()
    }


def _breakdown(shown: Shown, standing: Standing) -> Sequence[ToldParts]:
    if shown.keeps_private or not shown.told(standing.submission):
        return []
    return told_parts(standing.submission.breakdown, least=shown.least)


def _curve_line(curve: Curve) -> Line:
    drawn = curve.k <= _MOST_K
    return drawn_line(
        curve.k[drawn].tolist(), curve.adaptive_top_k[drawn].tolist(), size=_CURVE_SIZE, x_low=1.0
    )


def _maps(shown: Shown, evidence: Evidence, maps: Sequence[CellMap]) -> Iterator[MapDrawing]:
    """Yield maps of the whole truth; which quadrats are private nobody learns while they are kept."""
    values = evidence.parts[WHOLE].values
    if shown.keeps_private or shown.season.stale is not None:
        return
    totals = shown.season.ground.units.units.totals(values)
    for each in maps:
        if len(each.n_occurrences):
            yield drawn_map(each, each.shares(totals))


def _sizes(shown: Shown, evidence: Evidence) -> Iterator[SizeClass]:
    counts = _counts(evidence.parts[shown.part].set_sizes)
    merged = [
        (_size_words(start, end), int(counts[start:end].sum()))
        for start, end in merged_ranges(counts, shown.least)
    ]
    most = max((n for _, n in merged), default=1)
    for words, n in merged:
        yield SizeClass(words, n, n / most)


def _counts(set_sizes: NDArray[np.int32]) -> NDArray[np.int64]:
    classes = np.searchsorted(_SIZE_STARTS, set_sizes, side="right") - 1
    return np.bincount(classes, minlength=len(_SIZE_STARTS)).astype(np.int64)


def _size_words(start: int, end: int) -> str:
    first = _SIZE_STARTS[start]
    if end == len(_SIZE_STARTS):
        return f"{first} or more"
    last = _SIZE_STARTS[end] - 1
    return str(first) if first == last else f"{first} to {last}"
