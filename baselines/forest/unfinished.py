"""The finished trees of a training that is still going on, so that a killed one goes on from there."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from baselines.claim import training_claimed
from baselines.forest.modelfile import model_path, read_tree, write_tree
from baselines.forest.trees import CompressedTree
from submissions.errors import CannotCheckError, UsageError
from submissions.files import written_atomically
from submissions.printable import printable

_PLAN = "training.json"
_GROWERS = "growers.json"


@dataclass(frozen=True)
class UnfinishedForest:
    """Finished trees, in a folder made when the first is saved, and all that decides them, as JSON has it."""

    folder: Path
    plan: Mapping[str, Any]

    @property
    def n_finished(self) -> int:
        """Number of trees before the first that is not there."""
        return len(list(takewhile(Path.is_file, map(self._path, count()))))

    def save(self, number: int, tree: CompressedTree) -> None:
        """Keep a tree; before the first, write down what decides them."""
        if not (self.folder / _PLAN).exists():
            with written_atomically(self.folder / _PLAN) as temporary:
                temporary.write_text(json.dumps(self.plan, indent=2) + "\n")
        write_tree(self._path(number), tree)

    def note_grower(self, first: int, name: str) -> None:
        """Write down who grows the trees from `first` on."""
        noted = self._growers() | {str(first): name}
        with written_atomically(self.folder / _GROWERS) as temporary:
            temporary.write_text(json.dumps(noted, indent=2) + "\n")

    def growers(self, n: int) -> str:
        """Return who grew the first `n` trees: one name, or several in their order."""
        firsts = sorted((int(first), name) for first, name in self._growers().items() if int(first) < n)
        return ", then ".join(dict.fromkeys(name for _, name in firsts))

    def trees(self, n: int) -> Iterator[CompressedTree]:
        """Yield the first `n` trees; CannotCheckError if one is damaged."""
        yield from (read_tree(self._path(number)) for number in range(n))

    def remove(self) -> None:
        """Delete the folder, once its trees are in a model."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _growers(self) -> dict[str, str]:
        # Before there were two growers, nothing was noted: what is there then is scikit-learn's.
        before = {"0": f"scikit-learn {self.plan['scikit-learn']}"} if self.n_finished else {}
        return _content_of(self.folder / _GROWERS) or before

    def _path(self, number: int) -> Path:
        return self.folder / f"tree_{number:05d}.npz"


@contextlib.contextmanager
def unfinished_forest(model: Path, plan: Mapping[str, Any]) -> Iterator[UnfinishedForest]:
    """Hold the finished trees that a killed training of the same plan has left, or none yet.

    No other training of the model goes on meanwhile. `plan` is all that decides the trees, as JSON would
    have it: data, options, seed, versions.

    Raises
    ------
    UsageError
        If a training of another plan has left trees there.
    CannotCheckError
        If the folder cannot be read or written, or another process trains there.

    Examples
    --------
    >>> import tempfile
    >>> with unfinished_forest(Path(tempfile.mkdtemp()), {"seed": 0}) as unfinished:
    ...     unfinished.n_finished
    0
    """
    target = model_path(model)
    folder = target.with_name(f"{target.stem}-unfinished")
    with training_claimed(folder):
        found = _content_of(folder / _PLAN)
        if found not in (None, plan):
            differing = sorted(name for name in {*found, *plan} if found.get(name) != plan.get(name))
            raise UsageError(
                f"{printable(folder)} holds the trees of another training, which differs in "
                f"{printable(', '.join(differing))}.",
                "Go on with that one, delete the folder, or name another model with --model.",
            )
        yield UnfinishedForest(folder, plan)


def _content_of(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise CannotCheckError(
            f"Cannot read {printable(path)}: {error}.", f"Delete {printable(path.parent)}."
        ) from error
    return found if isinstance(found, dict) else {}
