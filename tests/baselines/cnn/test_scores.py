"""The scores of the network's best species: different where its outputs differ, in their order."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from cnn_training import files_of
from commands import glckit
from hypothesis import given
from hypothesis import strategies as st

from baselines.cnn.modelfile import Model, write_model
from baselines.cnn.network import PatchInception
from baselines.cnn.options import Draws, InputPlan, Machine, PredictionOptions
from baselines.cnn.outputs import best_species
from baselines.cnn.prediction import predict_cnn
from baselines.cnn.predictor import Predictor
from submissions.errors import UsageError
from submissions.metadata import read_metadata
from submissions.reading.runs import read_run
from submissions.run import Run
from submissions.writing import write_run

OPTIONS = PredictionOptions(40, machine=Machine(accelerator="cpu"))
FLOATS = st.one_of(
    st.floats(-5000, 5000, width=32),
    st.floats(-(2.0**-120), 2.0**-120, width=32),  # apart by less than float64 notices beside 1
    st.sampled_from([0.0, 1.0, 700.0, -700.0]),
)


@given(st.lists(st.lists(FLOATS, min_size=4, max_size=4), min_size=1, max_size=3))
def test_scores_fall_exactly_where_the_outputs_do(rows: list[list[float]]) -> None:
    logits = torch.tensor(rows, dtype=torch.float32)
    best = best_species(logits, np.arange(len(rows)))
    for row, outputs, scores in zip(logits.double().numpy(), best.outputs, best.scores, strict=True):
        falling = row[outputs]
        assert np.array_equal(np.sort(row)[::-1], falling)
        assert np.array_equal(np.sign(np.diff(scores)), np.sign(np.diff(falling)))
        assert 0 < scores.min() <= scores.max() <= 1
        exact = np.exp(falling - row.max() - np.log(np.exp(row - row.max()).sum()))
        np.testing.assert_allclose(scores, exact, rtol=1e-6, atol=1e-300)


def test_a_softmax_that_underflows_is_written_and_read_back_in_order(tmp_path: Path) -> None:
    logits = torch.linspace(0, -90_000, 200).repeat(2, 1)
    best = best_species(logits, np.array([1, 0]))
    assert best.n_tied(30) == 0
    assert np.isclose(best.scores[0, 0], 1)
    assert best.scores[0, -1] == 5e-324
    write_run(tmp_path / "run.csv", np.array([7, 9]), best.pairs(np.arange(200)))
    run = read_run(tmp_path / "run.csv")
    assert isinstance(run, Run)
    assert np.array_equal(run.pairs.scores, best.scores.ravel())
    assert run.pairs.species[:150].tolist() == list(range(150))


def test_equal_outputs_stay_equal_and_are_counted() -> None:
    logits = torch.zeros(4, 40)
    logits[1] = -torch.arange(40.0)
    logits[2, :29] = torch.arange(29.0) + 1
    logits[3, :2] = -2000.0  # equal, and below what float64 holds
    best = best_species(logits, np.arange(4))
    assert [best_species(row[None], np.zeros(1)).n_tied(30) for row in logits] == [1, 0, 0, 1]
    assert best.n_tied(31) == 3
    assert best.scores[3, -1] == best.scores[3, -2] == 5e-324
    assert best_species(logits, np.arange(4), max_rows=2).n_tied(30) == 2  # of two scores two can differ


@pytest.fixture
def network() -> PatchInception:
    torch.manual_seed(0)
    return PatchInception(6, 8).eval()


def _model(network: PatchInception) -> Model:
    return Model(network, np.arange(8), InputPlan(40), 0.5, {"data_digest": "abc"})


def test_several_draws_of_the_dropout_do_not_underflow(network: PatchInception) -> None:
    torch.nn.init.normal_(network.fc.weight, std=5e-6)  # its features are of some 1e8
    raw = torch.randint(0, 34, (3, 40, 40, 5), dtype=torch.uint8), torch.zeros(3, 40, 40, dtype=torch.int16)
    one, three = (Predictor(_model(network), torch.device("cpu"), draws=Draws(True, n)) for n in (1, 3))
    torch.manual_seed(7)
    draws = torch.stack([one.logits(raw).double().log_softmax(1) for _ in range(3)])
    torch.manual_seed(7)
    best = best_species(three.logits(raw), np.arange(3))
    expected = draws.logsumexp(0).numpy()
    assert expected.min() < -1000  # or a plain average would do
    falling = np.take_along_axis(expected, best.outputs.astype(np.intp), axis=1)
    assert np.array_equal(np.sign(np.diff(best.scores)), np.sign(np.diff(falling)))
    assert np.count_nonzero(np.diff(best.scores)) >= 18  # of 21: a draw may be sure of one species
    assert best.scores.min() > 0


def test_a_network_that_tells_no_species_apart_is_warned_of(
    network: PatchInception, patch_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.nn.init.zeros_(network.fc.weight)
    torch.nn.init.zeros_(network.fc.bias)
    write_model(tmp_path / "cnn", _model(network))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    flags = "--data", patch_world, "--model", tmp_path / "cnn", "-o", tmp_path / "run.csv"
    done = glckit("baseline", "cnn", "--predict", *flags, "--json")
    assert done.exit_code == 0, done.stderr
    n = json.loads(done.stdout)["run"]["n_occurrences"]
    assert f"warning: {n} of {n} occurrences have fewer than 30 different scores" in done.stderr
    assert "warnings" not in json.loads(done.stdout)["run"]
    said = (read_metadata(tmp_path / "run.csv") or {})["warnings"]
    assert said[0].startswith(f"{n} of {n} occurrences")


def test_a_network_that_tells_species_apart_is_not(
    network: PatchInception, patch_world: Path, tmp_path: Path
) -> None:
    write_model(tmp_path / "cnn", _model(network))
    made = predict_cnn(files_of(patch_world, "test"), tmp_path / "cnn", tmp_path / "run.csv", OPTIONS)
    assert made.warnings == ()
    assert "warnings" not in (read_metadata(tmp_path / "run.csv") or {})


def test_outputs_that_are_no_numbers_are_refused(
    network: PatchInception, patch_world: Path, tmp_path: Path
) -> None:
    torch.nn.init.constant_(network.fc.weight, 3e38)  # finite, and too large to be added
    write_model(tmp_path / "cnn", _model(network))
    with pytest.raises(UsageError, match=r"of occurrence [0-9]+ is no number.*train it again"):
        predict_cnn(files_of(patch_world, "test"), tmp_path / "cnn", tmp_path / "run.csv", OPTIONS)
    assert not (tmp_path / "run.csv").exists()


def test_a_run_that_is_not_ours_is_kept(network: PatchInception, patch_world: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "cnn", _model(network))
    (tmp_path / "run.csv").write_text("mine")
    done = glckit(
        *("baseline", "cnn", "--predict", "--data", patch_world),
        *("--model", tmp_path / "cnn", "-o", tmp_path / "run.csv"),
    )
    assert done.exit_code == 2
    assert "is not a run that glckit wrote" in done.stderr
    assert (tmp_path / "run.csv").read_text() == "mine"
    assert not (tmp_path / "run.csv.parts").exists()
