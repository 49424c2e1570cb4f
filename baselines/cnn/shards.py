"""A prediction in shards on disk, so that one that was stopped goes on where it was."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from baselines.cnn.outputs import BestSpecies
from baselines.cnn.tensorfile import read_tensors, write_tensors
from submissions.errors import CannotCheckError


class Shards:
    """The shards of one prediction, of `size` occurrences each, in a folder beside the run to be made.

    `key` is what decides the prediction; shards of another key are not used.
    """

    def __init__(self, run: str | os.PathLike[str], key: str, n_occurrences: int, *, size: int) -> None:
        self.run = Path(run)
        self.folder = Path(f"{os.fspath(run)}.parts")
        self._key, self._n, self._size = key, n_occurrences, size

    def __len__(self) -> int:
        return -(-self._n // self._size)

    def rows(self, number: int) -> NDArray[np.int64]:
        """Return the rows of a shard."""
        return np.arange(number * self._size, min((number + 1) * self._size, self._n))

    def is_done(self, number: int) -> bool:
        """Tell whether a shard of this very prediction is there and whole."""
        try:
            return read_tensors(self._path(number))[1].get("key") == self._key
        except CannotCheckError:  # absent, or not ours
            return False

    def write(self, number: int, best: BestSpecies) -> None:
        """Write a shard."""
        tensors = {name: torch.from_numpy(array) for name, array in vars(best).items()}
        write_tensors(self._path(number), tensors, {"key": self._key})

    def read(self, number: int) -> BestSpecies:
        """Read a shard."""
        tensors, _ = read_tensors(self._path(number))
        return BestSpecies(**{name: tensor.numpy() for name, tensor in tensors.items()})

    def remove(self) -> None:
        """Remove all shards, when the run is written."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.safetensors"
