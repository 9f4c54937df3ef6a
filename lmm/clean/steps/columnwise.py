"""Names and sources of the steps that change columns in place, each from its own cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lmm.clean.steps.step import Place


def names_after(settings: Mapping[str, Any], names: list[str], place: Place) -> list[str]:
    """Return the names after the step: the same."""
    for column in settings:
        place.need(names, column)
    return names


def sources(settings: Mapping[str, Any], wanted: Mapping[str, bool], names: list[str]) -> dict[str, bool]:
    """Return the columns needed before the step, and whether their cells are labels: those it changes and the rest."""
    return {column: False for column in settings} | dict(wanted)
