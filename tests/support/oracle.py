"""Slow, obvious versions of everything that glckit prints, written from the contract alone."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

Pair = tuple[int, int, float, int | None]  # occurrence, species, score, rank


@dataclass(frozen=True)
class OracleScore:
    threshold: float
    adaptive: Fraction
    adaptive_high: Fraction
    top_k: Fraction
    top_k_low: Fraction
    top_k_high: Fraction
    unused: int
    n_pairs: int
    n_dropped: int
    set_sizes: dict[int, int]


def score(pairs: list[Pair], truth: dict[int, int], k: int) -> OracleScore:
    """Score pairs, given in the order of their file, one at a time."""
    kept = [pair for pair in pairs if pair[0] in truth]
    n, budget = len(truth), k * len(truth)
    scores = sorted((s for _, _, s, _ in kept), reverse=True)
    threshold = scores[budget] if len(scores) > budget else -math.inf
    above = sum(s > threshold for s in scores)
    hits = sum(s > threshold for i, j, s, _ in kept if truth[i] == j)
    in_block = sum(s == threshold for i, j, s, _ in kept if truth[i] == j)
    lists: dict[int, list[Pair]] = {i: [] for i in truth}
    for pair in kept:
        lists[pair[0]].append(pair)
    top = low = high = 0
    for occurrence, species in truth.items():
        own = lists[occurrence]
        top += species in [pair[1] for pair in in_order(own)[:k]]
        true = [s for _, j, s, _ in own if j == species]
        if true:
            low += sum(s >= true[0] for _, _, s, _ in own) <= k
            high += sum(s > true[0] for _, _, s, _ in own) < k
    return OracleScore(
        threshold=threshold,
        adaptive=Fraction(hits, n),
        adaptive_high=Fraction(hits + min(budget - above, in_block), n),
        top_k=Fraction(top, n),
        top_k_low=Fraction(low, n),
        top_k_high=Fraction(high, n),
        unused=budget - above,
        n_pairs=len(kept),
        n_dropped=len(pairs) - len(kept),
        set_sizes={i: sum(s > threshold for _, _, s, _ in own) for i, own in lists.items()},
    )


def in_order(pairs: list[Pair]) -> list[Pair]:
    """Order the pairs of one occurrence: by score, then rank, then as they stand."""
    return sorted(pairs, key=lambda pair: (-pair[2], 0 if pair[3] is None else pair[3]))


class RejectedError(Exception):
    """The file is no valid run."""


NAMES = {
    "occurrence_id": {"occurrence_id", "id", "glc_id", "observation_id", "observationid"},
    "species_id": {"species_id", "species", "class_id", "classid", "glc_species_id"},
    "probability": {"probability", "score", "prob", "proba"},
    "rank": {"rank"},
}
ORDER = ["occurrence_id", "species_id", "probability", "rank"]


def read(data: bytes) -> list[Pair]:
    """Read a text run line by line, or say why it is none."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in data:
        raise RejectedError("NUL")
    lines = [line.removesuffix("\r") for line in data.decode("utf-8", errors="replace").split("\n")]
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise RejectedError("empty")
    if any("\r" in line for line in lines):
        raise RejectedError("carriage return")
    separator = ";" if lines[0].count(";") >= lines[0].count(",") else ","
    columns, first = header(lines[0].split(separator))
    pairs = [row_of(line.split(separator), columns) for line in lines[first:]]
    if not pairs:
        raise RejectedError("no rows")
    if len({(i, j) for i, j, _, _ in pairs}) < len(pairs):
        raise RejectedError("duplicate")
    return pairs


def header(fields: list[str]) -> tuple[list[str], int]:
    fields = [bare(field) for field in fields]
    if len(fields) in (3, 4) and all(is_number(field) for field in fields):
        return ORDER[: len(fields)], 0
    columns = []
    for field in fields:
        matches = [name for name, names in NAMES.items() if field.lower() in names]
        if not matches:
            raise RejectedError(f"column {field}")
        columns += matches
    if len(set(columns)) < len(columns) or not set(ORDER[:3]) <= set(columns):
        raise RejectedError("columns")
    return columns, 1


def row_of(fields: list[str], columns: list[str]) -> Pair:
    if len(fields) != len(columns):
        raise RejectedError("ragged")
    row = dict(zip(columns, map(bare, fields), strict=True))
    rank = integer(row["rank"]) if "rank" in row else None
    number = float(row["probability"]) if is_number(row["probability"]) else math.nan
    if not math.isfinite(number):
        raise RejectedError("score")
    return integer(row["occurrence_id"]), integer(row["species_id"]), number, rank


def integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text) or not -(2**63) <= int(text) < 2**63:
        raise RejectedError("integer")
    return int(text)


def bare(field: str) -> str:
    field = field.strip()
    if field.count('"') == 2 and field[0] == field[-1] == '"':
        field = field[1:-1].strip()
    if '"' in field:
        raise RejectedError("quote")
    return field


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
