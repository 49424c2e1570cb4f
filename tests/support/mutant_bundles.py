"""Bundles with one thing wrong, and what a check must say of it."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable

from run_files import zipped

Files = dict[str, bytes]
Change = Callable[[Files], None]


def sub(name: str, old: str, new: str) -> Change:
    """Change the first place of a text, which must be there."""

    def change(files: Files) -> None:
        text = files[name].decode()
        assert re.search(old, text), f"{old} is not in {name}"
        files[name] = re.sub(old, new, text, count=1).encode()

    return change


def without(*names: str) -> Change:
    def change(files: Files) -> None:
        for name in names:
            del files[name]

    return change


def put(name: str, data: bytes) -> Change:
    return lambda files: files.update({name: data})


def swap(name: str, old: bytes, new: bytes) -> Change:
    """Change a file, of which digests may know."""

    def change(files: Files) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)

    return change


def of_script(name: str, data: bytes | None) -> Change:
    """Change a file in the zip of the evaluation script, or leave it out."""

    def change(files: Files) -> None:
        with zipfile.ZipFile(io.BytesIO(files["evaluation_script.zip"])) as archive:
            members = {each: archive.read(each) for each in archive.namelist()}
        members.pop(name)
        files["evaluation_script.zip"] = zipped(**members, **({name: data} if data is not None else {}))

    return change


def of_json(name: str, key: str, value: object) -> Change:
    def change(files: Files) -> None:
        data = json.loads(files[name])
        if value is None:
            del data[key]
        else:
            data[key] = value
        files[name] = json.dumps(data, indent=2).encode()

    return change


def without_row(name: str) -> Change:
    """Leave out the second line of a table."""

    def change(files: Files) -> None:
        header, _, rest = files[name].split(b"\n", 2)
        files[name] = header + b"\n" + rest

    return change


PUBLIC = [
    ("codabench", "public_data/occurrences_test.csv"),
    ("codabench", "public_data/species.csv"),
    ("codabench", "starting_kit/example_run.csv"),
    ("evalai", "starting_kit/occurrences_test.csv"),
    ("evalai", "starting_kit/species.csv"),
    ("evalai", "starting_kit/example_run.csv"),
    ("kaggle", "data/occurrences_test.csv"),
    ("kaggle", "data/species.csv"),
    ("kaggle", "sample_submission.csv"),
    ("huggingface", "public_data/occurrences_test.csv"),
    ("huggingface", "public_data/species.csv"),
    ("huggingface", "public_data/sample_submission.csv"),
]
TASK = "{index: 0, name: a, scoring_program: scoring_program, reference_data: reference_data}"
SECOND_PHASE = """phases:
- name: First
  start: '2026-01-01'
  end: {end}
  tasks: [0]
