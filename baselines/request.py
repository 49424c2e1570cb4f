"""What a baseline is asked for, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, get_args

from submissions.errors import GlckitError, UsageError
from submissions.printable import printable
from submissions.progress import Progress

if TYPE_CHECKING:  # the command line takes words from here, without NumPy
    import numpy as np
    from numpy.typing import NDArray

    from submissions.competition.settings import Competition

#: What to do about damaged patches, the most careful first: stop, leave them out, or use what is readable.
OnDamaged = Literal["refuse", "drop", "ignore"]

_Trained = TypeVar("_Trained")
_Run = TypeVar("_Run")


@dataclass(frozen=True)
class BaselineRequest:
    """What a baseline is asked for: with neither `train` nor `predict`, whatever of both is needed.

    Parameters
    ----------
    model, run : Path
        Where they belong.
    describe : bool
        Whether only the model is to be described; UsageError beside `train` or `predict`.
    flags : mapping
        What was said, and not left to a default, by the names of flags, such as ``{"max_depth": 2}``: a
        model that is not trained anew must agree.
    """

    competition: Competition
    model: Path
    run: Path
    train: bool = False
    predict: bool = False
    describe: bool = False
    flags: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.describe and (self.train or self.predict):
            raise UsageError("--describe does not go with --train or --predict.", "Give one of them.")

    @property
    def has_model(self) -> bool:
        """Whether there is a model already."""
        raise NotImplementedError

    @property
    def trains(self) -> bool:
        """Whether a model is to be trained: where that is said, or nothing is and there is none."""
        return self.train or not (self.predict or self.has_model)

    @property
    def predicts(self) -> bool:
        """Whether a run is to be written."""
        return self.predict or not self.train

    def choices_of_model(self) -> Mapping[str, Any]:
        """Return what the model that is there was trained with, by the names of flags."""
        raise NotImplementedError

    def refuse_other_model(self) -> None:
        """Raise a UsageError if `flags` ask for another training than that of the model to be used."""
        if self.trains or not self.flags:
            return
        differing = [
            f"--{name.replace('_', '-')} {_written(value)}, not {_written(self.flags[name])}"
            for name, value in self.choices_of_model().items()
            if name in self.flags and not _are_equal(value, self.flags[name])
        ]
        if differing:
            raise UsageError(
                f"The model {printable(self.model)} was trained with other options: {'; '.join(differing)}.",
                "Leave these flags out to use it, train anew with --train, or name another with --model.",
            )

    def warn_of_other_files(self, trained_on: str | None, progress: Progress) -> None:
        """Say so if the training files are gone, or are others than the model says that it was trained on."""
        from baselines.provenance import digest_of_files

        if trained_on is None:
            return
        named = printable(self.model)
        try:
            there = digest_of_files(self.competition.occurrence_files("train"))
        except (GlckitError, OSError):  # to predict, none need be there
            progress.say(
                f"Warning: the training files that {named} was trained on are not there to be compared."
            )
            return
        if trained_on != there:
            progress.say(
                f"Warning: {named} was trained on other training files than these; --train trains anew."
            )

    def refuse_unknown_species(self, species: NDArray[np.int64], *, what: str) -> None:
        """Raise a UsageError if some species are not in the species table, if there is one."""
        from submissions.tables import read_species

        if self.competition.species is None:
            return
        named = set(species.tolist())
        unknown = named.difference(read_species(self.competition.species).tolist())
        if unknown:
            raise UsageError(
                f"{len(unknown)} of {len(named)} species of {what} are not in the species table, "
                f"such as {min(unknown)}.",
                "Model, occurrences and species table must be of one edition.",
            )


@dataclass(frozen=True)
class PatchRequest(BaselineRequest):
    """What a baseline that reads patches is asked for.

    Parameters
    ----------
    exclude : Path, optional
        List of occurrences that it leaves out.
    """

    on_damaged: OnDamaged = "refuse"
    exclude: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.on_damaged not in get_args(OnDamaged):
            raise UsageError(f"on damaged must be refuse, drop or ignore, not {self.on_damaged}.")


@dataclass(frozen=True)
class BaselineOutcome(Generic[_Trained, _Run]):
    """What came of a request: the model that was trained and the run that was written, if any."""

    trained: _Trained | None = None
    run: _Run | None = None


def _are_equal(made: Any, asked: Any) -> bool:
    if isinstance(asked, Path):  # a model keeps the name of a file alone
        return bool(made == asked.name)
    if isinstance(made, list | tuple) and isinstance(asked, list | tuple):
        return list(made) == list(asked)
    # To scikit-learn 1 is one, and 1.0 is all.
    return bool(made == asked) and (made != 1 or type(made) is type(asked))


def _written(value: Any) -> str:
    if isinstance(value, list | tuple):
        return printable(",".join(map(str, value))) or "none"
    return str(value).lower() if value is None or isinstance(value, bool) else printable(value)
