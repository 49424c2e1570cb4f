"""Files with something changed at random."""

from __future__ import annotations

import random

SNIPPETS = [
    *(b";", b",", b"\n", b"\r", b"\r\n", b'"', b'""', b" ", b"\t", b"#", b"\0", b".", b"-", b"+", b"_", b"x"),
    *(b"e5", b"E-3", b"0x1f", b"nan", b"inf", b"1e400", b"1e-400", b"7.0", b"0,5", b"\xc2\xa0", b"\xff"),
    *(b"9223372036854775807", b"9223372036854775808", b"2147483648", b"\n\n", b"rank", b"\xd9\xa3", b"\x0b"),
]


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return a file with some bytes or a line inserted, replaced, doubled or gone."""
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
