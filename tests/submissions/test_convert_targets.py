"""convert replaces nothing that it was not told to replace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from commands import glckit
from run_files import pairs_of

import submissions.writing
from submissions.conversion import ConversionOptions, convert
from submissions.errors import CannotCheckError, UsageError

TEXT = "id;species;score\n7;1;0.5\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("run.csv").write_text(TEXT)


@pytest.mark.parametrize("out", ["run.csv", "./run.csv", "other.csv", "link.csv"])
def test_what_is_there_stays_without_force(out: str) -> None:
    Path("other.csv").write_text("mine")
    Path("link.csv").symlink_to("run.csv")
    before = Path(out).read_bytes()
    result = glckit("convert", "run.csv", out)
    assert result.exit_code == 2
    assert "--force" in result.stderr
    assert Path(out).read_bytes() == before
    assert glckit("convert", "run.csv", out, "--force").exit_code == 0
    assert pairs_of(Path(out)) == [(7, 1, 0.5, 1)]


@pytest.mark.parametrize("taken", ["m.npy", "m.occurrence_ids.npy", "m.species_ids.npy"])
def test_nor_do_the_files_of_a_matrix_replace_others(taken: str) -> None:
    Path(taken).write_text("mine")
    result = glckit("convert", "run.csv", "m.npy")
    assert (result.exit_code, Path(taken).read_text()) == (2, "mine")
    assert sorted(path.name for path in Path().iterdir()) == [taken, "run.csv"]
    assert glckit("convert", "run.csv", "m.npy", "--force").exit_code == 0
    assert glckit("convert", "m.npy", "back.csv").exit_code == 0
    assert glckit("convert", "m.npy", "m.npy").exit_code == 2


@pytest.mark.parametrize("out", ["out.csv", "out.npy"])
def test_of_two_conversions_at_once_one_wins(out: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other wrote its file after ours had looked for one."""
    written = submissions.writing.written_atomically

    @contextmanager
    def overtaken(path: Path, *, new: bool = False) -> Iterator[Path]:
        with written(path, new=new) as temporary:
            yield temporary
            if new and not Path(path).exists():
                Path(path).write_text("theirs")

    monkeypatch.setattr(submissions.writing, "written_atomically", overtaken)
    with pytest.raises(UsageError, match="--force"):
        convert("run.csv", out)
    assert {path.read_text() for path in Path().iterdir() if path.name != "run.csv"} == {"theirs"}


@pytest.mark.parametrize("path", ["a\0b.csv", "\ud800.csv"])
def test_a_path_that_cannot_be_is_no_traceback(path: str) -> None:
    with pytest.raises(CannotCheckError, match="Cannot open"):
        convert(path, "out.csv")


@pytest.mark.parametrize("max_rows", [2**63, 10**30])
def test_any_number_of_rows(max_rows: int) -> None:
    done = convert("run.csv", "out.csv", ConversionOptions(max_rows=max_rows))
    assert done.n_pairs == 1
    convert("run.csv", "m.npy", ConversionOptions(max_rows=max_rows))
    convert("m.npy", "back.csv", ConversionOptions(max_rows=max_rows))
    assert glckit("validate", "run.csv", "--max-rows", max_rows).exit_code == 0
