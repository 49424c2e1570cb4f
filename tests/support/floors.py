"""The floors of the house, and the modules on them."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
FLOORS = {"scoring": 0, "submissions": 1, "baselines": 2, "glckit": 3}


def modules() -> list[Path]:
    """Return every module of ours, floor by floor."""
    return [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]
