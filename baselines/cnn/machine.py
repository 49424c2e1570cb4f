"""Devices: Lightning's Fabric, memory that runs out, compilers that are not there."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.utilities.rank_zero import rank_zero_only

from baselines.cnn.options import Machine
from submissions.errors import CannotCheckError, UsageError
from submissions.progress import SILENT, Progress
from submissions.wording import counted

_PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


def fabric_of(machine: Machine) -> Fabric:
    """Return Lightning's view of a machine, before any process is started.

    Its ``launch`` is to be called once; with several devices that starts the command again for each.
    UsageError if there is no such device, or the arithmetic or compiler is not to be had on it.
    """
    # Lightning's own "auto" also takes accelerators on which this was never tried.
    is_there = machine.accelerator == "auto" and torch.cuda.is_available()
    accelerator = "cuda" if is_there or machine.accelerator == "gpu" else "cpu"
    _refuse_unfit(machine, accelerator)
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    if machine.deterministic:
        # cuBLAS wants this before it starts.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(machine.deterministic, warn_only=True)
    torch.backends.cudnn.benchmark = not machine.deterministic
    return Fabric(
        accelerator=accelerator,
        devices=machine.devices,
        num_nodes=machine.nodes,
        strategy="ddp" if machine.n_processes > 1 else machine.strategy,
        precision=_PRECISIONS[machine.precision],  # type: ignore[arg-type]  # the names are Lightning's
    )


def compiler_lacking(device_type: str) -> str | None:
    """Return what ``torch.compile`` lacks on ``cpu`` or ``cuda``, or None if it has what it needs."""
    names = [os.environ.get("CXX", ""), "g++", "clang++"]
    if not any(name and shutil.which(name) for name in names):
        return "a C++ compiler (g++ or clang++)"
    if device_type == "cuda" and not _has_triton():
        return "the package triton"
    return None


@contextlib.contextmanager
def memory_watched(batch_size: int, hint: str) -> Iterator[None]:
    """Turn memory that runs out with so many patches at once into a UsageError that says what to try."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not _is_out_of_memory(error):
            raise
        raise UsageError(f"Memory ran out with {batch_size} patches at a time.", hint) from error


@contextlib.contextmanager
def peers_watched(fabric: Fabric) -> Iterator[None]:
    """Turn the loss of another process of the same work into a CannotCheckError that says so."""
    try:
        yield
    except RuntimeError as error:
        if fabric.world_size == 1 or not _is_lost_peer(error):
            raise
        raise CannotCheckError(
            f"Process {fabric.global_rank} lost the others.", "The first message of another says why."
        ) from error


def one_voice(progress: Progress, fabric: Fabric) -> Progress:
    """Return who is told in this process: nobody in any but the first."""
    return progress if fabric.is_global_zero else SILENT


def voice_before_launch(progress: Progress) -> Progress:
    """Return who is told before there is a fabric: nobody in a process that Lightning has started."""
    return progress if getattr(rank_zero_only, "rank", 0) == 0 else SILENT


def has_fast_bf16(device_type: str) -> bool:
    """Tell whether a device multiplies bfloat16 numbers itself; elsewhere they are slower than float32."""
    if device_type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    if capabilities:
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    asked = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # before torch 2.11
    return bool(asked is not None and asked())


def _refuse_unfit(machine: Machine, device_type: str) -> None:
    n_there = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if machine.accelerator == "gpu" and machine.devices > n_there:
        raise UsageError(
            f"{counted(machine.devices, 'GPU is', 'GPUs are')} asked for, and torch sees {n_there} here.",
            "Ask for fewer with --devices, or use --accelerator cpu.",
        )
    if machine.precision == "fp16" and device_type == "cpu":
        raise UsageError("A CPU does not compute in fp16.", "Use --precision bf16 or fp32.")
    if machine.precision == "bf16" and not has_fast_bf16(device_type):
        raise UsageError("This device has no bf16 arithmetic; fp32 is faster.", "Leave --precision out.")
    lacking = compiler_lacking(device_type) if machine.compiled else None
    if lacking is not None:
        raise UsageError(f"torch.compile needs {lacking}, which is not here.", "Leave --compile out.")


def _has_triton() -> bool:
    try:
        import triton
    except ImportError:
        return False
    return bool(triton.__version__)


def _is_lost_peer(error: RuntimeError) -> bool:
    words = ("gloo", "nccl", "connection closed", "connection reset")
    is_dist = isinstance(error, torch.distributed.DistError)
    return is_dist or any(word in str(error).lower() for word in words)


def _is_out_of_memory(error: BaseException) -> bool:
    kinds = (MemoryError, torch.cuda.OutOfMemoryError)
    return isinstance(error, kinds) or "can't allocate memory" in str(error)
