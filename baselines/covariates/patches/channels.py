"""What a patch holds, in words and numbers alone, so that the command line can name it without NumPy."""

from __future__ import annotations

from typing import Literal

#: Side of the organizers' patches, in pixels of about 1 m.
PATCH_SIZE = 256
#: The channels of a patch, in the order in which they are read.
CHANNELS = ("red", "green", "blue", "near_infrared", "land_cover", "altitude")
#: Land cover codes are 0 to 33.
N_LAND_COVER_CODES = 34
#: Land cover as one plane of codes, or one binary plane for each code.
LandCover = Literal["codes", "unstacked"]
