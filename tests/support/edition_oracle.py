"""Slow, obvious readers of the files of 2018 to 2025, written from the contract alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import oracle
from oracle import RejectedError, bare, integer, is_number

OCCURRENCE = oracle.NAMES["occurrence_id"]
SPECIES = oracle.NAMES["species_id"]
PROBABILITY = oracle.NAMES["probability"]

# Occurrence, species, score and rank.
RANKED = {
    "ranked": [{"occurrence_id", "query"}, {"species_id", "class"}, PROBABILITY, {"rank"}],
    "glc19": [{"occurrence_id", "glc19testoccid"}, {"species_id", "glc19spid"}, PROBABILITY, {"rank"}],
}
# Where these stand in a file without a header.
PLACES = {"ranked": (0, 1, 2, 3), "glc19": (0, 1, 3, 2)}
LISTS = [OCCURRENCE | {"surveyid"}, SPECIES | {"predicted", "predictions"}]
SCORED_LISTS = [*LISTS, PROBABILITY | {"probas"}]


@dataclass
class OracleRun:
    """What a file says: pairs in its order, occurrences with an empty list, and whether ranks decide."""

    pairs: list[oracle.Pair]
    empty: list[int] = field(default_factory=list)
    rank_decides: bool = False

    @property
    def has_gaps(self) -> bool:
        """Whether the ranks of some occurrence are not 1, 2, 3, ..."""
        ranks = {i: sorted(rank or 0 for each, _, _, rank in self.pairs if each == i) for i, *_ in self.pairs}
        return self.rank_decides and any(own != list(range(1, len(own) + 1)) for own in ranks.values())

    def in_order(self, occurrence: int) -> list[int]:
        """The species of an occurrence from best to worst."""
        own = [pair for pair in self.pairs if pair[0] == occurrence]
        if self.rank_decides:
            own = sorted(own, key=lambda pair: (pair[3], own.index(pair)))
        return [pair[1] for pair in (own if self.rank_decides else oracle.in_order(own))]


class UnsureError(Exception):
    """The contract leaves open what the file is."""


def read(data: bytes, form: str) -> OracleRun:
    """Read a text run of an edition, of whose form it is unless its header says otherwise."""
    lines = lines_of(data)
    separator = max(";", ",", "\t", key=lines[0].count)
    if separator == "\t":
        raise RejectedError("tabs")
    fields = [bare(each).lower() for each in lines[0].split(separator)]
    names = set(fields)
    for ranked, distinctive in (("ranked", {"query", "class"}), ("glc19", {"glc19testoccid", "glc19spid"})):
        if distinctive <= names:
            return ranks_of(lines[1:], separator, columns_of(fields, RANKED[ranked]))
    if names & {"predicted", "predictions"} and not all(
        names & each for each in (OCCURRENCE, SPECIES, PROBABILITY)
    ):
        columns = SCORED_LISTS if "probas" in names else LISTS
        return lists_of(lines[1:], separator, columns_of(fields, columns))
    if form in RANKED and len(fields) in (3, 4) and all(map(is_number, fields)):
        return ranks_of(lines, separator, PLACES[form] if len(fields) == 4 else ())
    if form == "survey" and len(fields) == 2 and is_number(fields[0]) and is_list(fields[1]):
        return lists_of(lines, separator, (0, 1))
    if len(fields) == 4 and all(map(is_number, fields)):
        raise UnsureError
    return OracleRun(oracle.read(data))


def lines_of(data: bytes) -> list[str]:
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
    return lines


def is_list(text: str) -> bool:
    return all(map(is_number, text.split()))


def columns_of(fields: list[str], wanted: list[set[str]]) -> tuple[int, ...]:
    """Return where each wanted column stands; each field must be one of them."""
    places = [[i for i, name in enumerate(fields) if name in names] for names in wanted]
    if any(len(found) != 1 for found in places):
        raise RejectedError("columns")
    if len(fields) > len(wanted):
        if len(wanted) < len(SCORED_LISTS) or "rank" in wanted[-1] | wanted[-2]:
            raise RejectedError("further columns")
        raise UnsureError  # scored lists may have others, quoted as CSV is
    return tuple(found[0] for found in places)


def ranks_of(lines: list[str], separator: str, places: tuple[int, ...]) -> OracleRun:
    if not places or not lines:
        raise RejectedError("columns, or no rows")
    pairs: list[oracle.Pair] = []
    for line in lines:
        i, j, score, rank = (fields_of(line, separator, 4)[place] for place in places)
        pairs.append((integer(i), integer(j), number(score), integer(rank)))
    refuse_repeats([pair[:2] for pair in pairs])
    return OracleRun(pairs, rank_decides=True)


def lists_of(lines: list[str], separator: str, places: tuple[int, ...]) -> OracleRun:
    if not lines:
        raise RejectedError("no rows")
    run, seen = OracleRun([]), []
    for line in lines:
        fields = [fields_of(line, separator, len(places))[place] for place in places]
        occurrence, species = integer(fields[0]), [integer(word) for word in fields[1].split()]
        scores = [number(word) for word in fields[2].split()] if len(fields) > 2 else None
        if scores is not None and len(scores) != len(species):
            raise RejectedError("scores")
        seen.append(occurrence)
        run.pairs += [
            (occurrence, each, 1 / place if scores is None else scores[place - 1], None)
            for place, each in enumerate(species, 1)
        ]
        run.empty += [] if species else [occurrence]
    refuse_repeats(seen)
    refuse_repeats([pair[:2] for pair in run.pairs])
    return run


def fields_of(line: str, separator: str, n: int) -> list[str]:
    fields = [bare(field) for field in line.split(separator)]
    if len(fields) != n or not any(fields):
        raise RejectedError("ragged")
    return fields


def number(text: str) -> float:
    if not is_number(text) or not math.isfinite(float(text)):
        raise RejectedError("score")
    return float(text)


def refuse_repeats(keys: list[object]) -> None:
    if len(set(keys)) < len(keys):
        raise RejectedError("duplicate")


def mrr(run: OracleRun, truth: dict[int, int]) -> float:
    ranks = {i: run.in_order(i) for i in truth}
    return math.fsum(1 / (ranks[i].index(j) + 1) for i, j in truth.items() if j in ranks[i]) / len(truth)


def top_k(run: OracleRun, truth: dict[int, int], k: int) -> float:
    return sum(j in run.in_order(i)[:k] for i, j in truth.items()) / len(truth)


def f1_samples(run: OracleRun, truth: dict[int, set[int]]) -> float:
    found = []
    for i, true in truth.items():
        predicted = {pair[1] for pair in run.pairs if pair[0] == i}
        hits = len(true & predicted)
        found.append(hits / (hits + (len(predicted - true) + len(true - predicted)) / 2))
    return math.fsum(found) / len(found)


def f1_micro(run: OracleRun, truth: dict[int, set[int]]) -> float:
    predicted = {pair[:2] for pair in run.pairs if pair[0] in truth}
    true = {(i, j) for i, species in truth.items() for j in species}
    return 2 * len(true & predicted) / (len(true) + len(predicted))
