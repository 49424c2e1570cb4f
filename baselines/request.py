"""What a baseline is asked for, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Literal, TypeVar, get_args

from submissions.errors import UsageError

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
    """

    competition: Competition
    model: Path
    run: Path
    train: bool = False
    predict: bool = False
    describe: bool = False

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
