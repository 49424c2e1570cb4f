"""Which occurrences are checked in which folder, and in what portions: pure decisions over ids."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.layout import folder_of_id
from baselines.integrity.options import VerifyOptions
from baselines.integrity.places import archives_of_ids
from baselines.integrity.trees.folder import FolderTask
from baselines.integrity.trees.survey import Tree
from scoring.places import region_of_id

# A portion of work is big enough to outweigh its way to a process and back, and small enough to
# lose little to a kill and to end soon after --max-duration.
_IDS_A_PORTION = 512
_FOLDERS_A_PORTION = 64
_SAMPLE_SEED = 20


def select(ids: NDArray[np.int64], options: VerifyOptions) -> NDArray[np.int64]:
    """Choose the occurrences to check, ascending; the same for the same ids on every machine.

    Examples
    --------
    >>> select(np.array([100, 205, 302]), VerifyOptions(subset=(2, 2))).tolist()
    [100, 302]
    """
    if options.subset is not None:
        part, n_parts = options.subset
        ids = ids[folder_numbers(ids) % n_parts == part - 1]
    if options.sample is not None:
        ids = _drawn(ids, options.sample)
    return np.sort(ids)


def folder_numbers(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a number for the folder of each occurrence, equal for all of one folder."""
    return np.asarray(ids % 100 * 100 + ids // 100 % 100)


def detection_probability(share: float, n_drawn: int) -> float:
    """Return the probability that a random sample holds at least one of a share of damaged patches."""
    return 1.0 - math.pow(1.0 - share, n_drawn)


def plan_folders(
    known: NDArray[np.int64],
    chosen: NDArray[np.int64],
    *,
    tree: Tree,
    options: VerifyOptions,
    is_open: bool = False,
) -> list[FolderTask]:
    """Assign occurrences, all that are known of and those to check, to folders, by region and folder.

    Every folder that should exist, and every one that does unless a part is asked for. If the check is open
    to what else is found, those of the part as well.
    """
    should = _by_folder(known)
    # Of everything, the two are one, which saves a hundred bytes per occurrence.
    checked = should if len(chosen) == len(known) else _by_folder(chosen)
    looks_around = is_open or not options.is_partial
    others = {key for key in tree.leaves if looks_around and _is_in_part(key[1], options)}
    return [
        FolderTask(
            *key,
            tree.home(*key),
            tree.paths(*key),
            checked.get(key, ()),
            should.get(key, ()),
            is_open,
            tree.is_shared,
            # A look at every folder above it, which only a state file is worth.
            "" if options.state is None else tree.key(*key),
        )
        for key in sorted(checked.keys() | others)
    ]


def portions(tasks: Sequence[FolderTask]) -> Iterator[list[FolderTask]]:
    """Split folders into portions of work, in order."""
    portion: list[FolderTask] = []
    n_ids = 0
    for task in tasks:
        portion.append(task)
        n_ids += len(task.ids)
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


def _is_in_part(folder: str, options: VerifyOptions) -> bool:
    if options.subset is None:
        return True
    cd, _, ab = folder.partition("/")
    part, n_parts = options.subset
    return (int(cd) * 100 + int(ab or 0)) % n_parts == part - 1
