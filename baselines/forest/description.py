"""What a forest is, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from baselines.forest.model import ForestModel, TrainingFacts
from baselines.forest.modelfile import VERSION, model_path, read_model
from baselines.forest.options import Setting


@dataclass(frozen=True)
class ForestDescription:
    """What a forest is, and what it weighs.

    Parameters
    ----------
    version : int
        Version of the file's format.
    importances : dict of str to float
        Share of each covariate in what the forest gained, the largest first.
    n_file_bytes, n_bytes, n_pair_bytes, n_dense_bytes : int
        Its size in bytes: on disk, in memory, of the pairs alone, and of scikit-learn's dense vectors.
    """

    path: str
    version: int
    digest: str
    options: Mapping[str, Setting]
    facts: TrainingFacts
    importances: dict[str, float]
    n_trees: int
    n_nodes: int
    n_leaves: int
    n_pairs: int
    n_species: int
    n_file_bytes: int
    n_bytes: int
    n_pair_bytes: int
    n_dense_bytes: int

    def data(self) -> dict[str, object]:
        """Return the description as JSON has it."""
        return asdict(self)


def describe_forest(path: str | Path) -> ForestDescription:
    """Describe the forest in a folder or file; errors as `modelfile.read_model`."""
    model = read_model(path)
    target = model_path(path)
    return ForestDescription(
        str(target),
        VERSION,
        model.digest,
        model.options.parameters,
        model.facts,
        _ranked(model),
        len(model.trees),
        model.n_nodes,
        sum(tree.n_leaves for tree in model.trees),
        model.n_pairs,
        model.n_classes,
        target.stat().st_size,
        model.n_bytes,
        model.n_pair_bytes,
        model.n_dense_bytes,
    )


def _ranked(model: ForestModel) -> dict[str, float]:
    shares = zip(model.names, model.importances.tolist(), strict=True)
    return dict(sorted(shares, key=lambda share: -share[1]))
