"""What the compiled functions hand to each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

#: To 64 bits with a sign: numba makes floats where signed and unsigned numbers meet.
whole = cast(Callable[[Any], int], np.int64)


class Covariates(NamedTuple):
    """Covariates as ranks among their distinct values, a row for each.

    Those of at most 65,536 values are in `narrow`, the others in `wide`; `rows` has the row, or ~row of
    `wide`. The values of covariate i are ``levels[starts[i] : starts[i + 1]]``, ascending.
    """

    narrow: NDArray[np.uint16]
    wide: NDArray[np.uint32]
    rows: NDArray[np.int64]
    levels: NDArray[np.float32]
    starts: NDArray[np.int64]


class Drawn(NamedTuple):
    """The samples that a tree is grown on, ascending, each with its load: class and weight in one number.

    `labels` are the classes of all samples, also of those that are not drawn.
    """

    samples: NDArray[np.int32]
    loads: NDArray[np.uint32]
    labels: NDArray[np.int32]
    weight_bits: int
    n_classes: int
    weight: int


class Limits(NamedTuple):
    """Where growing stops, as scikit-learn's builder and splitter take it."""

    max_features: int
    max_depth: int
    min_samples_split: int
    min_samples_leaf: int
    min_weight_leaf: float
    min_impurity_decrease: float
    feature_threshold: np.float32


class Room(NamedTuple):
    """What is written to while a tree grows.

    `samples` and `loads` are in the order of the nodes. Of the node that is being split, `codes` are those of
    a covariate, `best_codes` those of the best one so far, and `loads_by_code` are its loads, in groups of
    equal codes. `counts` has its classes, left and right of a threshold, and `numbers` what these are in the
    node. `state` is that of the generator, and the number of nodes that were split so far.
    """

    samples: NDArray[np.int32]
    loads: NDArray[np.uint32]
    spare_samples: NDArray[np.int32]
    spare_loads: NDArray[np.uint32]
    codes: NDArray[np.uint32]
    best_codes: NDArray[np.uint32]
    loads_by_code: NDArray[np.uint32]
    group_codes: NDArray[np.uint32]
    group_ends: NDArray[np.int32]
    items: NDArray[np.int64]
    spare_items: NDArray[np.int64]
    tally: NDArray[np.int32]
    counts: NDArray[np.int32]
    features: NDArray[np.int64]
    constants: NDArray[np.int64]
    numbers: NDArray[np.int64]
    state: NDArray[np.int64]


class Node(NamedTuple):
    """The samples of a node, their weight, and the sum of the squares of its class counts."""

    start: int
    end: int
    weight: int
    squares: int


class NodeSplit(NamedTuple):
    """A way to split a node; none where `n_left`, its samples up to `code`, is 0."""

    proxy: float
    feature: int
    code: int
    threshold: float
    n_left: int
    weight_left: int
    squares_left: int
    squares_right: int


class Grown(NamedTuple):
    """The arrays of a tree, by the names of `CompressedTree`, and its samples in the order of the leaves."""

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    features: NDArray[np.int32]
    thresholds: NDArray[np.float64]
    impurities: NDArray[np.float64]
    n_distinct: NDArray[np.int64]
    n_drawn: NDArray[np.int64]
    offsets: NDArray[np.int64]
    classes: NDArray[np.uint32]
    counts: NDArray[np.uint32]
    samples: NDArray[np.int32]
