"""The result of scoring a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scoring.byvalue import ByValue
from scoring.metrics.adaptive_top_k import ADAPTIVE_TOP_K
from scoring.metrics.metric import Metric
from scoring.metrics.table import DEFAULT_METRICS
from scoring.metrics.top_k import TOP_K
from scoring.outcomes import PerOccurrence, SetOutcomes
from scoring.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

#: How ties of top-K are broken, first to last.
TIE_RULE = "score,rank,order"


@dataclass(frozen=True, repr=False, eq=False)
class Scored(ByValue):
    """The scores of one run by some metrics, in all and for each occurrence.

    Parameters
    ----------
    k : int
        Species per occurrence: on average (adaptive) or at most (top-K).
    threshold : float
        The threshold t of the adaptive metric, -inf if every pair lies above it.
    per_occurrence : PerOccurrence or SetOutcomes
        What happened to each occurrence.
    n_dropped : int
        Pairs left out before because their occurrences are in the test files but not in the truth.
    truth_digest : str
        Digest of the truth, for the signature.
    metrics : tuple of Metric
        The metrics that were asked for; the first one ranks.
    """

    k: int
    threshold: float
    per_occurrence: PerOccurrence | SetOutcomes
    n_dropped: int = 0
    truth_digest: str = "-"
    metrics: tuple[Metric, ...] = DEFAULT_METRICS

    def __repr__(self) -> str:
        scores = {name.replace("-", "_"): score for name, score in self.scores.items()}
        shown = {**scores, "k": self.k, "n_occurrences": self.n_occurrences}
        return f"{type(self).__name__}({', '.join(f'{name}={value}' for name, value in shown.items())})"

    @property
    def n_occurrences(self) -> int:
        """Number of occurrences in the truth."""
        return len(self.per_occurrence)

    @property
    def n_pairs(self) -> int:
        """Number of pairs that were scored."""
        return int(self.per_occurrence.n_predicted.sum())

    @property
    def scores(self) -> dict[str, float]:
        """The score of each metric."""
        return {metric.name: self.by(metric) for metric in self.metrics}

    @property
    def signatures(self) -> dict[str, str]:
        """The signature of each metric: two of its scores are comparable if these are equal."""
        return {metric.name: self._signature(metric.name, metric) for metric in self.metrics}

    def by(self, metric: Metric) -> float:
        """Return the score of any metric that the outcomes allow."""
        return metric.score(self.per_occurrence, self.k, self.threshold)

    def bounds_by(self, metric: Metric) -> tuple[float, float] | None:
        """Return what a metric could be if equal scores stood otherwise; None if that changes nothing."""
        return metric.bounds and metric.bounds(self.per_occurrence, self.k, self.threshold)

    @property
    def signature(self) -> str:
        """That of the metric that ranks; two scores are comparable if these are equal."""
        return self._signature(self.metrics[0].name, self.metrics[0])

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame with a row for each occurrence of the truth.

        The terms of a metric are a column of its name where it is a mean over the occurrences, otherwise
        one of numerators and one of denominators.
        """
        import pandas as pd

        of = self.per_occurrence
        sets = {"n_true": of.n_true, "n_predicted": of.n_predicted, "n_hit": of.n_hit}
        return pd.DataFrame({"occurrence_id": self._ids, **sets, **self._terms_of(self.metrics)})

    @property
    def _ids(self) -> NDArray[np.integer]:
        ids = self.per_occurrence.ids
        return np.arange(self.n_occurrences) if ids is None else ids

    def _terms_of(self, metrics: Iterable[Metric]) -> dict[str, NDArray[Any]]:
        columns: dict[str, NDArray[Any]] = {}
        for metric in metrics:
            terms = metric.terms(self.per_occurrence, self.k, self.threshold)
            name = metric.name.replace("-", "_")
            parts = {f"{name}_numerator": terms.numerators, f"{name}_denominator": terms.denominators}
            columns |= {name: terms.numerators} if metric.is_mean else parts
        return columns

    def _signature(self, name: str, *metrics: Metric) -> str:
        has = {need: any(metric.needs == need for metric in metrics) for need in ("scores", "order")}
        parts: dict[str, object] = {"metric": name}
        parts |= {"k": self.k} if any(metric.has_k for metric in metrics) else {}
        parts |= {"n": self.n_occurrences}
        parts |= {"ties": TIE_RULE} if has["order"] else {}
        parts |= {"compare": "strict"} if has["scores"] else {}
        parts |= {"missing": "wrong", "dropped": self.n_dropped, "truth": self.truth_digest}
        return "|".join(f"{key}:{value}" for key, value in (parts | {"version": VERSION}).items())


