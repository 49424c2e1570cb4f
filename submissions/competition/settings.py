"""The settings of a competition folder, and the files that they name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from scoring.places import REGIONS
from submissions.competition.section import Section
from submissions.editions import Edition
from submissions.errors import UsageError
from submissions.leaderboard.rules import Rules, rules_of
from submissions.limits import MAX_ROWS
from submissions.toml import read_toml

FILE_NAME = "competition.toml"

#: The two parts of the occurrences.
Part = Literal["train", "test"]

_PATCHES = ("patches_fr", "patches_us")


@dataclass(frozen=True)
class Data:
    """Where the covariates are: the ``[data]`` section.

    Parameters
    ----------
    patches : tuple of Path
        Folders of extracted patches, one for each region.
    nodata : mapping of str to float
        Values that mean no data, for rasters without a tag.
    """

    rasters: Path
    patches: tuple[Path, ...]
    archives: Path
    patch_size: int = 256
    nodata: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def below(cls, folder: Path) -> Data:
        """Return the places of the covariates in a folder whose configuration names none."""
        return cls(folder / "rasters", tuple(folder / name for name in _PATCHES), folder / "archives")


@dataclass(frozen=True)
class Competition:
    """The folder of a competition: its settings, its files, and where what is made of them belongs.

    Every path is resolved: against the folder of ``competition.toml`` or, without one, against `folder`.

    Parameters
    ----------
    folder : Path
        Folder of the data.
    file : Path, optional
        The ``competition.toml`` that was read; None where there is none.
    k : int
        Species per occurrence of the metrics.
    truth, species : Path, optional
        The truth (organizers only) and the species table.
    test, train : tuple of Path
        Occurrence tables, as named; see `occurrence_files` for those of the official names.
    max_rows : int, optional
        Rows allowed per occurrence.
    edition : Edition, optional
        The edition that is named; K, `max_rows` and `metric` are its own where they are not given.
    metric : tuple of str
        Names of the metrics that are asked for, the first of which ranks; empty where none are.
    verify : mapping
        Thresholds of ``verify-patches``.
    leaderboard : Rules
        The rules of a season: the ``[leaderboard]`` section.
    """

    folder: Path
    data: Data
    file: Path | None = None
    name: str = "GeoLifeCLEF 2020"
    k: int = 30
    truth: Path | None = None
    species: Path | None = None
    test: tuple[Path, ...] = ()
    train: tuple[Path, ...] = ()
    max_rows: int | None = None
    edition: Edition | None = None
    metric: tuple[str, ...] = ()
    verify: Mapping[str, Any] = field(default_factory=dict)
    leaderboard: Rules = field(default_factory=Rules)

    @classmethod
    def without_settings(cls, folder: Path) -> Competition:
        """Return the competition of a folder that has no ``competition.toml``."""
        return cls(folder, Data.below(folder))

    def run(self, name: str) -> Path:
        """Return where the run of a baseline belongs unless told otherwise."""
        return self._home / "runs" / f"{name}.csv"

    def model(self, name: str) -> Path:
        """Return where the model of a baseline belongs unless told otherwise."""
        return self._home / "models" / name

    def rows(self, given: int | None = None) -> int:
        """Return how many species per occurrence a run gets: as given, as is allowed here, or 150."""
        return given or self.max_rows or MAX_ROWS

    def occurrence_files(self, part: Part) -> tuple[Path, ...]:
        """Return the occurrence tables of a part: those that are named, else those of the official names.

        Raises
        ------
        UsageError
            If there are none.
        """
        named = self.train if part == "train" else self.test
        usual = [self.folder / f"occurrences_{region}_{part}.csv" for region in REGIONS]
        tables = named or tuple(path for path in usual if path.is_file())
        if not tables:
            raise UsageError(
                f"{self.folder} has no {part} occurrences (no {FILE_NAME} with them, no {usual[0].name}).",
                "Name the folder of the competition with --data.",
            )
        return tables

    @property
    def tables(self) -> tuple[Path, ...]:
        """The occurrence tables that are there, training and test, whether named or not; may be none."""
        named = (*self.train, *self.test) or sorted(self.folder.glob("occurrences_??_t*.csv"))
        return tuple(table for table in named if table.is_file())

    @property
    def patch_folders(self) -> tuple[Path, ...]:
        """The named folders of patches if all are there; else the folder, to be searched for them."""
        is_named = self.file is not None and all(path.exists() for path in self.data.patches)
        return self.data.patches if is_named else (self.folder,)

    @property
    def patch_paths(self) -> tuple[Path, ...]:
        """Where patches are, extracted or in archives."""
        folders, archives = self.patch_folders, self.data.archives
        is_searched = self.folder in folders and archives == self.folder / "archives"
        return folders if is_searched or not archives.exists() else (*folders, archives)

    @property
    def _home(self) -> Path:
        # Without a configuration the folder may be an archive that nobody writes to.
        return self.folder if self.file else Path()


def read_competition(path: Path) -> Competition:
    """Read a ``competition.toml``.

    Raises
    ------
    UsageError
        If the file says something that it cannot mean.
    CannotCheckError
        If it cannot be read.
    """
    content = read_toml(path)
    _refuse_unknown(path, content)
    section = Section(path, "competition", content.get("competition", {}))
    edition = section.edition()
    return Competition(
        folder=path.parent,
        data=_data(Section(path, "data", content.get("data", {}))),
        file=path,
        name=section.get("name", str, f"GeoLifeCLEF {edition.year}" if edition else Competition.name),
        k=section.positive("k", edition.k if edition else Competition.k),
        truth=section.path("truth"),
        species=section.path("species"),
        test=section.paths("test"),
        train=section.paths("train"),
        max_rows=section.positive("max_rows", None) or (edition.max_rows if edition else None),
        edition=edition,
        metric=section.metrics() or (edition.metrics if edition else ()),
        verify=content.get("verify", {}),
        leaderboard=rules_of(Section(path, "leaderboard", content.get("leaderboard", {}))),
    )


def _refuse_unknown(path: Path, content: Mapping[str, Any]) -> None:
    known = {
        "competition": {"name", "k", "truth", "test", "train", "species", "max_rows", "edition", "metric"},
        "data": {each.name for each in fields(Data)},
        "leaderboard": {each.name for each in fields(Rules)},
    }
    unknown = [f"[{name}]" for name in content if name not in (*known, "verify")]
    for section in (*known, "verify"):
        if not isinstance(content.get(section, {}), dict):
            raise UsageError(f"{section} in {path} must be a section, [{section}].")
    for section, keys in known.items():
        unknown += [f"{section}.{key}" for key in content.get(section, {}) if key not in keys]
    if unknown:
        raise UsageError(f"{path} has settings that glckit does not know: {', '.join(unknown)}.")


def _data(section: Section) -> Data:
    usual = Data.below(section.folder)
    return Data(
        rasters=section.path("rasters") or usual.rasters,
        patches=section.paths("patches") or usual.patches,
        archives=section.path("archives") or usual.archives,
        patch_size=section.positive("patch_size", usual.patch_size),
        nodata=section.numbers("nodata"),
    )
