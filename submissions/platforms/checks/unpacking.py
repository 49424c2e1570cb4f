"""Finding a bundle, and taking it out of its zip as a platform does."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import get_args

from submissions.errors import CannotCheckError, UsageError
from submissions.platforms.checks.findings import BundleFault, Files
from submissions.platforms.checks.references import MAX_BYTES
from submissions.platforms.making import Platform
from submissions.printable import printable

#: A file that only the bundle of this platform has at its root.
MARKS: Mapping[Platform, str] = {
    "codabench": "competition.yaml",
    "evalai": "challenge_config.yaml",
    "kaggle": "metric/metric.ipynb",
    "huggingface": "conf.json",
}
_PLATFORMS: tuple[Platform, ...] = get_args(Platform)
_MAX_FILES = 10_000
_JUNK = ("__MACOSX", ".DS_Store")
_ZIP_AGAIN = "Zip the contents of the folder, not the folder itself."


@dataclass(frozen=True)
class BundleFound:
    """Where a bundle is: its tree, its zip, or both."""

    platform: Platform
    tree: Path | None
    archive: Path | None


def find_bundle(output: Path) -> BundleFound:
    """Find the bundle in a folder that glckit wrote, in a tree, or in a zip.

    Raises
    ------
    CannotCheckError
        If there is nothing.
    UsageError
        If there are several, or nobody can tell for which platform it is.
    """
    if not output.exists():
        raise CannotCheckError(
            f"There is no {printable(output)}.", "Make it with glckit bundle PLATFORM -o OUT."
        )
    if output.is_file():
        return BundleFound(_platform_of(output, _names_in(output)), None, output)
    there = [name for name in _PLATFORMS if (output / name).is_dir() or (output / f"{name}.zip").is_file()]
    if len(there) > 1:
        several = ", ".join(there)
        raise UsageError(
            f"{printable(output)} has bundles for {several}.", f"Name one: {printable(output / there[0])}"
        )
    if there:
        tree, archive = output / there[0], output / f"{there[0]}.zip"
        return BundleFound(there[0], tree if tree.is_dir() else None, archive if archive.is_file() else None)
    inside = {str(path.relative_to(output)) for path in output.rglob("*") if path.is_file()}
    platform = _platform_of(output, inside)
    archive = output.with_name(f"{platform}.zip")
    return BundleFound(platform, output, archive if output.name == platform and archive.is_file() else None)


def read_tree(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder by their paths; links are not followed.

    Raises
    ------
    CannotCheckError
        If one cannot be read.
    """
    try:
        paths = sorted(path for path in folder.rglob("*") if not path.is_symlink() and path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    except OSError as error:
        name = printable(error.filename or folder)
        raise CannotCheckError(f"Cannot read {name}: {error.strerror or error}.") from error


def unzipped(path: Path) -> tuple[dict[str, bytes], tuple[BundleFault, ...]]:
    """Return the files of a zip by their paths, and what is wrong with it as a zip."""
    name = path.name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CannotCheckError(f"Cannot read {printable(path)}: {error.strerror or error}.") from error
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            faults = tuple(_wrong_members(name, archive))
            if any(fault.code == "too-large" for fault in faults):
                return {}, faults
            members = [member for member in archive.infolist() if not member.is_dir()]
            return {member.filename: archive.read(member) for member in members}, faults
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        RuntimeError,
        NotImplementedError,
        ValueError,
    ) as error:
        why = printable(error)
        fault = BundleFault("unreadable", name, f"the zip cannot be opened ({why})", "Zip the folder again.")
        return {}, (fault,)


def nested_folder(platform: Platform, name: str, files: Files) -> Iterator[BundleFault]:
    """Yield that everything stands in a folder of the zip, where the platform looks at its root."""
    mark = MARKS[platform]
    nested = [each for each in files if each.endswith("/" + mark) and not is_junk(each)]
    if mark not in files and nested:
        message = f"{mark} stands in a folder, and the platform looks for it at the root of the zip"
        yield BundleFault("nested-folder", f"{name}: {nested[0]}", message, _ZIP_AGAIN)


def differences(tree: Files, packed: Files, name: str) -> Iterator[BundleFault]:
    """Yield the files in which a tree and its zip differ: the zip is what is uploaded."""
    fix = f"Zip the folder again: cd {name.removesuffix('.zip')} && zip -r ../{name} ."
    for path in sorted({*tree, *packed}):
        if tree.get(path) == packed.get(path) or is_junk(path):
            continue
        what = (
            "is not in the zip"
            if path not in packed
            else "is not in the folder"
            if path not in tree
            else "is another one in the zip"
        )
        yield BundleFault("other-zip", f"{name}: {path}", f"{path} {what}", fix)


def is_junk(path: str) -> bool:
    """Say whether a file is what macOS leaves in zips."""
    return any(part in _JUNK or part.startswith("._") for part in PurePosixPath(path).parts)


def _wrong_members(name: str, archive: zipfile.ZipFile) -> Iterator[BundleFault]:
    members = archive.infolist()
    total = sum(member.file_size for member in members)
    if total > MAX_BYTES or len(members) > _MAX_FILES:
        message = f"{total:,} bytes in {len(members):,} files, which platforms do not unpack"
        yield BundleFault("too-large", name, message, "Leave out large files, such as runs.")
    seen: set[str] = set()
    for member in members:
        path, place = member.filename, f"{name}: {printable(member.filename)}"
        if path.startswith("/") or ".." in PurePosixPath(path).parts or "\\" in path:
            yield BundleFault("unsafe-path", place, "the path leads out of the folder", _ZIP_AGAIN)
        if stat.S_ISLNK(member.external_attr >> 16):
            yield BundleFault(
                "unsafe-path", place, "it is a link, which platforms do not follow", "Zip the file itself."
            )
        if is_junk(path):
            yield BundleFault(
                "macos-junk", place, "a file that macOS leaves in zips", f"Remove it: zip -d {name} '{path}'"
            )
        if path in seen:
            yield BundleFault("doubled-file", place, "the zip has the file twice", "Zip the folder again.")
        seen.add(path)


def _platform_of(output: Path, names: set[str]) -> Platform:
    stem = output.name.removesuffix(".zip")
    if stem in _PLATFORMS:
        return stem
    for platform, mark in MARKS.items():
        if any(name == mark or name.endswith("/" + mark) for name in names):
            return platform
    raise UsageError(
        f"{printable(output)} holds no bundle: none of {', '.join(MARKS.values())}.",
        "Name what glckit bundle PLATFORM -o OUT wrote.",
    )


def _names_in(archive: Path) -> set[str]:
    try:
        with zipfile.ZipFile(archive) as members:
            return set(members.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return set()
