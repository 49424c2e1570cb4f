"""Lists that are nothing but digits are read as Python reads them, and nothing else is taken for one."""

from __future__ import annotations

from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from submissions.reading import digits
from submissions.reading.digits import PlainLists, plain_lists

NUMBERS = st.integers(0, 10**8 - 1).map(str) | st.sampled_from(["00000007", "0", "99999999", "10000000"])
LINES = st.lists(st.tuples(NUMBERS, st.lists(NUMBERS, max_size=5)), min_size=1, max_size=8)


def said(lists: PlainLists) -> list[tuple[int, list[int]]]:
    species = iter(lists.species.tolist())
    lengths = zip(lists.ids.tolist(), lists.lengths.tolist(), strict=True)
    found = [(occurrence, [next(species) for _ in range(length)]) for occurrence, length in lengths]
    assert list(species) == []
    return found


@given(
    lines=LINES, separator=st.sampled_from(",;"), ends=st.booleans(), piece=st.sampled_from([1, 20, 1 << 17])
)
@example(lines=[("7", [])], separator=",", ends=False, piece=1)
def test_lists_are_read(lines: list[tuple[str, list[str]]], separator: str, ends: bool, piece: int) -> None:
    text = "\n".join(f"{occurrence}{separator}{' '.join(species)}" for occurrence, species in lines)
    with mock.patch.object(digits, "_PIECE_BYTES", piece):
        lists = plain_lists((text + "\n" * ends).encode(), separator)
    assert lists is not None
    assert said(lists) == [(int(occurrence), [*map(int, species)]) for occurrence, species in lines]


@pytest.mark.parametrize(
    "text",
    [
        *("7,4  5\n", "7, 4\n", "7,4 \n", "7 ,4\n", " 7,4\n", "7,4,5\n", "7\n", "\n", ",4\n", "7,4\n\n8,4\n"),
        *(
            "7,-4\n",
            "7,+4\n",
            "7,4.\n",
            "7,4x\n",
            "7;4\n",
            "7,4\t5\n",
            "7,4\r\n",
            '7,"4 5"\n',
            "7,4\0\n",
            "x",
        ),
        *("7,123456789\n", "123456789,4\n", "7,\u0664\n", "7, \n", "7 8,\n", "7,4\n8 9,5\n", "7,4:5\n"),
    ],
)
def test_anything_else_is_left_to_others(text: str) -> None:
    assert plain_lists(text.encode(), ",") is None
    assert plain_lists(("1,2 3\n" + text + "1,\n").encode(), ",") is None
