"""The network of a competition folder: what to train, what to predict, and from which files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from baselines.cnn.admission import PatchFiles, read_id_list
from baselines.cnn.description import CHALLENGE_TEST, CnnDescription, describe_cnn
from baselines.cnn.modelfile import Model, has_model, read_model
from baselines.cnn.options import InputPlan, Machine, TrainingOptions
from baselines.cnn.prediction import Predicted, PredictionOptions, predict_cnn
from baselines.cnn.training import Trained, train_cnn
from baselines.cnn.watching import Watcher
from baselines.forest.table import refuse_unknown_species
from baselines.integrity.gate import OnDamaged
from baselines.integrity.thresholds import Thresholds
from submissions.competition.settings import Competition, Part
from submissions.errors import UsageError
from submissions.tables import read_occurrence_ids, read_species


@dataclass(frozen=True)
class CnnRequest:
    """What ``glckit baseline cnn`` is asked for.

    Parameters
    ----------
    competition : Competition
        The competition.
    model, run : Path
        Where they belong.
    train, predict : bool
        What to do; with neither, train unless there is a model, and predict.
    on_damaged : {"refuse", "drop", "ignore"}
        What to do where patches are damaged.
    exclude : Path, optional
        List of occurrences to leave out.
    """

    competition: Competition
    model: Path
    run: Path
    train: bool = False
    predict: bool = False
    on_damaged: OnDamaged = "refuse"
    exclude: Path | None = None

    def __post_init__(self) -> None:
        """Refuse an unknown word."""
        if self.on_damaged not in get_args(OnDamaged):
            raise UsageError(f"on damaged must be refuse, drop or ignore, not {self.on_damaged}.")

    @property
    def trains(self) -> bool:
        """Whether a network is to be trained."""
        return self.train or not (self.predict or has_model(self.model))

    @property
    def predicts(self) -> bool:
        """Whether a run is to be written."""
        return self.predict or not self.train

    def files(self, part: Part) -> PatchFiles:
        """Return the occurrence files of a part, and the patches."""
        excluded = np.empty(0, np.int64) if self.exclude is None else read_id_list(self.exclude)
        tables, patches = self.competition.occurrence_files(part), self.competition.patch_paths
        thresholds = Thresholds.from_mapping(self.competition.verify)
        return PatchFiles(tables, patches, self.on_damaged, excluded, thresholds=thresholds)


@dataclass(frozen=True)
class CnnOutcome:
    """What came of a request.

    Parameters
    ----------
    trained : Trained, optional
        The network, if one was trained.
    predicted : Predicted, optional
        The run, if one was written.
    """

    trained: Trained | None = None
    predicted: Predicted | None = None

    @property
    def first(self) -> bool:
        """Whether this is the process that reports; those of the other devices do not."""
        made = [part for part in (self.trained, self.predicted) if part is not None]
        return all(part.first for part in made)


def run_cnn(
    request: CnnRequest,
    training: TrainingOptions,
    prediction: PredictionOptions,
    *,
    watcher: Watcher,
) -> CnnOutcome:
    """Train a network, predict with one, or both.

    Parameters
    ----------
    request : CnnRequest
        What to do.
    training : TrainingOptions
        How to train.
    prediction : PredictionOptions
        How to predict.
    watcher : Watcher
        Who is told how it goes on.

    Returns
    -------
    CnnOutcome
        What was made.

    Raises
    ------
    UsageError, CannotCheckError, BadInputError
        If a file is absent or unusable, patches are damaged, or model and data do not fit.
    """
    if request.trains and request.predicts and training.machine.n_processes > 1:
        raise UsageError(
            "Several devices either train or predict: Lightning starts them once for each command.",
            "Say --train, then --predict.",
        )
    trained = _train(request, training, watcher) if request.trains else None
    if not request.predicts:
        return CnnOutcome(trained)
    if not request.trains:
        _refuse_other_species(request, read_model(request.model).species)
    files = request.files("test")
    predicted = predict_cnn(files, request.model, request.run, prediction, watcher=watcher)
    return CnnOutcome(trained, predicted)


def describe_network(
    request: CnnRequest, plan: InputPlan, machine: Machine, *, batch_size: int
) -> CnnDescription:
    """Describe the model of a competition, or the network that would be trained there.

    Parameters
    ----------
    request : CnnRequest
        The competition.
    plan : InputPlan
        What a network without a model would be shown.
    machine : Machine
        What to time it on.
    batch_size : int
        Patches at a time in the probe.
    """
    model: Model | None = read_model(request.model) if has_model(request.model) else None
    return describe_cnn(
        model, plan, machine=machine, n_occurrences=_n_test(request.competition), batch_size=batch_size
    )


def _train(request: CnnRequest, options: TrainingOptions, watcher: Watcher) -> Trained:
    if request.predicts:
        request.competition.occurrence_files("test")  # missing ones are noticed before the work
    return train_cnn(request.files("train"), request.model, options, watcher=watcher)


def _refuse_other_species(request: CnnRequest, species: NDArray[np.int64]) -> None:
    table = request.competition.species
    if table is not None:
        refuse_unknown_species(species, read_species(table), what=f"the model {request.model}")


def _n_test(competition: Competition) -> int:
    try:
        return len(read_occurrence_ids(competition.occurrence_files("test")))
    except UsageError:  # no test files here: the challenge's
        return CHALLENGE_TEST
