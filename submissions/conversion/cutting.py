"""Making sets of scored runs: which pairs of each occurrence are kept."""

from __future__ import annotations

from dataclasses import dataclass

from scoring.sparse import Pairs
from submissions.writing import first_of_each


@dataclass(frozen=True)
class Cut:
    """Which pairs of an occurrence are its set.

    Parameters
    ----------
    top : int, optional
        At most so many, the first.
    above : float, optional
        Only those with a score above this one.
    """

    top: int | None = None
    above: float | None = None

    def __str__(self) -> str:
        said = {"--top": self.top, "--above": self.above}
        return " ".join(f"{name} {value!r}" for name, value in said.items() if value is not None)

    def of(self, pairs: Pairs) -> Pairs:
        """Return what is kept of lists that are in order; a list may become empty.

        Examples
        --------
        >>> import numpy as np
        >>> pairs = Pairs(np.array([0, 2, 3]), np.array([4, 5, 4]), np.array([0.9, 0.5, 0.4]))
        >>> Cut(above=0.4).of(pairs).offsets.tolist()
        [0, 2, 2]
        """
        if self.above is not None:
            pairs = pairs.where(pairs.scores > self.above)
        return pairs if self.top is None else first_of_each(pairs, self.top)
