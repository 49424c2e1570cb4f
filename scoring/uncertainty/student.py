"""Student's t distribution, as much of it as an interval needs."""

from __future__ import annotations

import math
from functools import lru_cache

# Where the continued fraction counts as converged, and terms after which it always has.
_PRECISION = 1e-16
_MAX_TERMS = 10_000


@lru_cache
def t_quantile(probability: float, degrees: float) -> float:
    """Return the quantile of Student's t, for a probability in (0, 1) and any positive degrees of freedom.

    Raises
    ------
    ValueError
        If the probability is outside (0, 1) or the degrees are not positive.

    Examples
    --------
    >>> round(t_quantile(0.975, 9), 6), round(t_quantile(0.975, 336.2), 6)
    (2.262157, 1.967045)
    """
    if not 0 < probability < 1 or not degrees > 0:
        raise ValueError(f"no quantile of t at {probability} with {degrees} degrees of freedom")
    if probability < 0.5:
        return -t_quantile(1 - probability, degrees)
    low, high = 0.0, 1.0
    while _upper_tail(high, degrees) > 1 - probability:
        low, high = high, 2 * high
    while low < (middle := (low + high) / 2) < high:
        above = _upper_tail(middle, degrees) > 1 - probability
        low, high = (middle, high) if above else (low, middle)
    return high


def _upper_tail(t: float, degrees: float) -> float:
    """Return P(T > t) for a t that is not negative."""
    return _beta_share(degrees / 2, 0.5, degrees / (degrees + t * t)) / 2


def _beta_share(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # there the fraction converges slowly
        return 1 - _beta_share(b, a, 1 - x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) / a / _fraction(a, b, x)


def _fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction of the incomplete beta function, by Lentz's method (DLMF 8.17.22)."""
    value = c = 1.0
    d = 0.0
    for m in range(1, _MAX_TERMS):
        half = m // 2
        term = (
            half * (b - half) * x / ((a + m - 1) * (a + m))
            if m % 2 == 0
            else -(a + half) * (a + b + half) * x / ((a + m - 1) * (a + m))
        )
        d = 1 / (1 + term * d)
        c = 1 + term / c
        value *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return value
