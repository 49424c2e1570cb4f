"""The acts of the story, in order: what is said, and which commands are run."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from glckit.demo.accident import damage_archives, extract_with_tar
from glckit.demo.commands import Cost, Stage, typed
from glckit.demo.scale import Scale
from glckit.demo.trainings import Training, note_begun, note_training, recalled_training
from submissions.competition.settings import FILE_NAME

#: The models, and where each stands in the competition's folder.
MODELS = {"rf": Path("models/rf/forest.npz"), "cnn": Path("models/cnn/model.safetensors")}
#: The folder in which the demo keeps its notes, and which it locks.
NOTES = ".demo"

_MANIFEST = "patches.manifest"
# What `baselines.cnn.loop.UNFINISHED` says, which would bring torch with it.
_UNFINISHED = "training"
# Where the whole archives are meanwhile, and the damaged ones.
_SERVER, _DAMAGED = "server", "damaged-archives"
#: The page of the season that the demo ends with.
BOARD = Path("board/index.html")
# Who hands in what; the last team's are baselines, which are shown and never ranked.
_TEAMS = {
    "forest": ("rf",),
    "network": ("cnn-dropout", "cnn", "cnn-damaged"),
    "fusion": ("fusion-damaged", "fusion"),
    "glckit": ("prior", "bayes"),
}
# What an earlier run of the demo has left of its season.
_SEASON = ("leaderboard.sqlite", "leaderboard-runs", BOARD.parent.name)
# Enough of a report to see what it is about, and enough of what tar says of 20 archives.
_N_LINES, _N_COMPLAINTS = 30, 4


def make_competition(stage: Stage, scale: Scale, seed: int) -> None:
    """Make the world, its prior, and a manifest of its patches while they are whole."""
    stage.title(
        "A competition",
        "The real one is near 1 TB. This one has the same files, only small, and knows where species live.",
    )
    sizes = "--species", scale.n_species, "--patch-size", scale.patch_size
    flags = "--seed", seed, "--occurrences", scale.n_occurrences, *sizes
    stage.glckit("world", typed(stage.folder), *flags, inside=False)
    stage.tell(f"\n$ cd {shlex.quote(typed(stage.folder))}")
    stage.glckit("baseline", "prior")
    stage.glckit("verify-patches", "archives", "--make-manifest", _MANIFEST)
    stage.glckit("verify-patches", "--manifest", _MANIFEST)


def train(stage: Stage, scale: Scale, seed: int) -> dict[str, Training]:
    """Train the forest and the network, unless the demo has done so before; return what each cost."""
    stage.title("A forest and a network", "Run 1 reads 27 rasters; runs 2 and 3 read patches, still whole.")
    return {
        "rf": _trained(stage, "rf", ("--seed", str(seed))),
        "cnn": _trained(stage, "cnn", ("--seed", str(seed), *scale.training)),
    }


def have_an_accident(stage: Stage, seed: int) -> None:
    """Damage copies of the US archives and extract them with plain tar, the whole ones being far away."""
    archives, server = stage.folder / "archives", stage.folder / _SERVER
    whole = sorted(archives.glob("patches_us_*.tar.gz"))
    copies = damage_archives(whole, stage.folder / _DAMAGED, seed=seed)
    kinds = [injury.kind for injury in copies.values()]
    stage.title(
        "The accident",
        "The patches move to another disk, and there is no room for 1 TB of archives beside them. On their "
        f"way {kinds.count('flipped bit')} of the US archives get one flipped bit each, and "
        f"{kinds.count('truncation')} lose their ends: the demo leaves such copies in {_DAMAGED}/. "
        "Plain tar extracts them:",
    )
    if server.exists():
        shutil.rmtree(server)  # of an earlier run; the world has just made them again
    archives.rename(server)
    stage.tell(f"\n$ mv archives {_SERVER}\n$ rm -r patches_us && mkdir patches_us")
    stage.tell(f"$ for archive in {_DAMAGED}/*.tar.gz; do")
    stage.tell(">     tar -xzf $archive -C patches_us --strip-components=1\n> done")
    said = extract_with_tar(list(copies), stage.folder / "patches_us")
    for each in said[:_N_COMPLAINTS]:
        stage.tell(f"{each.archive}: exit status {each.status}, {each.complaint}")
    stage.tell(f"... ({len(said) - _N_COMPLAINTS} more archives like these)")


def be_warned(stage: Stage) -> None:
    """Show that the damage is found, and that the network does not read such patches."""
    stage.title(
        "What glckit says", "It needs no checksum to see most of the damage, and the network refuses."
    )
    stage.glckit("verify-patches", expected=1, n_lines=_N_LINES)
    stage.glckit("baseline", "cnn", "--predict", expected=1)


def go_on_regardless(stage: Stage) -> Path:
    """Predict from damaged patches and fuse; return the run of the network."""
    stage.title(
        "Going on regardless",
        "What is readable is used as it is. Where nothing is, fusion has the forest alone.",
    )
    run, fused = "runs/cnn-damaged.csv", "runs/fusion-damaged.csv"
    stage.glckit("baseline", "cnn", "--predict", "--on-damaged", "ignore", "-o", run)
    stage.glckit("fuse", "runs/rf.csv", run, "-o", fused, "--missing", "renormalise")
    return stage.folder / run


def repair(stage: Stage) -> None:
    """Take what is damaged again from the whole archives."""
    stage.title(
        "Repair", "The archives are fetched again, and the manifest of step 1 also shows single wrong pixels."
    )
    stage.tell(f"\n$ mv {_SERVER} archives")
    (stage.folder / _SERVER).rename(stage.folder / "archives")
    stage.glckit("verify-patches", "--manifest", _MANIFEST, "--repair", "--archives", "archives")


def predict_and_fuse(stage: Stage) -> Cost:
    """Predict with the network from whole patches, and fuse; return what a prediction costs."""
    stage.title("Runs 2, 3 and 4", "The same commands, on whole patches.")
    cost = stage.glckit("baseline", "cnn", "--predict")
    stage.glckit("baseline", "cnn", "--predict", "--dropout")
    stage.glckit("fuse", "runs/rf.csv", "runs/cnn.csv", "-o", "runs/fusion.csv")
    return cost


def compare(stage: Stage, runs: Sequence[str]) -> None:
    """Show which of the differences between runs are sure."""
    stage.title(
        "Which differences are sure",
        "The test occurrences come in quadrats of 5 km, and others might have been drawn. Ranks that such a "
        "draw could change share a letter.",
    )
    stage.glckit("compare", *(f"runs/{name}.csv" for name in runs), "--allow-missing")


def hold_a_season(stage: Stage) -> None:
    """Take all runs in, rank them, and write the page of the board."""
    stage.title(
        "A board",
        "What organizers do with all this. A run that lacks occurrences is invalid: it is kept with its "
        "faults, and does not count.",
    )
    for name in _SEASON:
        _removed(stage.folder / name)
    stage.glckit("leaderboard", "init")
    settings = stage.folder / FILE_NAME
    stage.tell(f"\n$ sed -i 's/^# baselines/baselines/' {FILE_NAME}")
    settings.write_text(settings.read_text().replace("\n# baselines", "\nbaselines"))
    for team, runs in _TEAMS.items():
        files = [f"runs/{run}.csv" for run in runs]
        expected = 1 if "cnn-damaged" in runs else 0
        stage.glckit("leaderboard", "add", *files, "--team", team, expected=expected)
    stage.glckit("leaderboard", "list")
    stage.glckit("leaderboard", "build", BOARD.parent)


def _removed(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _trained(stage: Stage, name: str, flags: tuple[str, ...]) -> Training:
    model, notes = stage.folder / MODELS[name], stage.folder / NOTES / "trainings.json"
    known = recalled_training(notes, model)
    if known is not None:
        stage.tell(f"\n{MODELS[name]} is there from an earlier run of this demo.")
        return known
    is_whole = not (model.parent / _UNFINISHED).exists()
    note_begun(notes, model)
    training = Training(stage.glckit("baseline", name, "--train", *flags), is_whole)
    note_training(notes, model, training)
    return training
