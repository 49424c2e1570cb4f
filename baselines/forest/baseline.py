"""The random forest of a competition folder: what to train, what to predict, and from which files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from baselines.covariates.occurrences import read_all_occurrences
from baselines.covariates.rasters.layout import RASTER_NAMES, RasterLayout
from baselines.covariates.splits.shares import FOREST_HOLDOUT
from baselines.forest.inputs import FileSource, PredictedPlaces, RasterSource
from baselines.forest.model import ForestModel
from baselines.forest.modelfile import model_path, read_choices, read_model
from baselines.forest.options import ForestPrediction, ForestTraining, Setting
from baselines.forest.submission import ForestRun, refuse_other_covariates, write_forest_run
from baselines.forest.table import TrainingTable, training_table
from baselines.forest.training import TrainedForest, train_forest
from baselines.provenance import digest_of_files
from baselines.request import BaselineOutcome, BaselineRequest
from submissions.errors import UsageError
from submissions.ownruns import refuse_foreign
from submissions.printable import printable
from submissions.progress import SILENT, Progress

ForestOutcome = BaselineOutcome[TrainedForest, ForestRun]


@dataclass(frozen=True)
class ForestRequest(BaselineRequest):
    """What ``glckit baseline rf`` is asked for.

    Parameters
    ----------
    covariates, points : Path, optional
        What to predict instead of the test occurrences.
    cache : Path, optional
        A folder in which vectors that were read from rasters are kept.
    holdout : float
        Share kept for validation.
    """

    covariates: Path | None = None
    points: Path | None = None
    cache: Path | None = None
    holdout: float = FOREST_HOLDOUT

    def __post_init__(self) -> None:
        super().__post_init__()
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
    def has_model(self) -> bool:
        """Whether there is a forest already."""
        return model_path(self.model).exists()

    def choices_of_model(self) -> Mapping[str, Setting]:
        """Return hyper-parameters, seed and holdout of the forest."""
        return read_choices(self.model)


def run_forest(
    request: ForestRequest,
    training: ForestTraining,
    prediction: ForestPrediction,
    *,
    progress: Progress = SILENT,
) -> ForestOutcome:
    """Train a forest, predict with one, or both.

    Raises
    ------
    UsageError, CannotCheckError, BadInputError
        If a file is absent or unusable, or the model was trained on other covariates or species, or with
        other options than the request's flags.
    """
    if request.predicts:
        refuse_foreign(request.run, force=prediction.force)
    request.refuse_other_model()
    trained = None
    if request.trains:
        table = _training_table(request, training, progress)
        trained = train_forest(table, request.model, plan=training, progress=progress)
    if not request.predicts:
        return ForestOutcome(trained)
    model = _model_that_is_there(request, progress) if trained is None else trained.model
    places = _places(request, model, progress)
    run = write_forest_run(model, places, path=request.run, plan=prediction, progress=progress)
    return ForestOutcome(trained, run)


def _model_that_is_there(request: ForestRequest, progress: Progress) -> ForestModel:
    model = read_model(request.model)
    progress.say(f"Using {printable(request.model)}: {model.in_words}.")
    request.refuse_unknown_species(model.species, what=f"the model {printable(request.model)}")
    request.warn_of_other_files(model.facts.training_files, progress)
    return model


def _training_table(request: ForestRequest, plan: ForestTraining, progress: Progress) -> TrainingTable:
    files = request.competition.occurrence_files("train")
    occurrences = read_all_occurrences(files)
    if request.predicts and request.points is None:
        request.competition.occurrence_files("test")  # missing ones are noticed before the work
    request.refuse_unknown_species(occurrences.species, what="the training occurrences")
    given = request.covariates
    source = _rasters(request, progress) if given is None else FileSource(given, RASTER_NAMES)
    vectors = source.vectors_of(occurrences)
    table = training_table(occurrences, vectors, holdout=request.holdout, seed=plan.seed)
    return replace(table, files=digest_of_files(files))


def _places(request: ForestRequest, model: ForestModel, progress: Progress) -> PredictedPlaces:
    if request.covariates is not None:
        return FileSource(request.covariates, model.names).all_occurrences()
    source = _rasters(request, progress)
    refuse_other_covariates(model, tuple(source.layout.names))
    if request.points is not None:
        return source.points(request.points)
    return source.occurrences(request.competition.occurrence_files("test"))


def _rasters(request: ForestRequest, progress: Progress) -> RasterSource:
    data = request.competition.data
    return RasterSource(RasterLayout(data.rasters, nodata=data.nodata), request.cache, progress)
