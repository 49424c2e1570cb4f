"""The network: torchvision's Inception V3 with two changed layers, for 6 or 39 planes."""

from __future__ import annotations

import torch
from torch import nn
from torchvision.models.inception import BasicConv2d, Inception3

#: Numbers that the last layer reads.
N_FEATURES = 2048


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
    initialised : bool, default True
        Whether weights are drawn; False is quicker where they are loaded next.

    Notes
    -----
    The first two convolutions have stride 1 and padding 1, since patches of 256 pixels are smaller than
    the 299 that the network was made for [1]_. All other layers, and all names, are torchvision's.

    References
    ----------
    .. [1] Szegedy et al. (2016), Rethinking the Inception architecture for computer vision, CVPR.

    Examples
    --------
    >>> network = PatchInception(6, 10, initialised=False).eval()
    >>> with torch.no_grad():
    ...     network(torch.zeros(1, 6, 40, 40)).shape
    torch.Size([1, 10])
    """

    def __init__(
        self, n_planes: int, n_species: int, *, dropout: float = 0.5, initialised: bool = True
    ) -> None:
        super().__init__(n_species, aux_logits=False, init_weights=False, dropout=dropout)
        self.Conv2d_1a_3x3 = BasicConv2d(n_planes, 32, kernel_size=3, stride=1, padding=1)
        self.Conv2d_2a_3x3 = BasicConv2d(32, 32, kernel_size=3, stride=1, padding=1)
        if initialised:
            self.apply(_initialise)


def _initialise(module: nn.Module) -> None:
    # As torchvision does if asked to; batch norm begins with weight 1 and bias 0 anyway.
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.1, a=-2, b=2)


def skeleton(n_planes: int, n_species: int, *, dropout: float = 0.5) -> PatchInception:
    """Return a network without memory for its weights, to ask for names, shapes and costs.

    Examples
    --------
    >>> sum(parameter.numel() for parameter in skeleton(6, 31_435).parameters())
    86196747
    """
    with torch.device("meta"):
        return PatchInception(n_planes, n_species, dropout=dropout, initialised=False)
