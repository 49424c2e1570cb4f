"""Whether a bundle is ready to be uploaded, and gives our numbers."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from submissions.platforms.checks.codabench import codabench_faults
from submissions.platforms.checks.driving import Driven, drive
from submissions.platforms.checks.evalai import annotation_files, evalai_faults
from submissions.platforms.checks.findings import BundleFault, Files, below, distinct_faults
from submissions.platforms.checks.huggingface import huggingface_faults
from submissions.platforms.checks.kaggle import kaggle_faults
from submissions.platforms.checks.processes import last_lines
from submissions.platforms.checks.tables import table_of
from submissions.platforms.checks.unpacking import (
    BundleFound,
    differences,
    find_bundle,
    is_junk,
    nested_folder,
    read_tree,
    unzipped,
)
from submissions.platforms.evalai import ANNOTATION
from submissions.platforms.kaggle import IGNORED
from submissions.platforms.kaggle import SOLUTION as KAGGLE_SOLUTION
from submissions.platforms.making import OF_CELLS, Platform
from submissions.platforms.programs.huggingface import PARTS
from submissions.platforms.programs.huggingface import SOLUTION as HF_SOLUTION
from submissions.platforms.programs.pairs import run_of_cells
from submissions.platforms.programs.reference import META, TRUTH_FILE, BrokenBundle, Reference, read_reference
from submissions.platforms.runtexts import as_cells, as_text, cells_as_csv, cells_in
from submissions.printable import printable
from submissions.reading.forms import Headerless
from submissions.reading.options import ReadingOptions
from submissions.reading.runs import read_run
from submissions.run import DenseRun, Run
from submissions.scores import Evaluation, evaluate
from submissions.tables import Truth, TruthSets

#: The code of the one fault that is of the run and not of the bundle.
INVALID_RUN = "invalid-run"
_FAULTS: Mapping[Platform, Callable[[Files], Iterator[BundleFault]]] = {
    "codabench": codabench_faults,
    "evalai": evalai_faults,
    "kaggle": kaggle_faults,
    "huggingface": huggingface_faults,
}


@dataclass(frozen=True)
class BundleCheck:
    """What came of a bundle and one run.

    Parameters
    ----------
    run : str
        The run, as given; empty where there is none.
    faults : tuple of BundleFault
        What is wrong with the bundle, the run, or both together.
    scores : mapping of str to float, optional
        Ours, by metric; with the part behind a colon where parts are scored apart. None for an invalid run.
    scores_of_bundle : mapping of str to float, optional
        Those of the bundle, by the platform's label; None where it gives none.
    equal : bool, optional
        Whether they are the same to the last bit; None where neither gives any, or the bundle cannot be run.
    notes : tuple of str
        What is as it must be, and yet surprises.
    log : str
        The end of what a participant would read.
    """

    run: str
    platform: Platform
    faults: tuple[BundleFault, ...]
    scores: Mapping[str, float] | None = None
    scores_of_bundle: Mapping[str, float] | None = None
    equal: bool | None = None
    notes: tuple[str, ...] = ()
    log: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong, and the scores are the same."""
        return not self.faults and self.equal is not False


def check_bundle(output: Path, runs: Sequence[str]) -> list[BundleCheck]:
    """Check a bundle, and drive it with each run; without any, with those that go with it.

    Raises
    ------
    CannotCheckError
        If the bundle or a run cannot be read.
    UsageError
        If nobody can tell for which platform it is.
    """
    found = find_bundle(output)
    files, faults = _opened(found)
    cannot = _why_not_driven(found.platform, files)
    with tempfile.TemporaryDirectory() as folder:
        named = {run: run for run in runs} or _own_runs(files, Path(folder))
        if not named or cannot:
            return [BundleCheck("", found.platform, faults)]
        bundle = _Bundle(found.platform, files, faults, tuple(_yardsticks(found.platform, files)))
        return [_driven(name, path, bundle) for name, path in named.items()]


def _opened(found: BundleFound) -> tuple[Files, tuple[BundleFault, ...]]:
    """Return the files that would be uploaded, and what is wrong with them, in the folder as in the zip."""
    tree = {} if found.tree is None else read_tree(found.tree)
    faults: list[BundleFault] = []
    if found.archive is None:
        faults += _FAULTS[found.platform](tree)
        faults.append(_no_zip(found))
        return tree, distinct_faults(iter(faults))
    packed, of_zip = unzipped(found.archive)
    faults += of_zip
    faults += nested_folder(found.platform, found.archive.name, packed)
    if found.tree is None:
        faults += _FAULTS[found.platform]({name: data for name, data in packed.items() if not is_junk(name)})
        return packed, distinct_faults(iter(faults))
    faults += _FAULTS[found.platform](tree)
    if packed and packed != tree and not any(fault.code == "nested-folder" for fault in faults):
        faults += differences(tree, packed, found.archive.name)
        faults += _FAULTS[found.platform]({name: data for name, data in packed.items() if not is_junk(name)})
    return packed or tree, distinct_faults(iter(faults))


