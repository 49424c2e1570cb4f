"""Writing a world's patches: into archives by number, and extracted beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.layout import (
    N_ARCHIVES,
    archive_name,
    archive_numbers,
    relative_path,
)
from baselines.covariates.patches.npyheader import FileForm, form_of
from baselines.world.archives import AddMember, tar_gz_writer, zip_writer
from baselines.world.occurrences import RegionOccurrences
from baselines.world.patches import cut_patches
from submissions.progress import SILENT, Progress

_SUFFIX = {"fr": ".zip", "us": ".tar.gz"}


@dataclass(frozen=True)
class _Part:
    # The patches of one archive, in the order of their folders.
    occurrences: RegionOccurrences
    number: int
    rows: NDArray[np.int64]


def write_patches(
    regions: Sequence[RegionOccurrences],
    folder: Path,
    *,
    patch_size: int,
    extract: bool,
    progress: Progress = SILENT,
) -> None:
    """Write the patches of all occurrences into ``archives/``, and if `extract` as files beside it."""
    (folder / "archives").mkdir()
    parts = [part for occurrences in regions for part in _parts(occurrences)]
    # NumPy and zlib let go of the interpreter lock; each archive depends on nothing but its part.
    pool = ThreadPoolExecutor()
    try:
        jobs = {
            pool.submit(_write_part, part, folder, patch_size=patch_size, extract=extract): len(part.rows)
            for part in parts
        }
        with progress.bar("patches", sum(jobs.values())) as advance:
            for job in as_completed(jobs):
                job.result()
                advance(jobs[job])
    finally:
        pool.shutdown(cancel_futures=True)  # after a full disk or Ctrl-C, no further archive is begun


def _parts(occurrences: RegionOccurrences) -> Iterator[_Part]:
    ids = occurrences.ids
    numbers = archive_numbers(ids)
    by_folder = np.lexsort((ids, ids // 100 % 100, ids % 100))
    for number in range(1, N_ARCHIVES + 1):
        rows = by_folder[numbers[by_folder] == number]
        if len(rows):
            yield _Part(occurrences, number, rows)


def _write_part(part: _Part, folder: Path, *, patch_size: int, extract: bool) -> None:
    name = part.occurrences.region.name
    path = folder / "archives" / archive_name(name, part.number, _SUFFIX[name])
    # Both ways of naming the members are in use; see `layout.roots`.
    root = f"patches_us_{part.number:02d}" if name == "us" else "patches_fr"
    tree = folder / f"patches_{name}" if extract else None
    with tar_gz_writer(path) if name == "us" else zip_writer(path) as add:
        for relative, content in _files(part, patch_size):
            _write_file(relative, content, add=add, root=root, tree=tree)


def _write_file(relative: str, content: bytes, *, add: AddMember, root: str, tree: Path | None) -> None:
    add(f"{root}/{relative}", content)
    if tree is not None:
        path = tree / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _files(part: _Part, patch_size: int) -> Iterator[tuple[str, bytes]]:
    bands_form, altitude_form = form_of("bands", patch_size), form_of("altitude", patch_size)
    places = part.occurrences.places.take(part.rows)
    for batch in cut_patches(part.occurrences.ground, places, patch_size=patch_size):
        ids = part.occurrences.ids[part.rows[batch.rows]].tolist()
        for occurrence_id, bands, altitude in zip(ids, batch.bands, batch.altitudes, strict=True):
            yield relative_path(occurrence_id, "bands"), _encoded(bands, bands_form)
            yield relative_path(occurrence_id, "altitude"), _encoded(altitude, altitude_form)


def _encoded(values: NDArray[np.generic], form: FileForm) -> bytes:
    return form.header + values.astype(form.dtype).tobytes()
