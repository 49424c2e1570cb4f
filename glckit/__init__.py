"""The toolkit of the GeoLifeCLEF challenge: score runs, validate them, check the patches behind them.

Examples
--------
>>> import glckit
>>> scores = [[0.7, 0.2, 0.1], [0.3, 0.4, 0.3]]
>>> glckit.adaptive_top_k(scores, labels=[0, 1], k=1)
1.0
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from baselines.inputs.covariateframe import covariates
    from baselines.inputs.patchset import PatchDataset
    from baselines.integrity.verify import verify_patches
    from glckit.face.arrays import adaptive_top_k, top_k
    from glckit.face.comparing import compare
    from glckit.face.fusing import fuse
    from glckit.face.judging import score, validate
    from glckit.face.reading import read_run, read_truth
    from glckit.face.writing import write_run
    from submissions.errors import GlckitError
    from submissions.validation import InvalidRunError

    __version__: str

__all__ = [
    "GlckitError",
    "InvalidRunError",
    "PatchDataset",
    "__version__",
    "adaptive_top_k",
    "compare",
    "covariates",
    "fuse",
    "read_run",
    "read_truth",
    "score",
    "top_k",
    "validate",
    "verify_patches",
    "write_run",
]

# Where each public name lives: importing glckit imports neither NumPy nor anything slower.
_HOMES = {
    "GlckitError": ("submissions.errors", "GlckitError"),
    "InvalidRunError": ("submissions.validation", "InvalidRunError"),
    "PatchDataset": ("baselines.inputs.patchset", "PatchDataset"),
    "__version__": ("scoring.version", "VERSION"),
    "adaptive_top_k": ("glckit.face.arrays", "adaptive_top_k"),
    "compare": ("glckit.face.comparing", "compare"),
    "covariates": ("baselines.inputs.covariateframe", "covariates"),
    "fuse": ("glckit.face.fusing", "fuse"),
    "read_run": ("glckit.face.reading", "read_run"),
    "read_truth": ("glckit.face.reading", "read_truth"),
    "score": ("glckit.face.judging", "score"),
    "top_k": ("glckit.face.arrays", "top_k"),
    "validate": ("glckit.face.judging", "validate"),
    "verify_patches": ("baselines.integrity.verify", "verify_patches"),
    "write_run": ("glckit.face.writing", "write_run"),
}


def _refuse_shadows() -> None:
    """Name the file that hides one of our packages, such as a participant's own scoring.py."""
    for name in ("scoring", "submissions", "baselines"):
        ours = Path(__file__).resolve().parents[1] / name / "__init__.py"
        spec = find_spec(name)
        found = None if spec is None else spec.origin
        if found is None or Path(found).resolve() != ours:
            raise ImportError(
                f"glckit needs its package {name!r}, but Python finds {found or 'nothing'} under that name; "
                "rename that file or folder, or start Python elsewhere."
            )


_refuse_shadows()


def __getattr__(name: str) -> Any:
    if name == "metrics":  # also where nobody imported it by its own name
        return importlib.import_module("glckit.metrics")
    if name not in _HOMES:
        raise AttributeError(f"module 'glckit' has no attribute {name!r}")
    if name == "PatchDataset":  # a class of torch's
        from submissions.errors import require

        require("torch", "cnn")
    module, attribute = _HOMES[name]
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
