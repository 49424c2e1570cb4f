"""Run 4 of a competition folder: its forest, its network, and their late fusion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from baselines.cnn.admission import admitted
from baselines.cnn.options import InputPlan, TrainingOptions, TrainingPlan
from baselines.cnn.prediction import PredictionOptions
from baselines.cnn.watching import Watcher
from baselines.forest.submission import RunPlan
from baselines.forest.training import TrainingPlan as ForestTraining
from baselines.fusion.options import FusionOptions, weights_of
from baselines.fusion.results import Fusion
from baselines.integrity.gate import OnDamaged
from baselines.cnn.baseline import CnnOutcome, CnnRequest, run_cnn
from baselines.forest.baseline import ForestOutcome, ForestPlans, ForestRequest, run_forest
from baselines.fusion.files import Recipe, fuse_files
from submissions.competition.settings import Competition
from submissions.errors import BadInputError
from submissions.tables import read_occurrence_ids

#: The parts, in the order of their weights.
PARTS = ("rf", "cnn")


@dataclass(frozen=True)
class FusionRequest:
    """What ``glckit baseline fusion`` is asked for.

    Parameters
    ----------
    competition : Competition
        The competition.
    models : Path
        Folder of the models ``rf`` and ``cnn``.
    run : Path
        Where the fused run belongs; those of its parts go to their own places.
    train, predict : bool
        What to do; with neither, train what has no model, predict and fuse.
    on_damaged : {"refuse", "drop", "ignore"}
        What to do where patches are damaged.
    exclude : Path, optional
        List of occurrences that the network leaves out.
    """

    competition: Competition
    models: Path
    run: Path
    train: bool = False
    predict: bool = False
    on_damaged: OnDamaged = "refuse"
    exclude: Path | None = None

    @property
    def predicts(self) -> bool:
        """Whether runs are to be written."""
        return self.predict or not self.train

    @property
    def runs(self) -> tuple[Path, ...]:
        """Where the runs of the parts belong."""
        return tuple(self.competition.run(name) for name in PARTS)

    @property
    def forest(self) -> ForestRequest:
        """What the forest is asked for."""
        return ForestRequest(
            self.competition, self.models / "rf", self.runs[0], train=self.train, predict=self.predict
        )

    @property
    def network(self) -> CnnRequest:
        """What the network is asked for."""
        return CnnRequest(
            self.competition,
            self.models / "cnn",
            self.runs[1],
            train=self.train,
            predict=self.predict,
            on_damaged=self.on_damaged,
            exclude=self.exclude,
        )


@dataclass(frozen=True)
class FusionOutcome:
    """What came of a request.

    Parameters
    ----------
    forest : ForestOutcome
        What was made of the forest.
    network : CnnOutcome
        What was made of the network.
    fusion : Fusion, optional
        The fused run, if one was written.
    """

    forest: ForestOutcome
    network: CnnOutcome
    fusion: Fusion | None = None


def run_fusion(request: FusionRequest, recipe: Recipe, *, watcher: Watcher, seed: int = 0) -> FusionOutcome:
    """Train the forest and the network where they are needed, predict with both, and fuse their runs.

    Parameters
    ----------
    request : FusionRequest
        What to do.
    recipe : Recipe
        How to fuse.
    watcher : Watcher
        Who is told how it goes on.
    seed : int, default 0
        Seed of both parts.

    Returns
    -------
    FusionOutcome
        What was made.

    Raises
    ------
    BadInputError
        If patches are damaged and ``on_damaged`` is ``"refuse"``, or the network would lack occurrences
        that `recipe` does not allow to be missing; before any work.
    UsageError, CannotCheckError
        If a file is absent or unusable, or a model is not there.
    """
    weights_of(recipe.weights, len(PARTS))
    pass_gate(request, recipe.options)
    forest = run_forest(request.forest, _forest_plans(request, recipe, seed), bars=watcher.bar)
    network = run_cnn(
        request.network,
        _network_training(request, recipe, seed),
        _network_prediction(request, recipe, seed),
        watcher=watcher,
    )
    if not request.predicts:
        return FusionOutcome(forest, network)
    fusion = fuse_files(
        [str(run) for run in request.runs],
        request.run,
        recipe=recipe,
        competition=request.competition,
        bars=watcher.bar,
    )
    return FusionOutcome(forest, network, fusion)


def pass_gate(request: FusionRequest, options: FusionOptions) -> None:
    """Refuse damaged patches, and occurrences that the network would lack, before any work; see `run_fusion`.

    The network asks again for its training and its prediction; here both are asked for at once, so that
    nobody trains for days to learn that the test patches are damaged.
    """
    network, size = request.network, request.competition.data.patch_size
    if network.trains:
        files = network.files("train")
        admitted(read_occurrence_ids(files.tables), files, patch_size=size)
    if not network.predicts:
        return
    files = network.files("test")
    lacking = admitted(read_occurrence_ids(files.tables), files, patch_size=size).left_out
    if lacking and options.missing == "error":
        counts = ", ".join(f"{count:,} for {reason}" for reason, count in lacking.items())
        raise BadInputError(
            f"The network would leave out test occurrences that the forest predicts: {counts}.",
            "Take the forest's prediction alone for these: --missing renormalise.",
        )


def _forest_plans(request: FusionRequest, recipe: Recipe, seed: int) -> ForestPlans:
    training = ForestTraining(seed=seed, k=request.competition.k)
    return ForestPlans(training, RunPlan(recipe.options.max_rows, command=recipe.command))


def _network_training(request: FusionRequest, recipe: Recipe, seed: int) -> TrainingOptions:
    shown = InputPlan(request.competition.data.patch_size)
    return TrainingOptions(shown, TrainingPlan(seed=seed), command=recipe.command)


def _network_prediction(request: FusionRequest, recipe: Recipe, seed: int) -> PredictionOptions:
    size, rows = request.competition.data.patch_size, recipe.options.max_rows
    return PredictionOptions(size, max_rows=rows, seed=seed, command=recipe.command)
