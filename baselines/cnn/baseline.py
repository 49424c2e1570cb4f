"""The network of a competition folder: what to train, what to predict, and from which files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from baselines.cnn.admission import Admissible, Admitted, admitted, read_id_list
from baselines.cnn.description import CHALLENGE_TEST, CnnDescription, describe_cnn
from baselines.cnn.machine import voice_before_launch
from baselines.cnn.modelfile import has_model, read_choices, read_model
from baselines.cnn.options import InputPlan, Machine, PredictionOptions, TrainingOptions
from baselines.cnn.prediction import CnnRun, predict_cnn
from baselines.cnn.training import TrainedCnn, train_cnn
from baselines.integrity.thresholds import Thresholds
from baselines.request import BaselineOutcome, PatchRequest
from submissions.competition.settings import Part
from submissions.errors import UsageError
from submissions.ownruns import refuse_foreign
from submissions.printable import printable
from submissions.progress import SILENT, Progress
from submissions.tables import read_occurrence_ids


@dataclass(frozen=True)
class CnnRequest(PatchRequest):
    """What ``glckit baseline cnn`` is asked for."""

    @property
    def has_model(self) -> bool:
        """Whether there is a network already."""
        return has_model(self.model)

    def choices_of_model(self) -> Mapping[str, Any]:
        """Return what decided the weights of the network."""
        return read_choices(self.model)

    def files(self, part: Part) -> Admissible:
        """Return the occurrence files of a part, their patches, and what to leave out."""
        excluded = np.empty(0, np.int64) if self.exclude is None else read_id_list(self.exclude)
        tables, patches = self.competition.occurrence_files(part), self.competition.patch_paths
        thresholds = Thresholds.from_mapping(self.competition.verify)
        return Admissible(tables, patches, self.on_damaged, excluded, thresholds=thresholds)

    def admitted(self, part: Part) -> Admitted:
        """Ask the gate for a part, before work that needs it later; errors as `admission.admitted`."""
        files = self.files(part)
        ids = read_occurrence_ids(files.tables)
        return admitted(ids, files, patch_size=self.competition.data.patch_size)


@dataclass(frozen=True)
class CnnOutcome(BaselineOutcome[TrainedCnn, CnnRun]):
    """What came of the request."""

    @property
    def first(self) -> bool:
        """Whether this is the process that reports; those of the other devices do not."""
        return all(part.first for part in (self.trained, self.run) if part is not None)


def run_cnn(
    request: CnnRequest,
    training: TrainingOptions,
    prediction: PredictionOptions,
    *,
    progress: Progress = SILENT,
) -> CnnOutcome:
    """Train a network, predict with one, or both.

    Raises
    ------
    UsageError, CannotCheckError, BadInputError
        If a file is absent or unusable, patches are damaged, model and data do not fit, or the model was
        trained with other options than the request's flags.
    """
    if request.predicts:
        refuse_foreign(request.run, force=prediction.force)
    _refuse_what_cannot_be(request, training)
    trained = None
    if request.trains:
        if request.predicts:
            request.admitted("test")  # nobody trains for days to learn that these patches are damaged
        trained = train_cnn(request.files("train"), request.model, training, progress=progress)
    if not request.predicts:
        return CnnOutcome(trained)
    if not request.trains:
        _look_at_model(request, voice_before_launch(progress))
    run = predict_cnn(request.files("test"), request.model, request.run, prediction, progress=progress)
    return CnnOutcome(trained, run)


def _refuse_what_cannot_be(request: CnnRequest, training: TrainingOptions) -> None:
    request.refuse_other_model()
    if request.trains and request.predicts and training.machine.n_processes > 1:
        raise UsageError(
            "Several devices either train or predict: Lightning starts them once for each command.",
            "Say --train, then --predict.",
        )
    if training.restart and not request.trains:
        raise UsageError(
            f"--restart throws an unfinished training away, but {printable(request.model)} is a model.",
            "Train anew with --train --restart, or leave it out.",
        )


def _look_at_model(request: CnnRequest, progress: Progress) -> None:
    model = read_model(request.model)
    progress.say(f"Using {printable(request.model)}: {model.in_words}.")
    request.refuse_unknown_species(model.species, what=f"the model {printable(request.model)}")
    request.warn_of_other_files(model.training.get("training_files"), progress)


def describe_network(
    request: CnnRequest, plan: InputPlan, machine: Machine, *, batch_size: int
) -> CnnDescription:
    """Describe the model of a competition, or the network that would be trained there.

    `plan` is what a network without a model would be shown; a probe times it on `machine`, with
    `batch_size` patches at a time.
    """
    request.refuse_other_model()
    model = read_model(request.model) if request.has_model else None
    try:
        n_occurrences = len(read_occurrence_ids(request.competition.occurrence_files("test")))
    except UsageError:  # no test files here: the challenge's
        n_occurrences = CHALLENGE_TEST
    return describe_cnn(model, plan, machine=machine, n_occurrences=n_occurrences, batch_size=batch_size)
