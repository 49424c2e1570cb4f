"""The tables of a world: occurrences, truth, species and the configuration, as the organizers write them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from baselines.world.climate import RASTER_RECIPES
from baselines.world.occurrences import RegionOccurrences
from baselines.world.species import SpeciesPool

_CONFIGURATION = """\
[competition]
name = "{name}"
k = 30
truth = "truth.csv"
test = ["occurrences_fr_test.csv", "occurrences_us_test.csv"]
train = ["occurrences_fr_train.csv", "occurrences_us_train.csv"]
species = "species_metadata.csv"
max_rows = 150

[data]
rasters = "rasters"
patches = ["patches_fr", "patches_us"]
archives = "archives"
patch_size = {patch_size}
nodata = {{ {nodata} }}
"""


def write_occurrences(regions: Sequence[RegionOccurrences], folder: Path) -> None:
    """Write the train and test files of each region, and the truth of both."""
    truth = ["id;lat;lon;species_id\n"]
    for occurrences in regions:
        name = occurrences.region.name
        train, test = (occurrences.select(occurrences.is_test == part) for part in (False, True))
        labelled = [truth[0], *_rows(train, with_species=True)]
        (folder / f"occurrences_{name}_train.csv").write_text("".join(labelled))
        unlabelled = ["id;lat;lon\n", *_rows(test, with_species=False)]
        (folder / f"occurrences_{name}_test.csv").write_text("".join(unlabelled))
        truth += _rows(test, with_species=True)
    (folder / "truth.csv").write_text("".join(truth))


def write_species(pool: SpeciesPool, folder: Path) -> None:
    """Write the species table."""
    rows = [
        f"{i};{gbif};{name}\n" for i, (gbif, name) in enumerate(zip(pool.gbif_ids, pool.names, strict=True))
    ]
    header = "species_id;GBIF_species_id;GBIF_species_name\n"
    (folder / "species_metadata.csv").write_text("".join([header, *rows]))


def write_configuration(folder: Path, *, name: str, patch_size: int) -> None:
    """Write ``competition.toml``; all its paths are relative."""
    untagged = {key: recipe.nodata for key, recipe in RASTER_RECIPES.items() if not recipe.tagged}
    nodata = ", ".join(f"{key} = {value}" for key, value in untagged.items())
    text = _CONFIGURATION.format(name=name, patch_size=patch_size, nodata=nodata)
    (folder / "competition.toml").write_text(text)


def _rows(occurrences: RegionOccurrences, *, with_species: bool) -> list[str]:
    columns = [occurrences.ids, *occurrences.places.degrees()]
    if with_species:
        columns.append(occurrences.species)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [";".join(map(str, row)) + "\n" for row in rows]
