"""What a fusion made, and what is said of it beside the run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from baselines.fusion.fusing import fused_lists
from baselines.fusion.parts import content_digest
from baselines.fusion.plan import Plan
from baselines.integrity.findings import LEVELS
from baselines.provenance import Provenance
from baselines.request import OnDamaged
from submissions.writing import RunWriter, best_first

_CAREFUL_FIRST = get_args(OnDamaged)


@dataclass(frozen=True)
class FusedPart:
    """A part of a fused run.

    Parameters
    ----------
    run : str
        Its file, as given.
    n_missing : int
        Occurrences of the other parts that it lacks.
    digest : str
        Of its ids and scores.
    metadata : mapping, optional
        What ``RUN.meta.json`` beside it says.
    """

    run: str
    weight: float
    n_occurrences: int
    n_pairs: int
    n_missing: int
    digest: str
    metadata: Mapping[str, Any] | None


@dataclass(frozen=True)
class Fusion:
    """A fused run that was written, by a plan."""

    plan: Plan
    parts: tuple[FusedPart, ...]
    n_occurrences: int
    n_pairs: int

    def metadata(self, command: str = "", *, beside: Path | None = None) -> dict[str, Any]:
        """Return what to write beside the run: what was done, and all that its parts say of themselves.

        Absolute paths of parts become relative to the run's folder, so that both can be moved and shown.
        """
        weighing = [part for part in self.parts if part.weight]
        said = Provenance(
            "fusion",
            command,
            participant=_participant(weighing),
            verification=verification_of(weighing),
            left_out={"only in parts of weight 0": self.plan.n_left_out} if self.plan.n_left_out else {},
        ).metadata()
        said |= asdict(self.plan.options)
        said["n_averaged_over_fewer"] = self.plan.n_averaged_over_fewer
        said["parts"] = [asdict(part) | {"run": _relative(part.run, beside)} for part in self.parts]
        return said if self.plan.tuning is None else said | {"tuning": asdict(self.plan.tuning)}


def _relative(run: str, beside: Path | None) -> str:
    if beside is None or not Path(run).is_absolute():
        return run
    return Path(os.path.relpath(run, os.path.abspath(beside.parent))).as_posix()  # noqa: PTH100 - of one kind


def write_fusion(plan: Plan, writer: RunWriter) -> Fusion:
    """Carry out a plan and write the run, in memory that does not grow with the number of occurrences."""
    parts = tuple(
        FusedPart(
            part.run.path,
            part.weight,
            n_occurrences=len(part.lists) - part.n_missing,
            n_pairs=part.n_pairs,
            n_missing=part.n_missing,
            digest=content_digest(part.run),
            metadata=part.run.metadata,
        )
        for part in plan.ensemble.parts
    )
    n_occurrences = n_pairs = 0
    for ids, pairs in fused_lists(plan.weighing, plan.options):
        kept = best_first(pairs, max_rows=plan.options.max_rows)
        writer.add(ids, kept)
        n_occurrences += len(ids)
        n_pairs += len(kept.scores)
    return Fusion(plan, parts, n_occurrences, n_pairs)


def verification_of(parts: Sequence[FusedPart]) -> dict[str, Any] | None:
    """Return the worst that the parts say of their patches in their metadata, or None if they say nothing.

    It is the least ``level``, the highest ``share_damaged``, the most careless ``on_damaged``, and
    ``n_parts``, how many say anything.
    """
    found = [(part.metadata or {}).get("verification") for part in parts]
    said = [each for each in found if isinstance(each, Mapping)]
    if not said:
        return None
    levels = [each.get("level") for each in said if each.get("level") in LEVELS]
    shares = [each["share_damaged"] for each in said if isinstance(each.get("share_damaged"), int | float)]
    choices = [each.get("on_damaged") for each in said if each.get("on_damaged") in _CAREFUL_FIRST]
    return {
        "level": min(levels, key=LEVELS.index, default=None),
        "share_damaged": max(shares, default=None),
        "on_damaged": max(choices, key=_CAREFUL_FIRST.index, default=None),
        "n_parts": len(said),
    }


def _participant(parts: Sequence[FusedPart]) -> str | None:
    named = {str((part.metadata or {}).get("participant") or "") for part in parts}
    return named.pop() or None if len(named) == 1 else None
