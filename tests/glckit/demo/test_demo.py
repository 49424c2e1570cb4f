"""The demo tells the story with real commands, keeps what it made, and harms nothing of others."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from commands import glckit, glckit_json
from hypothesis import given
from hypothesis import strategies as st

from baselines.cnn.loop import UNFINISHED
from baselines.cnn.modelfile import WEIGHTS
from baselines.forest.modelfile import model_path
from glckit.demo import acts, story
from glckit.demo.accident import Injury, damage_archives, extract_with_tar, injuries
from glckit.demo.commands import Cost, Stage, typed
from glckit.demo.report import next_steps, story_report
from glckit.demo.scale import QUICK, Scale
from glckit.demo.story import RUNS, ModelCost, Story, tell_story
from glckit.demo.trainings import Training, note_begun, note_training, recalled_training
from glckit.render import render
from submissions.errors import BadInputError, CannotCheckError, UsageError
from submissions.locks import folder_locked
from submissions.tables import read_occurrence_ids

TINY = Scale(320, 20, 36, QUICK.training)


@dataclass(frozen=True)
class Told:
    """A story that was told, and what was said."""

    story: Story
    lines: list[str]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    home = tmp_path_factory.mktemp("demo")
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(home / "cache"))
        patch.setenv("GLCKIT_DATA", str(home / "elsewhere"))  # must not lead the commands astray
        patch.chdir(home)
        yield Told(tell_story(Path("a demo"), TINY, seed=3, tell=lines.append), lines)
    shutil.rmtree(home)


@pytest.fixture
def inside(told: Told, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in the folder of the story, as a reader does after it."""
    monkeypatch.delenv("GLCKIT_DATA")
    monkeypatch.chdir(told.story.folder)
    return Path()


def test_the_story_is_told_by_its_commands(told: Told) -> None:
    said = "\n".join(told.lines)
    commands = [line.split()[2:4] for line in said.split("\n") if line.startswith("$ glckit")]
    steps = [
        *("world", "baseline prior", "verify-patches", "verify-patches"),
        *("baseline rf", "baseline cnn", "baseline rf"),
        *("verify-patches", "baseline cnn"),
        *("baseline cnn", "fuse"),
        "verify-patches",
        *("baseline cnn", "baseline cnn", "fuse"),
        *("compare", "leaderboard init"),
        *("leaderboard add",) * 4,
        *("leaderboard list", "leaderboard build"),
    ]
    assert [" ".join(words)[: len(step)] for words, step in zip(commands, steps, strict=True)] == steps
    assert said.count("(exit status 1)") == 3
    assert "DAMAGED: 320 occurrences checked" in said
    assert "have damaged patches" in said
    assert "Traceback" not in said


def test_its_scores_are_those_of_its_runs(told: Told, inside: Path) -> None:
    runs = [f"runs/{name}.csv" for name in RUNS]
    status, scored = glckit_json("score", "--allow-missing", *runs)
    assert status == 0
    for score, entry in zip(told.story.scores.values(), scored, strict=True):
        assert (score.adaptive_top_k, score.top_k) == (entry["adaptive_top_k"], entry["top_k"])
    status, valid = glckit_json("validate", *runs)
    assert [entry["run"] for entry in valid if not entry["valid"]] == ["runs/cnn-damaged.csv"]


def test_its_board_has_its_eight_runs(told: Told, inside: Path) -> None:
    status, listed = glckit_json("leaderboard", "list")
    assert status == 0
    assert {entry["run"] for entry in listed} == {f"{name}.csv" for name in RUNS}
    scores = {f"{name}.csv": score.adaptive_top_k for name, score in told.story.scores.items()}
    for entry in listed:
        if entry["run"] == "cnn-damaged.csv":
            assert entry["status"] == "invalid"
        else:
            assert entry["scores"]["adaptive-top-k"] == scores[entry["run"]]
    assert "fusion.csv" in (told.story.board.relative_to(told.story.folder)).read_text()


