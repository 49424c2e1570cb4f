"""The forest that training leaves behind, and all that prediction needs beside its trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baselines.forest.options import ForestOptions
from baselines.forest.trees import CompressedTree
from baselines.prior import Frequencies, frequency_arrays
from baselines.provenance import digest_of
from submissions.wording import counted


@dataclass(frozen=True)
class TrainingFacts:
    """How a forest was trained.

    Parameters
    ----------
    seed : int
        Seed of the trees and of the holdout.
    n_trained, n_validation : int
        Occurrences that trees were grown on, and that were kept from them.
    n_outside, n_nodata : int
        Occurrences put aside because they are outside a raster, or on nodata.
    holdout : float
        Share kept for validation.
    data_digest : str
        Digest of what the trees were grown on.
    validation : mapping
        The metrics on what was kept: ``k``, ``n_occurrences``, ``adaptive_top_k``, ``top_k``.
    training_files : str, optional
        Digest of the training files; None in models of before that was kept.
    grower : str, optional
        Who grew the trees, with versions; None in models of before there was a choice.
    """

    seed: int
    n_trained: int
    n_validation: int
    n_outside: int
    n_nodata: int
    holdout: float
    data_digest: str
    scikit_learn: str
    validation: Mapping[str, float] = field(default_factory=dict)
    training_files: str | None = None
    grower: str | None = None


@dataclass(frozen=True)
class ForestModel:
    """A trained forest.

    Parameters
    ----------
    names : tuple of str
        Names of the covariates, in the order of the columns.
    species : ndarray of int64 of shape (n_classes,)
        The species of each class, ascending.
    frequencies : mapping of str to Frequencies
        How frequent each species is in each region, for places without covariates.
    """

    names: tuple[str, ...]
    species: NDArray[np.int64]
    trees: tuple[CompressedTree, ...]
    frequencies: Mapping[str, Frequencies]
    options: ForestOptions
    facts: TrainingFacts

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return species, frequencies and trees by name, such as ``fr/shares`` and ``tree_0/left``."""
        arrays = {"species": self.species, **frequency_arrays(self.frequencies)}
        for number, tree in enumerate(self.trees):
            arrays |= {f"tree_{number}/{name}": array for name, array in vars(tree).items()}
        return arrays

    @property
    def n_classes(self) -> int:
        """Number of species that the forest can predict."""
        return len(self.species)

    @property
    def n_nodes(self) -> int:
        """Number of nodes of all trees."""
        return sum(tree.n_nodes for tree in self.trees)

    @property
    def n_leaves(self) -> int:
        """Number of leaves of all trees."""
        return sum(tree.n_leaves for tree in self.trees)

    @property
    def n_pairs(self) -> int:
        """Number of pairs of leaf and class of all trees."""
        return sum(tree.n_pairs for tree in self.trees)

    @property
    def n_bytes(self) -> int:
        """Bytes of all arrays of the trees in memory."""
        return sum(array.nbytes for tree in self.trees for array in vars(tree).values())

    @property
    def n_pair_bytes(self) -> int:
        """Bytes of the pairs of leaf and class alone: 4 each, unless numbers need more than 16 bits."""
        return sum(tree.classes.nbytes + tree.counts.nbytes for tree in self.trees)

    @property
    def n_dense_bytes(self) -> int:
        """Bytes of the dense vectors that scikit-learn would keep: nodes x classes x 8."""
        return self.n_nodes * self.n_classes * 8

    @property
    def importances(self) -> NDArray[np.float64]:
        """Share of each covariate in what the forest gained, of shape (n_features,).

        The mean over the trees that split at all, as scikit-learn's `feature_importances_`: covariates
        with many distinct values are favoured.
        """
        splitting = [tree.importances for tree in self.trees if tree.n_nodes > 1]
        if not splitting:
            return np.zeros(len(self.names))
        mean = np.mean(splitting, axis=0, dtype=np.float64)
        return np.asarray(mean / np.sum(mean))

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the forest comes from, for the metadata of its runs."""
        names = ("data_digest", "training_files", "seed", "holdout", "scikit_learn", "grower")
        facts = {name: getattr(self.facts, name) for name in names}
        return {"digest": self.digest, **facts, "options": self.options.parameters}

    @property
    def in_words(self) -> str:
        """What the forest is, in a few words."""
        trees, depth = counted(len(self.trees), "tree"), self.options.max_depth
        return f"{trees} of {'any depth' if depth is None else f'depth {depth}'}, seed {self.facts.seed}"

    @cached_property
    def digest(self) -> str:
        """The first 12 hexadecimal digits of the SHA-256 of species, frequencies and trees."""
        return digest_of(*self.arrays().values())
