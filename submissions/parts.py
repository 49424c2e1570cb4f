"""Which part of the truth each occurrence is in: by region, quadrat, kingdom, rarity or size of its set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from scoring.breakdown import RARITY_STARTS, SET_SIZE_STARTS, Partition
from scoring.places import region_of_id
from scoring.score import Scored
from submissions.errors import UsageError
from submissions.ordering import positions_among
from submissions.species import read_species_column
from submissions.tables import Truth, read_occurrences
from submissions.yardstick import Yardstick

#: What a score is broken down by.
By = Literal["region", "quadrat", "kingdom", "rarity", "set-size"]

#: What stands for the kingdom of a species that has none in its table.
_UNKNOWN = "unknown"


def check_by(names: tuple[str, ...]) -> None:
    """Refuse what no score is broken down by, before any work."""
    for name in names:
        if name not in get_args(By):
            raise UsageError(f"Nothing is broken down by {name!r}.", f"Say one of {', '.join(get_args(By))}.")


def partition(by: str, yardstick: Yardstick, scored: Scored | None = None) -> Partition:
    """Return the part that each occurrence of the truth is in; only set sizes depend on a scored run.

    Raises
    ------
    UsageError
        If it takes a file or column that is not there, or one species of occurrences that have several.
    CannotCheckError
        If a file cannot be used.
    """
    return _PARTITIONS[by](yardstick, scored)


def _by_region(yardstick: Yardstick, _: Scored | None) -> Partition:
    assert yardstick.truth is not None
    return Partition.of_labels("region", region_of_id(yardstick.truth.ids))


def _by_quadrat(yardstick: Yardstick, _: Scored | None) -> Partition:
    units = yardstick.units
    if units.units.kind != "quadrat":
        raise UsageError(
            "Quadrats take coordinates, which neither the truth nor the test files have for all occurrences.",
            "Give the test files with --test.",
        )
    labels = [f"{row}/{column}" for row, column in zip(*units.quadrats, strict=True)]
    order = np.argsort(-units.units.sizes, kind="stable")  # the largest first
    places = np.empty(len(order), np.intp)
    places[order] = np.arange(len(order))
    return Partition("quadrat", tuple(labels[i] for i in order), places[units.units.numbers])


def _by_kingdom(yardstick: Yardstick, _: Scored | None) -> Partition:
    table, species = yardstick.inputs.species, _species(yardstick, "kingdom")
    if table is None:
        raise UsageError("Kingdoms stand in the species table.", "Give it with --species FILE.")
    kingdoms = read_species_column(table, "kingdom")
    if kingdoms is None:
        raise UsageError(
            f"The species table {table} has no column kingdom.", "Add one, or leave --by kingdom."
        )
    return Partition.of_labels("kingdom", [kingdoms.get(each) or _UNKNOWN for each in species.tolist()])


def _by_rarity(yardstick: Yardstick, _: Scored | None) -> Partition:
    species, tables = _species(yardstick, "rarity"), yardstick.inputs.train
    if not tables:
        raise UsageError("How rare a species is the training files say.", "Give them with --train FILE.")
    trained = read_occurrences(tables).species
    if trained is None:
        raise UsageError("A training file has no column of species.", "Give those with species_id.")
    known, counts = np.unique(trained, return_counts=True)
    positions, is_known = positions_among(species, known)
    n_trained = np.where(is_known, counts[np.minimum(positions, len(known) - 1)], 0)
    return Partition.of_ranges("rarity", n_trained, RARITY_STARTS)


def _by_set_size(_: Yardstick, scored: Scored | None) -> Partition:
    assert scored is not None
    outcomes: Any = scored.per_occurrence
    sizes = getattr(outcomes, "set_sizes", outcomes.n_predicted)
    return Partition.of_ranges("set-size", sizes, SET_SIZE_STARTS)


def _species(yardstick: Yardstick, by: str) -> NDArray[np.integer]:
    if not isinstance(yardstick.truth, Truth):
        raise UsageError(f"Parts by {by} take one species per occurrence, and the truth has sets.")
    return yardstick.truth.species


_PARTITIONS: Mapping[str, Callable[[Yardstick, Scored | None], Partition]] = {
    "region": _by_region,
    "quadrat": _by_quadrat,
    "kingdom": _by_kingdom,
    "rarity": _by_rarity,
    "set-size": _by_set_size,
}
