"""What is remembered of a folder's patches from one verification to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from baselines.integrity.findings import Level
from baselines.integrity.patches.patch import CheckedPatch


@dataclass(frozen=True)
class Record:
    """What earlier checks of a folder showed of each occurrence whose files have not changed since.

    Parameters
    ----------
    level : {"quick", "full", "deep"}
        The level of those checks, or of a shallower one for which they are taken.
    """

    patches: Mapping[int, CheckedPatch] = field(default_factory=dict)
    level: Level = "quick"


#: The record of a folder of which nothing is known yet.
NOTHING = Record()
