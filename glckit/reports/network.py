"""What ``glckit baseline cnn`` reports: of a training, a run, and a network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from baselines.cnn.baseline import CnnOutcome
from baselines.cnn.description import PAPER_MEGABYTES, CnnDescription
from baselines.cnn.outputs import SplitScores
from baselines.cnn.prediction import CnnRun
from baselines.cnn.training import TrainedCnn
from baselines.cnn.watching import duration_text
from glckit.render import Report, number
from submissions.wording import counted


def outcome_report(outcome: CnnOutcome, *, digits: int = 4) -> Report:
    """Report what was trained and what was written."""
    training = run = None
    lines: list[str] = []
    if outcome.trained is not None:
        training = _data(outcome.trained, model=str(outcome.trained.folder))
        lines += _training_lines(outcome.trained, digits)
    if outcome.run is not None:
        run = _data(outcome.run, run=str(outcome.run.run))
        lines += _run_lines(outcome.run)
    facts = {**(training or {}), **(run or {})}
    columns = [name for name, value in facts.items() if not isinstance(value, dict | tuple)]
    rows = [[facts[name] for name in columns]]
    return Report({"training": training, "run": run}, columns, rows, "\n".join(lines))


def description_report(description: CnnDescription) -> Report:
    """Report what a network is and costs."""
    data = asdict(description)
    data |= {"seconds": description.speed.seconds, "paper_megabytes": PAPER_MEGABYTES}
    columns = ["n_species", "n_parameters", "n_multiply_adds", "n_bytes", "n_bytes_challenge", "seconds"]
    text = "\n".join(_description_lines(description))
    return Report(data, columns, [[data[name] for name in columns]], text)


def _data(made: TrainedCnn | CnnRun, **paths: str) -> dict[str, Any]:
    # Warnings go to stderr.
    hidden = ("folder", "first", "warnings")
    return {name: each for name, each in (asdict(made) | paths).items() if name not in hidden}


def _training_lines(trained: TrainedCnn, digits: int) -> Iterator[str]:
    sizes = ", ".join(f"{name} {count:,}" for name, count in trained.n_parts.items())
    yield f"{trained.folder}: the network of epoch {trained.best_epoch} ({sizes})"
    yield f"  validation   {_scores(trained.validation, digits)}"
    if trained.test is not None:
        yield f"  test         {_scores(trained.test, digits)}"
    yield from (f"  {note}" for note in trained.notes)


def _scores(scores: SplitScores, digits: int) -> str:
    names = {"top_1": "top-1", "top_10": "top-10", "top_30": "top-30", "adaptive_top_30": "adaptive top-30"}
    return ", ".join(f"{name} {number(getattr(scores, key), digits)}" for key, name in names.items())


def _run_lines(run: CnnRun) -> Iterator[str]:
    resumed = f", {run.n_resumed:,} of them from before" if run.n_resumed else ""
    pace = f"{run.occurrences_per_second:.3g} per second on {run.device}"
    yield f"{run.run}: {counted(run.n_occurrences, 'occurrence')}{resumed}, {pace}"
    for reason, count in run.left_out.items():
        yield f"  {count:,} left out ({reason}); score the run with --allow-missing"


def _description_lines(of: CnnDescription) -> Iterator[str]:
    plan, speed = of.plan, of.speed
    state = "trained" if of.training else "not trained"
    yield f"Inception V3 for {counted(plan.n_planes, 'plane')} of {plan.patch_size} pixels, {state}"
    yield f"  channels       {', '.join(plan.channels)}"
    yield f"                 land cover: {plan.land_cover}; scaling: {plan.scaling}"
    yield f"  species        {of.n_species:,}"
    yield f"  parameters     {of.n_parameters:,}"
    yield f"  multiply-adds  {of.n_multiply_adds / 1e9:.2f} billion per patch"
    yield f"  size           {of.n_bytes / 1e6:.1f} MB in fp32"
    yield (
        f"                 {of.n_bytes_challenge / 1e6:.1f} MB with the 31,435 species of the challenge; "
        f"the paper says {PAPER_MEGABYTES} MB"
    )
    test_set = f"{counted(speed.n_occurrences, 'occurrence')} in about {duration_text(speed.seconds)}"
    pace = f"{speed.patches_per_second:.3g} per second on {speed.device}, {speed.precision}"
    yield f"  test set       {test_set}: {pace}"
