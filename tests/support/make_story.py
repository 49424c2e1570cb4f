"""Write what docs/story.md and the README take from the demo: its output, its scores, its cost.

Run it with `make story` on a quiet machine; it takes some four minutes for each seed. What stands there
is what was printed, so times are those of the machine that it ran on.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from floors import ROOT
from make_docs import README, with_block

from glckit.demo.story import RUNS

STORY = ROOT / "docs" / "story.md"
SEEDS = range(5)

# Pairs of the comparison whose difference the table tells, the better one first, and what they are.
PAIRS = {
    ("fusion", "rf"): "*repaired fusion above run 1 (adjusted p)*",
    ("fusion", "fusion-damaged"): "*repaired fusion above the damaged one (adjusted p)*",
}

_COST = re.compile(r"All this took (.*), and (.*) in its largest process\.")


def output_of(seed: int) -> str:
    """Return what `glckit demo` prints, without the path of the folder that it ran in."""
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [Path(sys.executable).with_name("glckit"), "demo", "--seed", str(seed)],
            cwd=home,
            env=os.environ | {"XDG_CACHE_HOME": f"{home}/cache"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
    return done.stdout.replace(f"{home}/", "")


def scores_in(output: str) -> dict[str, float]:
    """Return the adaptive top-30 of each run that the output lists."""
    found = {name: re.search(rf"^{re.escape(what)} +([0-9.]+)", output, re.M) for name, what in RUNS.items()}
    return {name: float(match[1]) for name, match in found.items() if match}


def told_of(output: str, better: str, worse: str) -> str:
    """Return the difference of two runs that the comparison tells, with its adjusted p."""
    row = rf"^runs/{better}\.csv +runs/{worse}\.csv +([0-9.]+) +\[.*?\] +[0-9.]+ +([0-9.]+) .* (yes|no)$"
    match = re.search(row, output, re.M)
    assert match, f"no pair of {better} and {worse}: has their order changed?"
    difference, p, sure = match.groups()
    return f"+{float(difference):.3f}, {'sure' if sure == 'yes' else 'not sure'} ({p})"


def table_of(outputs: Mapping[int, str]) -> str:
    """Return the scores of all seeds as Markdown, and what fusion gains and loses."""
    seeds, scores = list(outputs), {seed: scores_in(output) for seed, output in outputs.items()}
    lines = [_row(["run", *(f"seed {seed}" for seed in seeds)]), _row([":--", *("--:" for _ in seeds)])]
    lines += [
        _row([what.strip(), *(f"{scores[seed][name]:.3f}" for seed in seeds)]) for name, what in RUNS.items()
    ]
    lines += [
        _row([what, *(told_of(outputs[seed], *pair) for seed in seeds)]) for pair, what in PAIRS.items()
    ]
    return "\n".join(lines) + "\n"


def cost_in(output: str) -> str:
    """Return the sentence of the README on what the demo costs."""
    match = _COST.search(output)
    assert match, output[-2000:]
    return (
        f"`make demo` took {match[1]} on two quiet cores without a GPU, the installation not counted, and "
        f"about {match[2]} of memory; where other work goes on it may take twice as long.\n"
    )


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    outputs = {seed: output_of(seed) for seed in SEEDS}
    first = outputs[SEEDS[0]]
    page = with_block(STORY.read_text(), "seeds", table_of(outputs))
    STORY.write_text(with_block(page, "output", f"```text\n$ glckit demo\n{first}```\n"))
    README.write_text(with_block(README.read_text(), "cost", cost_in(first)))
