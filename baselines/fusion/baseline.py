"""Run 4 of a competition folder: its forest, its network, and their late fusion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from baselines.cnn.baseline import CnnOutcome, CnnRequest, run_cnn
from baselines.cnn.options import InputPlan, PredictionOptions, TrainingOptions, TrainingPlan
from baselines.forest.baseline import ForestOutcome, ForestRequest, run_forest
from baselines.forest.options import ForestPrediction, ForestTraining
from baselines.fusion.files import Recipe, fuse_files
from baselines.fusion.options import FusionOptions, weights_of
from baselines.fusion.results import Fusion
from baselines.request import PatchRequest
from submissions.errors import BadInputError, UsageError
from submissions.ownruns import refuse_foreign
from submissions.progress import SILENT, Progress

#: The parts, in the order of their weights.
PARTS = ("rf", "cnn")


@dataclass(frozen=True)
class FusionRequest(PatchRequest):
    """What ``glckit baseline fusion`` is asked for.

    `model` is the folder of the models ``rf`` and ``cnn``; the runs of the parts go to their own places.
    """

    @property
    def has_model(self) -> bool:
        """Whether both models are there."""
        return self.forest.has_model and self.network.has_model

    @property
    def runs(self) -> tuple[Path, ...]:
        """Where the runs of the parts belong."""
        return tuple(self.competition.run(name) for name in PARTS)

    @property
    def forest(self) -> ForestRequest:
        """What the forest is asked for."""
        return ForestRequest(
            self.competition,
            self.model / "rf",
            self.runs[0],
            self.train,
            self.predict,
            flags=self._flags_of_parts,
        )

    @property
    def network(self) -> CnnRequest:
        """What the network is asked for."""
        return CnnRequest(
            self.competition,
            self.model / "cnn",
            self.runs[1],
            self.train,
            self.predict,
            flags=self._flags_of_parts,
            on_damaged=self.on_damaged,
            exclude=self.exclude,
        )

    @property
    def _flags_of_parts(self) -> Mapping[str, Any]:
        # The weights of a fusion are not those that a network starts from.
        return {name: value for name, value in self.flags.items() if name == "seed"}

    def refuse_other_model(self) -> None:
        """Raise a UsageError if a part's model was trained otherwise than `flags` ask for."""
        refusals = []
        for part in (self.forest, self.network):
            try:
                part.refuse_other_model()
            except UsageError as refusal:
                refusals.append(refusal)
        if refusals:
            raise UsageError(" ".join(refusal.message for refusal in refusals), refusals[0].hint)


@dataclass(frozen=True)
class FusionOutcome:
    """What came of the request: of its parts, and the fused run, if one was written."""

    forest: ForestOutcome
    network: CnnOutcome
    run: Fusion | None = None


def run_fusion(
    request: FusionRequest, recipe: Recipe, *, seed: int = 0, progress: Progress = SILENT
) -> FusionOutcome:
    """Train the forest and the network where they are needed, predict with both, and fuse their runs.

    Raises
    ------
    BadInputError
        If patches are damaged and that is refused, or the network would lack occurrences that `recipe`
        does not allow to be missing; before any work.
    UsageError, CannotCheckError
        If a file is absent or unusable, or a model is not there.
    """
    weights_of(recipe.weights, len(PARTS))
    for run in (*request.runs, request.run) if request.predicts else ():
        refuse_foreign(run, force=recipe.force)
    request.refuse_other_model()
    pass_gate(request, recipe.options)
    size, rows = request.competition.data.patch_size, recipe.options.max_rows
    k = request.competition.k
    forest = run_forest(
        request.forest,
        ForestTraining(seed=seed, k=k),
        ForestPrediction(rows, command=recipe.command, force=recipe.force),
        progress=progress,
    )
    network = run_cnn(
        request.network,
        TrainingOptions(InputPlan(size), TrainingPlan(seed=seed), command=recipe.command),
        PredictionOptions(size, max_rows=rows, seed=seed, k=k, command=recipe.command, force=recipe.force),
        progress=progress,
    )
    if not request.predicts:
        return FusionOutcome(forest, network)
    runs = [str(run) for run in request.runs]
    fused = fuse_files(runs, request.run, recipe=recipe, competition=request.competition, progress=progress)
    return FusionOutcome(forest, network, fused)


def pass_gate(request: FusionRequest, options: FusionOptions) -> None:
    """Refuse damaged patches, and occurrences that the network would lack, before any work; see `run_fusion`.

    The network asks again for its training and its prediction; here both are asked for at once, so that
    nobody trains for days to learn that the test patches are damaged.
    """
    network = request.network
    if network.trains:
        network.admitted("train")
    if not network.predicts:
        return
    lacking = network.admitted("test").left_out
    if lacking and options.missing == "error":
        counts = ", ".join(f"{count:,} for {reason}" for reason, count in lacking.items())
        raise BadInputError(
            f"The network would leave out test occurrences that the forest predicts: {counts}.",
            "Take the forest's prediction alone for these: --missing renormalise.",
        )
