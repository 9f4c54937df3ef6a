"""Parts of a computation that several jobs shared, put in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lmm.errors import InputError


def in_order(parts: Sequence[Any], same: Sequence[str]) -> list[Any]:
    """Parts of one sequence of draws in their order.

    Args:
        parts: each with a `start` and a length.
        same: names of the attributes in which they must agree.

    Raises:
        InputError: they do not agree, leave a gap, overlap, do not begin at 0, or there are none.
    """
    ordered = sorted(parts, key=lambda part: part.start)
    if not ordered:
        raise InputError("There are no parts of draws to gather: compute at least one.")
    first, expected = ordered[0], 0
    for part in ordered:
        for name in same:
            if getattr(part, name) != getattr(first, name):
                raise InputError(
                    f"The parts to gather differ in their {name} ({getattr(first, name)} and {getattr(part, name)}): "
                    "gather draws of one model, kind and seed."
                )
        if part.start != expected:
            raise InputError(
                f"The parts to gather do not follow one another: draw {expected} is due where a part begins with "
                f"{part.start}, so compute each draw from 0 on once."
            )
        expected += len(part)
    return ordered
