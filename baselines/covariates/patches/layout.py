"""Where the files of a patch lie, on disk and in the organizers' archives. Pure rules, no disk.

The last two digits of an id are called CD here, the two before them AB, as the organizers do: the
files of occurrence 10561900 lie in ``00/19/``. Digits are those of the unpadded id, so 173 lies in
``73/1/`` and 42 in ``42/``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

#: The two files of a patch: imagery with land cover, and altitude.
Kind = Literal["bands", "altitude"]
KINDS: tuple[Kind, Kind] = ("bands", "altitude")

#: How many archives the patches of a region are split into, by CD.
N_ARCHIVES = 20
#: What an archive's file name may end with.
ARCHIVE_SUFFIXES = (".tar.gz", ".tgz", ".tar", ".zip")

_SUFFIX_OF_KIND: dict[Kind, str] = {"bands": ".npy", "altitude": "_alti.npy"}
# At most 18 digits: what int64 holds whatever the digits are.
_NAME = r"^(?P<id>0|[1-9][0-9]{0,17})(?P<alti>_alti)?\.npy$"
_ROOT = re.compile(r"patches_(fr|us)(?:_([0-9]{2}))?(?:/patches_(fr|us)_([0-9]{2}))?")
_ARCHIVE = re.compile(r"patches_(fr|us)(?:_([0-9]{2}))?(\.tar\.gz|\.tgz|\.tar|\.zip)")
_NAME_PATTERN = re.compile(_NAME)


@dataclass(frozen=True)
class PatchPath:
    """What a relative path says of the file that stands there.

    Parameters
    ----------
    occurrence_id : int
        The occurrence, by the file's name.
    kind : {"bands", "altitude"}
        Which of the two files of its patch.
    region : {"fr", "us"} or None
        Region of the folder; None where no folder names one.
    archive : int or None
        Number of the archive that the folder names, 1 to 20.
    in_place : bool
        Whether the file stands where the rule puts this id. (That the id is one of the folder's
        region is not looked at: ask `scoring.places.region_of_id`.)
    """

    occurrence_id: int
    kind: Kind
    region: str | None
    archive: int | None
    in_place: bool


@dataclass(frozen=True)
class ArchiveName:
    """What the file name of an archive says.

    Parameters
    ----------
    region : {"fr", "us"}
        Region of its patches.
    number : int or None
        Its number, 1 to 20; None for one archive of the whole region.
    suffix : str
        One of `ARCHIVE_SUFFIXES`.
    """

    region: str
    number: int | None
    suffix: str


def file_name(occurrence_id: int, kind: Kind) -> str:
    """Return the name of one of the two files of a patch.

    Examples
    --------
    >>> file_name(173, "bands"), file_name(173, "altitude")
    ('173.npy', '173_alti.npy')
    """
    return f"{_checked(occurrence_id)}{_SUFFIX_OF_KIND[kind]}"


def folder_of_id(occurrence_id: int) -> str:
    """Return the folder of a patch below its root, ``CD/AB``, or ``CD`` for ids below 100.

    Examples
    --------
    >>> [folder_of_id(i) for i in (10561900, 10173, 173, 42, 7)]
    ['00/19', '73/01', '73/1', '42', '7']
    """
    digits = str(_checked(occurrence_id))
    return f"{digits[-2:]}/{digits[-4:-2]}".rstrip("/")


def relative_path(occurrence_id: int, kind: Kind) -> str:
    """Return the path of a file of a patch below its root, with forward slashes.

    Examples
    --------
    >>> relative_path(10561900, "altitude")
    '00/19/10561900_alti.npy'
    """
    return f"{folder_of_id(occurrence_id)}/{file_name(occurrence_id, kind)}"


def folders_of_ids(ids: ArrayLike) -> NDArray[np.str_]:
    """Return the folder of each patch below its root, for millions of ids.

    Parameters
    ----------
    ids : array-like of int of shape (n,)
        Occurrence ids.

    Returns
    -------
    ndarray of str of shape (n,)
        ``CD/AB``, as `folder_of_id` gives it.

    Raises
    ------
    ValueError
        If an id is negative.

    Examples
    --------
    >>> folders_of_ids([10561900, 173, 7]).tolist()
    ['00/19', '73/1', '7']
    """
    array = _checked_array(ids)
    # Ids from 1000 on have one of 10,000 folders, by their last four digits; the table has these
    # after the 1000 folders of the shorter ids.
    table = np.array([folder_of_id(i) for i in range(1000)] + [folder_of_id(i) for i in range(10000, 20000)])
    return np.asarray(table[np.where(array < 1000, array, 1000 + array % 10_000)])


def relative_paths(ids: ArrayLike, kind: Kind) -> list[str]:
    """Return the path of each file below its root; see `relative_path`."""
    suffix = _SUFFIX_OF_KIND[kind]
    array = _checked_array(ids)
    folders = folders_of_ids(array).tolist()
    return [f"{folder}/{i}{suffix}" for folder, i in zip(folders, array.tolist(), strict=True)]


def archive_numbers(ids: ArrayLike) -> NDArray[np.int64]:
    """Return the number of the archive that holds each patch, CD // 5 + 1.

    Examples
    --------
    >>> archive_numbers([10561900, 173, 7, 99]).tolist()
    [1, 15, 2, 20]
    """
    return _checked_array(ids) % 100 // 5 + 1


def parse_names(names: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Tell the occurrence and the kind of many file names at once.

    Parameters
    ----------
    names : sequence of str of length n
        File names without folders.

    Returns
    -------
    ids : ndarray of int64 of shape (n,)
        Occurrence ids; -1 for a name that no file of a patch has.
    is_altitude : ndarray of bool of shape (n,)
        Whether the name is that of the altitude.

    Examples
    --------
    >>> parse_names(["173.npy", "173_alti.npy", "0173.npy", ".173.npy"])[0].tolist()
    [173, 173, -1, -1]
    """
    fields = pc.extract_regex(pa.array(names, type=pa.string()), pattern=_NAME)
    ids = pc.fill_null(pc.cast(pc.struct_field(fields, "id"), pa.int64()), -1)
    is_altitude = pc.fill_null(pc.equal(pc.struct_field(fields, "alti"), "_alti"), False)
    return np.asarray(ids), np.asarray(is_altitude.to_numpy(zero_copy_only=False), dtype=np.bool_)


