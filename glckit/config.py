"""The configuration of a competition folder, and where commands find their files."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from submissions.errors import CannotCheckError, UsageError

FILE_NAME = "competition.toml"

_T = TypeVar("_T")
_N = TypeVar("_N", int, None)


@dataclass(frozen=True)
class Data:
    """Where the covariates are: the ``[data]`` section.

    Parameters
    ----------
    rasters, archives : Path
        Folders.
    patches : tuple of Path
        Folders of extracted patches, one a region.
    patch_size : int
        Pixels along a side of a patch.
    nodata : mapping of str to float
        Values that mean no data, for rasters without a tag.
    """

    rasters: Path = Path("rasters")
    patches: tuple[Path, ...] = (Path("patches_fr"), Path("patches_us"))
    archives: Path = Path("archives")
    patch_size: int = 256
    nodata: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Competition:
    """What ``competition.toml`` says, its paths resolved against its folder.

    Parameters
    ----------
    folder : Path, optional
        Where the file is; None if there is none.
    name : str
        For titles.
    k : int
        Species an occurrence of the metrics.
    truth, species : Path, optional
        The truth (organizers only) and the species table.
    test, train : tuple of Path
        Occurrence tables.
    max_rows : int, optional
        Rows allowed for an occurrence.
    data : Data
        Where the covariates are.
    verify : mapping
        Thresholds of ``verify-patches``.
    """

    folder: Path | None = None
    name: str = "GeoLifeCLEF 2020"
    k: int = 30
    truth: Path | None = None
    species: Path | None = None
    test: tuple[Path, ...] = ()
    train: tuple[Path, ...] = ()
    max_rows: int | None = None
    data: Data = field(default_factory=Data)
    verify: Mapping[str, Any] = field(default_factory=dict)


def find_competition(start: Path | None = None) -> Competition:
    """Return the competition of the environment, or of the current folder or its nearest parent.

    Parameters
    ----------
    start : Path, optional
        Where to begin; the current folder by default.

    Returns
    -------
    Competition
        With nothing but defaults if there is no file.

    Raises
    ------
    UsageError
        If the file says something that it cannot mean.
    CannotCheckError
        If ``GLCKIT_COMPETITION`` names no readable file.
    """
    named = os.environ.get("GLCKIT_COMPETITION")
    found = Path(named) if named else _nearest(start or Path.cwd())
    return Competition() if found is None else read_competition(found)


def read_competition(path: Path) -> Competition:
    """Read a ``competition.toml``; see `find_competition` for errors."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CannotCheckError(f"Cannot open {path}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}.") from error
    _refuse_unknown(path, content)
    section = _Section(path, "competition", content.get("competition", {}))
    return Competition(
        folder=path.parent,
        name=section.get("name", str, Competition.name),
        k=section.positive("k", Competition.k),
        truth=section.path("truth"),
        species=section.path("species"),
        test=section.paths("test"),
        train=section.paths("train"),
        max_rows=section.positive("max_rows", None),
        data=_data(_Section(path, "data", content.get("data", {}))),
        verify=content.get("verify", {}),
    )


def truth_of_environment() -> Path | None:
    """Return the truth that ``GLCKIT_TRUTH`` names, which wins over that of the competition."""
    named = os.environ.get("GLCKIT_TRUTH")
    return Path(named) if named else None


def data_folder(flag: Path | None, competition: Competition) -> Path:
    """Return the folder of the data: the flag, ``GLCKIT_DATA``, the competition's, or the current one."""
    if flag is not None:
        return flag
    named = os.environ.get("GLCKIT_DATA")
    return Path(named) if named else competition.folder or Path()


def _nearest(start: Path) -> Path | None:
    folders = (start.resolve(), *start.resolve().parents)
    return next((folder / FILE_NAME for folder in folders if (folder / FILE_NAME).is_file()), None)


def _refuse_unknown(path: Path, content: Mapping[str, Any]) -> None:
    known = {
        "competition": {"name", "k", "truth", "test", "train", "species", "max_rows"},
        "data": {each.name for each in fields(Data)},
    }
    unknown = [f"[{name}]" for name in content if name not in (*known, "verify")]
    for section in (*known, "verify"):
        if not isinstance(content.get(section, {}), dict):
            raise UsageError(f"{section} in {path} must be a section, [{section}].")
    for section, keys in known.items():
        unknown += [f"{section}.{key}" for key in content.get(section, {}) if key not in keys]
    if unknown:
        raise UsageError(f"{path} has settings that glckit does not know: {', '.join(unknown)}.")


def _data(section: _Section) -> Data:
    return Data(
        rasters=section.path("rasters") or section.folder / Data.rasters,
        patches=section.paths("patches") or tuple(section.folder / patches for patches in Data.patches),
        archives=section.path("archives") or section.folder / Data.archives,
        patch_size=section.positive("patch_size", Data.patch_size),
        nodata=section.numbers("nodata"),
    )


class _Section:
    """One section of the file, read with the types that it should have."""

    def __init__(self, path: Path, name: str, content: Mapping[str, Any]) -> None:
        self._path, self._name, self._content = path, name, content
        self.folder = path.parent

    def get(self, key: str, kind: type[_T], default: _T) -> _T:
        """Return a setting of a type."""
        value = self._content.get(key, default)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self._wrong(key, {int: "an integer", str: "a text"}.get(kind, kind.__name__))
        return value

    def positive(self, key: str, default: _N) -> int | _N:
        """Return a positive integer."""
        if key not in self._content:
            return default
        value = self.get(key, int, 0)
        if value < 1:
            raise self._wrong(key, "a positive integer")
        return value

    def path(self, key: str) -> Path | None:
        """Return a path, resolved against the folder of the file."""
        return self.folder / self.get(key, str, "") if key in self._content else None

    def paths(self, key: str) -> tuple[Path, ...]:
        """Return several paths; one string is a list of one."""
        value = self._content.get(key, [])
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            raise self._wrong(key, "a list of paths")
        return tuple(self.folder / each for each in listed)

    def numbers(self, key: str) -> Mapping[str, float]:
        """Return a table of numbers."""
        value = self._content.get(key, {})
        numbers = value.values() if isinstance(value, dict) else [None]
        if not all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers):
            raise self._wrong(key, "a table of numbers")
        return {name: float(number) for name, number in value.items()}

    def _wrong(self, key: str, expected: str) -> UsageError:
        found = self._content.get(key)
        return UsageError(f"{self._name}.{key} in {self._path} must be {expected}, not {found!r}.")
