"""What participants get: the occurrences to predict, an example of a run, and what makes a run valid."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from submissions.errors import CannotCheckError
from submissions.platforms.material import Material, table_text
from submissions.platforms.runtexts import example_run
from submissions.platforms.texts import PageFacts, rules
from submissions.tables import read_occurrences

# Ids that stand in an example where no table says what species there are.
_ANY_SPECIES = (1, 2, 3)
_N_EXAMPLE = 3
#: The file of the occurrences to predict.
TEST_TABLE = "occurrences_test.csv"


def starting_kit(material: Material, facts: PageFacts, run: bytes, name: str) -> dict[str, bytes]:
    """Return a page of rules and an example run under a name."""
    species = "" if material.requirements.species_ids is None else " --species species.csv"
    text = f"""# {material.competition.name}: starting kit

`{name}` is a valid run of {facts.n_test:,} occurrences. A run is text in UTF-8: {facts.form}.

{rules(facts)}
Check a run before you send it, with the tables that come with the competition:

    pip install glckit
    glckit validate RUN --test {TEST_TABLE}{species}
"""
    return {"README.md": text.encode(), name: run}


def equal_run(material: Material) -> bytes:
    """Return the example run: for all occurrences the same few species, with equal scores."""
    return example_run(material.test_ids, example_species(material), material.form)


def example_species(material: Material) -> list[int]:
    """Return some species that an example may have; those of the truth stay where they are."""
    known, most = material.requirements.species_ids, material.requirements.max_rows or _N_EXAMPLE
    species = list(_ANY_SPECIES) if known is None else known[:_N_EXAMPLE].tolist()
    return species[:most]


def public_tables(material: Material) -> dict[str, bytes]:
    """Return what there is to be predicted, and of which species, by names of files."""
    tables = {TEST_TABLE: occurrences_to_predict(material)}
    if material.requirements.species_ids is not None:
        tables["species.csv"] = table_text(["species_id"], [material.requirements.species_ids])
    return tables


def tables_among(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the tables among files for participants, which are to stay as they are; pages may be edited.

    Examples
    --------
    >>> tables_among({"starting_kit/README.md": b"# Kit", "starting_kit/run.csv": b"1;2"})
    {'starting_kit/run.csv': b'1;2'}
    """
    return {name: data for name, data in files.items() if name.endswith(".csv")}


def occurrences_to_predict(material: Material) -> bytes:
    """Return the occurrences to predict with their places, where the test files have these; never labels."""
    files = material.yardstick.inputs.test
    if files:
        try:
            table = read_occurrences(files)
        except CannotCheckError:  # tables of ids alone are good enough to score by
            return table_text(["id"], [material.test_ids])
        wanted = np.isin(table.ids, material.test_ids)
        columns = (values[wanted].tolist() for values in (table.ids, table.latitudes, table.longitudes))
        rows = (f"{each};{lat!r};{lon!r}" for each, lat, lon in zip(*columns, strict=True))
        return "\n".join(["id;lat;lon", *rows, ""]).encode()
    return table_text(["id"], [material.test_ids])