def test_the_share_of_damage_is_that_of_the_archives(told: Told, inside: Path, tmp_path: Path) -> None:
    """More than what is gone, less than what differs: only checksums see a single wrong pixel."""
    extract_with_tar(sorted(Path("damaged-archives").iterdir()), tmp_path / "patches_us")
    ids = read_occurrence_ids([Path("occurrences_us_test.csv"), Path("occurrences_fr_test.csv")])
    n_gone = n_other = 0
    for occurrence_id in ids.tolist():
        for path in Path("patches_us").rglob(f"{occurrence_id}.npy"):
            files = [path, path.with_name(f"{occurrence_id}_alti.npy")]
            pairs = [(file, tmp_path / file) for file in files]
            n_gone += any(not copy.exists() for _, copy in pairs)
            n_other += any(
                not copy.exists() or copy.read_bytes() != file.read_bytes() for file, copy in pairs
            )
    assert 0 < n_gone <= told.story.share_damaged * len(ids) <= n_other


def test_all_is_whole_at_the_end(told: Told, inside: Path) -> None:
    assert glckit("verify-patches", "--archives", "archives").exit_code == 0
    assert not Path("server").exists()


def test_what_to_try_next_works(told: Told, inside: Path) -> None:
    cd, *steps = next_steps(told.story.folder)
    assert cd == "cd 'a demo'"
    expected = {"validate": 1, "verify-patches": 1}
    for step in steps:
        words = shlex.split(step, comments=True)[1:]
        assert glckit(*words).exit_code == expected.get(words[0], 0), step


def test_the_report_holds_all_figures(told: Told) -> None:
    report = story_report(told.story)
    assert [row[0] for row in report.rows] == [f"runs/{name}.csv" for name in RUNS]
    text = render(report)
    assert "run 4: fusion, repaired patches" in text
    for model, name in (("rf", "forest"), ("cnn", "network")):
        cost = told.story.models[model]
        assert cost.n_bytes == (told.story.folder / acts.MODELS[model]).stat().st_size
        assert 0 < cost.prediction.seconds < told.story.cost.seconds
        assert name in text
    assert '"share_damaged"' in render(report, "json")


def test_a_second_telling_keeps_the_models(told: Told, inside: Path) -> None:
    lines: list[str] = []
    stage = Stage(inside, lines.append)
    trainings = acts.train(stage, TINY, seed=3)
    assert trainings == {name: cost.training for name, cost in told.story.models.items()}
    assert stage.costs == []
    assert "models/cnn/model.safetensors is there from an earlier run" in "".join(lines)


def test_models_stand_where_the_baselines_put_them() -> None:
    assert acts.MODELS["rf"] == model_path("models/rf")
    assert acts.MODELS["cnn"].name == WEIGHTS
    assert acts._UNFINISHED == UNFINISHED


def test_a_model_of_someone_else_is_not_overwritten(tmp_path: Path) -> None:
    model, notes = tmp_path / "forest.npz", tmp_path / "notes" / "trainings.json"
    assert recalled_training(notes, model) is None
    model.write_bytes(b"mine")
    with pytest.raises(UsageError, match=r"forest\.npz was not trained by this demo"):
        recalled_training(notes, model)
    note_begun(notes, model)
    assert recalled_training(notes, model) is None  # stopped before it was noted: the demo's own
    training = Training(Cost(1.5, 7), is_whole=False)
    note_training(notes, model, training)
    assert recalled_training(notes, model) == training
    model.write_bytes(b"mine, trained again")
    with pytest.raises(UsageError, match="would be overwritten"):
        recalled_training(notes, model)
    notes.write_text("{")
    with pytest.raises(CannotCheckError, match=r"Cannot read .*trainings\.json"):
        recalled_training(notes, model)
    for odd in ("[]", '{"forest.npz": 3}', '{"forest.npz": {}}'):
        notes.write_text(odd)
        with pytest.raises(CannotCheckError, match="does not hold the notes of a demo"):
            recalled_training(notes, model)


