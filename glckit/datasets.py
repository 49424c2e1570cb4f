"""The files that a baseline reads and the places where it leaves what it makes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from glckit.config import FILE_NAME, Competition, data_folder, find_competition, read_competition
from scoring.places import REGIONS
from submissions.errors import UsageError
from submissions.writing import MAX_ROWS


@dataclass(frozen=True)
class Dataset:
    """The files of a competition, found.

    Parameters
    ----------
    competition : Competition
        Its configuration; defaults where it has none.
    folder : Path
        Folder of the data.
    train, test : tuple of Path
        Occurrence files.
    """

    competition: Competition
    folder: Path
    train: tuple[Path, ...]
    test: tuple[Path, ...]

    def run(self, name: str) -> Path:
        """Return where a baseline's run belongs unless told otherwise."""
        return self._home / "runs" / f"{name}.csv"

    def model(self, name: str) -> Path:
        """Return where a baseline's model belongs unless told otherwise."""
        return self._home / "models" / name

    def max_rows(self, given: int | None) -> int:
        """Return how many species an occurrence a run gets: as given, as the competition allows, or 150."""
        return max_rows_of(self.competition, given)

    @property
    def _home(self) -> Path:
        # Without a configuration the folder may be an archive that nobody writes to.
        return self.competition.folder or Path()


def dataset_of(data: Path | None) -> Dataset:
    """Find the files that a baseline reads.

    Parameters
    ----------
    data : Path, optional
        What ``--data`` says; else ``GLCKIT_DATA``, the competition's folder, or the current one.

    Returns
    -------
    Dataset
        The occurrence files that ``competition.toml`` names, else those of the official names.

    Raises
    ------
    UsageError
        If the folder has no training or no test occurrences.
    """
    dataset = place_of(data)
    return replace(dataset, train=occurrence_files(dataset, "train"), test=occurrence_files(dataset, "test"))


def max_rows_of(competition: Competition, given: int | None) -> int:
    """Return how many species an occurrence a run gets; see `Dataset.max_rows`."""
    return given or competition.max_rows or MAX_ROWS


def place_of(data: Path | None) -> Dataset:
    """Find the folder of a competition, whether or not occurrence files are there; see `dataset_of`."""
    found = find_competition()
    folder = data_folder(data, found)
    competition = found if folder == found.folder else _competition_in(folder)
    return Dataset(competition, folder, competition.train, competition.test)


def occurrence_files(dataset: Dataset, part: str) -> tuple[Path, ...]:
    """Return the occurrence files of a part, ``"train"`` or ``"test"``; UsageError if there are none."""
    named: tuple[Path, ...] = getattr(dataset, part)
    return named or _official(dataset.folder, part)


def _competition_in(folder: Path) -> Competition:
    path = folder / FILE_NAME
    return read_competition(path) if path.is_file() else Competition()


def _official(folder: Path, part: str) -> tuple[Path, ...]:
    paths = [folder / f"occurrences_{region}_{part}.csv" for region in REGIONS]
    present = tuple(path for path in paths if path.is_file())
    if not present:
        raise UsageError(
            f"{folder} has no {part} occurrences: neither {FILE_NAME} nor {paths[0].name} is there.",
            "Name the folder of the competition with --data.",
        )
    return present
