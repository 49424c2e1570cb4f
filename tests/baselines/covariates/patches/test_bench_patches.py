"""Reading patches from files and archives beside np.load and stacking."""

from __future__ import annotations

import io
import multiprocessing
import random
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from patches_on_disk import make_patch

from baselines.covariates.patches.archive import ArchiveSource
from baselines.covariates.patches.layout import KINDS, relative_path
from baselines.covariates.patches.planes import empty_planes
from baselines.covariates.patches.reading import PatchReader
from baselines.covariates.patches.rewriting import rewrite_as_tar
from baselines.covariates.patches.scanning import scan_archive
from baselines.covariates.patches.tree import TreeSource

IDS = [173 + 10_000 * k for k in range(160)]
PREFIX = "patches_us_15"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("patches")
    files = {
        f"{PREFIX}/{relative_path(i, kind)}": content
        for i in IDS
        for kind, content in zip(KINDS, make_patch(i, size=256), strict=True)
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    with tarfile.open(folder / "patches_us_15.tar.gz", "w:gz", compresslevel=6) as tar:
        for name in files:
            tar.add(folder / name, name)
    rewrite_as_tar(folder / "patches_us_15.tar.gz", folder / "patches_us_15.tar")
    for name, method in (("stored.zip", zipfile.ZIP_STORED), ("deflated.zip", zipfile.ZIP_DEFLATED)):
        with zipfile.ZipFile(folder / name, "w", method) as archive:
            for member, content in files.items():
                archive.writestr(member, content)
    return folder


def stacked(bands: NDArray[np.uint8], altitude: NDArray[np.int16]) -> NDArray[np.float32]:
    planes = [bands.transpose(2, 0, 1).astype(np.float32), altitude[np.newaxis].astype(np.float32)]
    return np.concatenate(planes)


def load_and_stack(folder: Path) -> Callable[[int], object]:
    return lambda i: stacked(*(np.load(folder / PREFIX / relative_path(i, kind)) for kind in KINDS))


def load_from(read: Callable[[str], bytes]) -> Callable[[int], object]:
    return lambda i: stacked(
        *(np.load(io.BytesIO(read(f"{PREFIX}/{relative_path(i, kind)}"))) for kind in KINDS)
    )


def ours(source: TreeSource | ArchiveSource, **options: str) -> Callable[[int], object]:
    reader = PatchReader(source, **options)
    out = empty_planes(256, land_cover=reader.land_cover)
    return lambda i: reader.read_into(i, out)


def milliseconds(jobs: dict[str, tuple[Callable[[int], object], list[int]]]) -> dict[str, float]:
    """Time of one call of each job: the best of five rounds, taken in turn on a busy machine."""
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(5):
        for name, (read, ids) in jobs.items():
            start = time.perf_counter()
            for i in ids:
                read(i)
            taken[name].append(1000 * (time.perf_counter() - start) / len(ids))
    return {name: min(rounds) for name, rounds in taken.items()}


@pytest.mark.benchmark
def test_patches_a_second(folder: Path) -> None:
    """Files, archives, and the usual way of reading each, in one process and one thread."""
    shuffled = random.Random(0).sample(IDS, len(IDS))
    tar, tar_gz = folder / "patches_us_15.tar", folder / "patches_us_15.tar.gz"
    stored, deflated = folder / "stored.zip", folder / "deflated.zip"
    with tarfile.open(tar) as a, zipfile.ZipFile(stored) as b, zipfile.ZipFile(deflated) as c:
        readers = {
            "files, np.load + astype + concatenate": load_and_stack(folder),
            "files": ours(TreeSource(folder)),
            "files, 39 planes": ours(TreeSource(folder), land_cover="unstacked"),
            "tar, tarfile + np.load": load_from(lambda member: a.extractfile(member).read()),
            "tar": ours(ArchiveSource(tar)),
            "zip stored, zipfile + np.load": load_from(b.read),
            "zip stored": ours(ArchiveSource(stored)),
            "zip deflated, zipfile + np.load": load_from(c.read),
            "zip deflated": ours(ArchiveSource(deflated)),
            "tar.gz, random order": ours(ArchiveSource(tar_gz)),
        }
        jobs = {name: (reader, shuffled) for name, reader in readers.items()}
        jobs["tar.gz, archive order"] = ours(ArchiveSource(tar_gz)), IDS
        taken = milliseconds(jobs)
    baseline = taken["files, np.load + astype + concatenate"]
    print(f"\n{'from':40}{'ms':>8}{'patches/s':>12}{'x np.load':>11}")
    for name, each in taken.items():
        print(f"{name:40}{each:8.3f}{1000 / each:12.0f}{baseline / each:11.2f}")


@pytest.mark.benchmark
def test_patch_to_tensor_in_a_process_of_its_own(folder: Path) -> None:
    """As in a loader's worker: arrays made anew for each patch come from the system each time."""
    taken: dict[str, list[float]] = {"np.load + astype + concatenate": [], "ours": []}
    for _ in range(3):
        for name, rounds in taken.items():
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                rounds.append(pool.apply(time_alone, (name, folder)))
    theirs, own = (min(rounds) for rounds in taken.values())
    print(f"\npatch to tensor: np.load + astype + concatenate {theirs:.3f} ms, ours {own:.3f} ms: ", end="")
    print(f"{theirs / own:.1f} x")


def time_alone(name: str, folder: Path) -> float:
    read = ours(TreeSource(folder)) if name == "ours" else load_and_stack(folder)
    return milliseconds({name: (read, IDS)})[name]


@pytest.mark.benchmark
def test_scanning_and_rewriting(folder: Path, tmp_path: Path) -> None:
    """What a tar.gz costs once."""
    tar_gz = folder / "patches_us_15.tar.gz"
    n_bytes = (folder / "patches_us_15.tar").stat().st_size
    work = {
        "tarfile, read all members": lambda: read_all(tar_gz),
        "scan for an index": lambda: scan_archive(tar_gz),
        "rewrite as tar": lambda: rewrite_as_tar(tar_gz, tmp_path / "out.tar"),
    }
    print()
    for name, job in work.items():
        start = time.perf_counter()
        job()
        taken = time.perf_counter() - start
        print(f"{name:30}{taken:8.2f} s {n_bytes / taken / 1e6:8.0f} MB/s of patches")


def read_all(path: Path) -> None:
    with tarfile.open(path) as tar:
        for member in tar:
            if member.isreg():
                tar.extractfile(member).read()
