"""The story of the paper: an accident, its detection, its cost, its repair, the scores, and a board."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from glckit.demo import acts
from glckit.demo.commands import Cost, Stage, Tell
from glckit.demo.scale import Scale
from glckit.demo.trainings import Training
from scoring.score import Score
from submissions.competition.settings import FILE_NAME, read_competition
from submissions.errors import CannotCheckError, UsageError, require_installed
from submissions.evaluation import score_files
from submissions.locks import folder_locked
from submissions.metadata import read_metadata
from submissions.yardstick import Inputs

#: The runs of the story, in the order of the paper, and what each is.
RUNS = {
    "prior": "prior: frequencies of the region",
    "rf": "run 1: forest on rasters",
    "cnn-dropout": "run 2: network with dropout",
    "cnn": "run 3: network on patches",
    "cnn-damaged": "       network, damaged patches",
    "fusion-damaged": "run 4: fusion, damaged patches",
    "fusion": "run 4: fusion, repaired patches",
    "bayes": "ceiling: the true niches",
}

_NEEDED = {
    "leaderboard": ("sqlalchemy", "alembic", "jinja2"),
    "rf": ("sklearn", "rasterio", "joblib"),
    "patches": ("xxhash", "rapidgzip"),
    "cnn": ("torch", "torchvision", "lightning_fabric", "safetensors", "tensorboard"),
}


@dataclass(frozen=True)
class ModelCost:
    """What a model of the story cost.

    Parameters
    ----------
    prediction : Cost
        Of ``--predict``, the start of its process included.
    n_bytes : int
        Size of the model's file.
    """

    training: Training
    prediction: Cost
    n_bytes: int


@dataclass(frozen=True)
class Story:
    """What came of it.

    Parameters
    ----------
    scores : dict of str to Score
        Of `RUNS`, in that order.
    models : dict of str to ModelCost
        ``"rf"`` and ``"cnn"``.
    share_damaged : float
        Share of the test occurrences whose patches were found damaged before the repair.
    cost : Cost
        Of the whole story: seconds, and the peak memory of its largest process.
    is_continued : bool
        Whether a model was there from an earlier run, whose training is not in `cost`.
    """

    folder: Path
    seed: int
    scores: dict[str, Score]
    models: dict[str, ModelCost]
    share_damaged: float
    cost: Cost
    is_continued: bool = False

    @property
    def board(self) -> Path:
        """The page of the season."""
        return self.folder / acts.BOARD


def tell_story(folder: Path, scale: Scale, *, seed: int = 0, tell: Tell) -> Story:
    """Play the story in a new or empty folder, or in that of the same story, with glckit's own commands.

    It may be stopped at any moment and begun again in the same folder: the world is put back as it was
    made, finished trainings are kept, and that of the network goes on at its last checkpoint.

    Raises
    ------
    UsageError
        If a package is not installed, or the folder holds something else.
    BadInputError, CannotCheckError
        If a command does not end as it should, or another demo is at work in the folder.
    """
    for extra, modules in _NEEDED.items():
        for module in modules:
            require_installed(module, extra)
    start = time.perf_counter()
    with _claimed(folder) as lock:
        stage = Stage(folder, tell, (lock,))
        models, share_damaged = _played(stage, scale, seed)
        scores = _scores(folder)
    peaks = [cost.peak_bytes for cost in stage.costs if cost.peak_bytes is not None]
    cost = Cost(time.perf_counter() - start, max(peaks, default=None))
    is_continued = any(model.training.cost not in stage.costs for model in models.values())
    return Story(folder, seed, scores, models, share_damaged, cost, is_continued)


def _played(stage: Stage, scale: Scale, seed: int) -> tuple[dict[str, ModelCost], float]:
    acts.make_competition(stage, scale, seed)
    trainings = acts.train(stage, scale, seed)
    predictions = {"rf": stage.glckit("baseline", "rf", "--predict")}
    acts.have_an_accident(stage, seed)
    acts.be_warned(stage)
    metadata = read_metadata(acts.go_on_regardless(stage)) or {}
    acts.repair(stage)
    predictions["cnn"] = acts.predict_and_fuse(stage)
    acts.compare(stage, tuple(RUNS))
    acts.hold_a_season(stage)
    models = {
        name: ModelCost(trainings[name], predictions[name], (stage.folder / path).stat().st_size)
        for name, path in acts.MODELS.items()
    }
    return models, float(metadata["verification"]["share_damaged"])


@contextlib.contextmanager
def _claimed(folder: Path) -> Iterator[int]:
    """Keep other demos out of a folder while this one is at work; its commands hold the lock as well."""
    notes = folder / acts.NOTES
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; the demo needs a folder.", "Choose another name.")
    notes.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            lock = stack.enter_context(folder_locked(notes, wait=False))
        except BlockingIOError as error:
            raise CannotCheckError(
                f"Another demo, or a command that it left behind, is running in {folder}.",
                "Wait until it has ended.",
            ) from error
        try:
            yield lock
        finally:
            for empty in (notes, folder):  # nothing came of it
                with contextlib.suppress(OSError):
                    empty.rmdir()


def _scores(folder: Path) -> dict[str, Score]:
    competition = read_competition(folder / FILE_NAME)
    paths = [str(folder / "runs" / f"{name}.csv") for name in RUNS]
    inputs = Inputs(truth=competition.truth, allow_missing=True)  # damage leaves occurrences out
    outcomes = score_files(paths, inputs, competition)
    scores = {}
    for name, outcome in zip(RUNS, outcomes, strict=True):
        score = None if outcome.evaluation is None else outcome.evaluation.score
        if not isinstance(score, Score):
            raise outcome.error or CannotCheckError(f"{outcome.run} has no score.", "See glckit validate.")
        scores[name] = score
    return scores
