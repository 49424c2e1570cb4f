"""glckit demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glckit.cli.app import app, finish, progress, say, show
from glckit.render import Format


@app.command(short_help="Make a competition folder and score its run.")
def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to make the folder.")] = Path("demo"),
    quick: Annotated[bool, typer.Option("--quick", help="800 occurrences instead of 42,405.")] = False,
) -> None:
    """Make a competition folder with a run of real size, then validate and score the run."""
    from glckit.config import FILE_NAME, read_competition
    from glckit.demo import QUICK, make_demo, steps
    from glckit.evaluation import Inputs, score_files, validate_files
    from glckit.reports import score_report, validation_report

    say(f"making {folder} ...")
    run = make_demo(folder, QUICK if quick else None)
    competition = read_competition(folder / FILE_NAME)
    say(f"$ cd {folder}\n$ glckit validate {run.relative_to(folder)}")
    show(validation_report(validate_files([str(run)], Inputs(), competition, progress)), Format.TEXT)
    say(f"$ glckit score {run.relative_to(folder)}")
    outcomes = score_files([str(run)], Inputs(), competition, progress)
    show(score_report(outcomes), Format.TEXT)
    say("\nTry next:\n" + "\n".join(f"  {step}" for step in steps(folder)))
    finish(outcomes)
