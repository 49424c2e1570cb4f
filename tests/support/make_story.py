"""Write what docs/story.md and the README take from the demo: its output, its scores, its cost.

Run it with `make story` on a quiet machine; it takes some four to eight minutes for each seed. What stands
there is what was printed, so times are those of the machine that it ran on, and so are the last digits of the
network. ``SEEDS=0 make story`` plays one world, and leaves the table of all as it is.
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
SEEDS = tuple(map(int, os.environ.get("SEEDS", "0 1 2 3 4").split()))

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


def table_of(scores: Mapping[int, Mapping[str, float]]) -> str:
    """Return the scores of all seeds as Markdown, and what fusion gains and loses."""
    seeds = list(scores)
    lines = [_row(["run", *(f"seed {seed}" for seed in seeds)]), _row([":--", *("--:" for _ in seeds)])]
    lines += [
        _row([what.strip(), *(f"{scores[seed][name]:.3f}" for seed in seeds)]) for name, what in RUNS.items()
    ]
    gains = [scores[s]["fusion"] - max(scores[s]["rf"], scores[s]["cnn"]) for s in seeds]
    losses = [scores[s]["fusion"] - scores[s]["fusion-damaged"] for s in seeds]
    lines.append(_row(["*repaired fusion above the better part*", *(f"{gain:+.3f}" for gain in gains)]))
    lines.append(_row(["*repaired fusion above the damaged one*", *(f"{loss:+.3f}" for loss in losses)]))
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
    page = STORY.read_text()
    if len(SEEDS) > 1:
        page = with_block(page, "seeds", table_of({s: scores_in(text) for s, text in outputs.items()}))
    STORY.write_text(with_block(page, "output", f"```text\n$ glckit demo\n{first}```\n"))
    README.write_text(with_block(README.read_text(), "cost", cost_in(first)))