"""
YAML, CHALLENGE = "competition.yaml", "challenge_config.yaml"
MUTANTS: list[tuple[str, str, Change, str, str]] = [
    # platform, what, change, code, place
    ("codabench", "no configuration", without(YAML), "missing-file", "competition.yaml"),
    (
        "codabench",
        "broken YAML",
        sub(YAML, r"pages:\n- title", "pages: [\n- title"),
        "unreadable",
        "competition.yaml, line 9",
    ),
    (
        "codabench",
        "a key twice",
        sub(YAML, "image: logo.png", "image: logo.png\nimage: logo.png"),
        "doubled-key",
        "line 5: image",
    ),
    ("codabench", "old format", sub(YAML, "version: 2", "version: 1"), "wrong-word", "line 1: version"),
    ("codabench", "no version", sub(YAML, "version: 2\n", ""), "missing-key", "version"),
    ("codabench", "no title", sub(YAML, "title: Synthetic world 0\n", ""), "missing-key", ": title"),
    ("codabench", "no picture", without("logo.png"), "missing-file", ": image"),
    ("codabench", "a picture that is none", put("logo.png", b"x"), "wrong-picture", "logo.png"),
    ("codabench", "no terms", without("pages/terms.md"), "missing-file", "line 5: terms"),
    ("codabench", "empty terms", put("pages/terms.md", b" \n"), "empty-page", "pages/terms.md"),
    ("codabench", "no page", without("pages/data.md"), "missing-file", "pages[2].file"),
    ("codabench", "an empty page", put("pages/overview.md", b""), "empty-page", "pages/overview.md"),
    (
        "codabench",
        "a page without a title",
        sub(YAML, "- title: Data\n  file", "- file"),
        "missing-key",
        "pages[2].title",
    ),
    ("codabench", "a page of bytes", put("pages/data.md", b"\xff\xfe\x00"), "unreadable", "pages/data.md"),
    ("codabench", "the singular", sub(YAML, "leaderboards:", "leaderboard:"), "missing-key", "leaderboards"),
    (
        "codabench",
        "an unknown key",
        sub(YAML, "leaderboards:", "leaderboard:"),
        "unknown-key",
        ": leaderboard",
    ),
    (
        "codabench",
        "a wrong rule",
        sub(YAML, "Force_Best", "ForceBest"),
        "wrong-word",
        "leaderboards[0].submission_rule",
    ),
    (
        "codabench",
        "a long board title",
        sub(YAML, "title: Results of", "title: " + "Results " * 9),
        "too-long",
        "leaderboards[0].title",
    ),
    (
        "codabench",
        "a long column key",
        sub(YAML, "key: top30", "key: " + "top30" * 8),
        "too-long",
        "columns[1].key",
    ),
    (
        "codabench",
        "a doubled column",
        sub(YAML, "key: top30", "key: adaptive_top30"),
        "doubled-key",
        "columns[1].key",
    ),
    ("codabench", "a doubled index", sub(YAML, "index: 1", "index: 0"), "doubled-index", "columns[1].index"),
    (
        "codabench",
        "a missing column",
        sub(YAML, "key: top30", "key: duration2"),
        "missing-column",
        "leaderboards[0].columns",
    ),
    (
        "codabench",
        "a column of nothing",
        sub(YAML, "key: duration", "key: seconds"),
        "unknown-column",
        "columns[2].key",
    ),
    (
        "codabench",
        "the wrong order",
        sub(YAML, "sorting: desc", "sorting: asc"),
        "wrong-order",
        "columns[0].sorting",
    ),
    (
        "codabench",
        "a wrong word of order",
        sub(YAML, "sorting: desc", "sorting: down"),
        "wrong-word",
        "columns[0].sorting",
    ),
    (
        "codabench",
        "few decimals",
        sub(YAML, "precision: 5", "precision: 2"),
        "low-precision",
        "columns[0].precision",
    ),
    (
        "codabench",
        "no decimals said",
        sub(YAML, "    precision: 5\n", ""),
        "low-precision",
        "columns[0].precision",
    ),
    (
        "codabench",
        "a wrong computation",
        sub(YAML, "precision: 5", "precision: 5\n    computation: mean"),
        "wrong-word",
        "computation",
    ),
    ("codabench", "dates turned round", sub(YAML, "'2026-06-01", "'2026-02-01"), "dates", "phases[0].end"),
    (
        "codabench",
        "no date",
        sub(YAML, "start: '2026-03-01T00:00:00Z'", "start: spring"),
        "wrong-kind",
        "phases[0].start",
    ),
    (
        "codabench",
        "no start",
        sub(YAML, "  start: '2026-03-01T00:00:00Z'\n", ""),
        "missing-key",
        "phases[0].start",
    ),
    (
        "codabench",
        "phases that overlap",
        sub(YAML, "phases:\n", SECOND_PHASE.format(end="'2026-03-02'")),
        "overlap",
        "phases[1].start",
    ),
    (
        "codabench",
        "phases that touch",
        sub(YAML, "phases:\n", SECOND_PHASE.format(end="'2026-03-01T00:00:00Z'")),
        "overlap",
        "phases[1].start",
    ),
    (
        "codabench",
        "a first phase without end",
        sub(YAML, "phases:\n", SECOND_PHASE.format(end="null")),
        "missing-key",
        "phases[0].end",
    ),
    (
        "codabench",
        "a task that is not there",
        sub(YAML, "execution_time_limit: 600\n  tasks:\n  - 0", "tasks:\n  - 1"),
        "unknown-task",
        "phases[0].tasks[0]",
    ),
    (
        "codabench",
        "no task of a phase",
        sub(YAML, "execution_time_limit: 600\n  tasks:\n  - 0", "tasks: []"),
        "missing-key",
        "phases[0].tasks",
    ),
    (
        "codabench",
        "a doubled task",
        sub(
            YAML,
            "tasks:\n- index: 0",
            f"tasks:\n- {TASK}\n- index: 0",
        ),
        "doubled-index",
        "tasks[1].index",
    ),
    (
        "codabench",
        "a solution of no task",
        sub(YAML, "solutions:\n- index: 0\n  tasks:\n  - 0", "solutions:\n- index: 0\n  tasks:\n  - 7"),
        "unknown-task",
        "solutions[0].tasks[0]",
    ),
    (
        "codabench",
        "a solution that is not there",
        without("solutions/prior.zip"),
        "missing-file",
        "solutions[0].path",
    ),
    (
        "codabench",
        "no kit",
        without("starting_kit/README.md", "starting_kit/example_run.csv"),
        "missing-file",
        "phases[0].starting_kit",
    ),
    (
        "codabench",
        "a limit of nothing",
        sub(YAML, "max_submissions_per_day: 5", "max_submissions_per_day: 0"),
        "out-of-range",
        "max_submissions_per_day",
    ),
    (
        "codabench",
        "a word for a number",
        sub(YAML, "max_submissions: 100", "max_submissions: many"),
        "wrong-kind",
        "phases[0].max_submissions",
    ),
    (
        "codabench",
        "a word for a flag",
        sub(YAML, "auto_approve: false", "auto_approve: maybe"),
        "wrong-kind",
        "registration_auto_approve",
    ),
    (
        "codabench",
        "no scoring program",
        without("scoring_program/score.py"),
        "missing-file",
        "scoring_program/score.py",
    ),
    ("codabench", "no command", put("scoring_program/metadata.yaml", b"a: b\n"), "missing-key", "command"),
    (
        "codabench",
        "a command of a shell",
        sub("scoring_program/metadata.yaml", "python3", "cd /app; python3"),
        "shell-command",
        "line 1: command",
    ),
    (
        "codabench",
        "a command of another file",
        sub("scoring_program/metadata.yaml", "score.py", "scores.py"),
        "missing-file",
        "line 1: command",
    ),
    (
        "codabench",
        "another scorer",
        swap("scoring_program/score.py", b"chunk.scores > threshold", b"chunk.scores >= threshold"),
        "changed-scorer",
        "score.py, line",
    ),
    (
        "codabench",
        "no truth",
        without("reference_data/truth.csv"),
        "missing-file",
        "reference_data/truth.csv",
    ),
    (
        "codabench",
        "another truth",
        swap("reference_data/truth.csv", b"id;", b"ID;"),
        "changed-file",
        "reference_data/truth.csv",
    ),
    (
        "codabench",
        "no rules",
        put("reference_data/meta.json", b"{}"),
        "unreadable",
        "reference_data/meta.json",
    ),
    (
        "codabench",
        "an impossible K",
        of_json("reference_data/meta.json", "k", 0),
        "wrong-rules",
        "meta.json: k",
    ),
    (
        "codabench",
        "a leak of the table",
        lambda files: files.update({"public_data/x.csv": files["reference_data/truth.csv"]}),
        "leaked-truth",
        "public_data/x.csv",
    ),
    (
        "codabench",
        "a leak of labels",
        put("public_data/occurrences_test.csv", b"id;lat;lon;species_id\n"),
        "leaked-truth",
        "public_data/occurrences_test.csv",
    ),
    ("evalai", "no configuration", without(CHALLENGE), "missing-file", CHALLENGE),
    ("evalai", "two YAML files", put("other.yml", b"a: 1\n"), "second-yaml", "other.yml"),
    ("evalai", "no page", without("templates/description.html"), "missing-file", "line 3: description"),
    (
        "evalai",
        "an empty page",
        put("templates/terms_and_conditions.html", b""),
        "empty-page",
        "terms_and_conditions.html",
    ),
    ("evalai", "no image", without("logo.png"), "missing-file", "image"),
    (
        "evalai",
        "an unknown label",
        sub(CHALLENGE, "default_order_by: adaptive_top30", "default_order_by: best"),
        "unknown-label",
        "leaderboard[0].schema.default_order_by",
    ),
    (
        "evalai",
        "a missing label",
        sub(CHALLENGE, "    - top30\n", ""),
        "missing-label",
        "leaderboard[0].schema.labels",
    ),
    (
        "evalai",
        "no annotation",
        without("annotations/truth.json"),
        "missing-file",
        "challenge_phases[0].test_annotation_file",
    ),
    (
        "evalai",
        "another annotation",
        put("annotations/truth.json", b"{}"),
        "missing-file",
        "annotations/truth.json: meta.json",
    ),
    (
        "evalai",
        "a doubled codename",
        sub(CHALLENGE, "codename: us", "codename: fr"),
        "doubled-codename",
        "dataset_splits[2].codename",
    ),
    (
        "evalai",
        "no split of all",
        sub(CHALLENGE, "codename: all", "codename: whole"),
        "missing-split",
        "dataset_splits",
    ),
    (
        "evalai",
        "a split of no phase",
        sub(CHALLENGE, "dataset_split_id: 3", "dataset_split_id: 2"),
        "unused-split",
        "dataset_splits[2]",
    ),
    (
        "evalai",
        "an unknown phase",
        sub(CHALLENGE, "challenge_phase_id: 1", "challenge_phase_id: 9"),
        "unknown-id",
        "challenge_phase_splits[0].challenge_phase_id",
    ),
    (
        "evalai",
        "an unknown leaderboard",
        sub(CHALLENGE, "leaderboard_id: 1", "leaderboard_id: 2"),
        "unknown-id",
        "leaderboard_id",
    ),
    (
        "evalai",
        "a wrong visibility",
        sub(CHALLENGE, "visibility: 3", "visibility: 4"),
        "wrong-word",
        "visibility",
    ),
    (
        "evalai",
        "few decimals",
        sub(CHALLENGE, "leaderboard_decimal_precision: 5", "leaderboard_decimal_precision: 2"),
        "out-of-range",
        "leaderboard_decimal_precision",
    ),
    (
        "evalai",
        "dates turned round",
        sub(CHALLENGE, "end_date: '?2026-06-01 00:00:00'?", "end_date: 2026-01-01 00:00:00"),
        "dates",
        "end_date",
    ),
    ("evalai", "many tags", sub(CHALLENGE, "- biodiversity", "- a\n- b\n- c\n- d"), "too-long", "tags"),
    (
        "evalai",
        "no package",
        of_script("__init__.py", None),
        "missing-file",
        "evaluation_script.zip: __init__.py",
    ),
    (
        "evalai",
        "an absolute import",
        of_script("__init__.py", b"from main import evaluate\n"),
        "no-evaluate",
        "__init__.py, line 1",
    ),
    ("evalai", "nothing exposed", of_script("__init__.py", b"\n"), "no-evaluate", "__init__.py, line 1"),
    (
        "evalai",
        "another scorer",
        of_script("main.py", b"def evaluate(a, b, c, **d): return {}\n"),
        "changed-scorer",
        "main.py, line 1",
    ),
    ("evalai", "no zip", put("evaluation_script.zip", b"x"), "unreadable", "evaluation_script.zip"),
    ("kaggle", "no notebook", without("metric/metric.ipynb"), "missing-file", "metric.ipynb"),
    (
        "kaggle",
        "no annotation",
        swap("metric/metric.ipynb", b"k: int = ", b"k = "),
        "no-annotation",
        "of the code",
    ),
    (
        "kaggle",
        "another name",
        swap("metric/metric.ipynb", b'"def score(', b'"def metric('),
        "missing-name",
        "metric.ipynb",
    ),
    (
        "kaggle",
        "no visible error",
        swap("metric/metric.ipynb", b"class ParticipantVisibleError", b"class Error"),
        "missing-name",
        "metric.ipynb",
    ),
    (
        "kaggle",
        "other parameters",
        swap("metric/metric.ipynb", b"row_id_column_name: str", b"row_id: str"),
        "wrong-parameters",
        "of the code",
    ),
    (
        "kaggle",
        "no Python",
        swap("metric/metric.ipynb", b'"def score(', b'"def score(('),
        "unreadable",
        "of the code",
    ),
    ("kaggle", "no solution", without("solution.csv"), "missing-file", "solution.csv"),
    (
        "kaggle",
        "a wrong usage",
        swap("solution.csv", b"Public", b"Open"),
        "wrong-word",
        "solution.csv, line 2",
    ),
    (
        "kaggle",
        "a wrong header",
        swap("solution.csv", b"Id,", b"id,"),
        "wrong-header",
        "solution.csv, line 1",
    ),
    ("kaggle", "an empty page", put("pages/data.md", b""), "empty-page", "pages/data.md"),
    (
        "kaggle",
        "a sample of others",
        lambda files: files.update({"sample_submission.csv": b"Id,Predicted\n1,2:0.5\n"}),
        "other-rows",
        "sample_submission.csv",
    ),
    ("huggingface", "no configuration", without("conf.json"), "missing-file", "conf.json"),
    ("huggingface", "a missing key", of_json("conf.json", "END_DATE", None), "missing-key", "END_DATE"),
    (
        "huggingface",
        "no date",
        of_json("conf.json", "END_DATE", "1.6.2026"),
        "wrong-kind",
        "line 7: END_DATE",
    ),
    (
        "huggingface",
        "another metric",
        of_json("conf.json", "EVAL_METRIC", "accuracy_score"),
        "wrong-word",
        "line 12: EVAL_METRIC",
    ),
    (
        "huggingface",
        "the wrong direction",
        of_json("conf.json", "EVAL_HIGHER_IS_BETTER", 0),
        "wrong-order",
        "EVAL_HIGHER_IS_BETTER",
    ),
    (
        "huggingface",
        "other rows",
        of_json("conf.json", "SUBMISSION_ROWS", 3),
        "other-rows",
        "SUBMISSION_ROWS",
    ),
    (
        "huggingface",
        "an unknown label",
        of_json("conf.json", "SCORING_METRIC", "best"),
        "unknown-label",
        "SCORING_METRIC",
    ),
    (
        "huggingface",
        "no split",
        swap("solution.csv", b"split", b"part"),
        "wrong-header",
        "solution.csv, line 1",
    ),
    (
        "huggingface",
        "a wrong split",
        swap("solution.csv", b"public", b"open"),
        "wrong-word",
        "solution.csv, line 2",
    ),
    ("huggingface", "no metric", without("metric.py"), "missing-file", "metric.py"),
    ("huggingface", "a metric without compute", put("metric.py", b"x = 1\n"), "missing-name", "metric.py"),
    ("huggingface", "an empty page", put("DATASET_DESC.md", b""), "empty-page", "DATASET_DESC.md"),
    *(
        (platform, f"a lost row of {name}", without_row(name), "changed-file", name)
        for platform, name in PUBLIC
    ),
    *((platform, f"no {name}", without(name), "missing-file", name) for platform, name in PUBLIC),
]
