"""Errors: what is missing is called as people install it."""

from __future__ import annotations

import sys

import pytest

from submissions.errors import UsageError, require, require_installed


@pytest.mark.parametrize(
    ("module", "name"),
    [("rasterio.errors", "rasterio"), ("PIL.Image", "pillow"), ("sklearn", "scikit-learn"), ("a.b.c", "a")],
)
def test_what_is_absent_has_the_name_that_people_install(
    module: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module.split(".")[0], None)
    for loaded in [each for each in sys.modules if each.startswith(f"{module.split('.')[0]}.")]:
        monkeypatch.delitem(sys.modules, loaded)
    with pytest.raises(UsageError, match=rf"^{name} is not installed.*glckit\[rf\]"):
        require(module, "rf")


def test_an_absent_package_is_seen_without_importing_it() -> None:
    with pytest.raises(UsageError, match=r"^no_such_package is not installed"):
        require_installed("no_such_package", "rf")
