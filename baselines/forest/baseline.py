"""The random forest of a competition folder: what to train, what to predict, and from which files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.occurrences import read_all_occurrences
from baselines.covariates.rasters.layout import RASTER_NAMES, RasterLayout
from baselines.covariates.splits import FOREST_HOLDOUT
from baselines.forest.inputs import Bars, FileSource, Places, RasterSource, no_bars
from baselines.forest.model import ForestModel
from baselines.forest.modelfile import model_path, read_model
from baselines.forest.submission import ForestRun, RunPlan, refuse_other_covariates, write_forest_run
from baselines.forest.table import TrainingTable, refuse_unknown_species, training_table
from baselines.forest.training import TrainedForest, TrainingPlan, train_forest
from submissions.competition.settings import Competition
from submissions.errors import UsageError
from submissions.tables import read_species


@dataclass(frozen=True)
class ForestRequest:
    """What ``glckit baseline rf`` is asked for.

    Parameters
    ----------
    competition : Competition
        The competition.
    model, run : Path
        Where they belong.
    train, predict : bool
        What to do; with neither, train unless there is a model, and predict.
    covariates, points : Path, optional
        What to predict instead of the test occurrences.
    cache : Path, optional
        A folder in which vectors that were read from rasters are kept.
    holdout : float
        Share kept for validation.
    """

    competition: Competition
    model: Path
    run: Path
    train: bool = False
    predict: bool = False
    covariates: Path | None = None
    points: Path | None = None
    cache: Path | None = None
    holdout: float = FOREST_HOLDOUT

    def __post_init__(self) -> None:
        """Refuse what cannot be meant together."""
        if self.covariates is not None and self.points is not None:
            raise UsageError("Covariates and points cannot both be predicted.", "Give one of them.")
        if self.points is not None and self.train and not self.predict:
            raise UsageError("Points have no species to train on.", "Give --points with --predict.")
        if self.covariates is not None and self.trains and self.predicts:
            raise UsageError(
                "One file of covariates cannot be both trained on and predicted.",
                "Say --train, then --predict with the other file.",
            )

    @property
    def trains(self) -> bool:
        """Whether a forest is to be trained."""
        return self.train or not (self.predict or model_path(self.model).exists())

    @property
    def predicts(self) -> bool:
        """Whether a run is to be written."""
        return self.predict or not self.train


@dataclass(frozen=True)
class ForestOutcome:
    """What came of a request.

    Parameters
    ----------
    trained : TrainedForest, optional
        The forest, if one was trained.
    run : ForestRun, optional
        The run, if one was written.
    """

    trained: TrainedForest | None = None
    run: ForestRun | None = None


@dataclass(frozen=True)
class ForestPlans:
    """How to do what is asked for.

    Parameters
    ----------
    training : TrainingPlan
        How to train.
    run : RunPlan
        How to predict.
    """

    training: TrainingPlan = field(default_factory=TrainingPlan)
    run: RunPlan = field(default_factory=RunPlan)


def run_forest(request: ForestRequest, plans: ForestPlans, *, bars: Bars = no_bars) -> ForestOutcome:
    """Train a forest, predict with one, or both.

    Parameters
    ----------
    request : ForestRequest
        What to do.
    plans : ForestPlans
        How.
    bars : callable
        Opens a progress bar.

    Returns
    -------
    ForestOutcome
        What was made.

    Raises
    ------
    UsageError, CannotCheckError, BadInputError
        If a file is absent or unusable, or the model was trained on other covariates or species.
    """
    trained = None
    if request.trains:
        table = _training_table(request, plans.training, bars)
        trained = train_forest(table, request.model, plan=plans.training, bars=bars)
    if not request.predicts:
        return ForestOutcome(trained)
    model = trained.model if trained else _known_model(request)
    places = _places(request, model, bars)
    run = write_forest_run(model, places, path=request.run, plan=plans.run, bars=bars)
    return ForestOutcome(trained, run)


def _training_table(request: ForestRequest, plan: TrainingPlan, bars: Bars) -> TrainingTable:
    occurrences = read_all_occurrences(request.competition.occurrence_files("train"))
    if request.predicts and request.points is None:
        request.competition.occurrence_files("test")  # missing ones are noticed before the work
    _refuse_unknown(request, occurrences.species, what="the training occurrences")
    given = request.covariates
    source = _rasters(request, bars) if given is None else FileSource(given, RASTER_NAMES)
    return training_table(
        occurrences, source.vectors_of(occurrences), holdout=request.holdout, seed=plan.seed
    )


def _known_model(request: ForestRequest) -> ForestModel:
    model = read_model(request.model)
    _refuse_unknown(request, model.species, what=f"the model {request.model}")
    return model


def _places(request: ForestRequest, model: ForestModel, bars: Bars) -> Places:
    if request.covariates is not None:
        return FileSource(request.covariates, model.names).all_occurrences()
    source = _rasters(request, bars)
    refuse_other_covariates(model, tuple(source.layout.names))
    if request.points is not None:
        return source.points(request.points)
    return source.occurrences(request.competition.occurrence_files("test"))


def _refuse_unknown(request: ForestRequest, species: NDArray[np.int64], *, what: str) -> None:
    table = request.competition.species
    if table is not None:
        refuse_unknown_species(np.unique(species), read_species(table), what=what)


def _rasters(request: ForestRequest, bars: Bars) -> RasterSource:
    data = request.competition.data
    return RasterSource(RasterLayout(data.rasters, nodata=data.nodata), request.cache, bars)
