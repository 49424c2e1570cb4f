"""A command imports what it needs, and no other command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import glckit

from glckit.cli.app import app

TRUTH = "id;lat;lon;species_id\n7;1.0;2.0;5\n8;1.0;2.0;6\n"
SHOWING = """
import sys
from glckit.cli import main
try:
    main()
finally:
    print(*(name for name in sys.modules), sep="\\n", file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("run", "metric"),
    [("surveyId,predictions\n7,5 6\n8,\n", "f1-samples"), ("id,species,score\n7,5,.5\n8,6,.5\n", "top-k")],
)
def test_scoring_imports_nothing_slow_that_it_does_not_need(tmp_path: Path, run: str, metric: str) -> None:
    (tmp_path / "run.csv").write_text(run)
    (tmp_path / "truth.csv").write_text(TRUTH)
    arguments = ["score", "run.csv", "--truth", "truth.csv", "--metric", metric]
    command = [sys.executable, "-c", SHOWING, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    modules = set(done.stderr.split("\n"))
    assert done.returncode == 0
    assert "glckit.cli.score" in modules
    slow = {"glckit.cli.convert", "glckit.cli.baseline", "numpy.ma", "pandas", "pyarrow.compute"}
    assert slow & modules == set()


def test_a_word_that_is_nearly_a_command_is_told_which() -> None:
    done = glckit("scroe", "run.csv")
    assert done.exit_code == 2
    assert "Did you mean 'score'?" in done.stderr


def test_every_command_is_there_by_its_name() -> None:
    import typer.main

    group = typer.main.get_command(app)
    assert set(group.commands) == set(group.list_commands(None))  # type: ignore[attr-defined]


def test_a_group_has_its_members_after_a_command_that_borrows_its_options() -> None:
    code = (
        "from commands import glckit\n"
        "print(glckit('fuse', '--help').exit_code, glckit('baseline', 'rf', '--help').exit_code)"
    )
    support = str(Path(__file__).parents[2] / "support")
    path = os.pathsep.join(filter(None, [support, os.environ.get("PYTHONPATH")]))
    command, environment = [sys.executable, "-c", code], os.environ | {"PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.stdout == "0 0\n", done.stderr
