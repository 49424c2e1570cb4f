"""glckit world."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from glckit.cli.app import TERMINAL, FormatOption, JsonOption, app, say, show
from glckit.cli.parameters import argument, flag, option
from glckit.render import Report

if TYPE_CHECKING:
    from baselines.world.folder import World


@app.command(short_help="Make a synthetic competition.")
def world(
    folder: Annotated[Path, argument("DIR", "A new or empty folder.")],
    seed: Annotated[int, option("N", "Another seed makes another world.")] = 0,
    occurrences: Annotated[int, option("N", "Occurrences, train and test.")] = 6000,
    species: Annotated[int, option("N", "Species of both regions.")] = 300,
    patch_size: Annotated[int, option("P", "Side of a patch in pixels; the real ones have 256.")] = 64,
    extract: Annotated[bool, flag("Write the patches as files too, beside the archives.")] = True,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Make a synthetic competition with all files of the real one, and the best run that it allows.

    Equal seeds and sizes give equal worlds. In a folder with the same world, its files are put back as
    they were made.
    """
    from baselines.world.folder import WorldPlan, make_world

    plan = WorldPlan(seed, occurrences, species, patch_size)
    made = make_world(folder, plan, extract=extract, progress=TERMINAL)
    show(_report(made), form, as_json=as_json)
    say(
        f"Made a world in {folder}. Its ceiling: cd {shlex.quote(str(folder))} && glckit score runs/bayes.csv"
    )


def _report(made: World) -> Report:
    columns = ("region", "n_train", "n_test")
    rows = [[region, made.n_train[region], made.n_test[region]] for region in made.n_train]
    data = {
        "folder": str(made.folder),
        "seed": made.plan.seed,
        "regions": [dict(zip(columns, row, strict=True)) for row in rows],
    }
    return Report(data, columns, rows)
