"""Equality of results that hold arrays, which compare element by element and so have no truth value."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any, ClassVar

import numpy as np


class ByValue:
    """A frozen dataclass with ``eq=False`` that equals another of its kind if all their fields do."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        names = [field.name for field in fields(self) if field.compare]
        return all(_are_equal(getattr(self, name), getattr(other, name)) for name in names)

    def __hash__(self) -> int:
        values = (getattr(self, field.name) for field in fields(self))
        # Of arrays only what is at hand; what else cannot be hashed, such as a mapping, does not count.
        shapes = tuple(value.shape for value in values if isinstance(value, np.ndarray))
        return hash((type(self), shapes))


def _are_equal(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return type(one) is type(other) and np.array_equal(one, other)  # type: ignore[arg-type]
    return bool(one == other)
