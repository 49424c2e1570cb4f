"""Which occurrences are checked in which folder, and in what portions: pure decisions over ids."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.layout import N_ARCHIVES, archive_name, archive_numbers, folder_of_id
from baselines.integrity.trees.survey import Tree
from scoring.places import REGIONS, region_of_id

# A portion of work is big enough to outweigh its way to a process and back, and small enough to
# lose little to a kill and to end soon after --max-duration.
_IDS_A_PORTION = 512
_FOLDERS_A_PORTION = 64
_SAMPLE_SEED = 20


@dataclass(frozen=True)
class Selection:
    """Which of the occurrences to check.

    Parameters
    ----------
    subset : tuple of (int, int), optional
        The I-th of N parts, from 1, so that N machines share the work.
    sample : int, optional
        About how many occurrences to draw, spread over the archives.
    """

    subset: tuple[int, int] | None = None
    sample: int | None = None


@dataclass(frozen=True)
class FolderPlan:
    """The occurrences of one folder.

    Parameters
    ----------
    region, folder : str
        Such as ``"us"`` and ``"73/1"``.
    known : tuple of int
        Occurrences that should be here.
    ids : tuple of int or None
        Those to check; None to check whatever is found.
    """

    region: str
    folder: str
    known: tuple[int, ...]
    ids: tuple[int, ...] | None


def in_scope(ids: NDArray[np.int64], scopes: frozenset[tuple[str, int | None]]) -> NDArray[np.bool_]:
    """Tell which occurrences have their patches in some regions or archives.

    Parameters
    ----------
    ids : ndarray of int64 of shape (n,)
        Occurrence ids.
    scopes : frozenset of (str, int or None)
        Regions, or single archives of regions.

    Returns
    -------
    ndarray of bool of shape (n,)
        An id of no region is in the scope of none, unless all regions are meant.

    Examples
    --------
    >>> in_scope(np.array([173, 10561900]), frozenset({("us", 15)})).tolist()
    [True, False]
    """
    regions, numbers = region_of_id(ids), archive_numbers(ids)
    everything = all((region, None) in scopes for region in REGIONS)
    inside = np.full(len(ids), everything)
    for region, number in scopes:
        inside |= (regions == region) & (True if number is None else numbers == number)
    return inside


def archives_of_ids(ids: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return the name, without suffix, of the archive of each occurrence.

    Examples
    --------
    >>> archives_of_ids(np.array([173, 10561900])).tolist()
    ['patches_us_15', 'patches_fr_01']
    """
    regions = (*REGIONS, "other")
    names = np.array([[archive_name(region, n + 1, "") for n in range(N_ARCHIVES)] for region in regions])
    index = (region_of_id(ids)[:, None] == np.array(regions)).argmax(axis=1)
    return np.asarray(names[index, archive_numbers(ids) - 1])


def select(ids: NDArray[np.int64], selection: Selection) -> NDArray[np.int64]:
    """Choose the occurrences to check.

    Parameters
    ----------
    ids : ndarray of int64 of shape (n,)
        Occurrences in scope.
    selection : Selection
        A part, a sample, or all.

    Returns
    -------
    ndarray of int64
        The chosen ones, ascending; the same for the same ids on every machine.

    Examples
    --------
    >>> select(np.array([100, 205, 302]), Selection(subset=(2, 2))).tolist()
    [100, 302]
    """
    if selection.subset is not None:
        part, n_parts = selection.subset
        ids = ids[folder_numbers(ids) % n_parts == part - 1]
    if selection.sample is not None:
        ids = _drawn(ids, selection.sample)
    return np.sort(ids)


