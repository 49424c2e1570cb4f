"""Small seasons for tests: submissions made by hand, and a competition folder with runs of any skill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from submissions.leaderboard.entries import PartScores, Submission, TruthPart

N, N_SPECIES, K = 120, 8, 2
METRIC = "adaptive-top-k"


def submission(
    number: int,
    score: float | None = None,
    *,
    part: TruthPart = "whole",
    submitted: datetime = datetime(2020, 4, 1, tzinfo=UTC),
    **further: Any,
) -> Submission:
    """Return a submission that is valid if it has a score."""
    parts = {} if score is None else {part: PartScores(N, {METRIC: score}, {}, None, None, "-")}
    status = "invalid" if score is None else "valid"
    made = Submission(number, f"team {number}", "run.csv", submitted, f"{number:064x}", status, "y", parts)
    return replace(made, **further)


def truth() -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return ids, latitudes, longitudes and species of 120 occurrences in both regions."""
    rng = np.random.default_rng(11)
    ids = np.where(np.arange(N) % 2, 10_000_000, 0) + np.arange(1, N + 1)
    latitudes, longitudes = 44 + 0.2 * rng.integers(0, 9, N), 3 + 0.2 * rng.integers(0, 9, N)
    return ids, latitudes, longitudes, rng.integers(1, N_SPECIES + 1, N)


def make_season(folder: Path, rules: Mapping[str, str] | None = None, *, k: int = K) -> Path:
    """Write a competition folder with the truth; rules are settings of [leaderboard] as TOML has them."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{i};{lat:.1f};{lon:.1f};{s}" for i, lat, lon, s in zip(*truth(), strict=True)]
    (folder / "truth.csv").write_text("\n".join(["id;lat;lon;species_id", *lines, ""]))
    settings = "".join(f"{key} = {value}\n" for key, value in (rules or {}).items())
    (folder / "competition.toml").write_text(
        f'[competition]\nname = "A season"\nk = {k}\ntruth = "truth.csv"\n\n[leaderboard]\n{settings}'
    )
    return folder


def write_run(path: Path, seed: int, *, skill: float = 0.5, invalid: bool = False) -> Path:
    """Write a run of five species for each occurrence; an invalid one lacks the last."""
    ids, _, _, species = truth()
    rng = np.random.default_rng(seed)
    scores = rng.random((N, N_SPECIES)) + skill * (np.arange(1, N_SPECIES + 1) == species[:, np.newaxis])
    rows = ["occurrence_id;species_id;probability;rank"]
    for i, row in list(zip(ids.tolist(), scores, strict=True))[: N - invalid]:
        best = np.argsort(-row)[:5]
        rows += [f"{i};{j + 1};{row[j]:.6f};{rank}" for rank, j in enumerate(best, 1)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*rows, ""]))
    return path
