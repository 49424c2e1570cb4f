"""Metrics of batches equal those of all scores together, to the last bit."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from metric_streams import Stream, make_stream

import glckit
from scoring import batches
from scoring.batches import kept_of
from scoring.metrics.f1_micro import F1_MICRO
from scoring.metrics.f1_samples import F1_SAMPLES
from scoring.outcomes import SetOutcomes
from submissions.errors import CannotCheckError

torchmetrics = pytest.importorskip("torchmetrics")
from glckit.metrics import AdaptiveTopK, F1Micro, F1Samples, MeanReciprocalRank, TopK, TopKError  # noqa: E402
from glckit.metrics.adaptive import reaching_on_device  # noqa: E402
from glckit.metrics.ranks import ranks_on_device  # noqa: E402

K = 3
OF_LABELS = {
    "adaptive-top-k": AdaptiveTopK,
    "top-k": TopK,
    "top-k-error": TopKError,
    "mrr": MeanReciprocalRank,
}


@pytest.fixture
def small_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep few scores, so that bounds rise."""
    monkeypatch.setattr(batches, "FEWEST", 50)


def made(name: str, **settings: Any) -> Any:
    return OF_LABELS[name](**({} if name == "mrr" else {"k": K}), **settings)


def fed(metric: Any, stream: Stream) -> Any:
    for scores, labels in zip(stream.scores, stream.labels, strict=True):
        metric.update(scores, labels)
    return metric


@pytest.mark.parametrize("name", OF_LABELS)
@pytest.mark.parametrize("sizes", [[120], [1] * 30, [7, 0, 64, 1, 33], [50, 50, 3]])
@pytest.mark.parametrize("n_levels", [1, 5, 100_000])
def test_batches_equal_the_whole(name: str, sizes: list[int], n_levels: int, small_reserve: None) -> None:
    stream = make_stream(sizes, n_levels=n_levels)
    metric = fed(made(name), stream)
    assert float(metric.compute()) == stream.expected(name, K)
    assert metric.compute().dtype == torch.float64


def test_both_metrics_of_arrays_agree(small_reserve: None) -> None:
    stream = make_stream([30, 40])
    scores, labels = torch.cat(list(stream.scores)), torch.cat(list(stream.labels))
    assert float(fed(AdaptiveTopK(5), stream).compute()) == glckit.adaptive_top_k(scores, labels, k=5)
    assert float(fed(TopK(5), stream).compute()) == glckit.top_k(scores, labels, k=5)


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=8).filter(any), st.integers(1, 50), st.integers(0, 99)
)
def test_any_batches_with_a_number_announced(sizes: list[int], n_levels: int, seed: int) -> None:
    stream = make_stream(sizes, n_classes=12, n_levels=n_levels, seed=seed, falling=0.3)
    metric = fed(AdaptiveTopK(K, n_occurrences=sum(sizes)), stream)
    assert float(metric.compute()) == stream.expected("adaptive-top-k", K)


def test_what_was_announced_bounds_what_is_kept() -> None:
    stream = make_stream([20] * 50, n_levels=100_000)
    metric = AdaptiveTopK(K, n_occurrences=1000)
    for scores, labels in zip(stream.scores, stream.labels, strict=True):
        metric.update(scores, labels)
        assert sum(map(len, metric.kept)) <= 2 * (K * 1000 + 1)


def test_a_threshold_that_was_dropped_is_no_number(small_reserve: None) -> None:
    """Of a hundred occurrences with high scores too few are kept for nine hundred more without any."""
    high, low = torch.rand(100, 40) + 1, torch.full((900, 40), -torch.inf)
    metric = AdaptiveTopK(K)
    metric.update(high, torch.zeros(100, dtype=torch.long))
    metric.update(low, torch.zeros(900, dtype=torch.long))
    with pytest.raises(CannotCheckError, match="n_occurrences=1000"):
        metric.compute()
    enough = AdaptiveTopK(K, n_occurrences=1000)
    enough.update(high, torch.zeros(100, dtype=torch.long))
    enough.update(low, torch.zeros(900, dtype=torch.long))
    every = torch.cat([high, low])
    assert float(enough.compute()) == glckit.adaptive_top_k(every, torch.zeros(1000, dtype=torch.long), K)


