"""The rasters at occurrences, as a data frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from baselines.covariates.rasters.cache import environmental_vectors
from baselines.covariates.rasters.layout import RasterLayout
from baselines.inputs.surroundings import PathLike, read_with_competition
from submissions.arguments import the_path, the_paths
from submissions.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd


def covariates(
    occurrences: PathLike | Sequence[PathLike],
    rasters: PathLike | None = None,
    *,
    cache: PathLike | None = None,
) -> pd.DataFrame:
    """Read the 27 environmental rasters at occurrences.

    Parameters
    ----------
    occurrences : path-like or sequence of path-like
        Occurrence tables, such as ``occurrences_fr_train.csv``.
    rasters : path-like, optional
        Folder of the rasters, ``NAME/NAME_FR.tif`` and ``NAME/NAME_USA.tif``; by default what the
        ``competition.toml`` in or above the folder of the tables says, or ``rasters`` beside them.
    cache : path-like, optional
        Folder in which values are kept, and looked for first, as long as tables and rasters are the same.

    Returns
    -------
    DataFrame of float32
        A row for each occurrence, in the order of the tables, with its id as the index, and a column for each
        raster: ``bio_1`` to ``bio_19``, then those of the soil. NaN where a place is off a raster or on
        nodata; nothing is filled in.

    Raises
    ------
    BadInputError
        If tables are stale, swapped or of the wrong region, or a raster is none of its region.
    CannotCheckError
        If a file is absent or cannot be read; all unusable rasters are named.
    UsageError
        If something else than paths is given, or the extra ``rf`` is missing.

    Notes
    -----
    Values are those of the cells, neither interpolated nor scaled; docs/covariates.md has the rules.
    """
    import pandas as pd

    if isinstance(occurrences, list | tuple) and not occurrences:
        raise UsageError("No occurrence tables are given.", "Name them.")
    tables = the_paths(occurrences, "Occurrences are paths of tables")
    found, competition = read_with_competition(tables)
    folder = competition.data.rasters if rasters is None else the_path(rasters, "Rasters are in a folder")
    layout = RasterLayout(folder, nodata=competition.data.nodata)
    vectors = environmental_vectors(found, layout, cache=cache)
    index = pd.Index(found.ids, name="occurrence_id")
    return pd.DataFrame(vectors.values, index=index, columns=list(vectors.names))
