"""Bringing covariates of different units to one scale, in floating point throughout."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.rasters.extraction import EnvironmentalVectors


@dataclass(frozen=True)
class Normalisation:
    """Mean and spread of each covariate over some places; the deviation of a constant covariate is 1."""

    names: tuple[str, ...]
    means: NDArray[np.float64]
    deviations: NDArray[np.float64]

    def apply(self, vectors: EnvironmentalVectors) -> NDArray[np.floating]:
        """Return the values with mean 0 and deviation 1 over the places that were fitted; NaN stays NaN.

        The type of the values is kept. Other rasters, or another order of them, are a `ValueError`.
        """
        if vectors.names != self.names:
            raise ValueError(f"fitted to the rasters {self.names}, not {vectors.names}")
        # The difference is taken in float64: float32 would lose the digits of large, narrow covariates.
        normal = (vectors.values.astype(np.float64) - self.means) / self.deviations
        return normal.astype(vectors.values.dtype)


def fit_normalisation(vectors: EnvironmentalVectors) -> Normalisation:
    """Measure mean and spread of each covariate, over the places that have a value.

    The vectors are usually those of the training occurrences. A `ValueError` is raised if no place has a
    value in some raster.

    Examples
    --------
    >>> off = np.zeros((3, 1), dtype=bool)
    >>> vectors = EnvironmentalVectors(("bio_1",), np.array([[95.0], [100.0], [105.0]]), off, off)
    >>> fit_normalisation(vectors).apply(vectors).round(3).ravel().tolist()
    [-1.225, 0.0, 1.225]
    """
    is_empty = np.isnan(vectors.values).all(axis=0)
    empty = list(compress(vectors.names, is_empty))
    if empty:
        raise ValueError(f"no place has a value in {', '.join(empty)}")
    means = np.asarray(np.nanmean(vectors.values, axis=0, dtype=np.float64))
    deviations = np.asarray(np.nanstd(vectors.values, axis=0, dtype=np.float64))
    return Normalisation(vectors.names, means, np.where(deviations > 0, deviations, 1.0))
