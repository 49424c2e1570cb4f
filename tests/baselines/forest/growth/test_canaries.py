"""What could make compiled trees differ from scikit-learn's is noticed before a forest is grown."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("numba")

import mutants

from baselines.forest.growth.canaries import fault_of_small_trees
from baselines.forest.growth.draws import feature_threshold

PROXY = "-float(right) * gini(squares_right, right) - float(left) * gini(squares_left, left)"
FUSED = """fused({}, {})


from fractions import Fraction


def fused(product, other):
    return float(Fraction(product[0]) * Fraction(product[1]) + Fraction(other))
"""
RIGHT = "(-float(right), float(gini(squares_right, right)))"
LEFT = "(-float(left), float(gini(squares_left, left)))"
LIMIT = "limits.feature_threshold"
COUNT = "    _count_classes(room, node, drawn)\n    while"
FAULTS = {
    "none": {},
    "the last of equal thresholds": {"if here > proxy:": "if here >= proxy:"},
    "the proxy in other words": {PROXY: "squares_left / left + squares_right / right"},
    "fused to the right": {PROXY: FUSED.format(RIGHT, LEFT.replace(",", " *", 1))},
    "fused to the left": {PROXY: FUSED.format(LEFT, RIGHT.replace(",", " *", 1))},
    "a larger FEATURE_THRESHOLD": {f"below + {LIMIT}": f"below + {LIMIT} * np.float32(1.0000002)"},
    "a smaller FEATURE_THRESHOLD": {f"below + {LIMIT}": f"below + {LIMIT} * np.float32(0.9999999)"},
    "a larger one of constants": {f"levels[0] + {LIMIT}": f"levels[0] + {LIMIT} * np.float32(1.0000002)"},
    "a smaller one of constants": {f"levels[0] + {LIMIT}": f"levels[0] + {LIMIT} * np.float32(0.9999999)"},
    "a draw more": {COUNT: f"    _random(room)\n{COUNT}"},
    "another generator": {"state >> 17": "state >> 16"},
    "forgotten constants": {"features[:known] = constants[:known]": "pass"},
    "squares that are not exact": {"weight * (2 * before + weight)": "weight * (2 * before + weight + 1)"},
    "the threshold at the lower value": {"levels[above]) / 2.0": "levels[code]) / 2.0"},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_noticed(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if any(f"{LIMIT} *" in text for text in FAULTS[fault].values()) and not feature_threshold():
        pytest.skip("this scikit-learn leaves its FEATURE_THRESHOLD at 0")
    mutants.put_in(monkeypatch, tmp_path, FAULTS[fault])
    assert (fault_of_small_trees() is None) == (fault == "none")