@dataclass(frozen=True, repr=False, eq=False)
class Score(Scored):
    """The scores of one run where each occurrence has one true species; see `Scored`."""

    per_occurrence: PerOccurrence

    @property
    def adaptive_hits(self) -> NDArray[np.bool_]:
        """Whether the true species lies above the threshold, for each occurrence."""
        return self._terms(ADAPTIVE_TOP_K)

    @property
    def top_k_hits(self) -> NDArray[np.bool_]:
        """Whether the true species is among the K best of its occurrence, for each occurrence."""
        return self._terms(TOP_K)

    @property
    def adaptive_top_k(self) -> float:
        """Share of occurrences whose true species lies above the threshold."""
        return self.by(ADAPTIVE_TOP_K)

    @property
    def top_k(self) -> float:
        """Share of occurrences whose true species is among their K best."""
        return self.by(TOP_K)

    @property
    def mean_set_size(self) -> float:
        """Pairs above the threshold per occurrence, on average."""
        return self._n_above / self.n_occurrences

    @property
    def unused_budget(self) -> int:
        """Places left: floor(K N) minus the pairs above the threshold."""
        return self.k * self.n_occurrences - self._n_above

    @property
    def adaptive_top_k_bounds(self) -> tuple[float, float]:
        """What the adaptive metric could be if the block tied at the threshold were split.

        From none of the true pairs of the block to as many as there are unused places.
        """
        return self._bounds(ADAPTIVE_TOP_K)

    @property
    def top_k_bounds(self) -> tuple[float, float]:
        """What top-K could be: true species placed last, and first, among equal scores."""
        return self._bounds(TOP_K)

    @property
    def signature(self) -> str:
        """All that both metrics of 2020 depend on; if others were asked for, what the first depends on."""
        if set(self.metrics) != set(DEFAULT_METRICS):
            return super().signature
        return self._signature(f"{ADAPTIVE_TOP_K.name}+{TOP_K.name}", ADAPTIVE_TOP_K, TOP_K)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame with a row for each occurrence of the truth.

        Metrics that are not those of 2020 add their terms; see `Scored.to_frame`.
        """
        import pandas as pd

        of = self.per_occurrence
        others = [metric for metric in self.metrics if metric not in DEFAULT_METRICS]
        return pd.DataFrame(
            {
                "occurrence_id": self._ids,
                "species_id": of.labels,
                "predicted": of.predicted,
                "true_score": np.where(of.predicted, of.true_scores, np.nan),
                "n_above": np.where(of.predicted, of.n_above, -1),
                "set_size": of.set_sizes,
                "adaptive_hit": self.adaptive_hits,
                "top_k_hit": self.top_k_hits,
                **self._terms_of(others),
            }
        )

    @property
    def _n_above(self) -> int:
        return int(self.per_occurrence.set_sizes.sum())

    def _terms(self, metric: Metric) -> NDArray[np.bool_]:
        return metric.terms(self.per_occurrence, self.k, self.threshold).numerators

    def _bounds(self, metric: Metric) -> tuple[float, float]:
        bounds = self.bounds_by(metric)
        assert bounds is not None
        return bounds
