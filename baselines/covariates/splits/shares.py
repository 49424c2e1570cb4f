"""What the reference runs keep from training, in numbers alone, so that the command line can say them."""

from __future__ import annotations

#: Shares of the training, validation and test part of the network.
CNN_SHARES = (0.9, 0.05, 0.05)
#: What the forest holds out.
FOREST_HOLDOUT = 0.005
