"""The network, folded and not; its planes; its files; what it costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from torchvision.models.inception import Inception3

from baselines.cnn.description import describe_cnn, multiply_adds
from baselines.cnn.folding import folded
from baselines.cnn.machine import compiler_lacking, fabric_of, memory_watched
from baselines.cnn.modelfile import Model, read_model, write_model
from baselines.cnn.network import PatchInception, skeleton
from baselines.cnn.options import CHANNELS, Draws, InputPlan, Machine, TrainingPlan
from baselines.cnn.planes import InputPlanes
from baselines.cnn.predictor import Predictor
from baselines.cnn.weights import start_from
from submissions.errors import CannotCheckError, UsageError


def _shapes(network: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    # On a busy machine the threads of a small convolution mostly wait for one another.
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def network() -> PatchInception:
    """A network whose batch norms have statistics of some data, as after a training."""
    torch.manual_seed(0)
    made = PatchInception(6, 7)
    with torch.no_grad():
        for _ in range(3):
            made(torch.rand(8, 6, 40, 40) * 2 - 1)
    return made.eval()


@pytest.mark.parametrize("n_planes", [6, 39])
@pytest.mark.parametrize("size", [35, 64, 256])
def test_every_plane_count_and_size_gives_a_score_for_each_species(n_planes: int, size: int) -> None:
    with torch.device("meta"):
        outputs = skeleton(n_planes, 11).eval()(torch.empty(2, n_planes, size, size))
    assert outputs.shape == (2, 11)


def test_a_batch_of_real_size_goes_through() -> None:
    with torch.no_grad():
        outputs = PatchInception(39, 11, initial=None).eval()(torch.zeros(1, 39, 256, 256))
    assert outputs.shape == (1, 11)


@pytest.mark.parametrize("n_planes", [6, 39])
def test_two_layers_and_nothing_else_differ_from_torchvision(n_planes: int) -> None:
    with torch.device("meta"):
        stock = Inception3(num_classes=11, aux_logits=False, init_weights=False)
    ours = skeleton(n_planes, 11)
    expected = _shapes(stock) | {"Conv2d_1a_3x3.conv.weight": (32, n_planes, 3, 3)}
    assert _shapes(ours) == expected
    assert not any("Aux" in name for name in ours.state_dict())
    differing = [
        name
        for (name, module), (_, other) in zip(ours.named_modules(), stock.named_modules(), strict=True)
        if not list(module.children()) and repr(module) != repr(other)
    ]
    assert differing == ["Conv2d_1a_3x3.conv", "Conv2d_2a_3x3.conv"]
    for name in differing:
        assert (ours.get_submodule(name).stride, ours.get_submodule(name).padding) == ((1, 1), (1, 1))


def test_it_has_the_size_and_cost_that_the_layers_add_up_to() -> None:
    assert sum(each.numel() for each in skeleton(6, 31_435).parameters()) == 86_196_747
    # Counted by hand, layer by layer: 17.83 billion, of which the last layer has 0.06.
    assert multiply_adds(6, 31_435, 256) / 1e9 == pytest.approx(17.83, abs=0.07)


def test_small_patches_are_refused_where_the_network_would_fail() -> None:
    with pytest.raises(UsageError, match=r"34 pixels are too small .* 35 or more"):
        InputPlan(34)
    with torch.device("meta"), pytest.raises(RuntimeError):
        skeleton(6, 2).eval()(torch.empty(1, 6, 34, 34))


@pytest.mark.parametrize("channels", [("red", "red"), ("ultraviolet",), ()])
def test_channels_that_are_none_are_refused(channels: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="Of the channels, "):
        InputPlan(channels=channels)


def test_planes_are_chosen_unstacked_and_scaled_as_a_loop_would() -> None:
    rng = np.random.default_rng(0)
    raw = rng.integers(0, 256, (2, 6, 5, 5)).astype(np.float32)
    raw[:, 4] = rng.integers(0, 34, (2, 5, 5))
    raw[:, 5] = rng.integers(-100, 3000, (2, 5, 5))
    plan = InputPlan(channels=("altitude", "land_cover", "red"), land_cover="unstacked")
    expected = np.zeros((2, 36, 5, 5), np.float32)
    for at in np.ndindex(2, 5, 5):
        patch, place = at[0], at[1:]
        expected[(patch, 0, *place)] = raw[(patch, 5, *place)] / 1000
        expected[(patch, 1 + int(raw[(patch, 4, *place)]), *place)] = 1
        expected[(patch, 35, *place)] = raw[(patch, 0, *place)] / 127.5 - 1
    found = InputPlanes(plan)(_patches(raw))
    assert found.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-6)
    assert not InputPlanes(plan).state_dict()


def _patches(raw: NDArray[np.floating]) -> tuple[torch.Tensor, torch.Tensor]:
    bands = raw[:, :5].astype(np.uint8).transpose(0, 2, 3, 1)
    return torch.from_numpy(bands), torch.from_numpy(raw[:, 5].astype(np.int16))


def test_values_stay_as_they_are_if_asked_for() -> None:
    raw = np.arange(6.0)[None, :, None, None]
    assert InputPlanes(InputPlan(scaling="none"))(_patches(raw)).flatten().tolist() == list(range(6))


def test_folding_changes_nothing_but_rounding(network: PatchInception) -> None:
    before = _state(network)
    planes = torch.rand(4, 6, 40, 40) * 2 - 1
    quick = folded(network)
    with torch.inference_mode():
        expected, found = network(planes).softmax(1), quick(planes).softmax(1)
    assert (expected - found).abs().max() <= 1e-5
    assert expected.std() > 1e-3  # or the comparison would say nothing
    assert not [module for module in quick.modules() if isinstance(module, nn.BatchNorm2d)]
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_dropout_in_prediction_touches_nothing_else(network: PatchInception) -> None:
    before = _state(network)
    model, cpu = Model(network, np.arange(7), InputPlan(40)), torch.device("cpu")
    raw = torch.randint(0, 34, (3, 40, 40, 5), dtype=torch.uint8), torch.zeros(3, 40, 40, dtype=torch.int16)
    plain, dropping = Predictor(model, cpu), Predictor(model, cpu, draws=Draws(dropout=True))
    expected = plain.logits(raw)
    assert not torch.equal(dropping.logits(raw), dropping.logits(raw))
    assert torch.equal(plain.logits(raw), expected)
    assert not any(module.training for module in network.modules())
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def _state(network: PatchInception) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def test_a_model_comes_back_as_it_was(network: PatchInception, tmp_path: Path) -> None:
    plan = InputPlan(40, channels=CHANNELS[::-1])
    write_model(tmp_path, Model(network, np.arange(7) * 3, plan, 0.4, {"seed": 1}))
    found = read_model(tmp_path)
    assert (found.plan, found.dropout, found.training) == (plan, 0.4, {"seed": 1})
    assert found.species.tolist() == [0, 3, 6, 9, 12, 15, 18]
    assert not found.network.training
    assert all(torch.equal(a, b) for a, b in zip(_tensors(found.network), _tensors(network), strict=True))
    assert {path.name for path in tmp_path.iterdir()} == {"model.json", "model.safetensors"}


def _tensors(network: nn.Module) -> list[torch.Tensor]:
    return list(network.state_dict().values())


def test_damaged_models_are_named(network: PatchInception, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no model.*--train"):
        read_model(tmp_path)
    write_model(tmp_path, Model(network, np.arange(7), InputPlan(40)))
    description = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps(description | {"species": [1, 2]}))
    with pytest.raises(CannotCheckError, match=r"model.json is damaged: it is not as it was written"):
        read_model(tmp_path)
    del description["seal"]  # as earlier versions wrote it
    (tmp_path / "model.json").write_text(json.dumps(description | {"species": [1, 2]}))
    with pytest.raises(UsageError, match=r"fc.weight has shape \(7, 2048\), not \(2, 2048\)"):
        read_model(tmp_path)
    (tmp_path / "model.json").write_text("{")
    with pytest.raises(CannotCheckError, match=r"Cannot read .*model.json"):
        read_model(tmp_path)
    (tmp_path / "model.json").write_text(json.dumps(description))
    whole = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CannotCheckError, match="cut off or no safetensors"):
        read_model(tmp_path)


class _Code:
    """What a pickle could run."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("run",)


