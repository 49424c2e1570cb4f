"""The metrics of arrays and tensors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import glckit
from glckit.face.arrays import score_arrays

SCORES = np.random.default_rng(3).random((50, 40))
LABELS = np.random.default_rng(4).integers(0, 40, 50)


def test_lists_and_integers() -> None:
    assert glckit.top_k([[3, 1, 2], [1, 2, 3]], [0, 1], k=1) == 0.5
    assert glckit.adaptive_top_k([[3, 1, 2], [1, 2, 3]], [0, 1], k=1) == 0.5


def test_no_more_classes_than_k() -> None:
    assert glckit.adaptive_top_k(SCORES[:, :30], LABELS % 30) == 1.0
    assert glckit.top_k(SCORES[:, :30], LABELS % 30) == 1.0


def test_scikit_learn_agrees_on_top_k() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    expected = metrics.top_k_accuracy_score(LABELS, SCORES, k=7, labels=np.arange(40))
    assert glckit.top_k(SCORES, LABELS, k=7) == expected


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "bfloat16"])
def test_tensors(dtype: str) -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(SCORES).to(getattr(torch, dtype)).requires_grad_()
    array = tensor.detach().double().numpy()
    score = score_arrays(tensor, torch.from_numpy(LABELS), k=5)
    expected = score_arrays(array, LABELS, k=5)
    assert score.signature == expected.signature
    assert (score.adaptive_top_k, score.top_k) == (expected.adaptive_top_k, expected.top_k)
    assert score.threshold == expected.threshold


def test_tensors_on_a_gpu() -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    assert glckit.top_k(torch.from_numpy(SCORES).cuda(), torch.from_numpy(LABELS).cuda()) == glckit.top_k(
        SCORES, LABELS
    )


@pytest.mark.parametrize("dtype", ["float64", "float32", "Float64"])
def test_data_frames_and_series(dtype: str) -> None:
    scores = SCORES.astype(np.float32) if dtype == "float32" else SCORES
    frame = pd.DataFrame(scores, columns=[f"species {i}" for i in range(40)]).astype(dtype)
    for labels in (pd.Series(LABELS), pd.Series(LABELS, dtype="Int64"), LABELS):
        assert glckit.adaptive_top_k(frame, labels, k=5) == glckit.adaptive_top_k(scores, LABELS, k=5)
        assert glckit.top_k(frame, labels, k=5) == glckit.top_k(scores, LABELS, k=5)


@pytest.mark.parametrize(
    ("cell", "dtype", "message"),
    [(np.nan, "float64", "NaN"), (None, "Float64", "NaN"), ("high", "object", "could not convert|numbers")],
)
def test_data_frames_with_what_is_no_score(cell: object, dtype: str, message: str) -> None:
    frame = pd.DataFrame(SCORES).astype("object")
    frame.iloc[3, 4] = cell
    with pytest.raises(ValueError, match=message):
        glckit.top_k(frame.astype(dtype), LABELS)
    with pytest.raises(ValueError, match="integers"):
        glckit.top_k(SCORES, pd.Series([None, *LABELS[1:]], dtype="Int64"))


def test_masked_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match="scores must not be masked"):
        glckit.top_k(np.ma.masked_array(SCORES), LABELS)
    with pytest.raises(ValueError, match="labels must not be masked"):
        glckit.top_k(SCORES, np.ma.masked_array(LABELS))


def test_frames_of_polars() -> None:
    polars = pytest.importorskip("polars")
    frame, labels = polars.DataFrame(SCORES), polars.Series(LABELS)
    assert glckit.top_k(frame, labels, k=5) == glckit.top_k(SCORES, LABELS, k=5)


def test_a_score_says_what_it_is() -> None:
    score = score_arrays(SCORES, LABELS, k=5)
    assert repr(score) == (
        f"Score(adaptive_top_k={score.adaptive_top_k}, top_k={score.top_k}, k=5, n_occurrences=50)"
    )


def test_to_frame() -> None:
    score = score_arrays(SCORES, LABELS, k=5)
    frame = score.to_frame()
    assert frame["adaptive_hit"].mean() == score.adaptive_top_k
    assert (
        frame["n_above"].tolist()
        == (SCORES[np.arange(50), LABELS][:, np.newaxis] < SCORES).sum(axis=1).tolist()
    )
