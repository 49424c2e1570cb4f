"""What commands report of bundles for hosting platforms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from glckit.render import Report
from submissions.platforms.checks.checking import INVALID_RUN, BundleCheck
from submissions.platforms.making import BundleMade
from submissions.printable import printable
from submissions.wording import counted

_UPLOADS = {
    "codabench": "Upload the zip: Benchmarks, Management, Upload.",
    "evalai": "Upload the zip: Host challenge, Upload.",
    "kaggle": "Kaggle takes no zip: see docs/platforms.md for what goes where.",
    "huggingface": "Put the contents of the folder into the private dataset of the competition.",
}


def made_report(made: BundleMade) -> Report:
    """Report a bundle that was written."""
    data = {
        "platform": made.platform,
        "tree": str(made.tree),
        "zip": str(made.archive),
        "files": list(made.paths),
        "warnings": list(made.warnings),
    }
    n_files = counted(len(made.paths), "file")
    text = [
        f"{made.archive}: {n_files} for {made.platform}, and the same in {made.tree}",
        f"Check it: glckit bundle check {made.tree}",
        _UPLOADS[made.platform],
    ]
    rows = [[made.platform, path] for path in made.paths]
    return Report(data, ["platform", "file"], rows, "\n".join(text))


def check_report(checks: Sequence[BundleCheck]) -> Report:
    """Report what came of checking a bundle with some runs."""
    entries = [_entry(each) for each in checks]
    rows = [
        [each.platform, each.run, fault.code, fault.place, fault.message, fault.fix]
        for each in checks
        for fault in each.faults
    ]
    columns = ["platform", "run", "code", "place", "message", "fix"]
    text = "\n\n".join("\n".join(_lines(each)) for each in checks)
    return Report(entries[0] if len(entries) == 1 else entries, columns, rows, text)


def _entry(check: BundleCheck) -> dict[str, Any]:
    return {
        "ok": check.ok,
        "platform": check.platform,
        "run": check.run,
        "faults": [asdict(fault) for fault in check.faults],
        "scores": check.scores,
        "scores_of_bundle": check.scores_of_bundle,
        "equal": check.equal,
        "notes": list(check.notes),
        "log": check.log,
    }


def _lines(check: BundleCheck) -> Iterator[str]:
    yield _headline(check)
    for fault in check.faults:
        yield f"  {fault.code}: {printable(fault.place)}"
        yield f"      {printable(fault.message)}"
        yield f"      -> {printable(fault.fix)}"
    of_bundle, all_ours = (check.scores_of_bundle or {}).items(), (check.scores or {}).values()
    for (label, theirs), ours in zip(of_bundle, all_ours, strict=False):
        same = "the same as ours" if theirs == ours else f"ours is {ours!r}"
        yield f"  {label:<20} {theirs!r}, {same}"
    if check.equal is None:
        yield f"  {'the bundle refuses the run, as glckit does' if check.log else 'the scorer was not run'}"
    yield from (f"  note: {note}" for note in check.notes)


def _headline(check: BundleCheck) -> str:
    """Say whether the bundle is ready, apart from whether the run is valid."""
    platform, run = check.platform, printable(check.run)
    of_bundle = [fault for fault in check.faults if fault.code != INVALID_RUN]
    is_invalid = len(of_bundle) < len(check.faults)
    if is_invalid and not of_bundle:
        return f"{platform}: the bundle is in order; {run} is not valid"
    named = f"{platform} with {run}" if run else platform
    if check.ok:
        return f"{named}: ready"
    also = ", and the run is not valid" if is_invalid else ""
    return f"{named}: NOT READY: {counted(len(of_bundle), 'fault')}{also}"
