"""Make the pictures of the site with glckit's own commands, in the folder of a demo or a world.

    python tests/support/make_pictures.py DEMO OUT

What a picture shows stands beside it in words, which the page has, too.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_INTRODUCTION = """# Pictures

What the commands draw, made from the runs of `glckit demo`. Each picture is written as PNG and SVG, with a
text that says what it shows.
"""


def make_pictures(competition: Path, out: Path) -> None:
    """Draw all pictures of a competition folder into another folder, with the page that shows them."""
    runs = sorted(path.relative_to(competition).as_posix() for path in (competition / "runs").glob("*.csv"))
    best = "runs/fusion.csv" if "runs/fusion.csv" in runs else runs[0]
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    target = out.resolve()
    parts = [
        _INTRODUCTION,
        _section("A patch", f"glckit show {_some_id(competition)} -o patch.png"),
        _drawn(competition, target, "show", _some_id(competition), "-o", target / "patch.png"),
        _section("Are the patches whole?", "glckit verify-patches --html verification.html"),
        _page(competition, target, "verification.html"),
        _section("A run", f"glckit score {best} --plot score"),
        _drawn(competition, target / "score", "score", best, "--allow-missing", "--plot", target / "score"),
        _section("Runs compared", "glckit compare runs/*.csv --allow-missing --plot comparison"),
        _drawn(
            competition,
            target / "comparison",
            *("compare", *runs, "--allow-missing", "--plot", target / "comparison"),
        ),
    ]
    (out / "pictures.md").write_text("\n".join(parts))


def _section(title: str, command: str) -> str:
    return f"\n## {title}\n\n    {command}\n"


def _some_id(competition: Path) -> str:
    return (competition / "occurrences_fr_test.csv").read_text().splitlines()[1].split(";")[0]


def _run(competition: Path, *words: object, expected: tuple[int, ...] = (0,)) -> None:
    command = [sys.executable, "-m", "glckit", *map(str, words)]
    done = subprocess.run(command, cwd=competition, capture_output=True, text=True)
    assert done.returncode in expected, f"{words}: {done.stdout}{done.stderr}"


def _drawn(competition: Path, folder: Path, *words: object) -> str:
    """Run a command; return the Markdown of the pictures that it leaves in a folder."""
    _run(competition, *words)
    base = folder.parent if folder.name in ("score", "comparison") else folder
    return "\n".join(_images(folder, base))


def _images(folder: Path, base: Path) -> Iterator[str]:
    for picture in sorted(folder.glob("*.png")):
        words = picture.with_suffix(".txt")
        title, *lines = words.read_text().splitlines() if words.is_file() else (picture.stem,)
        yield f"\n![{title}](pictures/{picture.relative_to(base).as_posix()})\n"
        if lines:
            told = "\n".join(f"    {line}" for line in "\n".join(lines).strip().splitlines())
            yield f'\n??? note "{title}, in words"\n\n    ```text\n{told}\n    ```\n'


def _page(competition: Path, target: Path, name: str) -> str:
    archives = competition / "damaged-archives"
    what = "damaged-archives" if archives.is_dir() else "archives"
    _run(competition, "verify-patches", what, "--html", target / name, expected=(0, 1))
    return f"\n[The page that it writes](pictures/{name}), with thumbnails of what is damaged.\n"


if __name__ == "__main__":
    make_pictures(Path(sys.argv[1]), Path(sys.argv[2]))
