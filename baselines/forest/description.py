"""What a forest is, in numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from baselines.forest.model import ForestModel
from baselines.forest.modelfile import VERSION, model_path, read_model


@dataclass(frozen=True)
class ForestDescription:
    """A forest in a file."""

    path: Path
    model: ForestModel

    @property
    def importances(self) -> dict[str, float]:
        """Share of each covariate in what the forest gained, the largest first."""
        shares = zip(self.model.names, self.model.importances.tolist(), strict=True)
        return dict(sorted(shares, key=lambda share: -share[1]))

    def data(self) -> dict[str, Any]:
        """Return the description as JSON has it.

        Sizes are in bytes: of the file, in memory, of the pairs alone, and of scikit-learn's dense vectors;
        `version` is that of the file's format.
        """
        model = self.model
        return {
            "path": str(self.path),
            "version": VERSION,
            "digest": model.digest,
            "options": model.options.parameters,
            "facts": asdict(model.facts),
            "importances": self.importances,
            "n_trees": len(model.trees),
            "n_nodes": model.n_nodes,
            "n_leaves": model.n_leaves,
            "n_pairs": model.n_pairs,
            "n_species": model.n_classes,
            "n_file_bytes": self.path.stat().st_size,
            "n_bytes": model.n_bytes,
            "n_pair_bytes": model.n_pair_bytes,
            "n_dense_bytes": model.n_dense_bytes,
        }


def describe_forest(path: str | Path) -> ForestDescription:
    """Describe the forest in a folder or file; errors as `modelfile.read_model`."""
    return ForestDescription(model_path(path), read_model(path))
