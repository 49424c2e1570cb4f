"""What a conversion is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from submissions.conversion.cutting import Cut
from submissions.editions import Edition, edition_of
from submissions.reading.options import ReadingOptions


@dataclass(frozen=True)
class ConversionOptions:
    """How a run is converted.

    Parameters
    ----------
    max_rows : int, optional
        Pairs kept per occurrence, the best.
    rerank : bool
        Whether ranks are numbered anew, by score.
    species : Path, optional
        The species table, whose names may stand where ids belong.
    force : bool
        Whether what is there is replaced.
    to : int, optional
        The edition whose board is to take what is written.
    tune : Path, optional
        The truth by which a cut is chosen.
    cut : Cut
        The pairs that are the set of an occurrence.
    k : int
        Species per occurrence of the metric, for what is said of scores that are no probabilities.
    """

    max_rows: int | None = None
    rerank: bool = False
    species: Path | None = None
    force: bool = False
    to: int | None = None
    tune: Path | None = None
    cut: Cut = field(default_factory=Cut)
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    k: int = 30

    @property
    def edition(self) -> Edition | None:
        """The edition whose board is to take what is written, or a UsageError if there is none such."""
        return None if self.to is None else edition_of(self.to)

    @property
    def board(self) -> Edition | None:
        """The edition if its board took another file than ours."""
        return None if self.edition is None or self.edition.form == "long" else self.edition
