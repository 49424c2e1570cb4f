"""How large the demo is, and how its network is trained."""

from __future__ import annotations

from dataclasses import dataclass

# Layers by fan-in, land cover unstacked and a low rate: a network that has minutes and not days on GPUs
# learns nothing with the paper's settings (docs/cnn.md has both).
_TRAINING = ("--initial", "he", "--land-cover", "unstacked", "--dropout-rate", "0.1")
# The last epoch is the one that is kept; checkpoints each minute, so that a demo goes on where it was.
_KEEPING = ("--shares", "0.95,0.05,0", "--validate-every", "100", "--save-minutes", "1")


@dataclass(frozen=True)
class Scale:
    """What decides how long the demo takes; `training` are flags of ``glckit baseline cnn --train``."""

    n_occurrences: int = 6000
    n_species: int = 300
    patch_size: int = 36
    training: tuple[str, ...] = (
        *_TRAINING,
        *("--epochs", "5", "--milestones", "4", "--batch-size", "64", "--learning-rate", "0.006"),
        *_KEEPING,
    )


#: Every step, but too little of everything to learn from.
QUICK = Scale(
    600,
    200,
    36,
    (*_TRAINING, "--epochs", "1", "--batch-size", "64", "--learning-rate", "0.006", *_KEEPING),
)
