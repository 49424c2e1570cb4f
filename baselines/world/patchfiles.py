"""Writing a world's patches: into archives by number, and extracted beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import numpy as np

from baselines.covariates.patches.layout import KINDS, archive_name, archive_numbers, relative_path
from baselines.covariates.patches.npyheader import form_of
from baselines.world.archives import tar_gz_writer, zip_writer
from baselines.world.occurrences import RegionOccurrences
from baselines.world.patches import cut_patches
from submissions.progress import SILENT, Progress

_SUFFIX = {"fr": ".zip", "us": ".tar.gz"}


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
            pool.submit(_write_part, *part, folder, patch_size=patch_size, extract=extract): len(part[1])
            for part in parts
        }
        with progress.bar("patches", sum(jobs.values())) as advance:
            for job in as_completed(jobs):
                job.result()
                advance(jobs[job])
    finally:
        pool.shutdown(cancel_futures=True)  # after a full disk or Ctrl-C, no further archive is begun


def _parts(occurrences: RegionOccurrences) -> Iterator[tuple[int, RegionOccurrences]]:
    # What each archive holds, in the order of its folders.
    ids = occurrences.ids
    numbers = archive_numbers(ids)
    by_folder = np.lexsort((ids, ids // 100 % 100, ids % 100))
    for number in np.unique(numbers).tolist():
        yield number, occurrences.select(by_folder[numbers[by_folder] == number])


def _write_part(
    number: int, occurrences: RegionOccurrences, folder: Path, *, patch_size: int, extract: bool
) -> None:
    region = occurrences.region.name
    path = folder / "archives" / archive_name(region, number, _SUFFIX[region])
    # Both ways of naming the members are in use; see `layout.roots`.
    root = f"patches_us_{number:02d}" if region == "us" else "patches_fr"
    with tar_gz_writer(path) if region == "us" else zip_writer(path) as add:
        for relative, content in _files(occurrences, patch_size):
            add(f"{root}/{relative}", content)
            if extract:
                file = folder / f"patches_{region}" / relative
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)


def _files(occurrences: RegionOccurrences, patch_size: int) -> Iterator[tuple[str, bytes]]:
    forms = {kind: form_of(kind, patch_size) for kind in KINDS}
    for batch in cut_patches(occurrences.ground, occurrences.places, patch_size=patch_size):
        ids = occurrences.ids[batch.rows].tolist()
        for occurrence_id, *planes in zip(ids, batch.bands, batch.altitudes, strict=True):
            for (kind, form), values in zip(forms.items(), planes, strict=True):
                yield relative_path(occurrence_id, kind), form.header + values.astype(form.dtype).tobytes()
