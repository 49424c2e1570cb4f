"""The best species of many places, in batches: by compiled code where that pays, on all cores."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from baselines.forest.model import ForestModel
from baselines.forest.prediction import best_pairs
from baselines.forest.trees import CompressedTree
from scoring.sparse import Pairs
from submissions.progress import Progress

if TYPE_CHECKING:
    from baselines.forest.growth.averaging import Leaves, Nodes

#: Places that are predicted at once.
BATCH = 512

# Seconds without compiled code that are worth a compilation, and what a pair of leaf and class takes.
_WORTH = 5
_SECONDS_A_PAIR = 7e-9
# Places that are predicted both ways before compiled code is trusted.
_N_PROVEN = 4


@dataclass(frozen=True)
class FastRanker:
    """The trees of a forest as compiled code takes them."""

    nodes: Nodes
    leaves: Leaves
    species: NDArray[np.int64]

    def best_pairs(self, values: NDArray[np.float32], *, max_rows: int) -> Pairs:
        """Return what `prediction.best_pairs` does."""
        from baselines.forest.growth.averaging import best_classes

        best = best_classes(self.nodes, self.leaves, values, len(self.species), max_rows)
        filled = np.arange(best.means.shape[1]) < best.n[:, np.newaxis]
        places, classes, means = np.nonzero(filled)[0], best.classes[filled], best.means[filled]
        order = np.lexsort((classes, -means, places))
        offsets = np.concatenate([[0], np.cumsum(best.n)])
        return Pairs(offsets, self.species[classes[order]], means[order])


def ranked(
    model: ForestModel, values: NDArray[np.float32], *, max_rows: int, progress: Progress
) -> Iterator[Pairs]:
    """Yield the best pairs of `BATCH` places after the other, as `prediction.best_pairs` has them."""
    batches = [values[first : first + BATCH] for first in range(0, len(values), BATCH)]
    ranker = _proven(model, values, max_rows, progress) if _seconds(model, len(values)) > _WORTH else None
    if ranker is None:
        yield from (best_pairs(model, batch, max_rows=max_rows) for batch in batches)
        return
    yield from _in_order(lambda batch: ranker.best_pairs(batch, max_rows=max_rows), batches)


def joined(parts: list[Pairs]) -> Pairs:
    """Return the lists of consecutive batches together."""
    lengths = np.concatenate([np.diff(each.offsets) for each in parts])
    return Pairs(
        np.concatenate([[0], np.cumsum(lengths)]),
        np.concatenate([each.species for each in parts]),
        np.concatenate([each.scores for each in parts]),
    )


def fast_ranker(model: ForestModel) -> FastRanker:
    """Return the trees of a forest as compiled code takes them."""
    from baselines.forest.growth.averaging import Leaves, Nodes

    leaves, classes = _grouped_leaves(model)
    before = {
        "groups": _starts(len(each.ends) for each in leaves),
        "pairs": _starts(len(each.classes) for each in leaves),
        "leaves": _starts(tree.n_leaves for tree in model.trees),
    }
    joined = Leaves(
        np.concatenate([[0], *(e.starts[1:] + n for e, n in zip(leaves, before["groups"], strict=True))]),
        np.concatenate([e.ends + n for e, n in zip(leaves, before["pairs"], strict=True)]),
        np.concatenate([each.shares for each in leaves]),
        classes,
    )
    right = [_right_or_leaf(tree, n) for tree, n in zip(model.trees, before["leaves"], strict=True)]
    nodes = Nodes(
        _starts(tree.n_nodes for tree in model.trees),
        np.concatenate([tree.left for tree in model.trees]),
        np.concatenate(right),
        np.concatenate([tree.features for tree in model.trees]),
        np.concatenate([tree.thresholds for tree in model.trees]),
    )
    return FastRanker(nodes, joined, model.species)


def _grouped_leaves(model: ForestModel) -> tuple[list[Leaves], NDArray[np.unsignedinteger]]:
    """Return the leaves of each tree, and the classes of all, which those of a tree are a view of."""
    from baselines.forest.growth.averaging import grouped_by_count

    ends = np.cumsum([len(tree.classes) for tree in model.trees])
    classes = np.empty(ends[-1], np.result_type(*{tree.classes.dtype for tree in model.trees}))
    leaves = []
    for tree, end in zip(model.trees, ends.tolist(), strict=True):
        own = classes[end - len(tree.classes) : end]
        grouped = grouped_by_count(tree.offsets, tree.classes, tree.counts)
        own[:] = grouped.classes
        leaves.append(grouped._replace(classes=own))
    return leaves, classes


def _starts(sizes: Iterator[int]) -> NDArray[np.int64]:
    found = np.array(list(sizes), dtype=np.int64)
    return np.cumsum(found) - found


def _right_or_leaf(tree: CompressedTree, n_before: int) -> NDArray[np.int32]:
    is_leaf = tree.left < 0
    return np.where(is_leaf, np.cumsum(is_leaf) - 1 + n_before, tree.right).astype(np.int32)


def _seconds(model: ForestModel, n: int) -> float:
    """Return what places that are as the training's take without compiled code."""
    n_pairs = sum(np.average(np.diff(tree.offsets), weights=tree.leaf_totals) for tree in model.trees)
    return float(n * n_pairs * _SECONDS_A_PAIR)


def _proven(
    model: ForestModel, values: NDArray[np.float32], max_rows: int, progress: Progress
) -> FastRanker | None:
    """Return the compiled code, if there is any, and if it says of some places what NumPy does."""
    try:
        import numba  # noqa: F401
    except ImportError:  # also of another NumPy than it takes
        return None
    some = values[:_N_PROVEN]
    with progress.bar("compiling and testing the prediction"):
        ranker = fast_ranker(model)
        mine, theirs = ranker.best_pairs(some, max_rows=max_rows), best_pairs(model, some, max_rows=max_rows)
    if all(
        getattr(mine, name).tobytes() == getattr(theirs, name).tobytes()
        for name in ("offsets", "species", "scores")
    ):
        return ranker
    progress.say("NumPy predicts, as compiled code says something else here.")
    return None


def _in_order(
    function: Callable[[NDArray[np.float32]], Pairs], batches: list[NDArray[np.float32]]
) -> Iterator[Pairs]:
    """Yield results in the order of the batches, few of which wait."""
    n_threads = os.cpu_count() or 1
    with ThreadPoolExecutor(n_threads) as pool:
        waiting: deque[Future[Pairs]] = deque()
        for batch in batches:
            waiting.append(pool.submit(function, batch))
            if len(waiting) > 2 * n_threads:
                yield waiting.popleft().result()
        yield from (each.result() for each in waiting)
