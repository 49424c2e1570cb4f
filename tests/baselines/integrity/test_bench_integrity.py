"""Verification of patches beside the least that reading them costs, and the tools of the day."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from patches_on_disk import make_patch, path_of, write_archive
from processes import compare, python, timed

from baselines.covariates.patches.layout import folders_of_ids, relative_path
from baselines.covariates.patches.npyheader import form_of
from baselines.integrity.archives.check import check_archive
from baselines.integrity.manifests.manifest import Entry, manifest_of, read_manifest, write_manifest
from baselines.integrity.options import VerifyOptions
from baselines.integrity.verify import verify_patches

pytestmark = pytest.mark.benchmark

# As in the whole data, folders hold many patches: 20 folders of 60.
IDS = [10_000_000 + 10_000 * k + 505 * c for k in range(60) for c in range(20)]
N_ARCHIVED = 300


@pytest.fixture(scope="module")
def contents() -> dict[int, tuple[bytes, bytes]]:
    made = [make_patch(i, size=256) for i in IDS[:40]]
    return {i: made[n % len(made)] for n, i in enumerate(IDS)}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory, contents: dict[int, tuple[bytes, bytes]]) -> Path:
    root = tmp_path_factory.mktemp("tree")
    for i, pair in contents.items():
        for kind, content in zip(("bands", "altitude"), pair, strict=True):
            path = path_of(root, i, kind)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return root


def leaves(root: Path) -> list[str]:
    return [folder for folder, _, files in os.walk(root) if files]


def bare(folder: str, n_bytes: int) -> None:
    """scandir, stat, and a read: 128 bytes, or all and their CRC-32."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                bare(entry.path, n_bytes)
                continue
            entry.stat(follow_symlinks=False)
            descriptor = os.open(entry.path, os.O_RDONLY)
            raw = os.read(descriptor, n_bytes)
            os.close(descriptor)
            if n_bytes > 128:
                zlib.crc32(raw)


def test_quick(benchmark: Any, tree: Path) -> None:
    ours = timed(lambda: verify_patches([tree], np.array(IDS), options=VerifyOptions("quick")))
    compare(benchmark, ours, {"scandir + stat + 128 bytes": timed(lambda: bare(str(tree), 128))}, rounds=9)


@pytest.mark.parametrize("held", ["content only", "with a manifest of xxh3"])
def test_full_on_one_thread(benchmark: Any, tree: Path, tmp_path: Path, held: str) -> None:
    options = VerifyOptions("full")
    if held != "content only":
        verify_patches([tree], options=VerifyOptions(make_manifest=tmp_path / "manifest"))
        options = dataclasses.replace(options, manifest=tmp_path / "manifest")
    ours = timed(lambda: verify_patches([tree], np.array(IDS), options=options))
    compare(benchmark, ours, {"read + zlib.crc32": timed(lambda: bare(str(tree), 1 << 20))}, rounds=9)


def test_full_on_two(benchmark: Any, tree: Path) -> None:
    ours = timed(lambda: verify_patches([tree], np.array(IDS), options=VerifyOptions("full", jobs=2)))

    def peer() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda folder: bare(folder, 1 << 20), leaves(tree)))

    alone = timed(lambda: bare(str(tree), 1 << 20))
    peers = {"read + zlib.crc32, two threads": timed(peer), "read + zlib.crc32, one thread": alone}
    compare(benchmark, ours, peers, rounds=9)


def test_second_run(benchmark: Any, tree: Path, tmp_path: Path) -> None:
    options = VerifyOptions("full", state=tmp_path / "state")
    ours = timed(lambda: verify_patches([tree], np.array(IDS), options=options))
    first = timed(lambda: verify_patches([tree], np.array(IDS), options=VerifyOptions("full")))
    compare(benchmark, ours, {"the first run": first})


def packed(folder: Path, name: str, contents: dict[int, tuple[bytes, bytes]]) -> Path:
    members = [
        (f"patches_fr/{relative_path(i, kind)}", content)  # type: ignore[arg-type]
        for i in IDS[:N_ARCHIVED]
        for kind, content in zip(("bands", "altitude"), contents[i], strict=True)
    ]
    return write_archive(folder / name, members)


