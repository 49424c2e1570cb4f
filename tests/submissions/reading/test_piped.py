"""Runs and tables through pipes of the shell: read as files are, as often as need be."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from commands import glckit

from submissions.reading.piped import PipedTable, repeatable
from submissions.tables import read_truth

RUN = "occurrence_id;species_id;probability\n7;1;0.5\n8;2;0.25\n"
TRUTH = "id;lat;lon;species_id\n7;45;3;1\n8;45;3;2\n"
SPECIES = "species_id;GBIF_species_name\n1;Quercus ilex\n2;Quercus robur\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in {"run.csv": RUN, "truth.csv": TRUTH, "species.csv": SPECIES}.items():
        (tmp_path / name).write_text(text)
    for name in ("GLCKIT_COMPETITION", "GLCKIT_DATA", "GLCKIT_TRUTH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fifo(path: Path, text: str) -> Path:
    """A FIFO that one reader gets a text from."""
    os.mkfifo(path)
    threading.Thread(target=path.write_text, args=(text,), daemon=True).start()
    return path


def in_shell(command: str) -> subprocess.CompletedProcess[str]:
    glckit_here = f"{sys.executable} -m glckit"
    words = ["bash", "-c", command.replace("glckit", glckit_here)]
    root = str(Path(__file__).parents[3])
    environment = os.environ | {"PYTHONPATH": root}
    return subprocess.run(words, capture_output=True, text=True, timeout=100, check=False, env=environment)


def test_process_substitution(folder: Path) -> None:
    done = in_shell(
        "gzip -k run.csv; glckit score <(zcat run.csv.gz) --truth <(cat truth.csv) --test <(cat truth.csv)"
    )
    assert done.returncode == 0, done.stderr
    assert "adaptive top-30  1.0000" in done.stdout
    done = in_shell("cat run.csv | glckit validate /dev/stdin --test <(cat truth.csv)")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("/dev/stdin\n  valid")


def test_table_of_species_is_read_for_ids_and_for_names(folder: Path) -> None:
    (folder / "run.csv").write_text(RUN.replace(";1;", ";Quercus ilex;"))
    result = glckit("validate", "run.csv", "--species", fifo(folder / "pipe", SPECIES))
    assert result.exit_code == 1
    assert "'Quercus ilex' is the species 1." in result.stdout
    assert "--species pipe" in result.stdout.replace(f"{folder}/", "")


def test_tables_of_another_numbering_are_told_through_pipes(folder: Path) -> None:
    pipe = fifo(folder / "pipe", TRUTH.replace("45", "46"))
    result = glckit("validate", "run.csv", "--test", "truth.csv", "--train", pipe)
    assert result.exit_code == 3
    assert "one is stale" in result.stderr
    assert "truth.csv and pipe give 2 of the same ids" in result.stderr


def test_what_is_kept_has_no_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "tmp"))
    table = repeatable(fifo(folder / "pipe", TRUTH))
    assert isinstance(table, PipedTable)
    assert list((folder / "tmp").iterdir()) == []  # so nothing stays, however the process ends
    assert [read_truth(table).ids.tolist() for _ in range(2)] == [[7, 8], [7, 8]]


def test_files_are_not_copied(folder: Path) -> None:
    assert repeatable("truth.csv") == "truth.csv"
    assert repeatable("-") == "-"
    assert repeatable("absent.csv") == "absent.csv"
