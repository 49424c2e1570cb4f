"""Runs 2 and 3: the Inception V3 that reads patches, its training and its two ways of predicting.

Nothing here imports torch before `require_extra` has said that it is there.
"""

from __future__ import annotations

from submissions.errors import require

_MODULES = ("torch", "torchvision", "lightning_fabric", "safetensors", "tensorboard")


def require_extra() -> None:
    """Raise a UsageError that says how to install the network's packages, unless they are there."""
    for module in _MODULES:
        require(module, "cnn")
