"""The network: torchvision's Inception V3 with two changed layers, for 6 or 39 planes."""

from __future__ import annotations

import torch
from torch import nn
from torchvision.models.inception import BasicConv2d, Inception3

from baselines.cnn.options import Initial


class PatchInception(Inception3):  # type: ignore[misc]  # torchvision has no types
    """Inception V3 whose first two convolutions keep the size of a patch, without auxiliary output.

    Parameters
    ----------
    n_planes : int
        Planes that enter, such as 6 or 39.
    n_species : int
        Species, one output each.
    dropout : float, default 0.5
        Share of the features that is dropped in training.
    initial : {"torchvision", "he"} or None, default "torchvision"
        How weights are drawn; None is quicker where they are loaded next.

    Notes
    -----
    The first two convolutions have stride 1 and padding 1, since patches of 256 pixels are smaller than
    the 299 that the network was made for [1]_. All other layers, and all names, are torchvision's.

    References
    ----------
    .. [1] Szegedy et al. (2016), Rethinking the Inception architecture for computer vision, CVPR.

    Examples
    --------
    >>> network = PatchInception(6, 10, initial=None).eval()
    >>> with torch.no_grad():
    ...     network(torch.zeros(1, 6, 40, 40)).shape
    torch.Size([1, 10])
    """

    def __init__(
        self, n_planes: int, n_species: int, *, dropout: float = 0.5, initial: Initial | None = "torchvision"
    ) -> None:
        super().__init__(n_species, aux_logits=False, init_weights=False, dropout=dropout)
        self.Conv2d_1a_3x3 = BasicConv2d(n_planes, 32, kernel_size=3, stride=1, padding=1)
        self.Conv2d_2a_3x3 = BasicConv2d(32, 32, kernel_size=3, stride=1, padding=1)
        if initial is not None:
            _initialise(self, initial)


def _initialise(network: Inception3, initial: Initial) -> None:
    # Batch norm begins with weight 1 and bias 0 anyway.
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and initial == "torchvision":
            nn.init.trunc_normal_(module.weight, std=0.1, a=-2, b=2)
        elif isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    # As torchvision draws the last layer of the auxiliary head. With the 0.1 of the main one the first
    # guess is far from "any species": on 300 species it took three epochs to come back to that.
    nn.init.trunc_normal_(network.fc.weight, std=0.001, a=-2, b=2)
    nn.init.zeros_(network.fc.bias)


def skeleton(n_planes: int, n_species: int, *, dropout: float = 0.5) -> PatchInception:
    """Return a network without memory for its weights, to ask for names, shapes and costs.

    Examples
    --------
    >>> sum(parameter.numel() for parameter in skeleton(6, 31_435).parameters())
    86196747
    """
    with torch.device("meta"):
        return PatchInception(n_planes, n_species, dropout=dropout, initial=None)