@pytest.mark.parametrize("name", OF_LABELS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.int16])
def test_types_of_scores(name: str, dtype: torch.dtype, small_reserve: None) -> None:
    stream = make_stream([20, 9, 31], n_levels=7)
    scores = [(batch.nan_to_num(neginf=0.0) * 7).to(dtype) for batch in stream.scores]
    typed = Stream(scores, [labels.to(torch.int32) for labels in stream.labels])
    assert float(fed(made(name), typed).compute()) == typed.expected(name, K)


@pytest.mark.parametrize("first", [torch.float32, torch.float64])
def test_types_may_be_mixed(first: torch.dtype, small_reserve: None) -> None:
    rng = np.random.default_rng(0)
    second = torch.float64 if first == torch.float32 else torch.float32
    scores = [torch.from_numpy(rng.random((40, 30))).to(dtype) for dtype in (first, second, first)]
    stream = Stream(scores, [torch.from_numpy(rng.integers(0, 30, 40)) for _ in scores])
    assert float(fed(AdaptiveTopK(K), stream).compute()) == stream.expected("adaptive-top-k", K)


@pytest.mark.parametrize("name", OF_LABELS)
def test_forward_gives_the_score_of_the_batch(name: str, small_reserve: None) -> None:
    stream, metric = make_stream([20, 30, 9], n_levels=100_000), made(name)
    for scores, labels in zip(stream.scores, stream.labels, strict=True):
        assert float(metric(scores, labels)) == Stream([scores], [labels]).expected(name, K)
    assert float(metric.compute()) == stream.expected(name, K)


@pytest.mark.parametrize("name", OF_LABELS)
def test_reset_forgets(name: str, small_reserve: None) -> None:
    metric = fed(made(name), make_stream([90], seed=1))
    metric.reset()
    stream = make_stream([25, 60])
    assert float(fed(metric, stream).compute()) == stream.expected(name, K)


@pytest.mark.parametrize("name", OF_LABELS)
def test_a_checkpoint_goes_on(name: str, tmp_path: Path, small_reserve: None) -> None:
    stream = make_stream([40, 35, 50], n_levels=100_000)
    first = made(name)
    first.persistent(True)
    first.update(stream.scores[0], stream.labels[0])
    torch.save(first.state_dict(), tmp_path / "metric.pt")
    second = made(name)
    second.load_state_dict(torch.load(tmp_path / "metric.pt"))
    third = pickle.loads(pickle.dumps(first))  # noqa: S301 - our own
    fourth = copy.deepcopy(first)
    for metric in (first, second, third, fourth):
        for scores, labels in zip(stream.scores[1:], stream.labels[1:], strict=True):
            metric.update(scores, labels)
        assert float(metric.compute()) == stream.expected(name, K)


def test_a_collection_tells_metrics_apart(small_reserve: None) -> None:
    """Metrics whose states are equal after a batch are taken for one: those of other k must not be."""
    stream = make_stream([1, 50, 60], n_levels=100_000)
    wanted = {f"{name}-{k}": OF_LABELS[name](k=k) for name in ("adaptive-top-k", "top-k") for k in (1, 2, 9)}
    collection = torchmetrics.MetricCollection({**wanted, "mrr": MeanReciprocalRank(), "error": TopKError(9)})
    scores = fed(collection, stream).compute()
    for name in wanted:
        metric, k = name.rsplit("-", 1)
        assert float(scores[name]) == stream.expected(metric, int(k)), name
    assert float(scores["mrr"]) == stream.expected("mrr", K)
    assert float(scores["error"]) == stream.expected("top-k-error", 9)


def test_ranks_on_a_device_are_those_of_the_cpu() -> None:
    for n_levels in (1, 4, 1000):
        stream = make_stream([200], n_levels=n_levels)
        metric = fed(MeanReciprocalRank(), stream)
        assert ranks_on_device(stream.scores[0], stream.labels[0]).tolist() == metric.ranks[0].tolist()


