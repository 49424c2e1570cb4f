"""Limits that mean nothing are refused, all at once, before anything is checked."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import glckit
from patches_on_disk import PATCH_SIZE, write_tree

from baselines.integrity.thresholds import Thresholds
from submissions.errors import UsageError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("zero_run_bytes", 0),
        ("zero_run_bytes", -1),
        ("zero_run_bytes", 10**30),
        ("max_land_cover", 256),
        ("max_classes", 0),
        ("max_change_share", float("nan")),
        ("max_other_region_share", 1.5),
        ("min_band_correlation", -2.0),
        ("max_drift", float("inf")),
        ("same_place_m", -1.0),
        ("inland_within_m", float("nan")),
        ("max_altitude_fr", 10**400),
        ("drift_min_patches", 0),
    ],
)
def test_limits_that_mean_nothing_are_refused(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"{name} must be from"):
        Thresholds.from_mapping({name: value})


def test_limits_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(UsageError, match=r"min_altitude_us \(20\) is above max_altitude_us \(10\)"):
        Thresholds.from_mapping({"min_altitude_us": 20, "max_altitude_us": 10})


def test_every_default_is_within_its_bounds() -> None:
    defaults = vars(Thresholds())
    assert Thresholds.from_mapping(defaults) == Thresholds()


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("[verify]\nzero_run_bytes = 0\nmax_drift = nan\n", ("zero_run_bytes must be from", "max_drift")),
        (f"[verify]\nzero_run_bytes = {10**18}\n", ("zero_run_bytes must be from 1 to",)),
        (f"[verify]\nzero_run_bytes = 0x{'f' * 5000}\n", ("64 bits: verify.zero_run_bytes",)),
        (f"[data]\nnodata = {{ bio_1 = {10**400} }}\n", ("64 bits: data.nodata.bio_1",)),
        (f"[competition]\nk = {2**63}\nmax_rows = -1{'0' * 20}\n", ("competition.k, competition.max_rows",)),
        (f"[competition]\nk = 1{'0' * 5000}\n", ("not valid TOML",)),
    ],
)
def test_a_configuration_with_such_limits_exits_2(
    tmp_path: Path, section: str, words: tuple[str, ...]
) -> None:
    write_tree(tmp_path, [173])
    size = f"[data]\npatch_size = {PATCH_SIZE}\n"
    content = section if "[data]" in section else size + section
    (tmp_path / "competition.toml").write_text(content)
    result = glckit("verify-patches", tmp_path / "patches_us")
    assert result.exit_code == 2
    for word in words:
        assert word in result.stderr
