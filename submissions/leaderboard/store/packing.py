"""Evidence as bytes, and back, to the last bit."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np

from scoring.curve import Curve
from submissions.leaderboard.entries import Evidence, PartEvidence

_ARRAYS = ("values", "set_sizes", "influence", "left_out", "replicates")
_NUMBERS = ("score", "slope", "signature")
_CURVE = ("k", "adaptive_top_k", "mean_set_sizes", "thresholds")


def packed(evidence: Evidence) -> bytes:
    """Return evidence as a compressed .npz, readable without code from strangers."""
    arrays = {
        f"{part}.{name}": getattr(each, name) for part, each in evidence.parts.items() for name in _ARRAYS
    }
    if evidence.curve is not None:
        arrays |= {f"curve.{name}": getattr(evidence.curve, name) for name in _CURVE}
    numbers = {
        part: {name: getattr(each, name) for name in _NUMBERS} for part, each in evidence.parts.items()
    }
    said = np.frombuffer(json.dumps(numbers).encode(), np.uint8)
    file = io.BytesIO()
    np.savez_compressed(file, said=said, **arrays)
    return file.getvalue()


def unpacked(data: bytes) -> Evidence:
    """Return the evidence that was packed."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        numbers: dict[Any, Any] = json.loads(arrays["said"].tobytes())
        parts: Any = {part: PartEvidence(**said, **_arrays(arrays, part)) for part, said in numbers.items()}
        has_curve = "curve.k" in arrays.files
        curve = Curve(*(arrays[f"curve.{name}"] for name in _CURVE)) if has_curve else None
    return Evidence(parts, curve)


def _arrays(arrays: Any, part: str) -> dict[str, Any]:
    return {name: arrays[f"{part}.{name}"] for name in _ARRAYS}
