"""A whole world in a folder, in the organizers' layout."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from baselines.world.archives import write_hashes
from baselines.world.bayes import write_bayes_run
from baselines.world.occurrences import RegionOccurrences, occurrences_of
from baselines.world.patchfiles import write_patches
from baselines.world.rasters import write_rasters
from baselines.world.regions import WORLD_REGIONS
from baselines.world.species import species_of
from baselines.world.tables import write_configuration, write_occurrences, write_species
from submissions.errors import UsageError, require
from submissions.files import folder_written_atomically, written_atomically
from submissions.locks import folder_claimed
from submissions.opening import open_file
from submissions.progress import SILENT, Progress

#: The file by which a folder is known to be a world, and which.
MARKER = "world.json"
# Raised whenever equal parameters begin to make another world.
_GENERATION = 1
_LIMITS = {
    "n_occurrences": (40, 500_000, "occurrences"),
    "n_species": (4, 31_435, "species"),
    "patch_size": (8, 1024, "pixels along the side of a patch"),
}


@dataclass(frozen=True)
class WorldPlan:
    """What decides a world to the last bit; a `UsageError` is raised if a number is out of bounds.

    Parameters
    ----------
    seed : int, default 0
        Equal seeds give equal worlds.
    n_occurrences : int, default 6000
        Occurrences, train and test, half of them in each region.
    n_species : int, default 300
        Species; each region has about two thirds of them.
    patch_size : int, default 64
        Side of a patch in pixels of a metre.
    """

    seed: int = 0
    n_occurrences: int = 6000
    n_species: int = 300
    patch_size: int = 64

    def __post_init__(self) -> None:
        """Refuse what no world can be made of."""
        for name, (least, most, what) in _LIMITS.items():
            given = getattr(self, name)
            if not least <= given <= most:
                raise UsageError(f"A world cannot have {given} {what}.", f"Choose {least} to {most}.")


@dataclass(frozen=True)
class World:
    """A world that was made; its numbers of occurrences are by region."""

    folder: Path
    plan: WorldPlan
    n_train: dict[str, int]
    n_test: dict[str, int]


def make_world(
    folder: str | os.PathLike[str],
    plan: WorldPlan | None = None,
    *,
    extract: bool = True,
    progress: Progress = SILENT,
) -> World:
    """Make a synthetic competition in a folder, with all files that the organizers gave.

    The world is built beside its place and then moved, so an interrupted run leaves nothing behind
    that looks like one. In a folder that holds the same world already, its files are put back as
    they were made, and all others are left alone.

    Parameters
    ----------
    folder : path-like
        A new or empty folder, or one with the same world. A folder with only hidden files counts as empty.
    plan : WorldPlan, optional
        Seed and sizes; the default world if absent.
    extract : bool, default True
        Whether patches are also written as files; they are in the archives in any case.

    Raises
    ------
    UsageError
        If the folder holds anything else, or rasterio is not installed.
    CannotCheckError
        If the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> plan = WorldPlan(n_occurrences=40, n_species=5, patch_size=8)
    >>> world = make_world(Path(tempfile.mkdtemp()) / "world", plan)
    >>> sorted(world.n_train), (world.folder / "competition.toml").exists()
    (['fr', 'us'], True)
    """
    plan = plan or WorldPlan()
    target = Path(os.path.realpath(folder))
    require("rasterio", "rf")
    marker = json.dumps({"generation": _GENERATION, **asdict(plan)}, indent=2) + "\n"
    _refuse_other_content(target, marker)
    with contextlib.ExitStack() as stack, folder_written_atomically(target) as temporary:
        regions = _build(temporary, plan, extract=extract, progress=progress)
        (temporary / MARKER).write_text(marker)
        if target.is_dir():
            # Two worlds that are made in one folder at once must not mix.
            stack.enter_context(folder_claimed(target, progress=progress))
            _refuse_other_content(target, marker)
            # First of all, so that a run that is killed while files are moved can be run again.
            with written_atomically(target / MARKER) as file:
                file.write_text(marker)
    n_test = {each.region.name: int(each.is_test.sum()) for each in regions}
    n_train = {each.region.name: int((~each.is_test).sum()) for each in regions}
    return World(Path(folder), plan, n_train, n_test)


def _build(folder: Path, plan: WorldPlan, *, extract: bool, progress: Progress) -> list[RegionOccurrences]:
    pool = species_of(plan.seed, plan.n_species)
    shares = -(-plan.n_occurrences // 2), plan.n_occurrences // 2
    regions = [
        occurrences_of(region, pool, seed=plan.seed, n=n)
        for region, n in zip(WORLD_REGIONS, shares, strict=True)
    ]
    write_species(pool, folder)
    write_occurrences(regions, folder)
    write_configuration(folder, name=f"Synthetic world {plan.seed}", patch_size=plan.patch_size)
    for occurrences in regions:
        write_rasters(occurrences.climate, folder / "rasters")
    write_bayes_run(folder / "runs" / "bayes.csv", regions, pool=pool)
    write_patches(regions, folder, patch_size=plan.patch_size, extract=extract, progress=progress)
    write_hashes(folder / "archives")
    return regions


def _refuse_other_content(target: Path, marker: str) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise UsageError(f"{target} is a file; a world needs a folder.", "Choose another name.")
    # What systems and tools keep in a folder for themselves does not make it someone's.
    names = sorted(entry.name for entry in target.iterdir() if not entry.name.startswith("."))
    try:
        with open_file(target / MARKER) as file:
            found = file.read().decode()
        content = f"{MARKER} says {' '.join(found.split())}"
    except (OSError, ValueError):
        found, content = "", ", ".join(names[:3]) + ", and no " + MARKER
    if names and found != marker:
        raise UsageError(
            f"{target} is not empty, and what it holds is not this world: {content}.",
            "Choose a new folder, or empty this one yourself.",
        )
