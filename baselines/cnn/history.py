"""What was measured during a training: as a table, for TensorBoard, and as a picture."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from submissions.errors import require
from submissions.files import written_atomically

#: Columns of the log, in order.
COLUMNS = ("epoch", "step", "loss", "learning_rate", "top_1", "top_10", "top_30", "adaptive_top_30")
_SCORES = COLUMNS[4:]


def write_log(path: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Write the history as CSV, an epoch per line; scores are empty where none were measured.

    It is written whole each time, so that it never disagrees with the checkpoint.
    """
    with written_atomically(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)


def write_events(folder: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    """Add entries to the events that TensorBoard shows.

    Entries of steps that a resumed training measures again replace the older ones.
    """
    from torch.utils.tensorboard import SummaryWriter

    for entry in entries:
        with SummaryWriter(folder, purge_step=entry["step"]) as writer:
            for name in COLUMNS[2:]:
                if name in entry:
                    part = "validation" if name in _SCORES else "training"
                    writer.add_scalar(f"{part}/{name}", entry[name], entry["step"])


def draw_curves(path: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Draw loss and validation scores over the epochs; UsageError if matplotlib is not installed."""
    figures = require("matplotlib.figure", "plot")
    figure = figures.Figure(figsize=(9, 3.6), layout="constrained")
    loss, scores = figure.subplots(1, 2)
    losses = [each["loss"] for each in history]
    # With markers: a line of one point cannot be seen.
    loss.plot([each["epoch"] for each in history], losses, color="black", marker=".")
    loss.set(xlabel="epoch", ylabel="training loss (cross-entropy)")
    looked = [each for each in history if _SCORES[0] in each]
    for name in _SCORES:
        label = name.replace("_", " ").replace(" 1", "-1").replace(" 3", "-3")
        values = [each[name] for each in looked]
        scores.plot([each["epoch"] for each in looked], values, label=label, marker=".")
    scores.set(xlabel="epoch", ylabel="share of the validation part", ylim=(0, 1))
    scores.legend(loc="lower right")
    with written_atomically(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)
