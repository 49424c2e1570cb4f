"""Two processes say what one would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torchmetrics")
import metric_processes
import torch.multiprocessing
from metric_processes import CASES, N_PROCESSES, K
from metric_streams import Stream


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, list[float]]]:
    """Return what each of two processes says of every case."""
    folder = tmp_path_factory.mktemp("processes")
    torch.multiprocessing.spawn(metric_processes.run, (folder,), nprocs=N_PROCESSES)
    return [json.loads((Path(folder) / f"{rank}.json").read_text()) for rank in range(N_PROCESSES)]


@pytest.mark.filterwarnings("ignore:The ..compute.. method of metric:UserWarning")
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ["adaptive-top-k", "top-k", "top-k-error", "mrr"])
def test_processes_reduce_to_the_whole(case: str, name: str, results: list[dict[str, list[float]]]) -> None:
    stream = CASES[case].stream
    more = Stream([*stream.scores, stream.scores[0]], [*stream.labels, stream.labels[0]])
    expected = [stream.expected(name, K), more.expected(name, K)]
    for of_process in results:
        assert of_process[f"{case}/{name}"] == expected
