"""Mutated files never raise, and are judged as the oracle's own reader judges them."""

from __future__ import annotations

import random
from pathlib import Path

import oracle
import pytest
from altered_files import mutated
from run_files import pairs_of

import submissions.reading.blocks
from submissions.reading.runs import read_run
from submissions.validation import validate

N_MUTANTS = 2500
ROWS = [
    (i, j, f"{1 / (1 + r + i / 64):.17g}", r) for i in (7, 31, 500) for r, j in enumerate((4, 2, 9, 11), 1)
]
SEEDS = [
    b"occurrence_id;species_id;probability;rank\n"
    + b"".join(b"%d;%d;%s;%d\n" % (i, j, s.encode(), r) for i, j, s, r in ROWS),
    b"id,species,score\r\n" + b"".join(b"%d,%d,%s\r\n" % (i, j, s.encode()) for i, j, s, _ in ROWS),
    b"".join(b'"%d";"%d"; %s ;"%d"\n' % (i, j, s.encode(), r) for i, j, s, r in ROWS),
    b"\xef\xbb\xbfrank;proba;class_id;glc_id\n"
    + b"".join(b"%d;%s;%d;%d\n" % (r, s.encode(), j, i) for i, j, s, r in ROWS),
]


def mutant(rng: random.Random) -> bytes:
    data = rng.choice(SEEDS)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        data = mutated(data, rng)
    return data


def judged(data: bytes) -> list[oracle.Pair] | None:
    """Return the pairs that the oracle reads, None where it rejects the file."""
    try:
        return oracle.read(data)
    except oracle.RejectedError:
        return None


@pytest.mark.parametrize("block_bytes", [64, 1 << 20])
def test_mutants(block_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submissions.reading.blocks, "BLOCK_BYTES", block_bytes)
    rng = random.Random(20200428)
    path = tmp_path / "run"
    verdicts = []
    for _ in range(N_MUTANTS // 2):
        data = mutant(rng)
        path.write_bytes(data)
        validation = validate(read_run(path))
        verdicts.append(validation.valid)
        expected = judged(data)
        assert validation.valid == (expected is not None), (validation.faults, data)
        if expected is not None:
            assert pairs_of(path) == expected, data
    assert 0.1 < sum(verdicts) / len(verdicts) < 0.9  # the mutants are neither all good nor all bad
