"""A run over all real test occurrences and species is scored as the oracle scores it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import oracle
import pytest
from commands import glckit, glckit_json
from run_files import pairs_of

from submissions.tables import read_occurrences, read_species

N_ROWS = 45


@pytest.fixture(scope="module")
def files(realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[object]]:
    """A run and a truth over all real test occurrences, with ties and interleaved occurrences."""
    tests = [realdata / "occurrences" / f"occurrences_{region}_test.csv" for region in ("fr", "us")]
    table = realdata / "occurrences" / "species_metadata.csv"
    ids, species = read_occurrences(tests).ids, read_species(table)
    rng = np.random.default_rng(2020)
    truth = rng.choice(species, len(ids))
    first = rng.integers(0, len(species) - N_ROWS, len(ids))
    listed = species[first[:, np.newaxis] + rng.permuted(np.tile(np.arange(N_ROWS), (len(ids), 1)), axis=1)]
    hit = np.flatnonzero((listed != truth[:, np.newaxis]).all(axis=1) & (rng.random(len(ids)) < 0.5))
    listed[hit, rng.integers(0, N_ROWS, len(hit))] = truth[hit]
    scores = np.round(rng.random(listed.shape) ** 3, 5)  # rounded: many ties
    folder = tmp_path_factory.mktemp("real")
    rows = np.stack([np.repeat(ids, N_ROWS), listed.ravel()], axis=1)
    order = rng.permutation(len(rows))
    lines = [
        f"{i};{j};{s}" for (i, j), s in zip(rows[order].tolist(), scores.ravel()[order].tolist(), strict=True)
    ]
    (folder / "run.csv").write_text("\n".join(["glc_id;class_id;score", *lines, ""]))
    labels = zip(ids.tolist(), truth.tolist(), strict=True)
    (folder / "truth.csv").write_text("\n".join(["id;species_id", *(f"{i};{j}" for i, j in labels), ""]))
    options = [option for test in tests for option in ("--test", test)]
    return folder / "run.csv", folder / "truth.csv", [*options, "--species", table]


def test_the_score_is_the_oracles(files: tuple[Path, Path, list[object]]) -> None:
    run, truth, options = files
    status, report = glckit_json("score", run, "--truth", truth, *options)
    labels = dict(tuple(map(int, line.split(";"))) for line in truth.read_text().splitlines()[1:])
    expected = oracle.score(oracle.read(run.read_bytes()), labels, 30)
    assert status == 0
    assert report["n_occurrences"] == 42_405
    assert report["n_pairs"] == 42_405 * N_ROWS
    assert report["threshold"] == expected.threshold
    assert report["adaptive_top_k"] == float(expected.adaptive)
    assert report["top_k"] == float(expected.top_k)
    assert report["adaptive_top_k_bounds"] == [float(expected.adaptive), float(expected.adaptive_high)]
    assert report["top_k_bounds"] == [float(expected.top_k_low), float(expected.top_k_high)]
    assert report["unused_budget"] == expected.unused
    assert 0.1 < report["top_k"] < report["top_k_bounds"][1]


def test_one_region_is_scored_among_both(files: tuple[Path, Path, list[object]], tmp_path: Path) -> None:
    run, truth, options = files
    lines = truth.read_text().splitlines()
    french = [line for line in lines[1:] if int(line.split(";")[0]) // 10_000_000 == 1]
    (tmp_path / "fr.csv").write_text("\n".join([lines[0], *french]))
    status, report = glckit_json("score", run, "--truth", tmp_path / "fr.csv", *options)
    assert status == 0
    assert (report["n_occurrences"], report["n_dropped"]) == (20_608, 21_797 * N_ROWS)
    assert f"|dropped:{21_797 * N_ROWS}|" in report["signature"]


def test_without_the_us_occurrences_it_is_invalid(
    files: tuple[Path, Path, list[object]], tmp_path: Path
) -> None:
    run, truth, options = files
    lines = run.read_text().splitlines()
    kept = [line for line in lines[1:] if int(line.split(";")[0]) // 10_000_000 == 1]
    (tmp_path / "fr.csv").write_text("\n".join([lines[0], *kept]))
    status, report = glckit_json("validate", tmp_path / "fr.csv", *options)
    errors = [(fault["code"], fault["count"]) for fault in report["faults"] if fault["severity"] == "error"]
    assert (status, errors) == (1, [("missing-occurrence", 21_797)])
    assert glckit("score", tmp_path / "fr.csv", "--truth", truth, *options, "--allow-missing").exit_code == 0


def test_the_real_run_of_another_edition_is_read_and_converted(realdata: Path, tmp_path: Path) -> None:
    source = realdata / "runs" / "glc24_cnn_bioclim_top25.csv"
    assert glckit("validate", source).exit_code == 0
    assert glckit("convert", source, tmp_path / "run.parquet").exit_code == 0
    assert glckit("convert", tmp_path / "run.parquet", tmp_path / "run.csv").exit_code == 0
    lines = (tmp_path / "run.csv").read_text().splitlines()
    assert lines[:2] == ["occurrence_id;species_id;probability;rank", "642;10600;0.05607856;1"]
    assert len(lines) == 1 + 25 * 4716
    assert glckit("validate", tmp_path / "run.csv").exit_code == 0
    pairs = [[pair[:3] for pair in pairs_of(path)] for path in (source, tmp_path / "run.csv")]
    assert pairs[0] == pairs[1]