def test_the_demo_refuses_a_folder_with_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    assert glckit("demo", tmp_path, "--quick").exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    result = glckit("demo", tmp_path / "thesis.txt")
    assert (result.exit_code, "is a file" in result.stderr) == (2, True)


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    (tmp_path / acts.NOTES).mkdir()
    with folder_locked(tmp_path / acts.NOTES):
        result = glckit("demo", tmp_path)
    assert result.exit_code == 3
    assert "Another demo" in result.stderr


def test_a_missing_package_is_named_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "_NEEDED", {"cnn": ("no_such_package",)})
    result = glckit("demo", tmp_path / "demo")
    assert result.exit_code == 2
    assert "no_such_package is not installed" in result.stderr
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("validate", "nowhere.csv", "--test", "test.csv"), CannotCheckError),
        (("baseline", "cnn", "--no-such-flag"), UsageError),
        (("validate", "bad.csv", "--test", "test.csv"), BadInputError),
    ],
)
def test_a_command_that_fails_ends_the_story(
    tmp_path: Path, words: tuple[str, ...], kind: type[Exception]
) -> None:
    (tmp_path / "test.csv").write_text("id;lat;lon\n193;30;-90\n")
    (tmp_path / "bad.csv").write_text("occurrence_id;species_id;probability\n193;1;x\n")
    lines: list[str] = []
    with pytest.raises(kind, match=f"glckit {words[0]} ended with exit status . instead of 0"):
        Stage(tmp_path, lines.append).glckit(*words)
    assert len(lines) > 1  # its own message is told


def test_long_output_is_cut_and_counted(tmp_path: Path) -> None:
    lines: list[str] = []
    stage = Stage(tmp_path, lines.append)
    cost = stage.glckit("--help", n_lines=3)
    assert len(lines) == 5
    assert lines[-1].startswith("... (")
    assert stage.costs == [cost]
    assert cost.peak_bytes is not None
    assert cost.peak_bytes > 10**7


@pytest.mark.parametrize("scale", [Scale(), QUICK])
def test_the_flags_of_its_training_are_flags(scale: Scale, tmp_path: Path) -> None:
    result = glckit("baseline", "cnn", "--train", *scale.training, "--data", tmp_path)
    assert "has no train occurrences" in result.stderr


@given(st.binary(min_size=2), st.data())
def test_injuries_do_what_they_say(content: bytes, data: st.DataObject) -> None:
    byte, bit = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(0, 7))
    flipped = Injury("flipped bit", byte, bit).of(content)
    changed = np.frombuffer(flipped, np.uint8) ^ np.frombuffer(content, np.uint8)
    assert np.flatnonzero(changed).tolist() == [byte]
    assert changed[byte] == 1 << bit
    assert Injury("truncation", byte).of(content) == content[:byte]


@given(st.lists(st.integers(1000, 10**9), min_size=1, max_size=30), st.integers(0, 9))
def test_injuries_come_early_and_from_the_seed(sizes: list[int], seed: int) -> None:
    found = injuries(sizes, seed=seed)
    assert found == injuries(sizes, seed=seed)
    assert {injury.kind for injury in found} == {"flipped bit", "truncation"} or len(sizes) == 1
    assert all(0 < injury.byte <= 0.3 * size for injury, size in zip(found, sizes, strict=True))


def test_damage_is_done_to_copies(tiny_world: Path, tmp_path: Path) -> None:
    archives = sorted((tiny_world / "archives").glob("patches_us_0*.tar.gz"))
    before = [archive.read_bytes() for archive in archives]
    copies = damage_archives(archives, tmp_path / "damaged", seed=0)
    assert [archive.read_bytes() for archive in archives] == before
    assert [copy.read_bytes() != whole for copy, whole in zip(copies, before, strict=True)] == [True] * 9
    (tmp_path / "tree" / "old").mkdir(parents=True)
    said = extract_with_tar([*copies, archives[0]], tmp_path / "tree")
    assert not (tmp_path / "tree" / "old").exists()
    assert [bool(each.status) for each in said] == [True] * 9 + [False]
    assert all(each.complaint for each in said[:9])
    listed = subprocess.run(["tar", "-tzf", archives[0]], capture_output=True, text=True, check=True)
    inner = listed.stdout.split()[0].split("/", 1)[1]
    assert (tmp_path / "tree" / inner).is_file()