@pytest.mark.parametrize(
    ("name", "peer"), [("patches_fr.tar.gz", ["gzip", "-t"]), ("patches_fr.zip", ["unzip", "-tqq"])]
)
def test_archives(
    benchmark: Any, tmp_path: Path, contents: dict[int, tuple[bytes, bytes]], name: str, peer: list[str]
) -> None:
    archive = packed(tmp_path, name, contents)
    peers = {" ".join(peer): timed(lambda: subprocess.run([*peer, archive], check=True))}
    compare(benchmark, timed(lambda: check_archive(archive, np.array(IDS[:N_ARCHIVED]))), peers)


def test_manifests_of_3_8_million_files(benchmark: Any, tmp_path: Path) -> None:
    n = 1_900_000
    rng = np.random.default_rng(0)
    manifest = dataclasses.replace(
        manifest_of([Entry(0, (1, 1), (bytes(16), bytes(16)))], "xxh3_128"),
        ids=np.sort(rng.choice(20_000_000, n, replace=False)),
        sizes=np.tile([327_808, 131_200], (n, 1)),
        digests=np.frombuffer(rng.bytes(32 * n), "V16").reshape(n, 2),
    )

    def parquet() -> None:
        write_manifest(manifest, tmp_path / "m.parquet")
        assert len(read_manifest(tmp_path / "m.parquet")) == n

    def text() -> None:
        # Arrow writes and reads text about as fast as can be.
        columns = {}
        stems = zip(folders_of_ids(manifest.ids).tolist(), manifest.ids.tolist(), strict=True)
        paths = [f"{folder}/{i}" for folder, i in stems]
        for column, (kind, suffix) in enumerate((("bands", ".npy"), ("altitude", "_alti.npy"))):
            digits = manifest.digests[:, column].tobytes().hex().encode()
            columns[f"{kind}_digest"] = pa.array(np.frombuffer(digits, "S32").astype("U32"))
            columns[f"{kind}_size"] = pa.array(manifest.sizes[:, column])
            columns[f"{kind}_path"] = pa.array([path + suffix for path in paths])
        pa.csv.write_csv(pa.table(columns), tmp_path / "m.txt")
        assert pa.csv.read_csv(tmp_path / "m.txt").num_rows == n

    compare(benchmark, timed(parquet), {"text, written and split": timed(text)}, rounds=1)
    for name in ("m.parquet", "m.txt"):
        print(f"  {name}: {(tmp_path / name).stat().st_size / 1e6:.0f} MB")


_MEASURED = """
import sys
import numpy as np
from baselines.integrity.verify import verify_patches
from baselines.integrity.options import VerifyOptions
from submissions.tables import OccurrenceTable
ids = np.load(sys.argv[2])
options = VerifyOptions(sys.argv[3], patch_size=4, state=None if sys.argv[4] == "-" else sys.argv[4])
places = 24 + np.arange(len(ids)) / len(ids) * 26
table = OccurrenceTable(ids, places, np.arange(len(ids)) % 50 * 1.0)
report = verify_patches([sys.argv[1]], table, options=options)
assert len(report.checked_ids) == len(ids) and not report.findings
"""


@pytest.mark.slow
@pytest.mark.parametrize("level", ["quick", "full", "deep"])
def test_memory_grows_little(tmp_path: Path, level: str) -> None:
    peaks = {}
    for n_files in (50_000, 200_000):
        root, ids = tmp_path / str(n_files), np.arange(n_files // 2) * 7 + 10_000_000
        headers = form_of("bands", 4).header, form_of("altitude", 4).header
        # Three kinds of pixels: varied enough to be a patch, and too plain for copies to be an alarm.
        pixels = np.array([[60, 60, 60, 90, 7], [70, 70, 70, 80, 7], [80, 80, 80, 99, 7]], np.uint8)
        pixels = pixels[np.arange(16) % 3]
        pair = headers[0] + pixels.tobytes(), headers[1] + bytes(32)
        for i in ids.tolist():
            for kind, content in zip(("bands", "altitude"), pair, strict=True):
                path = path_of(root, i, kind)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        np.save(tmp_path / "ids.npy", ids)
        for state in ("-", str(tmp_path / f"state{n_files}")):
            cost = python(_MEASURED, root, tmp_path / "ids.npy", level, state)
            peaks[n_files, state == "-"] = cost.peak_mb
            kept = "no" if state == "-" else "a"
            print(f"\n{level}, {n_files} files, {kept} state: {cost.peak_mb:.0f} MB, {cost.seconds:.1f} s")
    growth = (peaks[200_000, True] - peaks[50_000, True]) / 150_000 * 1e6
    print(f"{level}: {growth:.0f} bytes a file; {growth * 3.8e6 / 1e6:.0f} MB more at 3.8 million")
    assert growth < 1000
