"""Growing a forest by the compiled code, once it has proven itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.metadata import version

import numpy as np

from baselines.forest.growing import StockGrower
from baselines.forest.growth.canaries import difference_of_tree, fault_of_canaries
from baselines.forest.growth.codes import CodedTable, code_table
from baselines.forest.growth.draws import ForestDraws, draws_of_forest
from baselines.forest.growth.tree import fast_tree, samples_by_leaves
from baselines.forest.options import ForestOptions
from baselines.forest.trees import CompressedTree
from scoring.version import VERSION
from submissions.errors import CannotCheckError

# Occurrences of the sample on which the first tree is grown both ways, in under a second.
_SAMPLE = 2000
# Samples that do not fit into a processor's nearest cache. In the order of a tree's leaves, samples of a node
# of another tree are near each other too, since covariates go together: it saves a sixth of the time.
_FAR_APART = 30_000
# Any tree gives such an order, also one that looks at few covariates and so takes half the time to grow.
_TRIED_FOR_ORDER = 2


@dataclass(frozen=True)
class FastGrower:
    """The compiled grower of a forest."""

    table: CodedTable
    options: ForestOptions
    draws: ForestDraws

    @property
    def name(self) -> str:
        """Name and versions."""
        return f"glckit {VERSION} with numba {version('numba')}, as scikit-learn {version('scikit-learn')}"

    def grow(self, number: int) -> CompressedTree:
        """Grow tree `number`, from 0; CannotCheckError on a worker where trees differ from scikit-learn's."""
        fault = fault_of_canaries()
        if fault is not None:
            raise CannotCheckError(
                f"On a worker, the fast grower's trees differ from scikit-learn's, in {fault}.",
                "Grow the forest with --grower scikit-learn.",
            )
        return fast_tree(self.table, self.options, self.draws, number=number)


def fast_grower(stock: StockGrower) -> FastGrower:
    """Return what grows the same trees as `stock`; the covariates are coded for it."""
    draws = draws_of_forest(stock.options, len(stock.labels), seed=stock.seed)
    table = code_table(stock.values, stock.labels)
    if len(table) > _FAR_APART:
        table = table.sorted(samples_by_leaves(table, replace(stock.options, max_features=_TRIED_FOR_ORDER)))
    return FastGrower(table, stock.options, draws)


def fault_of_sample(stock: StockGrower) -> str | None:
    """Return in what the first tree on a sample of the occurrences differs; None if in nothing."""
    rows = np.unique(np.linspace(0, len(stock.labels) - 1, _SAMPLE).astype(np.int64))
    labels = np.unique(stock.labels[rows], return_inverse=True)[1]
    options = replace(stock.options, n_estimators=1)
    if isinstance(options.max_samples, int):
        options = replace(options, max_samples=None)
    found = difference_of_tree(stock.values[rows], labels, options, seed=stock.seed, number=0)
    return None if found is None else f"array {found} of the first tree on {len(rows)} occurrences"
