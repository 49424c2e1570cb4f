"""Timing whole processes against each other, for benchmarks."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cost:
    """What something cost: seconds of wall clock, and peak memory of its process in MB if it had one."""

    seconds: float
    peak_mb: float | None = None


# A process starts with the peak memory of the one that forked it, which for a test suite is large; so a
# small one in between forks it, times it and says what it cost.
_LAUNCHER = """
import os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), time.perf_counter() - start, usage.ru_maxrss / 1024)
"""


def run(*command: object) -> Cost:
    """Run a command to its end, its output thrown away."""
    launcher = [sys.executable, "-S", "-c", _LAUNCHER, *map(str, command)]
    done = subprocess.run(launcher, capture_output=True, text=True, check=True)
    status, seconds, peak_mb = done.stdout.split()
    assert status == "0", command
    return Cost(float(seconds), float(peak_mb))


def python(code: str, *arguments: object) -> Cost:
    """Run some Python in a new process."""
    return run(sys.executable, "-c", code, *arguments)


def timed(function: Callable[[], object]) -> Callable[[], Cost]:
    """Return a function that tells what a call of another costs."""

    def call() -> Cost:
        start = time.perf_counter()
        function()
        return Cost(time.perf_counter() - start)

    return call


def compare(
    benchmark: Any, ours: Callable[[], Cost], peers: Mapping[str, Callable[[], Cost]], *, rounds: int = 5
) -> dict[str, float]:
    """Measure ourselves and peers in turn, print medians and ratios, and return the ratios.

    A ratio is our time over the peer's, round by round; its median is what to quote, since the speed of a
    shared machine drifts from round to round.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in ("ours", *peers)}

    def setup() -> None:
        for name, peer in peers.items():
            costs[name].append(peer())

    ours()  # warm the page cache
    benchmark.pedantic(lambda: costs["ours"].append(ours()), setup=setup, rounds=rounds)
    ratios = {name: _median_ratio(costs["ours"], costs[name]) for name in peers}
    print(f"\n{benchmark.name}")
    for name, listed in costs.items():
        ratio = f"  ours / this {ratios[name]:7.2f}" if name in ratios else ""
        print(f"  {name:<44} {statistics.median(c.seconds for c in listed):9.3f} s{_memory(listed)}{ratio}")
    benchmark.extra_info["ours / peer"] = ratios
    return ratios


def _median_ratio(ours: Sequence[Cost], theirs: Sequence[Cost]) -> float:
    return statistics.median(a.seconds / b.seconds for a, b in zip(ours, theirs, strict=True))


def _memory(costs: Sequence[Cost]) -> str:
    peaks = [cost.peak_mb for cost in costs if cost.peak_mb is not None]
    return f" {max(peaks):7.0f} MB" if peaks else " " * 11
