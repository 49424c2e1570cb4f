"""Mutated files never raise, and are judged as the oracle's own reader judges them."""

from __future__ import annotations

import random
from pathlib import Path

import oracle
import pytest
from run_files import pairs_of

import submissions.reading.blocks
from submissions.reading.runs import read_run
from submissions.validation import validate

N_MUTANTS = 2500
SNIPPETS = [
    *(b";", b",", b"\n", b"\r", b"\r\n", b'"', b'""', b" ", b"\t", b"#", b"\0", b".", b"-", b"+", b"_", b"x"),
    *(b"e5", b"E-3", b"0x1f", b"nan", b"inf", b"1e400", b"1e-400", b"7.0", b"0,5", b"\xc2\xa0", b"\xff"),
    *(b"9223372036854775807", b"9223372036854775808", b"2147483648", b"\n\n", b"rank", b"\xd9\xa3", b"\x0b"),
]
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


def mutated(data: bytes, rng: random.Random) -> bytes:
    start = rng.randint(0, len(data))
    end = min(len(data), start + rng.choice((0, 1, 1, 2, 5, 20)))
    lines = data.split(b"\n")
    line = rng.randrange(len(lines))
    return rng.choice(
        (
            lambda: data[:start] + rng.choice(SNIPPETS) + data[end:],
            lambda: data[:start] + data[end:],
            lambda: data[:start] + bytes([rng.randrange(256)]) + data[end:],
            lambda: data[:start],
            lambda: b"\n".join([*lines[:line], lines[line], *lines[line:]]),
            lambda: b"\n".join([*lines[:line], *lines[line + 1 :]]),
            lambda: b"\n".join([*lines[:line], rng.choice(lines), *lines[line:]]),
            lambda: data + rng.choice((b"\n", b"\r\n", b" \n\n", b"\n;;;\n")),
        )
    )()


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
