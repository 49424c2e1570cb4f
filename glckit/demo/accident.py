"""The paper's accident on a small scale: archives damaged on their way, extracted with plain tar."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from submissions.errors import CannotCheckError
from submissions.files import written_atomically

# Where in an archive it happens. Early, so that most of an archive is lost, as it was in the paper.
_FIRST, _LAST = 0.02, 0.3


@dataclass(frozen=True)
class Injury:
    """What happens to an archive: one bit is wrong, or all from a byte on is lost."""

    kind: Literal["flipped bit", "truncation"]
    byte: int
    bit: int = 0

    def of(self, content: bytes) -> bytes:
        r"""Return the content of an archive after it.

        Examples
        --------
        >>> Injury("flipped bit", 1, bit=7).of(bytes(3)), Injury("truncation", 1).of(bytes(3))
        (b'\x00\x80\x00', b'\x00')
        """
        if self.kind == "truncation":
            return content[: self.byte]
        flipped = content[self.byte] ^ 1 << self.bit
        return content[: self.byte] + bytes([flipped]) + content[self.byte + 1 :]


@dataclass(frozen=True)
class Extracted:
    """What plain tar made of an archive: its exit status and the first line that it wrote to stderr."""

    archive: str
    status: int
    complaint: str


def injuries(sizes: Sequence[int], *, seed: int) -> list[Injury]:
    """Decide what happens to archives, by their sizes: flipped bits and truncations in turn, early in each.

    Examples
    --------
    >>> [injury.kind for injury in injuries([1000, 1000, 1000], seed=0)]
    ['flipped bit', 'truncation', 'flipped bit']
    """
    rng = np.random.default_rng([seed, len(sizes)])
    places = rng.uniform(_FIRST, _LAST, len(sizes))
    bits = rng.integers(8, size=len(sizes))
    kinds: tuple[Literal["flipped bit", "truncation"], ...] = ("flipped bit", "truncation")
    return [
        Injury(kinds[i % 2], int(size * place), int(bit))
        for i, (size, place, bit) in enumerate(zip(sizes, places, bits, strict=True))
    ]


def damage_archives(archives: Sequence[Path], out: Path, *, seed: int) -> dict[Path, Injury]:
    """Write damaged copies of archives into another folder; return what happened to each copy, in order."""
    found = injuries([archive.stat().st_size for archive in archives], seed=seed)
    copies = {out / archive.name: injury for archive, injury in zip(archives, found, strict=True)}
    for archive, (copy, injury) in zip(archives, copies.items(), strict=True):
        with written_atomically(copy) as temporary:
            temporary.write_bytes(injury.of(archive.read_bytes()))
    return copies


def extract_with_tar(archives: Sequence[Path], tree: Path) -> list[Extracted]:
    """Replace a folder of patches with what plain tar makes of tar.gz files, whatever tar says.

    Raises
    ------
    CannotCheckError
        If there is no tar.
    """
    tar = shutil.which("tar")
    if tar is None:
        raise CannotCheckError("The demo extracts archives with tar, which is not installed.", "Install tar.")
    if tree.exists():
        shutil.rmtree(tree)
    tree.mkdir(parents=True)
    return [_extract(tar, archive, tree) for archive in archives]


def _extract(tar: str, archive: Path, tree: Path) -> Extracted:
    command = [tar, "-xzf", str(archive), "-C", str(tree), "--strip-components=1"]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  # a list, no shell
    lines = done.stderr.decode(errors="replace").split("\n")
    return Extracted(archive.name, done.returncode, next((line for line in lines if line.strip()), ""))
