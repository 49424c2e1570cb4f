"""How a run is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from submissions.faults import MAX_EXAMPLES
from submissions.reading.forms import Headerless
from submissions.reading.sources import MAX_BYTES


@dataclass(frozen=True)
class ReadingOptions:
    """How a run is read, whatever its format.

    Parameters
    ----------
    max_bytes : int
        Decompressed bytes after which reading stops.
    max_examples : int
        Examples that a fault keeps.
    headerless : Headerless
        What is said of a run without a header.
    """

    max_bytes: int = MAX_BYTES
    max_examples: int = MAX_EXAMPLES
    headerless: Headerless = field(default_factory=Headerless)
