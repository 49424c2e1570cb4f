"""From where on the content of a patch is called damaged; each limit can be set in the configuration."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from submissions.errors import UsageError

# France has the classes 1 to 17, the US 18 to 33; 0 is "unclassified" in both.
_LAND_COVER = {"fr": range(1, 18), "us": range(18, 34)}


@dataclass(frozen=True)
class Thresholds:
    """The limits of the content checks, section ``[verify]`` of ``competition.toml``.

    The defaults stand well outside what real patches of the challenge show: 1 to 9 land cover
    classes and 0 to 3.2 % of changes between neighbours, altitude steps of at most 1 m, at most 4
    equal bytes in a row.

    Parameters
    ----------
    zero_run_bytes : int
        Zero bytes in a row that are called a hole.
    max_land_cover : int
        The highest land cover code there is.
    max_other_region_share : float
        Share of pixels with land cover of the other region above which a patch is of that region.
    max_classes : int
        Most land cover classes in a patch.
    max_change_share : float
        Most changes of land cover between neighbours in a row, as a share of all pairs.
    min_band_correlation : float
        Least correlation of red with green, or green with blue.
    min_altitude_fr, max_altitude_fr, min_altitude_us, max_altitude_us : int
        Lowest and highest ground of the regions, in metres.
    altitude_margin : int
        Metres by which terrain models may miss these.
    max_altitude_step : int
        Most metres between neighbouring pixels of 1 m.
    max_smooth_step : int
        Metres between neighbours up to which zeros may be the sea and not a hole; twice what is usual
        elsewhere in a patch, if that is more.
    same_place_m : float
        Metres within which two occurrences may share one content.
    max_neighbour_gap_m : int
        Metres by which the altitudes of overlapping patches may lie apart.
    min_inland_m : int
        Metres above which all of a patch must lie to show that the sea is not near.
    inland_within_m : float
        Metres from such a patch within which an altitude of 0 throughout is lost ground.
    drift_min_patches : int
        Patches of an archive below which its colours are not compared.
    max_drift : float
        Deviation of an archive's mean colours from those of its region, in robust standard deviations.
    """

    zero_run_bytes: int = 512
    max_land_cover: int = 33
    max_other_region_share: float = 0.05
    max_classes: int = 16
    max_change_share: float = 0.25
    min_band_correlation: float = 0.5
    min_altitude_fr: int = -100
    max_altitude_fr: int = 4850
    min_altitude_us: int = -100
    max_altitude_us: int = 4450
    altitude_margin: int = 50
    max_altitude_step: int = 30
    max_smooth_step: int = 2
    same_place_m: float = 256.0
    max_neighbour_gap_m: int = 50
    min_inland_m: int = 10
    inland_within_m: float = 2000.0
    drift_min_patches: int = 200
    max_drift: float = 8.0

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> Thresholds:
        """Make thresholds from the section of a configuration file; what it does not name keeps its default.

        Raises UsageError if a name is unknown (all such are named, with the nearest known one), or a value
        is not a number, a fraction where an integer is meant, or beyond what the limit can mean.

        Examples
        --------
        >>> Thresholds.from_mapping({"max_altitude_step": 60}).max_altitude_step
        60
        """
        faults = [fault for name, value in values.items() if (fault := _fault_of(name, value))]
        chosen: dict[str, Any] = {} if faults else dict(values)  # of the right types, as was just made sure
        limits = replace(cls(), **chosen)
        faults += _contradictions(limits)
        if faults:
            raise UsageError(f"The section [verify] cannot be used: {'; '.join(faults)}.")
        return limits

    def land_cover_of(self, region: str) -> frozenset[int]:
        """Return the land cover codes of a region; all of them for an unknown region."""
        return frozenset(_LAND_COVER.get(region, range(self.max_land_cover + 1)))

    def altitudes_of(self, region: str) -> tuple[int, int]:
        """Return the lowest and highest altitude in metres that a region can have, margin included."""
        ranges = {
            "fr": (self.min_altitude_fr, self.max_altitude_fr),
            "us": (self.min_altitude_us, self.max_altitude_us),
        }
        lows, highs = zip(*([ranges[region]] if region in ranges else ranges.values()), strict=True)
        return min(lows) - self.altitude_margin, max(highs) + self.altitude_margin


#: The limits where nothing is configured.
DEFAULT_THRESHOLDS = Thresholds()

_INT16 = (-32768, 32767)
_METRES = (0, 65535)  # between two values of int16
# Between which values a limit means something; what is not listed lies between 0 and a billion.
_BOUNDS: Mapping[str, tuple[float, float]] = {
    "zero_run_bytes": (1, 10**9),
    "max_land_cover": (0, 255),
    "max_other_region_share": (0, 1),
    "max_classes": (1, 256),
    "max_change_share": (0, 1),
    "min_band_correlation": (-1, 1),
    "min_altitude_fr": _INT16,
    "max_altitude_fr": _INT16,
    "min_altitude_us": _INT16,
    "max_altitude_us": _INT16,
    "altitude_margin": _METRES,
    "max_altitude_step": _METRES,
    "max_smooth_step": _METRES,
    "max_neighbour_gap_m": _METRES,
    "min_inland_m": _INT16,
    "drift_min_patches": (1, 10**9),
}
_USUAL_BOUNDS = (0, 10**9)

_TYPES: dict[str, type[int] | type[float]] = {
    field.name: int if field.type == "int" else float for field in fields(Thresholds)
}


def _fault_of(name: str, value: object) -> str | None:
    if name not in _TYPES:
        near = difflib.get_close_matches(name, _TYPES, 1)
        return f"unknown key {name!r}" + (f" (did you mean {near[0]!r}?)" if near else "")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{name} must be a number, not {value!r}"
    if _TYPES[name] is int and not isinstance(value, int):
        return f"{name} must be a whole number, not {value!r}"
    least, most = _BOUNDS.get(name, _USUAL_BOUNDS)
    # Not "value < least": of NaN nothing is true.
    return None if least <= value <= most else f"{name} must be from {least} to {most}, not {value!r}"


def _contradictions(limits: Thresholds) -> Iterator[str]:
    for region in _LAND_COVER:
        least, most = f"min_altitude_{region}", f"max_altitude_{region}"
        low, high = getattr(limits, least), getattr(limits, most)
        if low > high:
            yield f"{least} ({low}) is above {most} ({high})"
