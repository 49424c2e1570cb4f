"""Patches that were just written are not remembered: wait until they are old enough."""

from __future__ import annotations

import time

from baselines.integrity.patches.patch import YOUNG_NS


def let_settle() -> None:
    """Wait until files that were just written or touched are remembered, by any file system's clock."""
    time.sleep(4 * YOUNG_NS / 1e9)