def folder_numbers(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a number for the folder of each occurrence, equal for all of one folder."""
    return np.asarray(ids % 100 * 100 + ids // 100 % 100)


def detection_probability(share: float, n_drawn: int) -> float:
    """Return the probability that a sample holds at least one damaged patch.

    Parameters
    ----------
    share : float
        Share of patches that are damaged.
    n_drawn : int
        Patches drawn at random.

    Examples
    --------
    >>> round(detection_probability(0.001, 3000), 2)
    0.95
    """
    return 1.0 - math.pow(1.0 - share, n_drawn)


def plan_folders(
    known: NDArray[np.int64] | None, chosen: NDArray[np.int64] | None, *, tree: Tree, selection: Selection
) -> list[FolderPlan]:
    """Assign occurrences to folders.

    Parameters
    ----------
    known : ndarray of int64, or None
        All occurrences of the tables in scope; None if there is no table.
    chosen : ndarray of int64, or None
        Those to check.
    tree : Tree
        The folders that exist.
    selection : Selection
        Which part of the folders to take where there is no table.

    Returns
    -------
    list of FolderPlan
        By region and folder. With a table, every folder that should exist and every one that does.
    """
    if known is None or chosen is None:
        keys = sorted(key for key in tree.leaves if _is_in_part(key[1], selection))
        return [FolderPlan(*key, (), None) for key in keys]
    should = _by_folder(known)
    # Of everything, the two are one, which saves a hundred bytes an occurrence.
    checked = should if len(chosen) == len(known) else _by_folder(chosen)
    keys = sorted(checked.keys() | (set() if selection != Selection() else tree.leaves.keys()))
    return [FolderPlan(*key, should.get(key, ()), checked.get(key, ())) for key in keys]


def portions(plans: Sequence[FolderPlan]) -> Iterator[list[FolderPlan]]:
    """Split folders into portions of work, in order."""
    portion: list[FolderPlan] = []
    n_ids = 0
    for plan in plans:
        portion.append(plan)
        n_ids += len(plan.ids or ())
        if n_ids >= _IDS_A_PORTION or len(portion) >= _FOLDERS_A_PORTION:
            yield portion
            portion, n_ids = [], 0
    if portion:
        yield portion


def _by_folder(ids: NDArray[np.int64]) -> Mapping[tuple[str, str], tuple[int, ...]]:
    if not len(ids):
        return {}
    # The region's number, then the folder's as text would sort it; short ids have folders of
    # their own ("73/1" is not "73/01"), told apart by the number of digits.
    lengths = np.minimum(np.char.str_len(ids.astype(np.str_)), 4)
    regions = region_of_id(ids)
    order = np.lexsort((ids, lengths, folder_numbers(ids), regions))
    ids, regions, lengths = ids[order], regions[order], lengths[order]
    numbers = folder_numbers(ids)
    changes = (numbers[1:] != numbers[:-1]) | (lengths[1:] != lengths[:-1]) | (regions[1:] != regions[:-1])
    starts = np.flatnonzero(np.concatenate([[True], changes]))
    ends = [*starts[1:].tolist(), len(ids)]
    return {
        (str(regions[start]), folder_of_id(int(ids[start]))): tuple(ids[start:end].tolist())
        for start, end in zip(starts.tolist(), ends, strict=True)
    }


def _drawn(ids: NDArray[np.int64], n_wanted: int) -> NDArray[np.int64]:
    generator = np.random.default_rng(_SAMPLE_SEED)
    names, archives = np.unique(archives_of_ids(ids), return_inverse=True)
    groups = [ids[archives == index] for index in range(len(names))]
    drawn: list[NDArray[np.int64]] = []
    # The smallest archives first, so that what they cannot give is drawn from the others.
    for place, group in enumerate(sorted(groups, key=len)):
        share = math.ceil((n_wanted - sum(len(part) for part in drawn)) / (len(groups) - place))
        drawn.append(generator.choice(np.sort(group), min(max(share, 0), len(group)), replace=False))
    return np.concatenate(drawn) if drawn else ids


def _is_in_part(folder: str, selection: Selection) -> bool:
    if selection.subset is None:
        return True
    cd, _, ab = folder.partition("/")
    part, n_parts = selection.subset
    return (int(cd) * 100 + int(ab or 0)) % n_parts == part - 1
