"""What may be chosen of a forest: its hyper-parameters, with names, defaults and bounds, and its use."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from submissions.errors import UsageError
from submissions.limits import MAX_ROWS
from submissions.printable import printable
from submissions.toml import read_toml

Setting = int | float | str | bool | None
#: Occurrences outside the rasters or on nodata get the class frequencies of their region, or are left out.
Outside = Literal["prior", "omit"]
#: Who grows the trees: scikit-learn, compiled code that grows the same, or whoever will be done first.
Grower = Literal["auto", "fast", "scikit-learn"]

# scikit-learn draws 32-bit seeds, and counts in C.
_SEEDS = 2**32
_LARGEST = 2**31 - 1


@dataclass(frozen=True)
class ForestOptions:
    """The hyper-parameters of scikit-learn's `RandomForestClassifier`, with the paper's values.

    A UsageError reports all values together that scikit-learn does not take. `class_weight` is not among
    them: a leaf is stored as whole counts, and weights are not whole.

    Parameters
    ----------
    n_estimators : int, default 100
        Trees.
    max_depth : int or None, default 10
        Splits from the root to a leaf at most; None for no limit.
    min_samples_split, min_samples_leaf : int or float
        Occurrences that a node needs to be split, and that a leaf needs; a float is a share.
    min_weight_fraction_leaf : float
        Share of the weight that a leaf needs.
    max_features : int, float, "sqrt", "log2" or None
        Covariates that are looked at for a split; a float is a share, None stands for all.
    min_impurity_decrease : float
        What a split must gain.
    bootstrap : bool, default True
        Whether each tree is grown on a draw of the occurrences with replacement.
    max_samples : int, float or None
        Occurrences of that draw; a float is a share, None stands for as many as there are.
    ccp_alpha : float
        Strength of pruning.

    Examples
    --------
    >>> ForestOptions(max_depth=12).parameters["max_depth"]
    12
    """

    n_estimators: int = 100
    criterion: str = "gini"
    max_depth: int | None = 10
    min_samples_split: int | float = 2
    min_samples_leaf: int | float = 1
    min_weight_fraction_leaf: float = 0.0
    max_features: int | float | str | None = "sqrt"
    max_leaf_nodes: int | None = None
    min_impurity_decrease: float = 0.0
    bootstrap: bool = True
    max_samples: int | float | None = None
    ccp_alpha: float = 0.0

    def __post_init__(self) -> None:
        wrong = [
            f"{name} must be {words}, not {'none' if value is None else repr(value)}"
            for name, value in asdict(self).items()
            for words, *fits in [_RULES[name]]
            if not any(test(value) for test in fits)
        ]
        if self.max_samples is not None and not self.bootstrap:
            wrong.append("max_samples needs bootstrap")
        if wrong:
            raise UsageError(f"The forest cannot be grown: {'; '.join(wrong)}.")

    @property
    def parameters(self) -> dict[str, Setting]:
        """The options by name, as `RandomForestClassifier` takes them."""
        return asdict(self)


@dataclass(frozen=True)
class Workers:
    """How many trees are grown at a time, and where.

    Parameters
    ----------
    n_jobs : int, default 2
        Trees at a time. By scikit-learn, each takes nodes x classes x 8 bytes while it grows: 0.5 GB at the
        real size; by the fast grower, 0.1 GB.
    backend : str, optional
        A joblib backend, such as ``"loky"``, ``"dask"`` or ``"ray"``; by default threads, or what a
        ``joblib.parallel_config`` around the call says.
    """

    n_jobs: int = 2
    backend: str | None = None

    def __post_init__(self) -> None:
        if self.n_jobs < 1:
            raise UsageError(f"The number of jobs must be positive, not {self.n_jobs}.")


@dataclass(frozen=True)
class ForestTraining:
    """How to train a forest.

    Parameters
    ----------
    seed : int, default 0
        `random_state` of the forest; UsageError if scikit-learn would not take it.
    k : int, default 30
        Species per occurrence of the validation metrics.
    prove : int, default 0
        Trees that are grown both ways and compared before the fast grower is trusted with the forest.
    """

    options: ForestOptions = field(default_factory=ForestOptions)
    seed: int = 0
    workers: Workers = field(default_factory=Workers)
    k: int = 30
    grower: Grower = "auto"
    prove: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.seed < _SEEDS:
            raise UsageError(f"The seed must be from 0 to {_SEEDS - 1}, not {self.seed}.")
        if self.grower not in get_args(Grower):
            raise UsageError(f"The grower must be auto, fast or scikit-learn, not {printable(self.grower)}.")
        if self.prove < 0:
            raise UsageError(f"The number of trees to prove must be at least 0, not {self.prove}.")
        if self.prove and self.grower == "scikit-learn":
            raise UsageError("scikit-learn's trees need no proof.", "Leave out --prove, or --grower.")


@dataclass(frozen=True)
class ForestPrediction:
    """How to predict with a forest.

    Parameters
    ----------
    max_rows : int, default 150
        Species per occurrence.
    command : str
        What to note as the command.
    force : bool, default False
        Whether a run that is not ours may be replaced.
    """

    max_rows: int = MAX_ROWS
    outside: Outside = "prior"
    command: str = ""
    force: bool = False

    def __post_init__(self) -> None:
        if self.max_rows < 1:
            raise UsageError(f"The number of species per occurrence must be positive, not {self.max_rows}.")
        if self.outside not in get_args(Outside):
            raise UsageError(f"outside must be prior or omit, not {self.outside}.")


def read_settings(path: str | os.PathLike[str] | None, given: Mapping[str, Setting]) -> dict[str, Any]:
    """Return the fields of `ForestOptions` that a TOML file or flags say; flags win.

    ``"none"`` stands for None, which TOML lacks; flags are text or values.

    Raises
    ------
    CannotCheckError
        If the file cannot be read.
    UsageError
        If it is no TOML, or has an unknown name.

    Examples
    --------
    >>> read_settings(None, {"max_features": "none", "max_samples": "0.5"})
    {'max_features': None, 'max_samples': 0.5}
    """
    said = {} if path is None else _read_toml(Path(path))
    return {name: _meant(value) for name, value in (said | dict(given)).items()}


def _read_toml(path: Path) -> dict[str, Any]:
    content = read_toml(path)
    known = [each.name for each in fields(ForestOptions)]
    unknown = sorted(set(content) - set(known))
    if unknown:
        raise UsageError(
            f"{printable(path)} has options that the forest does not know: {printable(', '.join(unknown))}.",
            f"It knows {', '.join(known)}.",
        )
    return content


def _meant(value: Any) -> Any:
    """Return what a text stands for: a number, None, or itself."""
    if not isinstance(value, str):
        return value
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(value)
    return None if value.lower() == "none" else value


def _one_of(*values: object) -> Callable[[Any], bool]:
    return lambda value: value in values


def _whole_from(least: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and least <= value <= _LARGEST


def _number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: type(value) in (int, float) and low <= value <= high


def _share(value: Any) -> bool:
    return type(value) is float and 0 < value <= 1


_NONE = _one_of(None)
_FINITE = 1e300

# What each option must be, in words, and the tests of which one is to pass.
_RULES: dict[str, tuple[str, *tuple[Callable[[Any], bool], ...]]] = {
    "n_estimators": ("a whole number from 1", _whole_from(1)),
    "criterion": ("gini, entropy or log_loss", _one_of("gini", "entropy", "log_loss")),
    "max_depth": ("a whole number from 1, or none", _NONE, _whole_from(1)),
    "min_samples_split": ("a whole number from 2, or a share above 0.0", _share, _whole_from(2)),
    "min_samples_leaf": (
        "a whole number from 1, or a share above 0.0 and below 1.0",
        lambda value: _share(value) and value < 1,
        _whole_from(1),
    ),
    "min_weight_fraction_leaf": ("a share from 0 to 0.5", _number(0, 0.5)),
    "max_features": (
        "sqrt, log2, a whole number from 1, a share above 0.0, or none",
        _one_of("sqrt", "log2", None),
        _share,
        _whole_from(1),
    ),
    "max_leaf_nodes": ("a whole number from 2, or none", _NONE, _whole_from(2)),
    "min_impurity_decrease": ("a number from 0", _number(0, _FINITE)),
    "bootstrap": ("true or false", lambda value: isinstance(value, bool)),
    "max_samples": ("a whole number from 1, a share above 0.0, or none", _NONE, _share, _whole_from(1)),
    "ccp_alpha": ("a number from 0", _number(0, _FINITE)),
}
