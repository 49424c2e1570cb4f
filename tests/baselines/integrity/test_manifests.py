"""Manifests prove themselves: an altered byte of one is never taken for damage of patches."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from patches_on_disk import PATCH_SIZE, make_ids, write_tree

from baselines.integrity.manifests.digests import DIGEST_BYTES
from baselines.integrity.manifests.manifest import Entry, manifest_of, read_manifest, write_manifest
from baselines.integrity.options import VerifyOptions
from baselines.integrity.verify import verify_patches
from submissions.errors import CannotCheckError

IDS = make_ids(20, 40)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    rng = np.random.default_rng(5)
    n_bytes = DIGEST_BYTES["xxh3_128"]
    entries = [Entry(i, (20608, 8320), (rng.bytes(n_bytes), rng.bytes(n_bytes))) for i in range(100, 500)]
    write_manifest(manifest_of(entries, "xxh3_128"), tmp_path / "m.parquet")
    return tmp_path / "m.parquet"


def test_flipped_bits_are_noticed_or_change_nothing(path: Path) -> None:
    whole, raw = read_manifest(path), path.read_bytes()
    rng = np.random.default_rng(0)
    n_refused = 0
    for place, bit in zip(
        rng.integers(0, len(raw), 300).tolist(), rng.integers(0, 8, 300).tolist(), strict=True
    ):
        flipped = bytearray(raw)
        flipped[place] ^= 1 << bit
        path.write_bytes(flipped)
        try:
            assert read_manifest(path).seal == whole.seal
        except CannotCheckError as error:
            n_refused += "m.parquet" in error.message
    assert n_refused > 200


def altered(path: Path, **about: object) -> None:
    table = pq.read_table(path)
    said = json.loads(table.schema.metadata[b"glckit-manifest"]) | about
    kept = {key: value for key, value in said.items() if value is not None}
    pq.write_table(table.replace_schema_metadata({"glckit-manifest": json.dumps(kept)}), path)


def test_manifest_of_an_older_version_is_read_and_said_to_have_no_digest(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "tree", IDS)
    path = tmp_path / "m.parquet"
    making = VerifyOptions(patch_size=PATCH_SIZE, make_manifest=path)
    verify_patches([tree], options=making)
    options = VerifyOptions(patch_size=PATCH_SIZE, manifest=path)
    assert not any("digest of its own" in note for note in verify_patches([tree], options=options).notes)
    altered(path, format=1, sha256=None)
    report = verify_patches([tree], options=options)
    assert report.ok
    assert any("digest of its own" in note for note in report.notes)


@pytest.mark.parametrize(
    "about",
    [
        {"sha256": None},
        {"sha256": "0" * 64},
        {"format": 3},
        {"n": 7},
        {"algorithm": "md4"},
        {"algorithm": "md5"},
    ],
)
def test_what_a_manifest_says_of_itself_must_fit(path: Path, about: dict[str, object]) -> None:
    altered(path, **about)
    with pytest.raises(CannotCheckError, match=r"m\.parquet"):
        read_manifest(path)


@pytest.mark.parametrize("metadata", ["[]", "7", "null", '"x"', "{", "\xff"])
def test_metadata_of_another_kind_is_no_manifest(path: Path, metadata: str) -> None:
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({"glckit-manifest": metadata}), path)
    with pytest.raises(CannotCheckError, match=r"not one of glckit's|says"):
        read_manifest(path)