def _no_zip(found: BundleFound) -> BundleFault:
    name = f"{found.platform}.zip"
    fix = f"Zip the folder: cd {printable(found.tree)} && zip -r ../{name} ."
    return BundleFault("missing-file", name, "there is no zip of the bundle", fix)


def _own_runs(files: Files, folder: Path) -> dict[str, str]:
    """Write the runs that go with a bundle, and return where, by their paths in it."""
    paths = {}
    for name, data in sorted(below(files, "solutions").items()):
        path = folder / Path(name).name
        path.write_bytes(data)
        paths[f"solutions/{name}"] = str(path)
    return paths


@dataclass(frozen=True)
class _Part:
    """A part of the occurrences that is scored by itself, with what is behind its labels."""

    suffix: str
    reference: Reference


def _why_not_driven(platform: Platform, files: Files) -> bool:
    """Say whether the files are such that a scorer cannot even be started; the faults say why."""
    try:
        _yardsticks(platform, files)
    except (BrokenBundle, KeyError, ValueError, TypeError):
        return True
    needed = {
        "codabench": ("scoring_program/metadata.yaml", "scoring_program/score.py"),
        "evalai": ("evaluation_script.zip",),
        "kaggle": ("metric/metric.ipynb",),
        "huggingface": ("metric.py",),
    }
    return any(name not in files for name in needed[platform])


def _yardsticks(platform: Platform, files: Files) -> list[_Part]:
    """Return what runs are scored against here: the truth of the bundle, by our own readers."""
    if platform == "codabench":
        return [_Part("", read_reference(below(files, "reference_data").get))]
    if platform == "evalai":
        return [_Part("", read_reference(annotation_files(files[ANNOTATION]).get))]
    if platform == "huggingface":
        whole = read_reference(files.get)
        parts = _ids_by(files[HF_SOLUTION], HF_SOLUTION, "split")
        public, private = (_among(whole, parts[part]) for part in PARTS)
        if public.truth == private.truth:
            return [_Part("", public)]
        return [_Part(":public", public), _Part(":private", private)]
    return _kaggle_parts(files)


def _kaggle_parts(files: Files) -> list[_Part]:
    table = table_of(KAGGLE_SOLUTION, files[KAGGLE_SOLUTION])
    truth_lines, tests = ["id;species_id"], ["id"]
    for _, (occurrence, words, usage) in table.rows:
        tests.append(occurrence)
        truth_lines += [f"{occurrence};{word}" for word in words.split()] if usage != IGNORED else []
    texts = {TRUTH_FILE: "\n".join([*truth_lines, ""]).encode(), "test.csv": "\n".join([*tests, ""]).encode()}
    meta = json.loads(files[META])
    meta["metric"] = meta["metric"][:1]
    meta["files"] = {name: {"sha256": hashlib.sha256(data).hexdigest()} for name, data in texts.items()}
    whole = read_reference({**texts, META: json.dumps(meta).encode()}.get)
    parts = _ids_by(files[KAGGLE_SOLUTION], KAGGLE_SOLUTION, "Usage")
    parts.pop(IGNORED, None)
    suffixes = {part: f":{part.lower()}" if len(parts) > 1 else "" for part in parts}
    return [_Part(suffixes[part], _among(whole, ids)) for part, ids in sorted(parts.items())]


def _ids_by(data: bytes, name: str, column: str) -> dict[str, list[int]]:
    table = table_of(name, data)
    parts: dict[str, list[int]] = {}
    for occurrence, part in zip(table.column("Id"), table.column(column), strict=True):
        parts.setdefault(part, []).append(int(occurrence))
    return parts


def _among(whole: Reference, ids: Sequence[int]) -> Reference:
    chosen = np.isin(whole.truth.ids, np.array(ids, np.int64))
    truth: Truth | TruthSets = whole.truth.among(chosen)
    return replace(whole, truth=truth)


@dataclass(frozen=True)
class _Bundle:
    """A bundle that can be driven."""

    platform: Platform
    files: Files
    faults: tuple[BundleFault, ...]
    parts: tuple[_Part, ...]


def _driven(name: str, path: str, bundle: _Bundle) -> BundleCheck:
    """Score a run as glckit does and as the bundle does, and compare."""
    platform, parts = bundle.platform, bundle.parts
    run, text = _read(path, bundle)
    outcomes = [evaluate(run, part.reference.truth, part.reference.requirements) for part in parts]
    refused, notes = tuple(_invalid(name, outcomes[0])), tuple(_notes(parts))
    if text is None:
        return BundleCheck(name, platform, (*bundle.faults, *refused), notes=notes)
    driven = drive(platform, bundle.files, text)
    ours, theirs = _labelled(outcomes, parts), _of_bundle(driven, bundle)
    faults = distinct_faults(iter([*bundle.faults, *refused, *_of_driving(name, driven, ours, theirs)]))
    equal = None if ours is None and theirs is None else ours == theirs
    scores = _scores(outcomes, parts)
    return BundleCheck(name, platform, faults, scores, theirs, equal, notes, last_lines(driven.ran))


