"""What ``glckit verify-patches`` and ``glckit extract`` do: find the files, verify, repair, write lists."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from baselines.integrity.archives.checksums import ALGORITHM, manifest_of_archives, manifest_of_tree
from baselines.integrity.archives.verification import merged, verify_archives
from baselines.integrity.extraction.extract import Extraction, extract_archives
from baselines.integrity.extraction.repair import Repair, repair_patches
from baselines.integrity.findings import Level
from baselines.integrity.manifests.manifest import Manifest, read_manifest, write_manifest
from baselines.integrity.memory.state import default_state_path, usable_state
from baselines.integrity.pages.lists import write_ids, write_json_lines
from baselines.integrity.report import Report
from baselines.integrity.thresholds import Thresholds
from baselines.integrity.trees.execution import VerifyOptions
from baselines.integrity.trees.planning import Selection
from baselines.integrity.trees.survey import archives_in, data_root_of, trees_and_archives
from baselines.integrity.trees.verification import verify_patches
from submissions.competition.files import competition_above, competition_of
from submissions.competition.settings import Competition
from submissions.errors import UsageError
from submissions.tables import OccurrenceTable, read_occurrences

#: Called with what is done and what there is to do; 0 where that is not known.
Progress = Callable[[int, int], None]

# Below this, starting processes takes longer than the check.
_OCCURRENCES_WORTH_PROCESSES = 4000


@dataclass(frozen=True)
class VerifyRequest:
    """What is to be verified, and what is to be done about it.

    Parameters
    ----------
    paths : tuple of Path
        Trees and archives; those of the competition by default.
    occurrences : tuple of Path
        Occurrence tables; those of the competition by default.
    level : {"quick", "full", "deep"}
        How deep to look.
    manifest, make_manifest : Path, optional
        Manifest to hold the files against, and where to write one.
    archives : Path, optional
        Folder of archives to hold the files against, or to repair them from.
    repair : bool
        Whether to repair what is damaged.
    selection : Selection
        A part or a sample.
    max_duration : float, optional
        Seconds.
    use_state : bool
        Whether earlier checks count.
    jobs : int, optional
        Processes; by default all cores for many occurrences.
    """

    paths: tuple[Path, ...] = ()
    occurrences: tuple[Path, ...] = ()
    level: Level = "full"
    manifest: Path | None = None
    make_manifest: Path | None = None
    archives: Path | None = None
    repair: bool = False
    selection: Selection = field(default_factory=Selection)
    max_duration: float | None = None
    use_state: bool = True
    jobs: int | None = None


@dataclass(frozen=True)
class Verified:
    """What came of a request.

    Parameters
    ----------
    report : Report
        The state of the patches; after the repair if there was one.
    repair : Repair or None
        What was repaired.
    paths : tuple of Path
        What was verified.
    patch_size : int
        Side of the patches in pixels.
    messages : tuple of str
        What else happened.
    """

    report: Report
    repair: Repair | None
    paths: tuple[Path, ...]
    patch_size: int
    messages: tuple[str, ...] = ()


def verify(request: VerifyRequest, *, on_progress: Progress | None = None) -> Verified:
    """Verify patches, and repair them and write a manifest if that is asked for.

    Parameters
    ----------
    request : VerifyRequest
        What to do.
    on_progress : callable, optional
        Called with what is done and what there is to do.

    Returns
    -------
    Verified
        The report, and what was repaired.

    Raises
    ------
    GlckitError
        If options contradict each other, files are absent, or nothing can be checked.
    """
    # The configuration above the patches knows them better than that of the current folder.
    competition = competition_above(request.paths) or competition_of()
    trees, archives = trees_and_archives(request.paths or _patches_of(competition))
    _refuse_contradictions(request, trees)
    table = _table(request, competition, paths=(*trees, *archives))
    options, notes = _options(request, competition, trees=trees, table=table)
    report = _report(trees, archives, table=table, options=options, on_progress=on_progress)
    mended = None
    if request.repair and report.damaged_ids:
        folder = request.archives or competition.data.archives
        mended = repair_patches(trees, report.damaged_ids, archives=folder, patch_size=options.patch_size)
        report = _report(trees, archives, table=table, options=options, on_progress=on_progress)
    if request.make_manifest is not None:
        write_manifest(
            _manifest(report, trees, archives=archives, patch_size=options.patch_size), request.make_manifest
        )
        notes += (f"Wrote {request.make_manifest}.",)
    return Verified(report, mended, (*trees, *archives), options.patch_size, notes)


def extract(
    archives: Sequence[Path], out: Path, *, on_progress: Callable[[str, int], None] | None
) -> Extraction:
    """Extract archives into a data root; see `baselines.integrity.extraction.extract.extract_archives`."""
    competition = competition_above((out, *archives)) or competition_of()
    tables = [path for path in (*competition.train, *competition.test) if path.is_file()]
    ids = read_occurrences(tables).ids if tables else None
    size = competition.data.patch_size
    return extract_archives(archives, out, occurrences=ids, patch_size=size, on_progress=on_progress)


def write_lists(verified: Verified, *, ids: Path | None, jsonl: Path | None, html: Path | None) -> None:
    """Write what was asked for: damaged ids, findings as JSON Lines, and a page with thumbnails."""
    if ids is not None:
        write_ids(verified.report, ids)
    if jsonl is not None:
        write_json_lines(verified.report, jsonl)
    if html is not None:
        from baselines.integrity.pages.page import write_page

        trees = [path for path in verified.paths if path.is_dir()]
        write_page(verified.report, html, trees=trees, patch_size=verified.patch_size)


def _patches_of(competition: Competition) -> tuple[Path, ...]:
    if all(path.exists() for path in competition.data.patches):
        return competition.data.patches
    # Of the folder as a whole, a region that is absent is missing; otherwise it would go unchecked.
    return (competition.folder,)


def _refuse_contradictions(request: VerifyRequest, trees: Sequence[Path]) -> None:
    if request.repair and not trees:
        raise UsageError("--repair mends extracted patches.", "Name their folder.")
    if request.manifest is not None and request.archives is not None and not request.repair:
        raise UsageError("--manifest and --archives both say what the files must be.", "Give one of them.")
    if not trees and (request.selection != Selection() or request.manifest is not None):
        raise UsageError(
            "Archives are read whole, and prove themselves.",
            "Leave out --subset, --sample and --manifest, or name extracted patches.",
        )
    if request.make_manifest is not None and request.level == "quick":
        raise UsageError("A manifest needs every byte.", "Use --level full with --make-manifest.")


def _table(
    request: VerifyRequest, competition: Competition, *, paths: Sequence[Path]
) -> OccurrenceTable | None:
    tables: Sequence[Path] = request.occurrences
    if not tables:
        tables = [path for path in (*competition.train, *competition.test) if path.is_file()]
    if not tables:
        folder = data_root_of(paths[0])
        tables = sorted(folder.glob("occurrences_??_t*.csv"))
    return read_occurrences(list(tables)) if tables else None


def _options(
    request: VerifyRequest, competition: Competition, *, trees: Sequence[Path], table: OccurrenceTable | None
) -> tuple[VerifyOptions, tuple[str, ...]]:
    size = competition.data.patch_size
    options = VerifyOptions(
        request.level,
        size,
        Thresholds.from_mapping(competition.verify),
        _manifest_to_hold(request, size),
        request.selection,
        request.max_duration,
        _jobs(request, table),
    )
    if request.make_manifest is not None:
        return replace(options, fingerprint=ALGORITHM), ()
    if not request.use_state:
        return options, ()
    state, why_not = usable_state(default_state_path())
    notes = (f"Nothing is remembered of this verification: {why_not}",) if why_not else ()
    return replace(options, state=state), notes


def _jobs(request: VerifyRequest, table: OccurrenceTable | None) -> int:
    if request.jobs is not None:
        return request.jobs
    is_small = table is not None and len(table) < _OCCURRENCES_WORTH_PROCESSES
    return 1 if is_small else os.cpu_count() or 1


def _manifest_to_hold(request: VerifyRequest, patch_size: int) -> Manifest | None:
    if request.manifest is not None:
        return read_manifest(request.manifest)
    if request.archives is None or request.repair:
        return None
    return manifest_of_archives(archives_in(request.archives), patch_size=patch_size)


def _report(
    trees: Sequence[Path],
    archives: Sequence[Path],
    *,
    table: OccurrenceTable | None,
    options: VerifyOptions,
    on_progress: Progress | None,
) -> Report:
    reports = []
    if trees:
        reports.append(verify_patches(trees, table, options=options, on_progress=on_progress))
    if archives:
        ids = None if table is None else np.unique(table.ids)
        size = options.patch_size
        state = options.state
        reports.append(
            verify_archives(
                archives,
                ids,
                patch_size=size,
                state=state,
                max_duration=options.max_duration,
                on_progress=on_progress,
            )
        )
    return reports[0] if len(reports) == 1 else merged(*reports)


def _manifest(
    report: Report, trees: Sequence[Path], *, archives: Sequence[Path], patch_size: int
) -> Manifest:
    if trees and archives:
        raise UsageError("A manifest is made of a tree or of archives, not of both.", "Name one of them.")
    return manifest_of_tree(report) if trees else manifest_of_archives(archives, patch_size=patch_size)
