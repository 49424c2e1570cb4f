"""Mutated files of 2018 to 2025 never raise, and are read and scored as slow readers of them do."""

from __future__ import annotations

import random
from pathlib import Path

import edition_oracle
import numpy as np
import oracle
import pytest
from altered_files import mutated

import submissions.reading.blocks
import submissions.reading.digits
from scoring.sets import TrueSets
from submissions.editions import RunForm
from submissions.reading.forms import Headerless
from submissions.reading.options import ReadingOptions
from submissions.reading.runs import read_run
from submissions.requirements import Requirements, metrics_asked
from submissions.run import Run
from submissions.scores import score
from submissions.tables import Truth, TruthSets
from submissions.validation import InvalidRunError, validate

N_MUTANTS = 600
OCCURRENCES, SPECIES = (7, 31, 500), (4, 2, 9, 11)
ROWS = [(i, j, f"{1 / (1 + r + i / 64):.17g}", r) for i in OCCURRENCES for r, j in enumerate(SPECIES, 1)]


def rows(pattern: str, *, header: str = "", separator: str = ";") -> bytes:
    lines = [pattern.format(i=i, j=j, s=s, r=r) for i, j, s, r in ROWS]
    return "\n".join([*([header] if header else []), *lines, ""]).replace(";", separator).encode()


LISTS = "7,4 2 9 11\n31,\n500,9\n501,4 11\n"
#: Files, and of which form those without a header are.
SEEDS: list[tuple[bytes, RunForm]] = [
    (rows("{i};{j};{s};{r}"), "ranked"),
    (rows("{i};{j};{s};{r}", header="query;class;score;rank", separator=","), "glc19"),
    (rows("{i};{j};{r};{s}"), "glc19"),
    (rows("{i};{j};{r};{s}", header="glc19TestOccId;glc19SpId;Rank;Probability"), "ranked"),
    (LISTS.encode(), "survey"),
    (b"Id,Predicted\n" + LISTS.encode(), "ranked"),
    (b"\xef\xbb\xbfsurveyId,predictions\r\n" + LISTS.replace("\n", "\r\n").encode(), "survey"),
    (b'"predictions";"surveyId"\n"4 2 9 11";"7"\n"";31\n" 9 ";500\n4  11;501\n', "survey"),
    (b"observation_id;predictions;probas\n7;4 2 9;0.5 .25 .25\n31;;\n500;9;1e-5\n", "survey"),
]
TRUTH = {7: {2, 4}, 31: {4}, 500: {9, 11, 3}}
BEST = {i: min(species) for i, species in TRUTH.items()}


def mutant(rng: random.Random) -> tuple[bytes, RunForm]:
    data, form = rng.choice(SEEDS)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        data = mutated(data, rng)
    return data, form


def pairs_in_order(run: Run) -> list[oracle.Pair]:
    """The pairs of a run in the order of its file."""
    lists = np.repeat(run.occurrence_ids, np.diff(run.pairs.offsets)).tolist()
    ranks = [None] * run.n_pairs if run.pairs.ranks is None else run.pairs.ranks.tolist()
    pairs = list(zip(lists, run.pairs.species.tolist(), run.pairs.scores.tolist(), ranks, strict=True))
    return pairs if run.rows is None else [pairs[i] for i in np.argsort(run.rows)]


def scores_of(run: Run) -> dict[str, float]:
    offsets = np.cumsum([0, *map(len, TRUTH.values())])
    ids, species = np.array(list(TRUTH)), np.array([each for true in TRUTH.values() for each in sorted(true)])
    everybody = np.unique([*ids, *run.occurrence_ids, *run.empty])

    def by(truth: Truth | TruthSets, *names: str) -> dict[str, float]:
        rules = Requirements(test_ids=everybody, k=2, allow_missing=True, metrics=metrics_asked(names))
        try:
            return score(run, truth, rules).scores
        except InvalidRunError:  # for ranks with gaps; else the scores that are missing tell
            return {}

    single, sets = Truth(ids, np.array(list(BEST.values()))), TruthSets(ids, TrueSets(offsets, species))
    return by(single, "mrr") | by(single, "top-k") | by(sets, "f1-samples", "f1-micro")


def expected_scores(run: edition_oracle.OracleRun) -> dict[str, float]:
    ranked = {} if run.has_gaps else {"mrr": edition_oracle.mrr(run, BEST)}
    return ranked | {
        "top-k": edition_oracle.top_k(run, BEST, 2),
        "f1-samples": edition_oracle.f1_samples(run, TRUTH),
        "f1-micro": edition_oracle.f1_micro(run, TRUTH),
    }


def judged(data: bytes, form: str) -> edition_oracle.OracleRun | None:
    try:
        return edition_oracle.read(data, form)
    except oracle.RejectedError:
        return None


@pytest.mark.parametrize("n_bytes", [64, 1 << 20])
def test_mutants(n_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submissions.reading.blocks, "BLOCK_BYTES", n_bytes)
    monkeypatch.setattr(submissions.reading.digits, "_PIECE_BYTES", n_bytes // 4)
    rng, path, verdicts = random.Random(20180428), tmp_path / "run", []
    for _ in range(N_MUTANTS):
        data, form = mutant(rng)
        path.write_bytes(data)
        run = read_run(path, ReadingOptions(headerless=Headerless(form)))
        valid = validate(run, Requirements(metrics=metrics_asked(["f1-samples"]))).valid
        try:
            expected = judged(data, form)
        except edition_oracle.UnsureError:
            continue
        verdicts.append(valid)
        assert valid == (expected is not None), (run.faults, data, form)
        if expected is not None:
            assert isinstance(run, Run)
            assert pairs_in_order(run) == expected.pairs, data
            assert (run.empty.tolist(), run.rank_decides) == (expected.empty, expected.rank_decides), data
            assert scores_of(run) == pytest.approx(expected_scores(expected), rel=1e-12), data
    assert 0.1 < sum(verdicts) / len(verdicts) < 0.9
