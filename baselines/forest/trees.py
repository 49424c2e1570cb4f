"""One tree of the forest, its leaves as sparse counts instead of dense vectors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from submissions.errors import CannotCheckError

# What scikit-learn and we write where a node has no child.
_NO_CHILD = -1


@dataclass(frozen=True)
class CompressedTree:
    """A grown tree: scikit-learn's nodes in their order, and the classes that each leaf has.

    Parameters
    ----------
    left, right : ndarray of int32 of shape (n_nodes,)
        Children; -1 for a leaf.
    features : ndarray of int32 of shape (n_nodes,)
        Column that is compared; negative for a leaf.
    thresholds : ndarray of float64 of shape (n_nodes,)
        A value goes left where it is at most this.
    impurities : ndarray of float64 of shape (n_nodes,)
        The criterion at each node.
    n_distinct, n_drawn : ndarray of int64 of shape (n_nodes,)
        Occurrences at each node: each once, and as often as the bootstrap drew it.
    importances : ndarray of float64 of shape (n_features,)
        Share of each column in what the tree gained.
    offsets : ndarray of int64 of shape (n_leaves + 1,)
        Where the classes of each leaf, in the order of the nodes, start and end.
    classes : ndarray of uint16 or uint32 of shape (n_pairs,)
        Classes that a leaf has, ascending.
    counts : ndarray of uint16 or uint32 of shape (n_pairs,)
        How often it has each; never 0.

    Notes
    -----
    A leaf's probability of a class is count / sum of the counts, which is how scikit-learn makes its
    dense vectors, so they come back to the last bit. Counts of an inner node are the sums of its leaves'.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    features: NDArray[np.int32]
    thresholds: NDArray[np.float64]
    impurities: NDArray[np.float64]
    n_distinct: NDArray[np.int64]
    n_drawn: NDArray[np.int64]
    importances: NDArray[np.float64]
    offsets: NDArray[np.int64]
    classes: NDArray[np.unsignedinteger]
    counts: NDArray[np.unsignedinteger]

    @property
    def n_nodes(self) -> int:
        """Number of nodes, leaves included."""
        return len(self.left)

    @property
    def n_leaves(self) -> int:
        """Number of leaves."""
        return len(self.offsets) - 1

    @property
    def n_pairs(self) -> int:
        """Number of pairs of leaf and class."""
        return len(self.classes)

    @property
    def leaf_totals(self) -> NDArray[np.float64]:
        """Sum of the counts of each leaf, of shape (n_leaves,)."""
        return np.asarray(self.n_drawn[self.left == _NO_CHILD], dtype=np.float64)

    def difference(self, other: CompressedTree) -> str | None:
        """Return the name of an array in which another tree differs, by a bit or more."""
        for name, mine in vars(self).items():
            theirs = getattr(other, name)
            if (mine.dtype, mine.shape) != (theirs.dtype, theirs.shape) or mine.tobytes() != theirs.tobytes():
                return name
        return None

    def leaves_of(self, values: NDArray[np.float32]) -> NDArray[np.intp]:
        """Return the leaf, from 0 to `n_leaves` - 1, in which each row of shape (n, n_features) ends."""
        nodes = np.zeros(len(values), dtype=np.intp)
        rows = np.arange(len(values))
        while len(rows := rows[self.left[nodes[rows]] != _NO_CHILD]):
            at = nodes[rows]
            goes_left = values[rows, self.features[at]] <= self.thresholds[at]
            nodes[rows] = np.where(goes_left, self.left[at], self.right[at])
        leaf_of_node = np.cumsum(self.left == _NO_CHILD) - 1
        return np.asarray(leaf_of_node[nodes])


def compress_tree(fitted: Any, classes: NDArray[np.integer]) -> CompressedTree:
    """Take over a tree that scikit-learn has grown without weights of its own.

    Its dense vectors are read row by row and not kept. `classes` says what class each of its columns stands
    for, ascending. CannotCheckError if this version of scikit-learn stores leaves in another way.
    """
    grown = fitted.tree_
    drawn = np.rint(grown.weighted_n_node_samples).astype(np.int64)
    leaves = np.flatnonzero(grown.children_left == _NO_CHILD)
    columns, counts = zip(*_sparse_leaves(grown.value, leaves, drawn), strict=True)
    return CompressedTree(
        grown.children_left.astype(np.int32),
        grown.children_right.astype(np.int32),
        grown.feature.astype(np.int32),
        grown.threshold.astype(np.float64),
        grown.impurity.astype(np.float64),
        grown.n_node_samples.astype(np.int64),
        drawn,
        np.asarray(fitted.feature_importances_, dtype=np.float64),
        np.concatenate([[0], np.cumsum([len(each) for each in columns])]).astype(np.int64),
        narrowest(classes[np.concatenate(columns)]),
        narrowest(np.concatenate(counts)),
    )


def _sparse_leaves(
    values: NDArray[np.float64], leaves: NDArray[np.intp], drawn: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.int64]]]:
    for leaf in leaves:
        shares = values[leaf, 0]
        columns = np.flatnonzero(shares)
        counts = np.rint(shares[columns] * drawn[leaf]).astype(np.int64)
        if counts.sum() != drawn[leaf] or (counts / drawn[leaf] != shares[columns]).any():
            raise CannotCheckError(
                "This scikit-learn keeps no class shares in its leaves, so they cannot be made sparse.",
                "Install scikit-learn 1.5 or later, and report the version if it is.",
            )
        yield columns, counts


def narrowest(values: NDArray[np.integer]) -> NDArray[np.unsignedinteger]:
    """Return whole numbers from 0 as 16 bits, or 32 where one needs them."""
    # 16 bits hold all 31,435 species and nearly every count; a leaf of 65,536 draws of one species
    # needs more, and then only its tree is wider.
    fits = values.max(initial=0) <= np.iinfo(np.uint16).max
    return values.astype(np.uint16 if fits else np.uint32)
