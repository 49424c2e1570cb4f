"""How a picture is made and kept: as PNG and SVG, with a text that says what it shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from submissions.errors import CannotCheckError, UsageError, require
from submissions.files import written_atomically
from submissions.printable import printable

#: Okabe and Ito (2008), Color universal design: apart for all kinds of colour vision, and in grey.
BLUE, ORANGE, GREEN, GREY = "#0072b2", "#e69f00", "#009e73", "0.6"

_DPI = 150
_LONGEST_NAME = 40


@dataclass(frozen=True)
class Picture:
    """A picture before it is drawn.

    Parameters
    ----------
    name : str
        Of its files, without a suffix.
    title : str
        What it shows, in a line.
    words : str
        What it shows, for those who do not see it: the numbers too, as far as a text can hold them.
    size : tuple of float
        Width and height in inches.
    draw : callable
        Draws it on the axes of a matplotlib figure.
    """

    name: str
    title: str
    words: str
    size: tuple[float, float]
    draw: Callable[[Any], None]


def check_plot_folder(folder: Path) -> None:
    """Refuse a folder for pictures that cannot be one, and a missing matplotlib, before any work."""
    require("matplotlib", "plot")
    if folder.exists() and not folder.is_dir():
        raise UsageError(
            f"{printable(folder)} is no folder, and pictures are several files.", "Name a folder."
        )


def write_pictures(pictures: Sequence[Picture], folder: Path) -> list[Path]:
    """Write pictures, each as ``.png``, ``.svg`` and ``.txt``, into a folder; return the paths of the PNGs.

    Raises
    ------
    CannotCheckError
        If the folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotCheckError(f"Cannot make {printable(folder)}: {error.strerror}.") from error
    return [_written(picture, folder) for picture in pictures]


def short(name: str) -> str:
    r"""Return the name of a run without folder and suffix, as a picture has room for it.

    Examples
    --------
    >>> short("runs/rf.csv"), short("runs/price $x.csv.gz")
    ('rf', 'price \\$x')
    """
    return shortened(Path(name).name.partition(".csv")[0] or name)


def shortened(name: str) -> str:
    """Return the end of a stranger's name, such that it prints and matplotlib finds no mathematics in it."""
    shown = printable(name)
    return (shown if len(shown) <= _LONGEST_NAME else f"…{shown[1 - _LONGEST_NAME :]}").replace("$", r"\$")


def _written(picture: Picture, folder: Path) -> Path:
    matplotlib = require("matplotlib", "plot")
    figure = require("matplotlib.figure", "plot").Figure(figsize=picture.size, layout="constrained")
    # The same data give the same bytes: no date, and ids of SVG that do not change.
    with matplotlib.rc_context({"svg.hashsalt": picture.name, "svg.fonttype": "none"}):
        axes = figure.subplots()
        axes.set_title(picture.title, loc="left")
        picture.draw(axes)
        about = {"Title": picture.title, "Description": printable(picture.words, keep="\n")}
        _save(figure, folder / f"{picture.name}.png", {**about, "Software": "glckit"})
        _save(figure, folder / f"{picture.name}.svg", {**about, "Date": None, "Creator": "glckit"})
    with written_atomically(folder / f"{picture.name}.txt") as temporary:
        temporary.write_text(f"{picture.title}\n\n{about['Description']}\n", encoding="utf-8")
    return folder / f"{picture.name}.png"


def _save(figure: Any, path: Path, metadata: dict[str, str | None]) -> None:
    with written_atomically(path) as temporary:
        figure.savefig(temporary, format=path.suffix[1:], dpi=_DPI, metadata=metadata)
