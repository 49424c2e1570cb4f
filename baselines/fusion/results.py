"""What a fusion made, and what is said of it beside the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, get_args

from baselines.fusion.ensemble import Part
from baselines.fusion.fusing import fused_lists
from baselines.fusion.options import FusionOptions
from baselines.fusion.parts import content_digest
from baselines.fusion.plan import Plan
from baselines.fusion.tuning import Tuning
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
    """A fused run that was written.

    Parameters
    ----------
    n_averaged_over_fewer : int
        Occurrences that some part with a weight lacks.
    n_left_out : int
        Occurrences that only parts of weight 0 have.
    warnings : tuple of str
        What is allowed and probably not meant.
    tuning : Tuning, optional
        How the weights were chosen, if they were tuned.
    """

    options: FusionOptions
    parts: tuple[FusedPart, ...]
    n_occurrences: int
    n_pairs: int
    n_averaged_over_fewer: int
    n_left_out: int
    warnings: tuple[str, ...] = ()
    tuning: Tuning | None = None

    def metadata(self, command: str = "") -> dict[str, Any]:
        """Return what to write beside the run: what was done, and all that its parts say of themselves."""
        weighing = [part for part in self.parts if part.weight]
        said = Provenance(
            "fusion",
            command,
            participant=_participant(weighing),
            verification=verification_of(weighing),
            left_out={"only in parts of weight 0": self.n_left_out} if self.n_left_out else {},
        ).metadata()
        tuned = {} if self.tuning is None else {"tuning": asdict(self.tuning)}
        return {
            **said,
            **asdict(self.options),
            "n_averaged_over_fewer": self.n_averaged_over_fewer,
            "parts": [asdict(part) for part in self.parts],
            **tuned,
        }


def write_fusion(plan: Plan, writer: RunWriter) -> Fusion:
    """Carry out a plan and write the run, in memory that does not grow with the number of occurrences."""
    parts = tuple(described(part) for part in plan.ensemble.parts)
    n_occurrences = n_pairs = 0
    for ids, pairs in fused_lists(plan.weighing, plan.options):
        kept = best_first(pairs, max_rows=plan.options.max_rows)
        writer.add(ids, kept)
        n_occurrences += len(ids)
        n_pairs += len(kept.scores)
    return Fusion(
        plan.options,
        parts,
        n_occurrences=n_occurrences,
        n_pairs=n_pairs,
        n_averaged_over_fewer=plan.n_averaged_over_fewer,
        n_left_out=plan.n_left_out,
        warnings=plan.warnings,
        tuning=plan.tuning,
    )


def described(part: Part) -> FusedPart:
    """Return what is said of a part."""
    return FusedPart(
        part.run.path,
        part.weight,
        n_occurrences=len(part.lists) - part.n_missing,
        n_pairs=part.n_pairs,
        n_missing=part.n_missing,
        digest=content_digest(part.run),
        metadata=part.run.metadata,
    )


def verification_of(parts: Sequence[FusedPart]) -> dict[str, Any] | None:
    """Return the worst that the parts say of their patches in their metadata, or None if they say nothing.

    It is the least ``level``, the highest ``share_damaged``, the most careless ``on_damaged``, and
    ``n_parts``, how many say anything.
    """
    said = [part.metadata["verification"] for part in parts if part.metadata and _is_verified(part.metadata)]
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


def _is_verified(metadata: Mapping[str, Any]) -> bool:
    return isinstance(metadata.get("verification"), Mapping)


def _participant(parts: Sequence[FusedPart]) -> str | None:
    named = {str((part.metadata or {}).get("participant") or "") for part in parts}
    return named.pop() or None if len(named) == 1 else None
