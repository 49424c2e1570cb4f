"""Small patches that look as real ones do, in the layout of the challenge; the same from run to run."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baselines.covariates.patches.layout import archive_name, archive_numbers, relative_path
from baselines.covariates.patches.npyheader import form_of
from scoring.places import region_of_id
from submissions.tables import OccurrenceTable

PATCH_SIZE = 64
_CODES = {"fr": range(1, 18), "us": range(18, 34)}


def smooth_field(rng: np.random.Generator, size: int, *, cell: int) -> NDArray[np.float64]:
    """Noise that varies over `cell` pixels, from 0 to 1."""
    n_cells = size // cell + 3
    coarse = rng.random((n_cells, n_cells))
    at = np.arange(size) / cell + rng.random()
    low, part = at.astype(int), at % 1
    rows = coarse[low] * (1 - part)[:, None] + coarse[low + 1] * part[:, None]
    return rows[:, low] * (1 - part) + rows[:, low + 1] * part


def make_patch(occurrence_id: int, *, size: int = PATCH_SIZE, seed: int = 0) -> tuple[bytes, bytes]:
    """The bytes of bands and altitude of one occurrence."""
    rng = np.random.default_rng([seed, occurrence_id])
    light = smooth_field(rng, size, cell=12)
    bands = np.empty((size, size, 5), np.uint8)
    for band, (level, gain) in enumerate([(70, 90), (80, 95), (55, 80), (60, 120)]):
        ground = light if band < 3 else smooth_field(rng, size, cell=12)
        bands[:, :, band] = level + gain * ground + rng.normal(0, 4, (size, size))
    codes = np.array(list(_CODES[str(region_of_id([occurrence_id])[0])]))
    few = np.sort(rng.choice(codes, 5, replace=False))
    bands[:, :, 4] = few[(smooth_field(rng, size, cell=24) * 4.99).astype(int)]
    height = rng.integers(5, 1200) + 12 * smooth_field(rng, size, cell=16)
    altitude = height.astype("<i2")
    headers = form_of("bands", size).header, form_of("altitude", size).header
    return headers[0] + bands.tobytes(), headers[1] + altitude.tobytes()


def make_ids(n_fr: int, n_us: int, *, seed: int = 0) -> list[int]:
    """Ids of both regions, some short ones among the US ones."""
    rng = np.random.default_rng(seed)
    fr = rng.choice(np.arange(10_000_000, 10_900_000), n_fr, replace=False)
    us = [173, 7, *rng.choice(np.arange(1000, 2_068_082), max(n_us - 2, 0), replace=False)][:n_us]
    return sorted(int(i) for i in [*fr, *us])


def make_table(ids: Iterable[int]) -> OccurrenceTable:
    """Occurrences a few kilometres apart from one another."""
    ids = list(ids)
    steps = np.arange(len(ids))
    return OccurrenceTable(np.array(ids), 30 + steps % 300 * 0.05, 1 + steps // 300 * 0.1)


def write_tree(
    root: Path, ids: Iterable[int], *, size: int = PATCH_SIZE, home: Callable[[int], str] | None = None
) -> Path:
    """Write patches below a data root, by default in patches_fr/ and patches_us/."""
    for i in ids:
        region = region_of_id([i])[0]
        folder = root / (f"patches_{region}" if home is None else home(i))
        for kind, content in zip(("bands", "altitude"), make_patch(i, size=size), strict=True):
            path = folder / relative_path(i, kind)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return root


def write_archives(folder: Path, ids: Iterable[int], *, size: int = PATCH_SIZE) -> Path:
    """Write the archives of patches: tar.gz for the US, zip for France, as the organizers did."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = np.array(sorted(ids))
    regions, numbers = region_of_id(ids), archive_numbers(ids)
    for region, suffix in (("us", ".tar.gz"), ("fr", ".zip")):
        for number in np.unique(numbers[regions == region]):
            own = ids[(regions == region) & (numbers == number)].tolist()
            prefix = f"patches_us_{number:02d}" if region == "us" else "patches_fr"
            members = [
                (f"{prefix}/{relative_path(i, kind)}", content)
                for i in own
                for kind, content in zip(("bands", "altitude"), make_patch(i, size=size), strict=True)
            ]
            write_archive(folder / archive_name(region, int(number), suffix), members)
    return folder


def write_archive(path: Path, members: Iterable[tuple[str, bytes]]) -> Path:
    """Write one archive; its suffix decides the form."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, content in members:
                archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        return path
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, BytesIO(content))
    return path


def path_of(root: Path, occurrence_id: int, kind: str = "bands") -> Path:
    """Where a file of a patch lies below a data root."""
    region = region_of_id([occurrence_id])[0]
    return root / f"patches_{region}" / relative_path(occurrence_id, kind)  # type: ignore[arg-type]
