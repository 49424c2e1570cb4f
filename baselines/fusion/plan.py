"""From runs to a fusion that is ready to be carried out: checked, aligned, weighted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from baselines.fusion.ensemble import Ensemble, ensemble_of, refuse_unfit
from baselines.fusion.options import FusionOptions, weights_of
from baselines.fusion.parts import species_of
from baselines.fusion.tuning import Tuning, tune
from submissions.errors import BadInputError, UsageError
from submissions.ordering import distinct, is_among
from submissions.progress import SILENT, Progress
from submissions.requirements import Requirements
from submissions.run import DenseRun, Run
from submissions.tables import Truth
from submissions.validation import InvalidRunError, check


@dataclass(frozen=True)
class Weighting:
    """How much each run weighs: as given, or tuned; UsageError if both are asked for.

    Parameters
    ----------
    weights : sequence of float, optional
        One for each run; equal by default.
    truth : Truth, optional
        Where weights are to be tuned, the true species of validation occurrences.
    """

    weights: Sequence[float] | None = None
    truth: Truth | None = None
    k: int = 30

    def __post_init__(self) -> None:
        if self.weights is not None and self.truth is not None:
            raise UsageError("Weights are either given or tuned.", "Leave out --weights, or --tune.")


@dataclass(frozen=True)
class Plan:
    """A fusion that is ready to be carried out; its parts have their weights, those of weight 0 included."""

    ensemble: Ensemble
    options: FusionOptions
    tuning: Tuning | None = None

    @cached_property
    def weighing(self) -> Ensemble:
        """The ensemble without parts of weight 0."""
        return self.ensemble.weighted([part.weight for part in self.ensemble.parts])

    @property
    def n_averaged_over_fewer(self) -> int:
        """Occurrences that some, not all, of the parts with a weight have."""
        n_parts = self.weighing.n_parts_of
        return int(np.count_nonzero((n_parts > 0) & (n_parts < len(self.weighing.parts))))

    @property
    def n_left_out(self) -> int:
        """Occurrences that only parts of weight 0 have."""
        return int(np.count_nonzero(self.weighing.n_parts_of == 0))

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What is allowed and probably not meant: a part that shares no species with any other."""
        species = [distinct(species_of(part.run)) for part in self.ensemble.parts]
        found = []
        for i, part in enumerate(self.ensemble.parts):
            others = distinct(*species[:i], *species[i + 1 :])
            if not is_among(species[i], others).any():
                found.append(
                    f"{part.run.path} has no species in common with the other runs: "
                    "are its ids those of the species table?"
                )
        return tuple(found)


def plan_fusion(
    runs: Sequence[Run | DenseRun],
    weighting: Weighting | None = None,
    *,
    options: FusionOptions | None = None,
    species_ids: NDArray[np.integer] | None = None,
    progress: Progress = SILENT,
) -> Plan:
    """Check two or more runs, put them side by side, and choose their weights, by default equal ones.

    A run with species that are not among `species_ids`, known ones, ascending, is invalid.

    Raises
    ------
    UsageError
        If there are fewer than two runs, or the weights do not fit.
    BadInputError
        If a run is invalid, or the runs cannot be fused as is asked.
    """
    weighting, options = weighting or Weighting(), options or FusionOptions()
    weights = weights_of(weighting.weights, len(runs))
    _refuse_invalid(runs, Requirements(species_ids=species_ids))
    ensemble = ensemble_of(runs, weights)
    refuse_unfit(ensemble, options)
    if weighting.truth is None:
        return Plan(ensemble, options)
    tuning = tune(ensemble, weighting.truth, options=options, k=weighting.k, progress=progress)
    weighted = zip(ensemble.parts, tuning.weights, strict=True)
    parts = tuple(replace(part, weight=weight) for part, weight in weighted)
    return Plan(replace(ensemble, parts=parts), options, tuning)


def _refuse_invalid(runs: Sequence[Run | DenseRun], requirements: Requirements) -> None:
    invalid = [each for each in (check(run, requirements) for run in runs) if not each.valid]
    if len(invalid) == 1:
        raise InvalidRunError(invalid[0])
    if invalid:
        messages = " ".join(InvalidRunError(each).message for each in invalid)
        raise BadInputError(messages, "See them in full with: glckit validate RUN")
