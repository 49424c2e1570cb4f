"""Starting from weights that others trained: a plain state dict with torchvision's names."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from baselines.cnn.modelfile import check_fit
from baselines.cnn.network import PatchInception
from baselines.cnn.tensorfile import read_tensors
from submissions.errors import CannotCheckError, UsageError
from submissions.printable import printable

# Left by data-parallel training in front of every name.
_WRAPPER = "module."
# The head that torchvision's network has beside ours, and that plays no part in a prediction.
_AUXILIARY = "AuxLogits."


def start_from(network: PatchInception, path: str | os.PathLike[str], *, renewed: Sequence[str] = ()) -> None:
    """Load a ``.safetensors`` file, or a state dict that torch saved, into an initialised network.

    It is written to only if all fits. Layers that are renewed keep their random start, such as ``fc`` or
    ``Conv2d_1a_3x3``.

    Raises
    ------
    UsageError
        If a name or shape differs, or there is no such layer to renew.
    CannotCheckError
        If the file is absent, damaged, or holds more than tensors.
    """
    tensors = _read_state(Path(path))
    if all(name.startswith(_WRAPPER) for name in tensors):
        tensors = {name.removeprefix(_WRAPPER): tensor for name, tensor in tensors.items()}
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith(_AUXILIARY)}
    own = network.state_dict()
    for layer in renewed:
        inside = [name for name in own if name.startswith(f"{layer}.")]
        if not inside:
            raise UsageError(
                f"The network has no layer {printable(layer)} to renew.", "Such as fc or Conv2d_1a_3x3."
            )
        kept |= {name: own[name] for name in inside}
    check_fit(kept, network, where=str(path))
    network.load_state_dict(kept)


def _read_state(path: Path) -> Mapping[str, Tensor]:
    if path.suffix == ".safetensors":
        return read_tensors(path)[0]
    try:
        # weights_only: tensors and plain values, never code.
        found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CannotCheckError(f"Cannot open {printable(path)}: {error.strerror or error}.") from error
    except Exception as error:  # a stranger's bytes make the reader of pickles stumble in any way
        raise CannotCheckError(
            f"{printable(path)} is cut off, or no file of plain tensors; it is not loaded.",
            "Save a state dict: torch.save(model.state_dict(), path).",
        ) from error
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()):
        raise UsageError(
            f"{printable(path)} holds no plain state dict, names to tensors.", "Save model.state_dict()."
        )
    return found