def _read(path: str, bundle: _Bundle) -> tuple[Run | DenseRun, bytes | None]:
    """Return a run and as what it is sent; None where it cannot be written as the platform takes it."""
    reference = bundle.parts[0].reference
    if bundle.platform not in OF_CELLS:
        run = read_run(path, ReadingOptions(headerless=Headerless(form=reference.form)))
        return run, as_text(path, run)
    metric = reference.metrics[0]
    own = cells_in(path)
    if own is not None:
        table = table_of(path, own)
        return run_of_cells(table.column("Id"), table.column("Predicted"), metric), own
    run = read_run(path, ReadingOptions(headerless=Headerless(form=reference.form)))
    is_whole = not isinstance(run, Run) or (run.readable and not run.faults)
    return run, cells_as_csv(as_cells(run, metric)) if is_whole else None


def _of_bundle(driven: Driven, bundle: _Bundle) -> dict[str, float] | None:
    """Return the scores of a bundle by label and part, without what is no score."""
    if driven.scores is None:
        return None
    scores = dict(driven.scores)
    if bundle.platform == "kaggle":
        label = next(iter(bundle.parts[0].reference.labels.values()))
        scores = {f"{label}:{usage.lower()}": score for usage, score in scores.items()}
    if bundle.platform in OF_CELLS and len(bundle.parts) == 1:
        scores = _together(scores)
    labels = {label + part.suffix for part in bundle.parts for label in part.reference.labels.values()}
    return {
        label: score for label, score in scores.items() if label.split(":")[0] in labels or label in labels
    }


def _together(scores: Mapping[str, float]) -> dict[str, float]:
    """Return scores of parts that have the same rows without their parts, as far as they are the same."""
    labels = {label.split(":")[0]: set[float]() for label in scores}
    for label, score in scores.items():
        labels[label.split(":")[0]].add(score)
    if all(len(found) == 1 for found in labels.values()):
        return {label: found.pop() for label, found in labels.items()}
    return dict(scores)


def _scores(outcomes: Sequence[Evaluation], parts: Sequence[_Part]) -> dict[str, float] | None:
    """Return our scores by metric and part; None for an invalid run."""
    scores: dict[str, float] = {}
    for outcome, part in zip(outcomes, parts, strict=True):
        if outcome.score is None:
            return None
        scores |= {f"{name}{part.suffix}": score for name, score in outcome.score.scores.items()}
    return scores


def _labelled(outcomes: Sequence[Evaluation], parts: Sequence[_Part]) -> dict[str, float] | None:
    """Return our scores as a platform calls them."""
    scores: dict[str, float] = {}
    for outcome, part in zip(outcomes, parts, strict=True):
        if outcome.score is None:
            return None
        labels = part.reference.labels
        scores |= {f"{labels[name]}{part.suffix}": score for name, score in outcome.score.scores.items()}
    return scores


def _notes(parts: Sequence[_Part]) -> Iterator[str]:
    fits = any(metric.fits_threshold for metric in parts[0].reference.metrics)
    if fits and len({part.reference.truth.digest for part in parts}) > 1:
        yield "public and private rows are scored apart, each with a threshold of its own, here as there"


def _invalid(path: str, outcome: Evaluation) -> Iterator[BundleFault]:
    if outcome.score is None:
        codes = ", ".join(fault.code for fault in outcome.validation.errors)
        fix = f"glckit validate {printable(path)} says in which rows, and what to do."
        yield BundleFault(INVALID_RUN, printable(path), f"the run is not valid: {codes}", fix)


def _of_driving(
    name: str, driven: Driven, ours: Mapping[str, float] | None, theirs: Mapping[str, float] | None
) -> Iterator[BundleFault]:
    place, again = printable(name), "Make the bundle again with glckit bundle."
    if driven.wrong:
        yield BundleFault("scorer-fails", place, driven.wrong, again)
    if "Traceback" in driven.ran.output + driven.ran.errors and ours is not None:
        yield BundleFault("scorer-fails", place, f"the scorer fails: {last_lines(driven.ran, 1)}", again)
    elif ours is not None and theirs is None and not driven.wrong:
        yield BundleFault(
            "scorer-fails", place, f"the bundle gives no score: {last_lines(driven.ran, 1)}", again
        )
    if ours is None and theirs is not None:
        yield BundleFault("unequal", place, "the bundle scores a run that glckit refuses", again)
    if ours is not None and theirs is not None and ours != theirs:
        other = ", ".join(
            f"{label} {theirs.get(label)} (ours {score})"
            for label, score in ours.items()
            if theirs.get(label) != score
        )
        yield BundleFault("unequal", place, f"the bundle gives other scores: {other}", again)
