"""From the planes of a patch as they are read to what the network is shown, on the network's device."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from baselines.cnn.options import InputPlan
from baselines.covariates.patches.channels import CHANNELS, N_LAND_COVER_CODES

# Scale and shift of each plane: bytes and land cover codes to [-1, 1], metres to kilometres.
_SYMMETRIC = dict.fromkeys(("red", "green", "blue", "near_infrared"), (2 / 255, -1.0))
_SYMMETRIC |= {"land_cover": (2 / (N_LAND_COVER_CODES - 1), -1.0), "altitude": (1e-3, 0.0)}


class InputPlanes(nn.Module):
    """Make planes of patches: choose, unstack and scale.

    This is done on the device, so that bytes travel there and not floats, and one plane of land cover
    and not 34. The layer has no state, so a network with it has the state of one without.

    Examples
    --------
    >>> patches = torch.zeros(2, 4, 4, 5, dtype=torch.uint8), torch.zeros(2, 4, 4, dtype=torch.int16)
    >>> InputPlanes(InputPlan(land_cover="unstacked"))(patches).shape
    torch.Size([2, 39, 4, 4])
    """

    def __init__(self, plan: InputPlan) -> None:
        super().__init__()
        self._rows = [CHANNELS.index(name) for name in plan.channels]
        steps = [_SYMMETRIC[name] if plan.scaling == "symmetric" else (1.0, 0.0) for name in plan.channels]
        columns = torch.tensor(steps).T[:, :, None, None]
        self.register_buffer("_scale", columns[0].clone(), persistent=False)
        self.register_buffer("_shift", columns[1].clone(), persistent=False)
        self._unstacked = (
            plan.channels.index("land_cover")
            if plan.land_cover == "unstacked" and "land_cover" in plan.channels
            else None
        )

    def forward(self, patches: tuple[Tensor, Tensor]) -> Tensor:
        """Return the planes of the network, float32 of shape (B, n_planes, P, P), channels last.

        Of bands, uint8 of shape (B, P, P, 5), and altitude, int16 of shape (B, P, P).
        """
        bands, altitude = patches
        raw = torch.cat([bands.to(torch.float32), altitude.to(torch.float32)[..., None]], dim=3)
        chosen = raw[..., self._rows].permute(0, 3, 1, 2)
        scaled = chosen * self.get_buffer("_scale") + self.get_buffer("_shift")
        if (at := self._unstacked) is not None:
            codes = torch.arange(N_LAND_COVER_CODES, device=raw.device, dtype=raw.dtype)[:, None, None]
            binary = (chosen[:, at : at + 1] == codes).to(raw.dtype)
            scaled = torch.cat([scaled[:, :at], binary, scaled[:, at + 1 :]], dim=1)
        return scaled.contiguous(memory_format=torch.channels_last)
