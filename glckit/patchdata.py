"""Where the patches of a competition are, and the occurrence tables beside them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from glckit.config import FILE_NAME, Competition, data_folder, find_competition, read_competition


@dataclass(frozen=True)
class PatchData:
    """The patches of a competition, found.

    Parameters
    ----------
    paths : tuple of Path
        Folders and archives' folders, for `baselines.covariates.patches.sources.open_patches`.
    patch_size : int
        Side of a patch in pixels.
    tables : tuple of Path
        Occurrence tables that are there, training and test; may be none.
    """

    paths: tuple[Path, ...]
    patch_size: int
    tables: tuple[Path, ...]


def patch_data_of(data: Path | None) -> PatchData:
    """Find the patches of a folder.

    Parameters
    ----------
    data : Path, optional
        What ``--data`` says; else ``GLCKIT_DATA``, the competition's folder, or the current one.

    Returns
    -------
    PatchData
        What ``competition.toml`` names and is there; else the folder itself, to be searched.
    """
    found = find_competition()
    folder = data_folder(data, found)
    own = folder / FILE_NAME
    if own.is_file() and folder != found.folder:
        found = read_competition(own)
    elif folder != found.folder:
        found = Competition()
    named = (*found.data.patches, found.data.archives) if found.folder else ()
    paths = tuple(path for path in named if path.exists())
    tables = (*found.train, *found.test) or sorted(folder.glob("occurrences_??_t*.csv"))
    present = tuple(table for table in tables if table.is_file())
    return PatchData(paths or (folder,), found.data.patch_size, present)