def parse_name(name: str) -> tuple[int, Kind] | None:
    """Return the occurrence and the kind that a file name tells, or None if no patch has that name.

    Examples
    --------
    >>> parse_name("173_alti.npy"), parse_name("173_alti.npy.part")
    ((173, 'altitude'), None)
    """
    match = _NAME_PATTERN.fullmatch(name)
    return None if match is None else (int(match["id"]), "altitude" if match["alti"] else "bands")


def parse_path(path: str) -> PatchPath | None:
    """Return what a path below a data root, or in an archive, says of the file that stands there.

    Parameters
    ----------
    path : str
        A relative path with forward slashes; a leading ``./`` is ignored. The folder above
        ``CD/AB`` is nothing at all or one of `roots`.

    Returns
    -------
    PatchPath or None
        None if the name is not that of a file of a patch.

    Examples
    --------
    >>> parse_path("patches_us_15/73/1/173.npy")
    PatchPath(occurrence_id=173, kind='bands', region='us', archive=15, in_place=True)
    >>> parse_path("patches_us_03/73/1/173.npy").in_place
    False
    """
    folder, _, name = path.removeprefix("./").rpartition("/")
    if (named := parse_name(name)) is None:
        return None
    root = _root_above(folder, folder_of_id(named[0]))
    region, number, is_root = _parse_root(folder if root is None else root)
    fits = root is not None and is_root and number in (None, int(archive_numbers(named[0])))
    return PatchPath(*named, region, number, fits)


def roots(region: str, number: int) -> tuple[str, ...]:
    """Return the folders below a data root in which the patches of one archive may lie.

    Parameters
    ----------
    region : {"fr", "us"}
        The region.
    number : int
        The archive's number, 1 to 20.

    Examples
    --------
    >>> roots("us", 15)
    ('patches_us', 'patches_us/patches_us_15', 'patches_us_15')
    """
    whole, part = f"patches_{region}", f"patches_{region}_{number:02d}"
    return whole, f"{whole}/{part}", part


def archive_name(region: str, number: int, suffix: str = ".tar.gz") -> str:
    """Return the file name of an archive.

    Examples
    --------
    >>> archive_name("us", 3), archive_name("fr", 20, ".zip")
    ('patches_us_03.tar.gz', 'patches_fr_20.zip')
    """
    return f"patches_{region}_{number:02d}{suffix}"


def parse_archive_name(name: str) -> ArchiveName | None:
    """Return what the file name of an archive says, or None if no archive of patches has that name.

    Examples
    --------
    >>> parse_archive_name("patches_us_03.tar.gz")
    ArchiveName(region='us', number=3, suffix='.tar.gz')
    """
    match = _ARCHIVE.fullmatch(name)
    if match is None or not _is_number(match[2]):
        return None
    return ArchiveName(match[1], int(match[2]) if match[2] else None, match[3])


def region_and_number(root: str) -> tuple[str | None, int | None]:
    """Return the region and the number of the archive that a root names, None where it names none.

    Examples
    --------
    >>> region_and_number("patches_us/patches_us_15"), region_and_number("")
    (('us', 15), (None, None))
    """
    return _parse_root(root)[:2]


def _root_above(folder: str, own_folder: str) -> str | None:
    """Return what stands above the folder of an id; None if it is not in its folder."""
    if folder == own_folder:
        return ""
    root = folder.removesuffix("/" + own_folder)
    return root if root not in ("", folder) else None


def _parse_root(root: str) -> tuple[str | None, int | None, bool]:
    if not root:
        return None, None, True
    match = _ROOT.fullmatch(root)
    if match is None:
        return None, None, False
    region, number, inner_region, inner_number = match.groups()
    doubled = inner_number is not None and number is not None  # patches_us_01/patches_us_01/
    fits = inner_region in (None, region) and not doubled and _is_number(number or inner_number)
    last = number or inner_number
    return region, int(last) if last else None, fits


def _is_number(digits: str | None) -> bool:
    return digits is None or 1 <= int(digits) <= N_ARCHIVES


def _checked(occurrence_id: int) -> int:
    if occurrence_id < 0:
        raise ValueError(f"occurrence ids are not negative: {occurrence_id}")
    return int(occurrence_id)


def _checked_array(ids: ArrayLike) -> NDArray[np.int64]:
    array = np.asarray(ids, dtype=np.int64)
    if array.size and array.min() < 0:
        raise ValueError(f"occurrence ids are not negative: {array.min()}")
    return array
