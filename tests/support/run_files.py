"""Run files in several forms, and what they hold."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import oracle

from submissions.editions import RunForm
from submissions.reading.runs import read_run
from submissions.run import Run

TEXT = b"occurrence_id;species_id;probability;rank\n7;1;0.5;1\n7;2;.25;2\n3;1;1e-5;1\n"


def pairs_of(
    path: Path, *, form: RunForm | None = None, columns: tuple[str, ...] | None = None
) -> list[oracle.Pair]:
    """Read a run with glckit and return its pairs in the order of the file."""
    run = read_run(path, form=form, columns=columns)
    assert isinstance(run, Run)
    assert [fault for fault in run.faults if fault.severity == "error"] == []
    lists = np.repeat(run.occurrence_ids, np.diff(run.pairs.offsets)).tolist()
    ranks = [None] * run.n_pairs if run.pairs.ranks is None else run.pairs.ranks.tolist()
    pairs = list(zip(lists, run.pairs.species.tolist(), run.pairs.scores.tolist(), ranks, strict=True))
    order = range(len(pairs)) if run.rows is None else np.argsort(run.rows).tolist()
    return [pairs[i] for i in order]


def zipped(**members: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__in__", "/"), content)
    return data.getvalue()


def dense(folder: Path, scores: np.ndarray) -> Path:
    np.save(folder / "X.npy", scores)
    np.save(folder / "X.occurrence_ids.npy", np.arange(10, 10 + len(scores)))
    np.save(folder / "X.species_ids.npy", np.arange(100, 100 + scores.shape[1]))
    return folder / "X.npy"