def test_plain_state_dicts_start_a_network(network: PatchInception, tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    stock = {f"module.{name}": tensor for name, tensor in network.state_dict().items()}
    torch.save(stock | {"module.AuxLogits.fc.bias": torch.zeros(7)}, path)
    fresh = PatchInception(6, 7, initial=None)
    start_from(fresh, path)
    assert all(torch.equal(a, b) for a, b in zip(_tensors(fresh), _tensors(network), strict=True))


def test_weights_of_another_network_are_listed(network: PatchInception, tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save(network.state_dict() | {"extra": torch.zeros(1)}, path)
    other = PatchInception(39, 9, initial=None)
    before = _state(other)
    with pytest.raises(UsageError, match="extra is unknown") as refusal:
        start_from(other, path)
    assert "Conv2d_1a_3x3.conv.weight has shape (32, 6, 3, 3), not (32, 39, 3, 3)" in str(refusal.value)
    assert "fc.bias has shape (7,), not (9,)" in str(refusal.value)
    assert all(torch.equal(before[name], tensor) for name, tensor in other.state_dict().items())


def test_layers_may_start_anew(network: PatchInception, tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save(network.state_dict(), path)
    other = PatchInception(39, 9, initial=None)
    start_from(other, path, renewed=["fc", "Conv2d_1a_3x3"])
    assert torch.equal(other.Mixed_7c.branch1x1.conv.weight, network.Mixed_7c.branch1x1.conv.weight)
    with pytest.raises(UsageError, match="no layer top to renew"):
        start_from(other, path, renewed=["top"])


@pytest.mark.parametrize("content", ["code", "truncated", "text", "list"])
def test_files_that_are_no_tensors_are_not_loaded(
    content: str, network: PatchInception, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "weights.pt"
    torch.save({"code": {"a": _Code()}, "list": [1, 2]}.get(content, {"a": torch.zeros(3)}), path)
    if content == "truncated":
        path.write_bytes(path.read_bytes()[:-200])
    if content == "text":
        path.write_text("<html>not found</html>")
    with pytest.raises((CannotCheckError, UsageError), match=r"plain tensors|no plain state dict"):
        start_from(network, path)
    assert capsys.readouterr().out == ""


def test_a_description_counts_and_times() -> None:
    torch.manual_seed(0)
    model = Model(PatchInception(6, 7, initial=None).eval(), np.arange(7), InputPlan(40))
    found = describe_cnn(
        model, model.plan, n_occurrences=100, machine=Machine(accelerator="cpu"), seconds=0.2
    )
    assert found.n_parameters == sum(each.numel() for each in model.network.parameters())
    assert found.n_bytes == 4 * found.n_parameters
    assert found.n_bytes_challenge == 344_786_988
    assert found.speed.seconds == pytest.approx(100 / found.speed.patches_per_second)


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(UsageError, match="learning rate must be above 0"):
        TrainingPlan(learning_rate=float("nan"))
    with pytest.raises(UsageError, match="dropout must be from 0 to below 1"):
        TrainingPlan(dropout=1.0)
    with pytest.raises(UsageError, match="shares of the three parts must make 1"):
        TrainingPlan(shares=(0.9, 0.2, 0.1))
    with pytest.raises(UsageError, match="strategy must be one of auto, ddp, not fsdp"):
        Machine(strategy="fsdp")


def test_the_rate_falls_at_the_papers_epochs() -> None:
    plan = TrainingPlan()
    rates = [plan.rate_of_epoch(epoch) for epoch in range(plan.epochs)]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [90, 130, 150, 170, 180], gamma=0.1)
    expected = []
    for _ in range(plan.epochs):
        expected.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    assert rates == pytest.approx(expected)


def test_memory_that_runs_out_says_what_to_try() -> None:
    with (
        pytest.raises(UsageError, match=r"Memory ran out with 64 .* Try less"),
        memory_watched(64, "Try less."),
    ):
        torch.empty(10**15)
    with pytest.raises(RuntimeError, match="shapes"), memory_watched(64, "Try less."):
        torch.zeros(2, 3) @ torch.zeros(2, 3)


def test_a_missing_compiler_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    assert compiler_lacking("cpu") == "a C++ compiler (g++ or clang++)"
    with pytest.raises(UsageError, match=r"torch\.compile needs a C"):
        fabric_of(Machine(accelerator="cpu", compiled=True))


def test_devices_that_are_not_there_are_refused() -> None:
    with pytest.raises(UsageError, match=r"GPUs are asked for, and torch sees \d"):
        fabric_of(Machine(accelerator="gpu", devices=64))
    with pytest.raises(UsageError, match="CPU does not compute in fp16"):
        fabric_of(Machine(accelerator="cpu", precision="fp16"))


def test_torch_is_not_needed_to_be_told_that_it_is_missing() -> None:
    script = """
import sys
sys.modules["torch"] = None
from glckit.cli import main
sys.argv = ["glckit", "baseline", "cnn", "--describe"]
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'glckit[cnn]'" in done.stderr
    assert "Traceback" not in done.stderr
