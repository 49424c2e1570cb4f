"""Is one run better than another: differences, tests of all pairs, ranks that say when they are none."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scoring.uncertainty.estimate import Estimate
from scoring.uncertainty.interval import LEVEL, Interval
from scoring.uncertainty.ranking import (
    first_frequencies,
    mean_tau,
    rank_frequencies,
    rank_sets,
    ranks_of,
    tie_groups,
)
from scoring.uncertainty.testing import PairTests, tested
from scoring.uncertainty.units import UnitKind

if TYPE_CHECKING:
    import pandas as pd


# What a row of a frame does not show: other things stand for it, or frames of their own.
_NOT_IN_ROWS = ("interval", "tie_groups", "rank_frequencies")


@dataclass(frozen=True)
class ComparedRun:
    """A run among others.

    Parameters
    ----------
    rank : int
        1 + number of runs with a better score.
    rank_set : tuple of int
        The best and the worst rank that the tests leave it.
    first_frequency : float
        How often it is first in the replicates, shared where several are. No probability of being best.
    rank_frequencies : tuple of float
        How often it has each rank in the replicates.
    tie_groups : tuple of int
        The groups that it is in, from 0: runs that share none are called different.
    """

    run: str
    score: float
    interval: Interval
    rank: int
    rank_set: tuple[int, int]
    first_frequency: float
    rank_frequencies: tuple[float, ...]
    tie_groups: tuple[int, ...]

    @property
    def letters(self) -> str:
        """The tie groups as letters, a for the first; numbers where there are more than 26.

        Runs that share no letter are called different.
        """
        if any(group >= 26 for group in self.tie_groups):
            return ",".join(str(group + 1) for group in self.tie_groups)
        return "".join(string.ascii_lowercase[group] for group in self.tie_groups)


@dataclass(frozen=True)
class ComparedPair:
    """Two runs, the one that ranks higher first.

    Parameters
    ----------
    difference : float
        Score of `a` minus that of `b`.
    p, p_adjusted, p_sign_flip : float
        See `scoring.uncertainty.testing.PairTests`.
    wins, ties, losses : int
        Occurrences on which `a` does better than `b`, as well, and worse.
    different : bool
        Whether the two are called different, all pairs considered.
    """

    a: str
    b: str
    difference: float
    interval: Interval
    p: float
    p_adjusted: float
    p_sign_flip: float
    wins: int
    ties: int
    losses: int
    different: bool


@dataclass(frozen=True)
class Comparison:
    """Runs in the order of rank, and all pairs of them.

    Parameters
    ----------
    signature : str
        That of the scores, with unit, method, replicates and seed.
    kendall_tau : float, optional
        Mean tau-b between the ranking and those of the replicates; None where all runs tie.
    """

    metric: str
    n_occurrences: int
    unit: UnitKind
    n_units: int
    effective_units: float
    n_replicates: int
    seed: int
    level: float
    signature: str
    kendall_tau: float | None
    runs: tuple[ComparedRun, ...]
    pairs: tuple[ComparedPair, ...]

    @property
    def tie_groups(self) -> tuple[tuple[str, ...], ...]:
        """Runs of each tie group, best first."""
        n_groups = 1 + max(group for run in self.runs for group in run.tie_groups)
        return tuple(
            tuple(run.run for run in self.runs if group in run.tie_groups) for group in range(n_groups)
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame with a row for each run, in the order of rank."""
        import pandas as pd

        return pd.DataFrame([_row(run, run.interval, letters=run.letters) for run in self.runs])

    def pairs_to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame with a row for each pair."""
        import pandas as pd

        return pd.DataFrame([_row(pair, pair.interval) for pair in self.pairs])


def compare(runs: Sequence[str], estimates: Sequence[Estimate], *, level: float = LEVEL) -> Comparison:
    """Compare runs by one metric on the same replicates.

    Parameters
    ----------
    runs : sequence of str
        What the runs are called.
    estimates : sequence of Estimate
        Of one metric, from one `scoring.uncertainty.sampling.Sampling`.

    Raises
    ------
    ValueError
        If there are fewer than two, or what must agree does not.
    """
    field = _Field.of(runs, estimates, level)
    tests = field.tests()
    compared, pairs = field.runs(tests), field.pairs(tests)
    interval = compared[0].interval
    return Comparison(
        metric=estimates[0].metric.name,
        n_occurrences=len(estimates[0].values),
        unit=interval.unit,
        n_units=interval.n_units,
        effective_units=interval.effective_units,
        n_replicates=interval.n_replicates,
        seed=interval.seed,
        level=level,
        signature=interval.signed(_common_signature(estimates)),
        kendall_tau=mean_tau(field.scores, field.replicates),
        runs=tuple(compared),
        pairs=tuple(pairs),
    )


def compared_ranks(
    runs: Sequence[str], estimates: Sequence[Estimate], *, level: float = LEVEL
) -> dict[str, tuple[int, int]]:
    """Return the rank set of each run alone, as `compare` gives it: of 100 runs in two thirds of its time."""
    field = _Field.of(runs, estimates, level)
    return dict(zip(field.names, field.rank_sets(field.differ(field.tests())), strict=True))


@dataclass(frozen=True)
class _Field:
    """Runs in the order of rank; scores and replicates such that larger is better."""

    names: list[str]
    estimates: list[Estimate]
    direction: int
    level: float

    @classmethod
    def of(cls, runs: Sequence[str], estimates: Sequence[Estimate], level: float) -> _Field:
        _check(runs, estimates)
        direction = -1 if estimates[0].metric.lower_is_better else 1
        order = sorted(range(len(runs)), key=lambda run: -direction * estimates[run].score)
        return cls([runs[i] for i in order], [estimates[i] for i in order], direction, level)

    def tests(self) -> PairTests:
        return tested([each.spread for each in self.estimates], self.estimates[0].sampling)

    @property
    def scores(self) -> NDArray[np.float64]:
        return self.direction * np.array([each.score for each in self.estimates])

    @property
    def replicates(self) -> NDArray[np.float64]:
        return self.direction * np.column_stack([each.spread.replicates for each in self.estimates])

    def differ(self, tests: PairTests) -> NDArray[np.bool_]:
        """Return which runs are called different: those whose adjusted p is at most 1 - level."""
        differ = np.zeros((len(self.names), len(self.names)), bool)
        # 1 - 0.95 is a little more than 0.05, and p may be 0.05 exactly: compare from the other side.
        differ[tests.first, tests.second] = 1 - tests.p_adjusted >= self.level - 1e-12
        return differ | differ.T

    def rank_sets(self, differ: NDArray[np.bool_]) -> list[tuple[int, int]]:
        return rank_sets(np.triu(differ))

    def runs(self, tests: PairTests) -> list[ComparedRun]:
        differ, ranks = self.differ(tests), ranks_of(self.replicates)
        groups, frequencies = tie_groups(differ), rank_frequencies(ranks)
        return [
            ComparedRun(
                run=name,
                score=estimate.score,
                interval=estimate.interval(level=self.level),
                rank=rank,
                rank_set=rank_set,
                first_frequency=first,
                rank_frequencies=tuple(frequencies[i].tolist()),
                tie_groups=tuple(number for number, group in enumerate(groups) if i in group),
            )
            for i, (name, estimate, rank, rank_set, first) in enumerate(
                zip(
                    self.names,
                    self.estimates,
                    ranks_of(self.scores[np.newaxis])[0].tolist(),
                    self.rank_sets(differ),
                    first_frequencies(ranks).tolist(),
                    strict=True,
                )
            )
        ]

    def pairs(self, tests: PairTests) -> Iterator[ComparedPair]:
        differ, sampling = self.differ(tests), self.estimates[0].sampling
        for i, (a, b) in enumerate(zip(tests.first.tolist(), tests.second.tolist(), strict=True)):
            spread = self.estimates[a].spread.minus(self.estimates[b].spread)
            wins, ties, losses = self._won(a, b)
            yield ComparedPair(
                a=self.names[a],
                b=self.names[b],
                difference=spread.score,
                interval=spread.interval(sampling, level=self.level, limits=(-1.0, 1.0)),
                p=float(tests.p[i]),
                p_adjusted=float(tests.p_adjusted[i]),
                p_sign_flip=float(tests.p_sign_flip[i]),
                wins=wins,
                ties=ties,
                losses=losses,
                different=bool(differ[a, b]),
            )

    def _won(self, a: int, b: int) -> tuple[int, int, int]:
        better, worse = (self.estimates[run].values for run in ((a, b) if self.direction > 0 else (b, a)))
        wins, losses = np.count_nonzero(better > worse), np.count_nonzero(better < worse)
        return int(wins), len(better) - int(wins) - int(losses), int(losses)


def _check(runs: Sequence[str], estimates: Sequence[Estimate]) -> None:
    if len(runs) < 2 or len(runs) != len(estimates):
        raise ValueError(
            f"{len(runs)} names and {len(estimates)} estimates: a comparison takes two runs or more"
        )
    first = estimates[0]
    for run, estimate in zip(runs[1:], estimates[1:], strict=True):
        ours, theirs = _comparable(first.signature), _comparable(estimate.signature)
        apart = [key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)]
        if apart:
            told = ", ".join(f"{key} {ours.get(key, '-')} and {theirs.get(key, '-')}" for key in apart)
            raise ValueError(f"{runs[0]} and {run} were not scored alike: {told}")
        if not estimate.sampling.equals(first.sampling):
            raise ValueError(f"{runs[0]} and {run} do not share their replicates: give both one Sampling")


def _comparable(signature: str) -> dict[str, str]:
    """Return what must agree: all of a signature but how many pairs were dropped."""
    parts = dict(part.split(":", 1) for part in signature.split("|"))
    return {key: value for key, value in parts.items() if key != "dropped"}


def _common_signature(estimates: Sequence[Estimate]) -> str:
    signatures = {each.signature for each in estimates}
    if len(signatures) == 1:
        return signatures.pop()
    return "|".join(f"{key}:{value}" for key, value in _comparable(estimates[0].signature).items())


def _row(result: ComparedRun | ComparedPair, interval: Interval, **further: object) -> Mapping[str, Any]:
    """Return a flat row: what is told of a run or pair, and the bounds of its interval."""
    fields = {key: value for key, value in asdict(result).items() if key not in _NOT_IN_ROWS}
    bounds = {"low": interval.low, "high": interval.high, "standard_error": interval.standard_error}
    return fields | bounds | further
