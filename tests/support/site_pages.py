"""Pages of the site that do not stand in docs/: README and neighbours, the Python reference, the pictures."""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
#: Where `make_pictures` has left the pictures, unless the environment says another folder.
PICTURES = ROOT / "build" / "pictures"

_NEIGHBOURS = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
_LINK = re.compile(r"\]\((docs/)?([^):#\s]+)(#[^)\s]*)?\)")
_REFERENCE = """# The Python face

`import glckit` costs nothing: what a name needs is imported when it is used. These names, their parameters
and their results hold for a minor version. What begins with an underscore, and modules that are not named
here, may change at any time. The names from AdaptiveTopK on are those of `glckit.metrics`.
"""


def on_files(files: Files, config: Any) -> Files:
    """Add the pages, and the files that they name."""
    for name, page in _NEIGHBOURS.items():
        files.append(File.generated(config, page, content=_moved((ROOT / name).read_text())))
    for name in ("CITATION.cff", "LICENSE"):
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    files.append(File.generated(config, "reference.md", content=_reference()))
    _add_pictures(files, config, Path(os.environ.get("GLCKIT_PICTURES", PICTURES)))
    return files


def _moved(page: str) -> str:
    """Return a page of the root with its links as they are from docs/."""

    def link(found: re.Match[str]) -> str:
        target = _NEIGHBOURS.get(found[2], found[2])
        return f"]({target}{found[3] or ''})"

    return _LINK.sub(link, page).replace("[docs/", "[").replace("<!--", "\n<!--")


def _reference() -> str:
    return _REFERENCE + "\n".join(f"\n::: {path}\n" for path in _public_paths())


def _public_paths() -> Iterator[str]:
    sys.path.insert(0, str(ROOT))
    for face in map(importlib.import_module, ("glckit", "glckit.metrics")):
        for name in face.__all__:
            if not name.startswith("_"):
                found = getattr(face, name)
                yield f"{found.__module__}.{found.__qualname__}"


def _add_pictures(files: Files, config: Any, folder: Path) -> None:
    page = folder / "pictures.md"
    if not page.is_file():
        raise PluginError(f"There are no pictures in {folder}: run make site, which makes them first.")
    files.append(File.generated(config, "pictures.md", content=page.read_text()))
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != page:
            name = f"pictures/{path.relative_to(folder).as_posix()}"
            files.append(File.generated(config, name, abs_src_path=str(path)))
