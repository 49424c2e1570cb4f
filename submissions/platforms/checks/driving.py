"""Each platform's way of running a scorer, in its own layout of folders."""

from __future__ import annotations

import io
import json
import math
import shlex
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from submissions.errors import require
from submissions.platforms.checks.findings import Files, below
from submissions.platforms.checks.kaggle import code_of
from submissions.platforms.checks.processes import Ran, run_alone, told_by
from submissions.platforms.documents import EXTRA
from submissions.platforms.evalai import ANNOTATION, SCRIPT
from submissions.platforms.kaggle import NOTEBOOK, SOLUTION
from submissions.platforms.making import Platform

_MAX_UNPACKED = 2 << 30


@dataclass(frozen=True)
class Driven:
    """What a platform would have: scores by label, None where it would have none; and what the log says.

    Parameters
    ----------
    wrong : str
        What the platform would stumble over besides; empty if nothing.
    """

    scores: Mapping[str, float] | None
    ran: Ran
    wrong: str = ""


def drive(platform: Platform, files: Files, run: bytes) -> Driven:
    """Score a run with the scorer of a bundle, in a fresh process."""
    with tempfile.TemporaryDirectory(prefix="glckit-bundle-") as folder:
        return _DRIVERS[platform](files, run, Path(folder))


def write_files(files: Files, folder: Path) -> None:
    """Write files below a folder, and none outside of it."""
    for name, data in files.items():
        place = folder / name
        if folder.resolve() not in place.resolve().parents:
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


_RUN_SCRIPT = "import runpy\nsys.argv = sys.argv[1:]\nrunpy.run_path(sys.argv[0], run_name='__main__')\n"


def _codabench(files: Files, run: bytes, folder: Path) -> Driven:
    app = folder / "app"
    write_files(below(files, "scoring_program"), app / "program")
    write_files(below(files, "reference_data"), app / "input" / "ref")
    write_files(_submitted(run), app / "input" / "res")
    (app / "output").mkdir()
    command = require("yaml", EXTRA).safe_load(files["scoring_program/metadata.yaml"])["command"]
    words = [_placed(word, app) for word in shlex.split(command)]
    ran = run_alone(_RUN_SCRIPT, *words[1:], folder=app / "program")
    written = {path.name for path in (app / "output").iterdir()}
    wrong = "it writes a file metadata, which Codabench takes for code" if "metadata" in written else ""
    if "scores.json" not in written:
        return Driven(None, ran, wrong or ("" if ran.status else "it ends well and writes no scores.json"))
    if ran.status:
        return Driven(None, ran, "it fails and writes scores.json all the same")
    return _numbers((app / "output" / "scores.json").read_text(), ran, wrong)


def _placed(word: str, app: Path) -> str:
    """Return a word of a command with the platform's folders, by path or placeholder, put where they are."""
    places = {
        "$program": app / "program",
        "$input": app / "input",
        "$output": app / "output",
        "$hidden": app / "input" / "ref",
        "$predictions": app / "input" / "res",
    }
    for name, place in places.items():
        word = word.replace(name, str(place))
    return str(app) + word.removeprefix("/app") if word.startswith("/app/") else word


