"""Processes that add runs to a season, and are killed: forked from one that has imported everything."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from scoring.uncertainty.sampling import Sampling

#: Number of a run, its file, its team, and when it was handed in.
Work = tuple[int, str, str, str]

#: Fewer than usual: most of the time of small runs goes into them.
N_REPLICATES = 40

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(
    ["submissions.leaderboard.admitting", "submissions.leaderboard.store.database", "pyarrow.csv"]
)


@dataclass
class Worker:
    """A process that adds runs, and what is left for it to do."""

    folder: Path
    work: list[Work]
    number: int
    outcomes: dict[int, str] = field(default_factory=dict)
    process: BaseProcess | None = None

    def start(self) -> None:
        self.process = _FORKED.Process(target=add_all, args=(self.folder, self.work, self._log), daemon=True)
        self.process.start()

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()

    def has_ended(self) -> bool:
        return self.process is not None and not self.process.is_alive()

    def reap(self) -> bool:
        """Take note of what an ended process has done, and return whether all its work is."""
        assert self.process is not None
        self.process.join()
        assert self.process.exitcode in (0, -signal.SIGKILL)
        lines = self._log.read_text().split("\n") if self._log.exists() else [""]
        self.outcomes |= {int(number): outcome for number, outcome in map(str.split, lines[:-1])}
        self.work = [each for each in self.work if each[0] not in self.outcomes]
        return not self.work

    @property
    def _log(self) -> Path:
        return self.folder / f"worker{self.number}.log"


def add_all(folder: Path, work: Sequence[Work], log: Path) -> None:
    """Add runs one by one, each as a command of its own would."""
    from submissions.competition.settings import read_competition
    from submissions.leaderboard.admitting import Handover, add_runs
    from submissions.leaderboard.opening import open_board
    from submissions.leaderboard.rules import time_of

    Sampling.of.__kwdefaults__["n_replicates"] = N_REPLICATES
    for number, run, team, submitted in work:
        board = open_board(read_competition(folder / "competition.toml"))
        (done,) = add_runs([str(folder / run)], board, Handover(team, time_of(submitted)))
        assert done.error is None, done.error
        with log.open("a") as file:
            file.write(f"{number} {done.outcome}\n")


def killed_at(moment: str, folder: Path, work: Work) -> int | None:
    """Add a run in a process that kills itself at some moment, and return how it ended."""
    process = _FORKED.Process(target=_add_and_die, args=(moment, folder, work))
    process.start()
    process.join()
    return process.exitcode


def _add_and_die(moment: str, folder: Path, work: Work) -> None:
    from submissions.leaderboard import admitting, keeping
    from submissions.leaderboard.store import database

    places: dict[str, tuple[Any, str]] = {
        "scored": (admitting, "assess"),
        "compressed": (keeping, "_compress"),
        "written": (database.Writer, "add"),
        "placed": (admitting, "place"),
    }
    if moment in places:
        home, name = places[moment]
        setattr(home, name, _then_die(getattr(home, name)))
    add_all(folder, [work], folder / "killed.log")
    if moment == "committed":
        os.kill(os.getpid(), signal.SIGKILL)


def _then_die(function: Callable[..., Any]) -> Callable[..., Any]:
    def dying(*arguments: Any, **named: Any) -> Any:
        function(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    return dying
