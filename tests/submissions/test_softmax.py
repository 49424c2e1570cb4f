"""What a softmax per occurrence would change is counted, and said of logits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands import glckit
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from scoring.adaptive import threshold_of
from submissions.conversion.convert import convert
from submissions.conversion.options import ConversionOptions
from submissions.conversion.softmax import softmax_effect


def above(scores: NDArray[np.float64], k: int) -> NDArray[np.bool_]:
    return scores > threshold_of(scores.reshape(-1), k * len(scores))


@given(st.integers(0, 1000), st.integers(1, 4), st.sampled_from([np.float16, np.float32, np.float64]))
def test_pairs_are_counted(seed: int, k: int, dtype: type[np.floating]) -> None:
    rng = np.random.default_rng(seed)
    logits = (rng.normal(0, 4, (rng.integers(1, 9), 6)) + rng.normal(0, 3, (1, 6))).astype(dtype)
    logits[rng.random(logits.shape) < 0.1] = -np.inf
    wide = logits.astype(np.float64)
    highest = np.where(np.isfinite(wide.max(1)), wide.max(1), 0)[:, None]
    powers = np.exp(wide - highest)
    shares = powers / np.where(powers.sum(1) > 0, powers.sum(1), 1)[:, None]
    # The logarithm of a share, so that what underflows stays apart, as it does for us.
    shares = wide - highest - np.log(np.where(powers.sum(1) > 0, powers.sum(1), 1))[:, None]
    effect = softmax_effect(logits, k)
    before, after = above(wide, k), above(shares, k)
    assert effect.n_above == before.sum()
    assert abs(effect.n_exchanged - (before & ~after).sum()) <= 1  # of two that are all but tied, either


def matrix(folder: Path, scores: NDArray[np.floating]) -> Path:
    np.save(folder / "m.npy", scores)
    np.save(folder / "m.occurrence_ids.npy", np.arange(len(scores)) + 10_000_000)
    np.save(folder / "m.species_ids.npy", np.arange(scores.shape[1]))
    return folder / "m.npy"


def test_convert_says_what_a_softmax_would_change(tmp_path: Path) -> None:
    logits = np.array([[9.0, 8.0, 7.0], [2.0, 1.0, -5.0]])
    done = glckit("convert", matrix(tmp_path, logits), tmp_path / "run.csv")
    assert done.exit_code == 0
    assert "no probabilities, from -5 to 9" in done.stderr
    assert "With a softmax per occurrence" in done.stderr
    first = (tmp_path / "run.csv").read_text().splitlines()[1]
    assert first == "10000000;0;9;1"  # logits as they are


def test_k_is_that_of_the_metric(tmp_path: Path) -> None:
    """With K = 1 both places go to the first row; after a softmax one of them goes to the second."""
    logits = np.array([[9.0, 8.0, 7.0], [2.0, 1.0, -5.0]])
    options = ConversionOptions(k=1)
    effect = convert(matrix(tmp_path, logits), tmp_path / "run.csv", options).softmax
    assert effect is not None
    assert (effect.n_above, effect.n_exchanged, effect.share_exchanged) == (2, 1, 0.5)


@pytest.mark.parametrize("suffix", [".csv", ".npy"])
def test_probabilities_are_left_alone(suffix: str, tmp_path: Path) -> None:
    source = matrix(tmp_path, np.array([[0.5, 0.25], [1.0, 0.0]]))
    assert convert(source, tmp_path / f"run{suffix}").softmax is None
