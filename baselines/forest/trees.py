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

# What the arrays of a tree are, and which of them have a value a node.
_TYPES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("left", "right", "features"), ("int32",)),
    **dict.fromkeys(("thresholds", "impurities", "importances"), ("float64",)),
    **dict.fromkeys(("n_distinct", "n_drawn", "offsets"), ("int64",)),
    **dict.fromkeys(("classes", "counts"), ("uint16", "uint32")),
}
_OF_NODES = ("left", "right", "features", "thresholds", "impurities", "n_distinct", "n_drawn")


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


def fault_of(tree: CompressedTree, *, n_features: int, n_classes: int) -> str | None:
    """Return what keeps arrays from being a tree that can be walked, in words, or None if nothing does."""
    return next(_faults(tree, n_features, n_classes), None)


def _faults(tree: CompressedTree, n_features: int, n_classes: int) -> Iterator[str]:
    for name, types in _TYPES.items():
        array = getattr(tree, name)
        if array.ndim != 1 or array.dtype.name not in types:
            yield f"{name} has type {array.dtype} and shape {array.shape}"
    n_nodes, is_inner = len(tree.left), tree.left != _NO_CHILD
    if not n_nodes or any(len(getattr(tree, name)) != n_nodes for name in _OF_NODES):
        yield "its nodes are not all there"
    inner = np.flatnonzero(is_inner)
    children = np.concatenate([tree.left[inner], tree.right[inner]])
    # scikit-learn numbers a node before its children, so nobody walks in circles.
    if (children <= np.tile(inner, 2)).any() or (np.sort(children) != np.arange(1, n_nodes)).any():
        yield "its nodes do not hang together"
    if (tree.right[~is_inner] != _NO_CHILD).any():
        yield "a leaf has a child"
    features = tree.features[inner]
    if len(tree.importances) != n_features or ((features < 0) | (features >= n_features)).any():
        yield "it compares covariates that there are not"
    if not np.isfinite(tree.thresholds[inner]).all():
        yield "a threshold is no number"
    yield from _faults_of_leaves(tree, n_classes)


def _faults_of_leaves(tree: CompressedTree, n_classes: int) -> Iterator[str]:
    drawn = tree.n_drawn[tree.left == _NO_CHILD]
    if len(tree.offsets) != len(drawn) + 1 or tree.offsets[0] != 0 or (np.diff(tree.offsets) < 1).any():
        yield "its leaves are not all there"
    if not tree.offsets[-1] == len(tree.classes) == len(tree.counts):
        yield "its leaves have other classes than it holds"
    if tree.classes.max() >= n_classes:
        yield "it has classes that the model has not"
    if (np.add.reduceat(tree.counts.astype(np.int64), tree.offsets[:-1]) != drawn).any():
        yield "the counts of a leaf do not add up"


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
