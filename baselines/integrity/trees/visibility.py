"""What a verification cannot see, said in every report."""

from __future__ import annotations

from baselines.integrity.findings import Level

# Rows of the table of faults in docs/integrity.md.
_QUICK = "what is inside the files, of which 128 bytes are read: zeros, noise, a patch of another place"
_WITHOUT_MANIFEST = (
    "single flipped bits in the pixels, bit rot included",
    "a shift by whole pixels (5 bytes; in an altitude, by more than 4 bytes or of level ground)",
    "a block of a file that repeats another block of it",
    "half of another patch of the same region in a file",
    "the near-infrared plane in another place than the fourth, or red and blue swapped",
    "transposed or mirrored patches",
    "the altitude of another patch of the same region",
)
_SHALLOW = (
    "the bands, or all, of a patch of the same region under the name of another "
    "(a deep check or a manifest sees it)"
)
_DEEP = (
    "the bands, or all, of a patch of the same region under the name of another, if its own patch is absent "
    "or lies nearby, or it has hardly any colours (a calm sea, snow)"
)
_SEA = "whether an altitude of 0 m throughout is the sea or lost ground"
_SEA_SHALLOW = f"{_SEA} (a deep check asks the patches nearby)"
_SEA_DEEP = f"{_SEA}, where no patch nearby lies above the sea"
#: What checksums of archives cannot tell.
AS_PACKED = "defects that the patches had when they were packed"
#: What nobody can see who does not know which patches there should be.
NO_TABLE = "missing patches: no occurrence table or manifest says which there should be"
_REMEMBERED = (
    "changes, since an earlier check, that left size, times and inode as they were (--no-cache reads again)"
)


def cannot_see(
    level: Level,
    *,
    has_manifest: bool,
    of_archives: bool = False,
    has_table: bool = True,
    has_memory: bool = False,
) -> tuple[str, ...]:
    """Return what a verification of a level cannot see.

    That depends on whether there is a checksum for every file, of a manifest or of archives, whether it is
    known which patches there should be, and whether an earlier check vouched for some.

    Examples
    --------
    >>> cannot_see("full", has_manifest=True)
    ('defects that the patches had when the manifest was made',)
    """
    unseen: tuple[str, ...]
    if level == "quick":
        unseen = (_QUICK,)
    elif has_manifest:
        unseen = (AS_PACKED if of_archives else "defects that the patches had when the manifest was made",)
    else:
        unseen = (*_WITHOUT_MANIFEST, *((_DEEP, _SEA_DEEP) if level == "deep" else (_SHALLOW, _SEA_SHALLOW)))
    return unseen + (() if has_table else (NO_TABLE,)) + ((_REMEMBERED,) if has_memory else ())
