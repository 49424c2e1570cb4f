"""A season: 200 runs of 20 teams, 8 processes that add them at once and are killed now and then."""

from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from commands import glckit_json
from season_workers import N_REPLICATES, Work, Worker, killed_at
from seasons import make_season, write_run

from scoring.uncertainty.sampling import Sampling
from submissions.competition.settings import read_competition
from submissions.leaderboard.opening import make_board, open_board
from submissions.leaderboard.rules import time_of
from submissions.metadata import file_digest
from submissions.scores import evaluate
from submissions.yardstick import Inputs, scoring_yardstick

N_RUNS, N_TEAMS, N_PROCESSES, N_KILLS, RUNS_PER_DAY = 200, 20, 8, 20, 2


def hand_in(folder: Path) -> list[Work]:
    """Write 200 runs, one in ten invalid, and return whose they are and when they were handed in."""
    start, handed_in = datetime(2020, 4, 1), []
    for number in range(N_RUNS):
        name = f"in/{number}.csv"
        write_run(folder / name, number, skill=0.02 * (number % 50), invalid=number % 10 == 7)
        submitted = start + timedelta(hours=number * 0.35)  # four runs of a team on a day, of which two count
        handed_in.append((number, name, f"team {number % N_TEAMS}", submitted.isoformat()))
    return handed_in


def simulate(folder: Path, handed_in: list[Work]) -> dict[int, str]:
    """Let processes add all runs while somebody kills some of them; what was killed begins again."""
    rng = random.Random(16)
    workers = [Worker(folder, handed_in[i::N_PROCESSES], i) for i in range(N_PROCESSES)]
    for worker in workers:
        worker.start()
    n_kills, waiting = 0, list(workers)
    while waiting:
        time.sleep(0.02)
        if n_kills < N_KILLS and rng.random() < 0.1:
            rng.choice(waiting).kill()
            n_kills += 1
        for worker in [each for each in waiting if each.has_ended()]:
            if worker.reap():
                waiting.remove(worker)
            else:
                worker.start()
    assert n_kills == N_KILLS
    return {number: outcome for worker in workers for number, outcome in worker.outcomes.items()}


def from_scratch(folder: Path, handed_in: list[Work]) -> dict[int, float]:
    """Score all files as the score command does, and return the scores of the valid ones."""
    yardstick = scoring_yardstick(Inputs(), read_competition(folder / "competition.toml"))
    assert yardstick.truth is not None
    scores = {}
    for number, name, *_ in handed_in:
        run = yardstick.read(str(folder / name))
        score = evaluate(run, yardstick.truth, yardstick.requirements).score
        if score is not None:
            scores[number] = score.scores["adaptive-top-k"]
    return scores


def test_nothing_is_lost_nothing_counts_twice_and_quotas_hold(
    store_setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(Sampling.of.__kwdefaults__, "n_replicates", N_REPLICATES)
    rules = {"store": json.dumps(store_setting), "runs_per_day": str(RUNS_PER_DAY)}
    folder = make_season(tmp_path / "season", rules)
    competition = read_competition(folder / "competition.toml")
    make_board(competition)
    handed_in = hand_in(folder)
    outcomes = simulate(folder, handed_in)

    # All are accounted for: stored, known from a try that was killed after it was stored, or refused.
    assert set(outcomes) == set(range(N_RUNS))
    numbers = {file_digest(folder / name): number for number, name, *_ in handed_in}
    stored = {numbers[each.digest]: each for each in open_board(competition).store.submissions()}
    assert set(stored) == {number for number, outcome in outcomes.items() if outcome != "refused"}
    assert len({each.number for each in stored.values()}) == len(stored)

    # Each is what it is when it is scored alone, and is kept.
    scores = from_scratch(folder, handed_in)
    assert {number for number, each in stored.items() if each.status == "invalid"} == set(
        range(7, N_RUNS, 10)
    )
    for number, each in stored.items():
        assert each.status == ("valid" if number in scores else "invalid")
        assert (each.team, each.run) == (handed_in[number][2], f"{number}.csv")
        assert each.submitted == time_of(handed_in[number][3])
        assert not each.parts or each.parts["whole"].scores["adaptive-top-k"] == scores[number]
        assert (folder / "leaderboard-runs" / f"{each.digest}.zst").is_file()

    # No quota is passed, and only full ones refuse.
    days = {number: (team, submitted[:10]) for number, _, team, submitted in handed_in}
    valid = Counter(days[number] for number, each in stored.items() if each.status == "valid")
    assert max(valid.values()) == RUNS_PER_DAY
    refused = [number for number, outcome in outcomes.items() if outcome == "refused"]
    assert refused
    assert all(number in scores and valid[days[number]] == RUNS_PER_DAY for number in refused)

    # The ranking is that of the best of each team.
    monkeypatch.setenv("GLCKIT_COMPETITION", str(folder))
    status, listed = glckit_json("leaderboard", "list")
    best: dict[str, float] = {}
    for number, each in stored.items():
        if number in scores:
            best[each.team] = max(best.get(each.team, 0.0), scores[number])
    assert status == 0
    ranked = {each["team"]: each["rank"] for each in listed if each["counts"]}
    assert ranked == {team: 1 + sum(other > own for other in best.values()) for team, own in best.items()}
    assert len(listed) == len(stored)


@pytest.mark.parametrize("moment", ["scored", "compressed", "written", "placed", "committed"])
def test_a_kill_leaves_no_entry_or_a_whole_one(moment: str, store_setting: str, tmp_path: Path) -> None:
    folder = make_season(tmp_path, {"store": json.dumps(store_setting)})
    competition = read_competition(folder / "competition.toml")
    board = make_board(competition)
    write_run(folder / "run.csv", 1)
    work = (1, "run.csv", "a", "2020-04-01")
    assert killed_at(moment, folder, work) == -signal.SIGKILL
    found = board.store.submissions()
    assert [each.status for each in found] == (["valid"] if moment == "committed" else [])
    assert killed_at("never", folder, work) == 0
    (submission,) = board.store.submissions()
    assert submission.parts == (found[0].parts if found else submission.parts)
    assert "replicates" in vars(board.store.evidence(submission.number).parts["whole"])
    assert [path.name for path in board.kept.iterdir()] == [f"{submission.digest}.zst"]
