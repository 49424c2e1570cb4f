"""What a person may give the network by mistake: text as weights, and numbers that are none."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from torch import nn

from baselines.cnn.options import Draws, PredictionOptions, TrainingOptions, TrainingPlan
from baselines.cnn.weights import start_from
from submissions.errors import CannotCheckError, UsageError

_PASSWORDS = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
_NO_NETWORK: nn.Module = nn.Identity()  # nothing is loaded into it


def test_a_text_file_is_no_file_of_weights(tmp_path: Path) -> None:
    path = tmp_path / "passwd"
    path.write_text(_PASSWORDS)
    with pytest.raises(CannotCheckError, match=r"no file of plain tensors.*torch\.save"):
        start_from(_NO_NETWORK, path)  # type: ignore[arg-type]


def test_bytes_of_any_kind_are_refused_in_words(tmp_path: Path) -> None:
    path, draw = tmp_path / "weights", random.Random(0)
    for _ in range(200):
        # Half of them begin as a pickle does.
        path.write_bytes(
            draw.choice([b"", b"\x80\x02", b"\x80\x02}q\x00"]) + draw.randbytes(draw.randrange(60))
        )
        with pytest.raises((CannotCheckError, UsageError)):
            start_from(_NO_NETWORK, path)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["learning_rate", "momentum", "weight_decay", "dropout"])
def test_rates_that_are_no_numbers_are_refused(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"{name.replace('_', ' ')} must be"):
        TrainingPlan(**{name: value})


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: TrainingPlan(shares=(math.nan, 0.5, 0.5)),
        lambda: TrainingPlan(shares=(1.0, 0.0, math.nan)),
        lambda: TrainingOptions(save_minutes=math.nan),
        lambda: PredictionOptions(40, draws=Draws(True, 0)),
    ],
)
def test_other_numbers_that_cannot_be_meant(wrong: Callable[[], object]) -> None:
    with pytest.raises(UsageError, match="must"):
        wrong()