@pytest.mark.parametrize("dtypes", [(torch.float32, torch.float32), (torch.float32, torch.float64)])
def test_a_device_chooses_as_the_cpu_does(dtypes: tuple[torch.dtype, torch.dtype]) -> None:
    rows = make_stream([100], n_levels=9).scores[0].to(dtypes[0])
    bound = torch.tensor(4 / 9, dtype=dtypes[1])
    chosen = reaching_on_device(rows, bound)
    assert chosen.tolist() == [score for score in rows.flatten().tolist() if score >= float(bound)]
    expected = kept_of(rows.numpy(), float(bound))
    found = kept_of(chosen.numpy()[:, np.newaxis], float(bound))
    assert found.values.tolist() == expected.values.tolist()
    assert found.n_tied == expected.n_tied


def test_on_a_gpu(small_reserve: None) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    stream = make_stream([50, 60, 7], n_levels=100_000)
    for name in OF_LABELS:
        metric = made(name).to("cuda")
        for scores, labels in zip(stream.scores, stream.labels, strict=True):
            metric.update(scores.cuda(), labels.cuda())
        assert metric.compute().is_cuda
        assert float(metric.compute()) == stream.expected(name, K)


REFUSED = {
    "NaN": (torch.tensor([[0.5, torch.nan]]), torch.tensor([0])),
    "label 2 is outside the 2 classes": (torch.rand(1, 2), torch.tensor([2])),
    "label -1 is outside": (torch.rand(1, 2), torch.tensor([-1])),
    "labels must be integers": (torch.rand(1, 2), torch.tensor([0.0])),
    "two dimensions": (torch.rand(2), torch.tensor([0, 1])),
    "3 rows of scores but labels of shape": (torch.rand(3, 2), torch.tensor([0, 1])),
    "real numbers": (torch.rand(1, 2).to(torch.complex64), torch.tensor([0])),
}


@pytest.mark.parametrize("name", OF_LABELS)
@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_scored_is_refused(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made(name).update(*REFUSED[message])


def test_on_a_device_nan_is_refused_too() -> None:
    with pytest.raises(ValueError, match="NaN"):
        reaching_on_device(REFUSED["NaN"][0], torch.tensor(0.0))
    with pytest.raises(ValueError, match="NaN"):
        ranks_on_device(*REFUSED["NaN"])


def test_parameters_are_refused() -> None:
    for k in (0, -1, 2.5, True):
        with pytest.raises(ValueError, match="k must be a positive integer"):
            AdaptiveTopK(k)
        with pytest.raises(ValueError, match="k must be a positive integer"):
            TopK(k)
    with pytest.raises(ValueError, match="n_occurrences must be a positive integer"):
        AdaptiveTopK(n_occurrences=0)


@pytest.mark.filterwarnings("ignore:The ..compute.. method of metric:UserWarning")
def test_nothing_has_no_score() -> None:
    for metric in (AdaptiveTopK(), TopK(), F1Samples()):
        with pytest.raises(ValueError, match="no occurrences"):
            metric.compute()


def test_sets(small_reserve: None) -> None:
    rng = np.random.default_rng(0)
    predicted, true = rng.random((60, 20)) < 0.3, rng.random((60, 20)) < 0.2
    true[:, 3] = True
    outcomes = SetOutcomes(true.sum(1), predicted.sum(1), (true & predicted).sum(1))
    for metric, definition in ((F1Samples(), F1_SAMPLES), (F1Micro(), F1_MICRO)):
        for part in (slice(0, 7), slice(7, 7), slice(7, 60)):
            metric.update(torch.from_numpy(predicted[part]), torch.from_numpy(true[part]).long())
        assert float(metric.compute()) == definition.score(outcomes, 0, 0.0)


@pytest.mark.parametrize(
    ("predicted", "true", "message"),
    [
        ([[0.5, 1]], [[1, 0]], "predicted must be sets"),
        ([[1, 0]], [[2, 0]], "true must be sets"),
        ([[1, 0]], [[0, 0]], "no true class"),
        ([[1, 0]], [[1, 0, 1]], "predicted of shape"),
        ([1, 0], [[1, 0]], "predicted must have two dimensions"),
    ],
)
def test_what_is_no_set_is_refused(predicted: Any, true: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        F1Samples().update(torch.tensor(predicted), torch.tensor(true))