def _submitted(run: bytes) -> Files:
    """Return what is in the zip that a participant uploads: the run, or what was zipped already."""
    if not run.startswith(b"PK"):
        return {"run.csv": run}
    try:
        with zipfile.ZipFile(io.BytesIO(run)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if sum(member.file_size for member in members) > _MAX_UNPACKED:
                return {}
            return {member.filename: archive.read(member) for member in members}
    except Exception:  # noqa: BLE001 (whatever is wrong with a stranger's zip, nothing comes out of it)
        return {}


_EVALUATE = """
import importlib, json
folder, annotation, submission, answer = sys.argv[1:]
sys.path.insert(0, folder)
module = importlib.import_module("challenge")
result = module.evaluate(annotation, submission, "evaluation", submission_metadata={"id": 1})
with open(answer, "w") as file:
    json.dump(result, file)
"""


def _evalai(files: Files, run: bytes, folder: Path) -> Driven:
    with zipfile.ZipFile(io.BytesIO(files[SCRIPT])) as archive:
        write_files({name: archive.read(name) for name in archive.namelist()}, folder / "challenge")
    write_files({"truth.json": files[ANNOTATION], "submission": run}, folder / "given")
    given = [str(folder / "given" / name) for name in ("truth.json", "submission")]
    answer, ran = told_by(_EVALUATE, str(folder), *given, folder=folder)
    if answer is None:
        return Driven(None, ran, "" if ran.status else "it ends well and returns nothing")
    if not isinstance(answer.get("result"), list):
        return Driven(None, ran, "it returns no result")
    of_all = next((split["all"] for split in answer["result"] if "all" in split), None)
    return _numbers(json.dumps(of_all), ran, "" if of_all else "it returns no split of all")


_SCORE = """
import doctest, json, types
import pandas as pd
code, solution, submission, answer = sys.argv[1:]
with open(code, encoding="utf-8") as file:
    text = file.read()
metric = types.ModuleType("metric")
sys.modules["metric"] = metric
exec(compile(text, code, "exec"), metric.__dict__)
failed = doctest.testmod(metric).failed
solution, submission = pd.read_csv(solution), pd.read_csv(submission)
refusal, scores = None, {}
if list(submission.columns) != ["Id", "Predicted"]:
    refusal = "The submission must have the columns Id and Predicted."
elif len(submission) != len(solution):
    refusal = "The submission has %d rows, and must have %d." % (len(submission), len(solution))
else:
    for usage, rows in solution[solution["Usage"] != "Ignored"].groupby("Usage", sort=True):
        mine = submission[submission["Id"].isin(rows["Id"])]
        try:
            scores[usage] = metric.score(rows.drop(columns="Usage").copy(), mine.copy(), "Id")
        except metric.ParticipantVisibleError as error:
            refusal = str(error)
with open(answer, "w") as file:
    json.dump({"failed": failed, "refusal": refusal, "scores": scores}, file)
"""


def _kaggle(files: Files, run: bytes, folder: Path) -> Driven:
    code = code_of(files[NOTEBOOK]) or ""
    write_files({"metric.txt": code.encode(), "solution.csv": files[SOLUTION], "run.csv": run}, folder)
    names = [str(folder / name) for name in ("metric.txt", "solution.csv", "run.csv")]
    answer, ran = told_by(_SCORE, *names, folder=folder)
    if answer is None:
        return Driven(None, ran, "the metric fails, and Kaggle tells the host alone")
    if answer["failed"]:
        return Driven(None, ran, "the examples in the docstring of the metric fail")
    if answer["refusal"] is not None:
        return Driven(None, Ran(1, ran.output, answer["refusal"]))
    return _numbers(json.dumps(answer["scores"]), ran, "")


_COMPUTE = """
import importlib, json, os, types
repository, answer = sys.argv[1:]
def hf_hub_download(repo_id, filename, token=None, repo_type=None):
    path = os.path.join(repository, filename)
    if not os.path.isfile(path):
        raise FileNotFoundError(filename)
    return path
hub = types.ModuleType("huggingface_hub")
hub.hf_hub_download = hf_hub_download
sys.modules["huggingface_hub"] = hub
sys.path.append(repository)
metric = importlib.import_module("metric")
params = types.SimpleNamespace(
    competition_id="org/competition", token="-", team_id="team", submission_id="run", metric="custom",
    submission_id_col="Id", submission_cols=["Id", "Predicted"],
)
evaluation = metric.compute(params)
with open(answer, "w") as file:
    json.dump(evaluation, file)
"""


def _huggingface(files: Files, run: bytes, folder: Path) -> Driven:
    write_files({**files, "submissions/team-run.csv": run}, folder / "repository")
    answer, ran = told_by(_COMPUTE, str(folder / "repository"), folder=folder)
    if answer is None:
        return Driven(None, ran, "" if ran.status else "it ends well and returns nothing")
    public, private = answer.get("public_score"), answer.get("private_score")
    if not isinstance(public, dict) or not isinstance(private, dict) or public.keys() != private.keys():
        return Driven(None, ran, "public and private scores do not have the same keys")
    both = {f"{label}:public": score for label, score in public.items()}
    both |= {f"{label}:private": score for label, score in private.items()}
    return _numbers(json.dumps(both), ran, "")


def _numbers(text: str, ran: Ran, wrong: str) -> Driven:
    """Return scores, which must be one flat object of finite numbers."""
    try:
        found: Any = json.loads(text)
    except ValueError:
        return Driven(None, ran, "the scores are no JSON")
    is_flat = isinstance(found, dict) and all(
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        for value in found.values()
    )
    return Driven(found, ran, wrong) if is_flat else Driven(None, ran, wrong or "a score is no finite number")


_DRIVERS: Mapping[Platform, Callable[[Files, bytes, Path], Driven]] = {
    "codabench": _codabench,
    "evalai": _evalai,
    "kaggle": _kaggle,
    "huggingface": _huggingface,
}
