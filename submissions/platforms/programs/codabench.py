"""The scoring program of Codabench: ``score.py INPUT OUTPUT``."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path
from typing import TextIO

from submissions.platforms.programs.failures import shown_to_all
from submissions.platforms.programs.judging import RunRefused, announced, greeting, judged, read_plain_run
from submissions.platforms.programs.reference import Opener, Reference, read_reference
from submissions.printable import printable
from submissions.reading.forms import Headerless
from submissions.reading.runs import looks_like_a_run
from submissions.reading.sources import is_hidden

_HEAD = 4096
_MOST_LISTED = 10


def main(arguments: list[str]) -> int:
    """Score the run in ``INPUT/res`` against ``INPUT/ref`` and write ``OUTPUT/scores.json``.

    Without a valid score no file is written, and the exit status is not 0. No traceback is shown, for one
    might tell of the truth.
    """
    try:
        _score(*arguments)
    except Exception as error:  # noqa: BLE001 (what it says may be of the truth)
        _say(str(shown_to_all(error)), sys.stderr)
        return 1
    return 0


def _score(inside: str, outside: str) -> None:
    started = time.time()
    _say(greeting(), sys.stdout)
    stale = Path(outside, "scores.json")
    if stale.exists():
        stale.unlink()
    reference = read_reference(_opener(Path(inside, "ref")))
    path = _only_run(Path(inside, "res"), reference)
    _say(announced(reference, _digest(path)), sys.stdout)
    verdict = judged(read_plain_run(str(path), reference), reference)
    _say(f"{verdict.run.n_pairs:,} pairs of {len(verdict.run.occurrence_ids):,} occurrences", sys.stdout)
    _say(verdict.told(), sys.stdout)
    if verdict.scored is None:
        raise RunRefused(
            "No score: the run is not valid. What is wrong with it, and in which rows, stands above."
        )
    scores = {reference.labels[name]: score for name, score in verdict.scored.scores.items()}
    for signature in verdict.scored.signatures.values():
        _say(signature, sys.stdout)
    _write(outside, {**scores, "duration": time.time() - started})


def _write(folder: str, scores: dict[str, float]) -> None:
    part = Path(folder, "scores.json.part")
    part.write_text(json.dumps(scores, allow_nan=False))
    part.replace(Path(folder, "scores.json"))


def _only_run(folder: Path, reference: Reference) -> Path:
    """Return the only file of a submission that may be the run; links are not followed."""
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if not path.is_symlink() and path.is_file() and not is_hidden(str(path.relative_to(folder)))
    ]
    said = Headerless(form=reference.form)
    chosen = files if len(files) == 1 else [path for path in files if looks_like_a_run(_head(path), said)]
    if len(chosen) == 1:
        return chosen[0]
    names = [printable(path.relative_to(folder)) for path in (chosen or files)]
    listed = ", ".join(names[:_MOST_LISTED]) + (", ..." if len(names) > _MOST_LISTED else "")
    found = f"{len(chosen)} runs in {len(files)} files ({listed})" if files else "no file"
    raise RunRefused(f"Submit a zip with exactly one run in it; found {found}.")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def _opener(folder: Path) -> Opener:
    def opened(name: str) -> bytes | None:
        path = folder / name
        return path.read_bytes() if path.is_file() else None

    return opened


def _say(text: str, stream: TextIO) -> None:
    stream.write(text.encode("ascii", "backslashreplace").decode() + "\n")
    stream.flush()
