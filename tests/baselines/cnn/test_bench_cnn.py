"""The network on a CPU against the same network unfolded; reading patches against plain NumPy."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from patches_on_disk import make_patch

from baselines.cnn.folding import folded
from baselines.cnn.machine import has_fast_bf16
from baselines.cnn.modelfile import Model
from baselines.cnn.network import PatchInception
from baselines.cnn.options import InputPlan, Machine
from baselines.cnn.patchdata import PatchBatches
from baselines.cnn.predictor import Predictor
from baselines.covariates.patches.archive import ArchiveSource
from baselines.covariates.patches.layout import relative_path
from baselines.covariates.patches.reading import PatchSource
from baselines.covariates.patches.tree import TreeSource

pytestmark = pytest.mark.benchmark

_BATCH, _ROUNDS = 4, 3


def _seconds(calls: dict[str, Callable[[], object]], rounds: int = _ROUNDS) -> dict[str, float]:
    """Median time of each call; the calls take turns, so that a busy minute hits all of them."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) for name, each in times.items()}


@torch.inference_mode()
def _plain(network: torch.nn.Module, planes: torch.Tensor) -> torch.Tensor:
    outputs: torch.Tensor = network(planes)
    return outputs


def test_bench_prediction_of_real_patches() -> None:
    torch.manual_seed(0)
    network = PatchInception(6, 31_435, initial=None).eval()
    model = Model(network, np.arange(31_435), InputPlan())
    planes = torch.rand(_BATCH, 6, 256, 256) * 2 - 1
    last = planes.contiguous(memory_format=torch.channels_last)
    as_last = PatchInception(6, 31_435, initial=None).eval().to(memory_format=torch.channels_last)
    as_last.load_state_dict(network.state_dict())
    bands = torch.randint(0, 34, (_BATCH, 256, 256, 5), dtype=torch.uint8)
    raw = bands, torch.zeros(_BATCH, 256, 256, dtype=torch.int16)
    cpu = torch.device("cpu")
    ours = Predictor(model, cpu)
    calls: dict[str, Callable[[], object]] = {
        "contiguous": lambda: _plain(network, planes),
        "channels last": lambda: _plain(as_last, last),
        "folded (glckit)": lambda: ours.logits(raw),
    }
    if has_fast_bf16("cpu"):
        half = Predictor(model, cpu, machine=Machine(precision="bf16"))
        calls["folded bf16 (glckit)"] = lambda: half.logits(raw)
    found = _seconds(calls)
    best = min(found["contiguous"], found["channels last"])
    for name, seconds in found.items():
        print(f"{name:22} {_BATCH / seconds:6.2f} patches/s, {best / seconds:.2f} x the best unfolded fp32")
    with torch.inference_mode():
        difference = (folded(network)(last) - network(planes)).abs().max()
    print(f"largest difference of folded outputs: {float(difference):.1e}")


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, NDArray[np.int64]]:
    """A tree and a plain tar of the same real-sized patches."""
    import tarfile

    folder = tmp_path_factory.mktemp("patches")
    ids = [100 * n + n % 5 for n in range(1, 101)]  # all of one archive
    for i in ids:
        for kind, content in zip(("bands", "altitude"), make_patch(i, size=256), strict=True):
            path = folder / "patches_us" / relative_path(i, kind)  # type: ignore[arg-type]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    with tarfile.open(folder / "patches_us_01.tar", "w") as archive:
        archive.add(folder / "patches_us", "patches_us_01")
    return folder, np.array(ids)


def test_bench_reading_patches(patches: tuple[Path, NDArray[np.int64]]) -> None:
    folder, ids = patches
    rows = np.random.default_rng(0).permutation(len(ids)).tolist()

    def ours(source: PatchSource) -> Callable[[], object]:
        dataset = PatchBatches(source, ids, InputPlan())
        return lambda: [dataset.read(rows[start : start + 32]) for start in range(0, len(rows), 32)]

    def numpy() -> object:
        def one(i: int) -> NDArray[np.float32]:
            base = folder / "patches_us" / relative_path(i, "bands")
            bands = np.load(base).astype(np.float32).transpose(2, 0, 1)
            altitude = np.load(base.with_name(f"{i}_alti.npy")).astype(np.float32)[np.newaxis]
            return np.concatenate([bands, altitude])

        read = [one(int(ids[row])) for row in rows]
        return [torch.from_numpy(np.stack(read[at : at + 32])) for at in range(0, len(read), 32)]

    found = _seconds(
        {
            "np.load, astype, stack": numpy,
            "files (glckit)": ours(TreeSource(folder)),
            "tar (glckit)": ours(ArchiveSource(folder / "patches_us_01.tar")),
        }
    )
    plain = found["np.load, astype, stack"]
    for name, seconds in found.items():
        each = seconds / len(ids)
        print(f"{name:24} {1e3 * each:.3f} ms a patch, {plain / seconds:.1f} x np.load, {1 / each:,.0f}/s")
