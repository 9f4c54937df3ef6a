"""New names of columns."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lmm.clean.steps.step import Applied, Place, listed


def names_after(settings: Mapping[str, str], names: list[str], place: Place) -> list[str]:
    """Return the names after the step."""
    for old in settings:
        place.need(names, old)
    after = [settings.get(name, name) for name in names]
    for new in settings.values():
        if after.count(new) > 1:
            raise place.mistake(f"two columns would be named {new!r}; give each a name of its own.")
    return after


def sources(settings: Mapping[str, str], wanted: Mapping[str, bool], names: list[str]) -> dict[str, bool]:
    """Return the columns needed before the step, and whether their cells are labels."""
    old = {settings.get(name, name): name for name in names}
    return {name: False for name in settings} | {old[name]: text for name, text in wanted.items()}


def apply(settings: Mapping[str, str], table: pd.DataFrame, place: Place) -> Applied:
    """Rename the columns."""
    told = listed(f"{old} to {new}" for old, new in settings.items())
    return Applied(table.rename(columns=dict(settings)), f"Columns were renamed: {told}.")