def test_without_tar_there_is_no_accident(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tree").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotCheckError, match="with tar, which is not installed"):
        extract_with_tar([], tmp_path / "tree")


@pytest.mark.slow  # some four minutes each
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_fusion_is_worth_its_while_unless_patches_are_damaged(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    told = tell_story(tmp_path / "demo", Scale(), seed=seed, tell=lambda _: None)
    shutil.rmtree(tmp_path)
    reached = {name: score.adaptive_top_k for name, score in told.scores.items()}
    assert reached["fusion"] > max(reached["rf"], reached["cnn"])
    assert reached["fusion-damaged"] < reached["fusion"]
    assert reached["prior"] < min(reached["rf"], reached["cnn"])
    assert max(reached, key=lambda name: reached[name]) == "bayes"


def test_the_runs_of_the_story_are_those_of_the_paper() -> None:
    names = ["prior", "rf", "cnn-dropout", "cnn", "cnn-damaged", "fusion-damaged", "fusion", "bayes"]
    assert list(RUNS) == names


def test_every_cost_stands_in_its_place(told: Told) -> None:
    forest = ModelCost(Training(Cost(61.0, 2 * 10**9)), Cost(3.0, 4 * 10**6), 5_000)
    network = ModelCost(Training(Cost(120.0, 7 * 10**9), is_whole=False), Cost(8.0, 9 * 10**6), 10**7)
    models = {"rf": forest, "cnn": network}
    known = replace(told.story, models=models, share_damaged=0.25, cost=Cost(40.0, 10**9), is_continued=True)
    report = story_report(known)
    lines = render(report).splitlines()
    assert [" ".join(line.split()) for line in lines if line.startswith(("model", "forest", "network"))] == [
        "model training its memory prediction its memory model size",
        "forest 61 s 2 GB 3 s 4 MB 5 kB",
        "network 2 min 7 GB 8 s 9 MB 10 MB",
    ]
    assert "The accident had damaged the patches of 25 % of them." in lines
    assert lines[-4:-2] == [
        "A training was stopped and resumed; its cost here is that of its last part.",
        "All this took 40 s, and 1 GB in its largest process. Trainings of an earlier run are not in it.",
    ]
    assert report.data["models"][1] == {
        "model": "cnn",
        "training_seconds": 120.0,
        "training_peak_bytes": 7 * 10**9,
        "training_is_whole": False,
        "prediction_seconds": 8.0,
        "prediction_peak_bytes": 9 * 10**6,
        "n_bytes": 10**7,
    }


def test_the_story_costs_what_its_largest_process_does(told: Told) -> None:
    peaks = [cost.training.cost.peak_bytes or 0 for cost in told.story.models.values()]
    assert max(peaks) <= (told.story.cost.peak_bytes or 0) < 10**10
    assert not told.story.is_continued


@pytest.fixture
def python_for_glckit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script that runs in place of the commands."""
    script = tmp_path / "command.py"
    launcher = tmp_path / "python"
    launcher.write_text(f"#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(script))}\n")
    launcher.chmod(0o755)
    monkeypatch.setattr("glckit.demo.commands.sys.executable", str(launcher))
    return script


def test_the_peak_of_a_command_is_measured(python_for_glckit: Path, tmp_path: Path) -> None:
    """From a small process, as `glckit demo` is: a command starts with the peak of the one that starts it."""
    python_for_glckit.write_text("held = b'x' * 600_000_000")
    code = (
        "import sys; from pathlib import Path; from glckit.demo.commands import Stage\n"
        f"sys.executable = {str(tmp_path / 'python')!r}\n"
        "print(Stage(Path(), lambda _: None).glckit('world').peak_bytes)"
    )
    real = python_for_glckit.with_name("python").read_text().split()[2]
    done = subprocess.run([real, "-c", code], capture_output=True, text=True, check=True)
    assert 6 * 10**8 < int(done.stdout) < 7 * 10**8


def test_a_command_that_breaks_down_is_no_expected_failure(python_for_glckit: Path, tmp_path: Path) -> None:
    python_for_glckit.write_text("raise ValueError('a defect')")
    with pytest.raises(CannotCheckError, match="glckit verify-patches broke down"):
        Stage(tmp_path, lambda _: None).glckit("verify-patches", expected=1)


def test_a_command_that_was_killed_is_said_to_be(python_for_glckit: Path, tmp_path: Path) -> None:
    python_for_glckit.write_text("import os; os.kill(os.getpid(), 9)")
    with pytest.raises(CannotCheckError, match="was killed by signal 9"):
        Stage(tmp_path, lambda _: None).glckit("world")


def test_commands_hold_the_lock_of_the_demo(python_for_glckit: Path, tmp_path: Path) -> None:
    """So that what is left of a killed demo keeps others out until it has ended."""
    python_for_glckit.write_text("import os; os.fstat(int(open('fd').read())); print('held')")
    lines: list[str] = []
    with folder_locked(tmp_path) as lock:
        (tmp_path / "fd").write_text(str(lock))
        Stage(tmp_path, lines.append, (lock,)).glckit("world")
    assert lines[-1] == "held"


@pytest.mark.parametrize(("error", "said"), [(KeyboardInterrupt, "cleaned up"), (ValueError, "")])
def test_a_stage_leaves_no_command_behind(
    python_for_glckit: Path, tmp_path: Path, error: type[BaseException], said: str
) -> None:
    """After Ctrl-C, which the command has got as well, it may clean up; otherwise it is ended."""
    python_for_glckit.write_text(
        "import os, time\nopen('pid', 'w').write(str(os.getpid()))\nprint('begun', flush=True)\n"
        "time.sleep(2)\nopen('said', 'w').write('cleaned up')"
    )

    def tell(line: str) -> None:
        if line == "begun":
            raise error

    with pytest.raises(error):
        Stage(tmp_path, tell).glckit("world")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    written = tmp_path / "said"
    assert (written.read_text() if written.exists() else "") == said


def test_a_folder_may_be_named_like_a_flag(told: Told) -> None:
    assert next(next_steps(Path("-x"))) == "cd ./-x"
    assert typed(Path("/a/-x")) == "/a/-x"


def test_the_command_tells_to_stderr_and_reports_to_stdout(
    told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story, "tell_story", lambda *_, **__: told.story)
    result = glckit("demo", tmp_path, "--quick", "--json")
    assert json.loads(result.stdout)["seed"] == 3
    assert "Try next:" in result.stderr
    assert "leave --quick out" in result.stderr
    assert "leave --quick out" not in glckit("demo", tmp_path).stderr


def test_a_training_that_goes_on_is_not_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def trained(_: Stage, __: str, name: str, *___: object, **____: object) -> Cost:
        model = tmp_path / acts.MODELS[name]
        model.parent.mkdir(parents=True, exist_ok=True)
        model.write_bytes(b"")
        return Cost(1.0)

    monkeypatch.setattr(Stage, "glckit", trained)
    (tmp_path / "models" / "cnn" / UNFINISHED).mkdir(parents=True)
    trainings = acts.train(Stage(tmp_path, lambda _: None), TINY, seed=0)
    assert [trainings[name].is_whole for name in ("rf", "cnn")] == [True, False]


def test_an_accident_may_happen_again_after_a_kill(tiny_world: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_world, tmp_path / "w")
    (tmp_path / "w" / "server" / "old").mkdir(parents=True)
    stage = Stage(tmp_path / "w", lambda _: None)
    acts.have_an_accident(stage, seed=0)
    assert not (tmp_path / "w" / "server" / "old").exists()
    assert len(list((tmp_path / "w" / "server").glob("patches_us_*.tar.gz"))) == 20
