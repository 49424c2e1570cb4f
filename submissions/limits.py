"""How long a run is unless told otherwise."""

from __future__ import annotations

#: Species per occurrence of a run; the paper's runs had 150.
MAX_ROWS = 150
