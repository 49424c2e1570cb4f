"""The picture of a training shows what was measured, also where it was measured once."""

from __future__ import annotations

from pathlib import Path

from baselines.cnn.history import draw_curves


def test_a_single_validation_is_seen(tmp_path: Path) -> None:
    names = ("top_1", "top_10", "top_30", "adaptive_top_30")
    for name, score in (("low", 0.25), ("high", 0.75)):
        draw_curves(
            tmp_path / name,
            [{"epoch": 1, "loss": 5.0}, {"epoch": 2, "loss": 4.0} | dict.fromkeys(names, score)],
        )
    assert (tmp_path / "low").read_bytes() != (tmp_path / "high").read_bytes()
