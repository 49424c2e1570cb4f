"""torchmetrics' own tester finds nothing wrong with our metrics.

It is not in its wheel: clone https://github.com/Lightning-AI/torchmetrics, and set PYTHONPATH to its tests/.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

testers = pytest.importorskip("unittests._helpers.testers", reason="no tests/ of torchmetrics on PYTHONPATH")
import metric_references  # noqa: E402
import torch  # noqa: E402
from metric_references import METRICS_TESTED, N_CLASSES  # noqa: E402
from torch.multiprocessing import get_context  # noqa: E402
from unittests.conftest import NUM_PROCESSES, get_free_port, setup_ddp  # noqa: E402

# It scripts metrics, which torch gives up by and by, and reads properties that torchmetrics gives up.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*jit.script:FutureWarning")


@pytest.fixture(scope="module")
def pool() -> Iterator[None]:
    """Two processes of gloo, where the tester looks for them."""
    port = get_free_port()
    with get_context("spawn").Pool(NUM_PROCESSES) as processes:
        processes.starmap(setup_ddp, [(rank, NUM_PROCESSES, port) for rank in range(NUM_PROCESSES)])
        pytest.pool = processes  # type: ignore[attr-defined]
        yield
        del pytest.pool  # type: ignore[attr-defined]


def batches_of(name: str) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    scores = torch.randint(0, 50, (4, 32, N_CLASSES), generator=generator) / 50
    if name.startswith("F1"):
        true = torch.rand(scores.shape, generator=generator) < 0.3
        true[..., 0] = True
        return (scores > 0.6).int(), true.int()
    return scores, torch.randint(0, N_CLASSES, (4, 32), generator=generator)


@pytest.mark.parametrize("name", METRICS_TESTED)
class TestMetrics(testers.MetricTester):  # type: ignore[misc, name-defined]
    """All of it."""

    @pytest.mark.parametrize("ddp", [False, True])
    @pytest.mark.parametrize("at_each_step", [False, True])
    def test_class(self, name: str, ddp: bool, at_each_step: bool, pool: None) -> None:
        metric, settings = METRICS_TESTED[name]
        preds, target = batches_of(name)
        reference = partial(metric_references.reference, name=name)
        self.run_class_metric_test(ddp, preds, target, metric, reference, at_each_step, settings, atol=1e-15)

    def test_half_precision(self, name: str) -> None:
        metric, settings = METRICS_TESTED[name]
        kinds: list[Any] = [torch.half, torch.bfloat16]
        for kind in kinds:
            self.run_precision_test_cpu(*batches_of(name), metric, metric_args=settings, dtype=kind)

    def test_differentiability(self, name: str) -> None:
        metric, settings = METRICS_TESTED[name]
        self.run_differentiability_test(*batches_of(name), metric, metric_args=settings)
