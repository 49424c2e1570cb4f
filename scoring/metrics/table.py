"""All metrics, by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from scoring.metrics.adaptive_top_k import ADAPTIVE_TOP_K
from scoring.metrics.f1_micro import F1_MICRO
from scoring.metrics.f1_samples import F1_SAMPLES
from scoring.metrics.metric import Metric
from scoring.metrics.mrr import MRR
from scoring.metrics.top_k import TOP_K, TOP_K_ERROR

#: By name. A new metric is one file and its name here.
METRICS = {metric.name: metric for metric in (ADAPTIVE_TOP_K, TOP_K, TOP_K_ERROR, MRR, F1_SAMPLES, F1_MICRO)}

#: Those of 2020, which every run is scored by unless others are asked for.
DEFAULT_METRICS = (ADAPTIVE_TOP_K, TOP_K)


def metrics_named(names: Iterable[str]) -> tuple[Metric, ...]:
    """Return the metrics of some names, each once; a ValueError names all that there are not.

    Examples
    --------
    >>> [metric.name for metric in metrics_named(["mrr", "top-k", "mrr"])]
    ['mrr', 'top-k']
    >>> metrics_named(["f1", "mmr"])
    Traceback (most recent call last):
    ...
    ValueError: no metric is named f1 (f1-micro?) or mmr (mrr?): there are adaptive-top-k, top-k, \
top-k-error, mrr, f1-samples, f1-micro
    """
    wanted = tuple(dict.fromkeys(names))
    unknown = [name for name in wanted if name not in METRICS]
    if unknown:
        known = f"there are {', '.join(METRICS)}"
        raise ValueError(f"no metric is named {' or '.join(map(_guessed, unknown))}: {known}")
    return tuple(METRICS[name] for name in wanted)


def _guessed(name: str) -> str:
    near = difflib.get_close_matches(name, METRICS, 1, 0.4)
    return f"{name} ({near[0]}?)" if near else name or "''"
